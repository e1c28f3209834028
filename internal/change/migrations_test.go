package change_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// migrating is a template whose Job and whose pods do what the inputs say.
var migrating = fstest.MapFS{
	"runs/Chart.yaml":         {Data: []byte("apiVersion: v2\nname: runs\nversion: 1.0.0\n")},
	"runs/values.yaml":        {Data: []byte("{job: \"\", component: none, container: c, init: none, initImage: x}\n")},
	"runs/values.schema.json": {Data: []byte(`{"type": "object", "properties": {"job": {"type": "string"}, "component": {"type": "string"}, "container": {"type": "string"}, "init": {"type": "string"}, "initImage": {"type": "string"}}}`)},
	"runs/templates/all.yaml": {Data: []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec: {template: {spec: {initContainers: [{name: {{ .Values.init }}, image: {{ .Values.initImage }}}], containers: [{name: c, image: x}]}}}
{{- with .Values.job }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: {{ . }}, labels: {app.kubernetes.io/component: {{ $.Values.component }}}}
spec: {template: {spec: {containers: [{name: {{ $.Values.container }}, image: x}]}}}
{{- end }}
`)},
}

func TestGoingBackWarnsOfMigrationsBetween(t *testing.T) {
	type in = catalog.Inputs
	none := in{}
	cases := []struct {
		name  string
		steps []in // revisions 1, 2, …; it goes back to the first
		fails bool // the last step fails after its Job
		want  string
	}{
		{"by its name", []in{none, {"job": "shop-migrate-2"}}, false, "A migration ran between: `shop-migrate-2`."},
		{"by its label", []in{none, {"job": "schema", "component": "migration"}}, false, "`schema`"},
		{"by its container", []in{none, {"job": "schema", "container": "db-migrate"}}, false, "`schema`"},
		{"two, the first of which is gone by now", []in{none, {"job": "migrate-2"}, {"job": "migrate-3"}, none}, false, "2 migrations ran between: `migrate-3` and `migrate-2`."},
		{"another Job", []in{none, {"job": "greet"}}, false, ""},
		{"the same one as then", []in{{"job": "migrate-1"}, {"job": "migrate-1", "initImage": "y"}}, false, ""},
		{"that failed, perhaps half-way", []in{none, {"initImage": "y"}, {"job": "migrate-9"}}, true, "`migrate-9`"},
		{"as the pods start", []in{{"init": "migrate", "initImage": "x:1"}, {"init": "migrate", "initImage": "x:2"}}, false, "The pods of `api` migrate when they start"},
		{"as the pods start, in the same way", []in{{"init": "migrate"}, {"init": "migrate", "job": "greet"}}, false, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := running(t, newHouse(t))
			cat, err := catalog.Open(migrating)
			if err != nil {
				t.Fatal(err)
			}
			h.service.Templates = cat
			key := change.AppKey{Target: staging, Name: "api"}
			for i, inputs := range c.steps {
				d := change.Draft{Kind: change.Update, App: key, Template: catalog.TemplateID{Name: "runs", Version: "1.0.0"}, Inputs: inputs}
				if i == 0 {
					d.Kind = change.Create
				}
				made := h.submit(t, petra, d, string(rune('a'+i)))
				if c.fails && i == len(c.steps)-1 {
					h.cluster.breaks = map[string]*manifest.Problem{"migrate-9": {Kind: manifest.Other, Sentence: "It ran and failed."}}
				}
				h.work(t, made.ID)
			}
			h.cluster.breaks = nil
			plan, err := h.service.Preview(t.Context(), petra, change.Draft{Kind: change.Rollback, App: key, Revision: 1})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, w := range plan.Warnings {
				said = append(said, w.Sentence)
			}
			all := strings.Join(said, "\n")
			if !strings.Contains(all, c.want) || c.want == "" && (strings.Contains(all, "ran between") || strings.Contains(all, "migrate when they start")) {
				t.Errorf("want %q, said %q", c.want, all)
			}
			if c.want != "" && !strings.Contains(all, "the older version must work with the newer database") {
				t.Errorf("it does not say what that means: %q", all)
			}
		})
	}
}
