package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/manifest"
)

// configMap is a chart's file that makes a ConfigMap with a text in it.
func configMap(text string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made\ndata:\n  text: " + text + "\n"
}

func TestRenderRefusesHostileCharts(t *testing.T) {
	for name, tc := range map[string]struct {
		template string
		want     string // part of the error
	}{
		"endless range":              {"{{ range 1000000000 }}{{ end }}", "a loop of the template may have no end"},
		"nested ranges":              {"{{ range 100000 }}{{ range 100000 }}{{ if true }}x{{ end }}{{ end }}{{ end }}", "a loop of the template may have no end"},
		"nested ranges within tpl":   {`{{ tpl "{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}" . }}`, "a loop of the template may have no end"},
		"tpl made of tpl":            {`{{ define "a" }}{{ tpl "{{ include \"a\" . }}{{ include \"a\" . }}" . }}{{ end }}{{ include "a" . }}`, "the template may call itself without end"},
		"recursion":                  {`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, "the template may call itself without end"},
		"includes that double":       {`{{ define "a" }}{{ if lt (int .) 30 }}{{ include "a" (add . 1) }}{{ include "a" (add . 1) }}{{ end }}{{ end }}{{ include "a" 0 }}`, "a loop of the template may have no end"},
		"texts that double":          {`{{ $s := "x" }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}{{ $s }}`, "a text is limited to"},
		"lists that double":          {`{{ $l := list 1 }}{{ range 60 }}{{ $l = concat $l $l }}{{ end }}`, "a value is limited to"},
		"maps that double":           {`{{ $d := dict }}{{ range 60 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ $d }}`, "a value is limited to"},
		"a value that holds itself":  {`{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}`, "holds itself"},
		"printing without end":       {`{{ $s := repeat 1000000 "x" }}{{ range 100000 }}{{ $s }}{{ end }}`, "what the templates print is limited to"},
		"a huge range":               {"{{ until 1000000000 | len }}", "until: a range is limited to"},
		"a huge negative range":      {"{{ until -1000000000 | len }}", "until: a range is limited to"},
		"a huge repetition":          {`{{ repeat 1000000000 "x" }}`, "repeat: the result is limited to"},
		"a huge indentation":         {`{{ indent 1000000000 "x" }}`, "indent: the result is limited to"},
		"a huge width":               {`{{ printf "%*d" 1000000 1 }}`, "printf"},
		"replacing by much":          {`{{ $s := repeat 1000000 "x" }}{{ replace "x" $s $s }}`, "replace: the result is limited to"},
		"random":                     {configMap("{{ randAlphaNum 5 }}"), "the template calls randAlphaNum, whose answer changes"},
		"the clock":                  {configMap("{{ now }}"), "the template calls now, whose answer changes"},
		"keys":                       {configMap(`{{ genPrivateKey "rsa" }}`), "the template calls genPrivateKey"},
		"its own failure":            {"\n\n{{ fail \"the disk is full\" }}", "(sample/templates/a.yaml:3:3): the disk is full"},
		"a missing value":            {"{{ .Values.nowhere }}", "nowhere"},
		"broken YAML":                {"a: [", "sample/templates/a.yaml: document 1"},
		"a key that stands twice":    {"apiVersion: v1\nkind: ConfigMap\nkind: Secret\n", `key "kind" already set`},
		"aliases that double":        {"a: &a [x,x,x,x,x,x,x,x,x]\n" + aliases() + "kind: ConfigMap\n", "excessive aliasing"},
		"a list of objects":          {"[1, 2]", "this is no Kubernetes object"},
		"a text":                     {"hello", "this is no Kubernetes object"},
		"no kind":                    {"metadata: {name: x}", "without apiVersion and kind"},
		"no name":                    {"apiVersion: v1\nkind: ConfigMap\n", "a ConfigMap without a name"},
		"a hook":                     {"apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n    helm.sh/hook: pre-upgrade\n", `Job migrate a hook (helm.sh/hook: pre-upgrade), and hooks are not run; to have it left out, write "hooks" under slipway.dev/allows`},
		"another namespace":          {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: kube-system}\n", "ConfigMap x into namespace kube-system"},
		"a gate without an end":      {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {slipway.dev/gate: complete}}\n", `Job migrate a gate: a rollout waits for it (slipway.dev/gate), so it needs spec.activeDeadlineSeconds`},
		"a gate of another kind":     {"apiVersion: v1\nkind: Service\nmetadata: {name: x, annotations: {slipway.dev/gate: complete}}\n", `Service x a gate: it has the annotation slipway.dev/gate, and only a Job (batch/v1) can be waited for`},
		"rights for the cluster":     {"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\n", `ClusterRoleBinding x, which is in no namespace; to let it, write "cluster-scoped:ClusterRoleBinding" under slipway.dev/allows`},
		"rights in the namespace":    {"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\n", `RoleBinding x, which gives rights; to let it, write "rbac"`},
		"a known kind of others":     {"apiVersion: evil.example/v1\nkind: Deployment\nmetadata: {name: x}\n", "Deployment x (evil.example/v1)"},
		"a List":                     {"apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems: []\n", "List x"},
		"the same object twice":      {configMap("a") + "---\n" + configMap("b"), "ConfigMap made twice"},
		"the portal's own ConfigMap": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: slipway-checkout}\n", "the name of the portal's own list"},
		"a value put aside":          {"apiVersion: v1\nkind: Secret\nmetadata: {name: slipway-staged-x}\n", "secret values that the portal puts aside"},
		"a Secret with values":       {"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n", `Secret x with a value of its own for a, which would be stored`},
		"too many objects":           {"{{ range 201 }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n{{ end }}", "a chart is limited to 200 objects"},
		"too large an object":        {configMap(`{{ repeat 1048576 "x" }}`), "an object is limited to 1,048,576 bytes"},
		"too large an output":        {"{{ range 5 }}# {{ repeat 1000000 \"x\" }}\n---\n{{ end }}", "what the chart makes is limited to 4,194,304 bytes"},
		"the environment":            {`{{ env "HOME" }}`, `function "env" not defined`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tpl := loadChart(t, map[string]string{"templates/a.yaml": tc.template})
			began := time.Now()
			_, err := tpl.Render(context.Background(), nil, release())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("the error does not say %q: %v", tc.want, err)
			}
			if took := time.Since(began); took > maxRenderTime {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func aliases() string {
	var b strings.Builder
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		fmt.Fprintf(&b, "%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ","))
	}
	return b.String()
}

func TestRenderEndsWithItsContext(t *testing.T) {
	tpl := loadChart(t, map[string]string{"templates/a.yaml": "{{ range 400000 }}{{ sha256sum (repeat 100000 \"x\") }}{{ end }}"})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := tpl.Render(ctx, nil, release()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestRenderReadsEveryDocument(t *testing.T) {
	tpl := loadChart(t, map[string]string{
		"templates/a.yaml":     "---\n# nothing\n---\n" + configMap("a") + "---\n\n---\nnull\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: made}\n",
		"templates/NOTES.txt":  "Thank you: [",
		"templates/empty.yaml": "{{ if false }}x{{ end }}",
		"templates/_part.tpl":  "{{ define \"part\" }}x{{ end }}",
	})
	got, err := tpl.Render(context.Background(), nil, release())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ref := range got.Set.Refs() {
		names = append(names, ref.String())
	}
	if d := cmp.Diff([]string{"ConfigMap made", "ConfigMap slipway-checkout", "Secret made"}, names); d != "" {
		t.Error(d)
	}
}

func TestRenderTellsChartsWhereTheyAre(t *testing.T) {
	tpl := loadChart(t, map[string]string{"templates/a.yaml": configMap(
		`{{ with .Values.slipway }}{{ list .app .team .environment .namespace .revision $.Release.Name $.Release.Namespace $.Capabilities.KubeVersion.Minor ($.Capabilities.APIVersions.Has "example.com/v1") | join " " | quote }}{{ end }}`)})
	r := release()
	r.APIVersions = []string{"v1", "example.com/v1"}
	got, err := tpl.Render(context.Background(), nil, r)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := got.Set[0].Object["data"].(map[string]any)
	if want := "checkout payments staging payments-staging 1 checkout payments-staging 37 true"; data["text"] != want {
		t.Errorf("got %q, want %q", data["text"], want)
	}
}

func TestRenderAsksNobody(t *testing.T) {
	tpl := loadChart(t, map[string]string{"templates/a.yaml": configMap(
		`{{ list (lookup "v1" "Secret" "kube-system" "x" | toJson) (getHostByName "localhost") | join "," | quote }}`)})
	got, err := tpl.Render(context.Background(), nil, release())
	if err != nil {
		t.Fatal(err)
	}
	data, _ := got.Set[0].Object["data"].(map[string]any)
	if data["text"] != "{}," {
		t.Errorf("got %q", data["text"])
	}
}

func TestRenderProcessesDependencies(t *testing.T) {
	files := map[string]string{
		"Chart.yaml":                       "apiVersion: v2\nname: sample\nversion: 0.1.0\ndependencies:\n- {name: cache, version: 1.x.x, condition: cache.enabled}\n",
		"values.yaml":                      "cache: {enabled: false, size: 1}",
		"values.schema.json":               `{"type": "object", "properties": {"cache": {"type": "object", "properties": {"enabled": {"type": "boolean"}, "size": {"type": "integer"}}}}}`,
		"charts/cache/Chart.yaml":          "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
		"charts/cache/values.yaml":         "own: true",
		"charts/cache/templates/map.yaml":  configMap("{{ .Values.size }}-{{ .Values.own }}-{{ range 2 }}{{ . }}{{ end }}"),
		"charts/cache/templates/_loop.tpl": `{{ define "loop" }}{{ range 1000000000 }}{{ end }}{{ end }}`,
	}
	tpl := loadChart(t, files)
	// Twice each, since Helm edits the chart that it renders.
	for _, tc := range []struct {
		inputs string
		want   string
	}{{`{}`, ""}, {`{"cache": {"enabled": true, "size": 1000000}}`, "1000000-true-01"}, {`{}`, ""}, {`{"cache": {"enabled": true}}`, "1-true-01"}} {
		got, err := tpl.Render(context.Background(), inputs(t, tc.inputs), release())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, u := range got.Set {
			if data, ok := u.Object["data"].(map[string]any); ok {
				text, _ = data["text"].(string)
			}
		}
		if text != tc.want {
			t.Errorf("%s gives %q, want %q", tc.inputs, text, tc.want)
		}
	}
}

func TestRenderRefusesBadInputs(t *testing.T) {
	tpl := webService(t)
	for in, want := range map[string]string{
		`{}`:                           "Image: Write an image such as registry.example.com/team/app:1.4.2; Port: Write a whole number from 1 to 65535.",
		`{"image": "a", "port": 0}`:    "Port: Take 1 or more.",
		`{"image": "a", "port": "80"}`: "Port: Write a whole number from 1 to 65535.",
		`{"image": "a", "port": 80, "slipway": {}}`:      "The form: This template has no field /slipway.",
		`{"image": "a", "port": 80, "env": {"A": 1}}`:    "Environment variables, A: Write a value.",
		`{"image": "A B", "port": 1e400, "env": "text"}`: "Image: Write an image such as registry.example.com/team/app:1.4.2; Port: Write a whole number from 1 to 65535.; Environment variables: Add a row and fill it in.",
	} {
		_, err := tpl.Render(context.Background(), inputs(t, in), release())
		var errs Errors
		if !errors.As(err, &errs) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

func TestRenderNeedsAName(t *testing.T) {
	tpl := webService(t)
	for _, name := range []string{"", "A", "1a", "a.b", "a-", strings.Repeat("a", 54), "a\nb"} {
		r := release()
		r.App = name
		if _, err := tpl.Render(context.Background(), inputs(t, `{"image": "a", "port": 80}`), r); err == nil {
			t.Errorf("%q is taken as a name", name)
		}
	}
}

// The id is KEP-3659's: computed by hand for this name, namespace, kind and group.
func TestApplySetID(t *testing.T) {
	r := release()
	got := applySetID(r)
	if want := "applyset-61ianBASJx9LVQkqjuAvHQjzF4yf-7i39X8_R4jn9g4-v1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAdoptLeavesSelectors(t *testing.T) {
	set, err := documents(`apiVersion: batch/v1
kind: CronJob
metadata: {name: x, labels: {slipway.dev/app: other, mine: "1"}}
spec:
  jobTemplate:
    spec:
      selector: {matchLabels: {a: b}}
      template: {metadata: {labels: {a: b}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	set[0].SetNamespace("payments-staging")
	set = adopt(set, release())
	golden(t, "adopted-cronjob.yaml", yamlOf(t, manifest.Set{set[1]}))
}

// A name that is taken is said at the field where it was typed, and counts as the author's mistake only
// where nobody typed it.
func TestNamesThatAreTaken(t *testing.T) {
	tpl := loadChart(t, map[string]string{
		"values.schema.json": `{
			"type": "object",
			"properties": {
				"config": {"type": "string", "title": "Name of the ConfigMap", "default": "made"},
				"others": {"type": "array", "title": "Others", "items": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}}},
				"secret": {"type": "string", "title": "Name of the Secret", "default": "values"}
			}
		}`,
		"templates/a.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Values.config }}}
{{ range .Values.others }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .name }}}
{{ end }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Values.secret }}}
`,
	})
	for name, tc := range map[string]struct{ in, want string }{
		"nothing is":               {`{"config": "slipway-other"}`, ""},
		"by the portal's own list": {`{"config": "slipway-checkout"}`, "Name of the ConfigMap: Under this name the portal keeps its list of what belongs to checkout. Take another one."},
		"by values put aside":      {`{"secret": "slipway-staged-a"}`, "Name of the Secret: Names that begin with slipway-staged- are the portal's own. Take another one."},
		"by the one in the next row": {
			`{"others": [{"name": "a"}, {"name": "a"}]}`,
			"Others, a, name: Another ConfigMap of this application is called so already. Take another name.; Others, a, name: Another ConfigMap of this application is called so already. Take another name.",
		},
		"by the chart's own": {`{"others": [{"name": "made"}]}`, "Others, made, name: Another ConfigMap of this application is called so already. Take another name."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tpl.Render(t.Context(), inputs(t, tc.in), release())
			if tc.want == "" {
				if err != nil {
					t.Errorf("it is refused: %v", err)
				}
				return
			}
			var errs Errors
			if !errors.As(err, &errs) || errs.Error() != tc.want {
				t.Errorf("it says %q instead of %q", err, tc.want)
			}
		})
	}
}
