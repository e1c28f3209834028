package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// dialled is a chart whose workloads get their number of pods in every way that there is.
var dialled = map[string]string{
	"values.schema.json": `{"type": "object", "properties": {
		"port": {"type": "integer", "default": 3}, "replicas": {"type": "integer", "default": 3, "minimum": 0, "maximum": 9},
		"shards": {"type": "integer", "default": 2}, "single": {"type": "integer", "default": 1},
		"autoscale": {"type": "object", "properties": {"on": {"type": "boolean", "default": false},
			"min": {"type": "integer", "default": 2}, "max": {"type": "integer", "default": 6}}},
		"workers": {"type": "object", "additionalProperties": {"type": "object", "properties": {"pods": {"type": "integer", "default": 1}}}}}}`,
	"values.yaml": "{}\n",
	"templates/all.yaml": `{{- define "w" }}
kind: {{ .kind }}
apiVersion: apps/v1
metadata: {name: {{ .name }}}
spec:
  {{- if ne .pods "" }}
  replicas: {{ .pods }}
  {{- end }}
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "x:1", ports: [{containerPort: {{ .port }}}]}]}}
---
{{- end }}
{{- include "w" (dict "kind" "Deployment" "name" "web" "port" .Values.port "pods" (.Values.autoscale.on | ternary "" (.Values.replicas | toString))) }}
{{ include "w" (dict "kind" "StatefulSet" "name" "store" "port" 1 "pods" (mul 2 .Values.shards | toString)) }}
{{ include "w" (dict "kind" "Deployment" "name" "cron" "port" 1 "pods" (min 1 .Values.single | toString)) }}
{{ include "w" (dict "kind" "Deployment" "name" "fixed" "port" 1 "pods" "3") }}
{{- range $name, $w := .Values.workers }}
{{ include "w" (dict "kind" "Deployment" "name" $name "port" 1 "pods" ($w.pods | toString)) }}
{{- end }}
{{- if .Values.autoscale.on }}
kind: HorizontalPodAutoscaler
apiVersion: autoscaling/v2
metadata: {name: web-pods}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: {{ .Values.autoscale.min }}, maxReplicas: {{ .Values.autoscale.max }}}
{{- end }}
`,
}

func TestDials(t *testing.T) {
	tpl := loadChart(t, dialled)
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{`{}`, []string{"Deployment cron: pods = 1 by /single", "Deployment web: pods = 3 by /replicas"}},
		{`{"replicas": 7, "single": 0}`, []string{"Deployment cron: pods = 0 by /single", "Deployment web: pods = 7 by /replicas"}},
		{`{"workers": {"mail": {}, "sync": {"pods": 4}}}`, []string{
			"Deployment cron: pods = 1 by /single", "Deployment mail: pods = 1 by /workers/0/value/pods",
			"Deployment sync: pods = 4 by /workers/1/value/pods", "Deployment web: pods = 3 by /replicas",
		}},
		{`{"autoscale": {"on": true, "max": 2}}`, []string{
			"Deployment cron: pods = 1 by /single", "Deployment web: fewest = 2 by /autoscale/min", "Deployment web: most = 2 by /autoscale/max",
		}},
	} {
		dials, err := tpl.Dials(t.Context(), inputs(t, tc.in), release())
		if err != nil {
			t.Errorf("%s: %v", tc.in, err)
		}
		var got []string
		for _, d := range dials {
			if (d.Measure == ExactPods) != d.Object.Same(d.Workload) || d.Measure != ExactPods && d.Object.Name != "web-pods" {
				t.Errorf("%s of %s stands in %s", d.Measure, d.Workload, d.Object)
			}
			got = append(got, fmt.Sprintf("%s: %s = %d by %s", d.Workload, d.Measure, d.Now, d.Path))
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s:\n got %s\nwant %s", tc.in, strings.Join(got, "\n     "), strings.Join(tc.want, "\n     "))
		}
	}
}

// What Dialled sets is what the workload then has, and nothing else of the inputs changes.
func TestDialled(t *testing.T) {
	tpl := loadChart(t, dialled)
	in := inputs(t, `{"port": 80, "workers": {"sync": {"pods": 4}}}`)
	dials, err := tpl.Dials(t.Context(), in, release())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dials {
		n := d.Now + 1
		if d.Workload.Name == "cron" { // at most one
			n = 0
		}
		out, ok := tpl.Dialled(in, map[string]int{d.Path: n})
		if !ok {
			t.Fatalf("%s is no number", d.Path)
		}
		made, err := tpl.Render(t.Context(), out, release())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range made.Set {
			pods, _, _ := unstructured.NestedInt64(u.Object, "spec", "replicas")
			if u.GetName() == d.Workload.Name && int(pods) != n {
				t.Errorf("%s has %d pods, want %d", u.GetName(), pods, n)
			}
		}
		if textOf(out["port"]) != "80" {
			t.Errorf("the port became %v", out["port"])
		}
	}
	if same, ok := tpl.Dialled(in, map[string]int{"/replicas": 3}); !ok || same["replicas"] != nil {
		t.Errorf("a default that is chosen again became an input: %v", same)
	}
	for _, path := range []string{"", "/", "/workers", "/workers/9/value/pods", "/autoscale/on", "/nothing"} {
		if _, ok := tpl.Dialled(in, map[string]int{path: 1}); ok {
			t.Errorf("%q was taken for a number of the form", path)
		}
	}
}
