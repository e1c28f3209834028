package catalog

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/charts"
)

// byHelm renders with Helm's own engine what execute renders.
func byHelm(t testing.TB, tpl *Template, in Inputs, r Release) (map[string]string, error) {
	t.Helper()
	values, options, caps, err := tpl.context(in, r)
	if err != nil {
		t.Fatal(err)
	}
	c := cloned(tpl.loaded.chart)
	c.Values = map[string]any{}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, err
	}
	top, err := commonutil.ToRenderValuesWithSchemaValidation(c, values, options, caps, true)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.RenderWithContext(context.Background(), c, top)
}

// sameAsHelm fails unless both give the same bytes, or both an error. It returns the error.
func sameAsHelm(t testing.TB, tpl *Template, in Inputs) error {
	t.Helper()
	want, wantErr := byHelm(t, tpl, in, release())
	got, err := tpl.execute(context.Background(), newMeter(context.Background()), in, release())
	if (err == nil) != (wantErr == nil) {
		t.Errorf("Helm's error: %v\nours: %v", wantErr, err)
	}
	if d := cmp.Diff(want, got); err == nil && d != "" {
		t.Errorf("-Helm +ours:\n%s", d)
	}
	return err
}

// Every chart, with the inputs of every one of its cases, gives what Helm gives, byte for byte.
func TestChartsRenderAsHelmRendersThem(t *testing.T) {
	c, err := Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, tpl := range c.Templates() {
		files, err := fs.Glob(charts.FS, path.Join(tpl.Origin.Folder, "tests/*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", tpl.ID, err, len(files))
		}
		for _, name := range files {
			raw, err := charts.FS.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, doc := range strings.Split(string(raw), "\n---\n") {
				var one struct {
					Name   string
					Inputs Inputs
				}
				if err := yaml.Unmarshal([]byte(doc), &one); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				count++
				t.Run(tpl.ID.Name+"/"+one.Name, func(t *testing.T) { _ = sameAsHelm(t, tpl, one.Inputs) })
			}
		}
	}
	if count < 70 {
		t.Errorf("there are only %d cases", count)
	}
}

// shared is a chart whose dependency defines what the chart defines too, and which changes all that it is given.
func shared(t testing.TB) *Template {
	return loadChart(t, map[string]string{
		"Chart.yaml":                   "apiVersion: v2\nname: sample\nversion: 0.1.0\nannotations: {a: of the chart}\ndependencies:\n- {name: part, version: 1.x.x}\n",
		"values.yaml":                  "word: w\nlist: [1]\nglobal: {g: 1}\npart: {size: 2}\n",
		"values.schema.json":           `{"properties": {"word": {"type": "string"}}}`,
		"charts/part/Chart.yaml":       "apiVersion: v2\nname: part\nversion: 1.0.0\nannotations: {a: of the part, b: more}\n",
		"charts/part/values.yaml":      "own: true\nlist: [a]\n",
		"charts/part/note.txt":         "a note",
		"charts/part/templates/_a.tpl": `{{ define "name" }}part's{{ end }}{{ define "own" }}own of {{ .Chart.Name }}{{ end }}{{ define "kept" }}kept{{ end }}`,
		"charts/part/templates/b.txt":  `{{ .Template.Name }} {{ .Values | toJson }} {{ include "name" . }} {{ include "own" . }} {{ .Files.Get "note.txt" }} {{ .Chart.IsRoot }}`,
		"templates/_a.tpl":             `{{ define "name" }}chart's{{ end }}{{ define "kept" }}{{/* empty, so it does not count */}}{{ end }}`,
		"templates/a.txt": `{{ include "name" . }} {{ include "kept" . }} {{ .Values.word }} {{ .Chart.Annotations | toJson }} {{ .Subcharts.part.Values | toJson }} {{ .Template.BasePath }}` +
			`{{ $_ := set .Values "word" "changed" }}{{ $_ := merge .Chart (dict "Annotations" .Subcharts.part.Chart.Annotations) }}{{ $_ := set .Values.global "g" 9 }}` +
			`{{ tpl "{{ define \"name\" }}of {{ .Values.word }}{{ end }}{{ include \"name\" . }}" . }} {{ include "name" . }}`,
		"templates/b.txt": `{{ .Values.word }} {{ .Chart.Annotations | toJson }} {{ include "name" . }}`,
	})
}

// What a template defines, sets or changes stays in its own rendering, whoever renders the chart at the same time.
func TestRenderingsShareNothing(t *testing.T) {
	tpl := shared(t)
	if tpl.loaded.engine.settled == nil {
		t.Fatal("the chart is not one whose dependencies are settled")
	}
	if err := sameAsHelm(t, tpl, Inputs{"word": "first"}); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for i := range 16 {
		g.Go(func() error {
			word := fmt.Sprint("w", i)
			got, err := tpl.execute(context.Background(), newMeter(context.Background()), Inputs{"word": word}, release())
			if err != nil {
				return err
			}
			if !strings.HasPrefix(got["sample/templates/a.txt"], "chart's kept "+word+` {"a":"of the chart"} `) {
				return fmt.Errorf("it prints %q", got["sample/templates/a.txt"])
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// Aliases, conditions, tags, imported values and globals mean what they mean to Helm.
func TestDependenciesAreHelms(t *testing.T) {
	const about = `{{ .Template.Name }} {{ .Chart.Name }} {{ .Values | toJson }} {{ include "who" . }}{{ "\n" }}`
	files := func(dependencies string) map[string]string {
		return map[string]string{
			"Chart.yaml":                               "apiVersion: v2\nname: sample\nversion: 0.1.0\ndependencies:\n" + dependencies,
			"values.yaml":                              "word: w\nglobal: {zone: {a: 1}}\nfirst: {size: 5}\npart: {size: 2, on: true}\ntags: {extra: true}\nshared: {own: mine}\n",
			"values.schema.json":                       `{"properties": {"word": {"type": "string"}, "part": {"type": "object", "properties": {"on": {"type": "boolean"}}}, "tags": {"type": "object", "properties": {"extra": {"type": "boolean"}}}}}`,
			"templates/_who.tpl":                       `{{ define "who" }}the chart{{ end }}`,
			"templates/a.txt":                          about + `{{ keys .Subcharts | sortAlpha }}`,
			"charts/part/Chart.yaml":                   "apiVersion: v2\nname: part\nversion: 1.0.0\ndependencies:\n- {name: inner, version: 1.0.0}\n",
			"charts/part/values.yaml":                  "size: 1\nnone: null\nglobal: {zone: {b: 2}}\nexports: {shared: {shared: {own: theirs, more: 1}}}\n",
			"charts/part/templates/_x.tpl":             `{{ define "who" }}the part{{ end }}`,
			"charts/part/templates/b.txt":              about,
			"charts/part/charts/inner/Chart.yaml":      "apiVersion: v2\nname: inner\nversion: 1.0.0\n",
			"charts/part/charts/inner/values.yaml":     "deep: {a: [1]}\n",
			"charts/part/charts/inner/templates/c.txt": about,
			"charts/lib/Chart.yaml":                    "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
			"charts/lib/values.yaml":                   "l: 1\n",
			"charts/lib/templates/_l.tpl":              `{{ define "lib" }}lib{{ end }}`,
			"charts/lib/templates/no.txt":              `{{ fail "a library prints nothing" }}`,
		}
	}
	for name, dependencies := range map[string]string{
		"none declared": "  []\n",
		"plain":         "- {name: part, version: 1.0.0}\n- {name: lib, version: 1.0.0}\n",
		"alias":         "- {name: part, version: 1.0.0, alias: first}\n- {name: part, version: 1.0.0}\n",
		"condition":     "- {name: part, version: 1.0.0, condition: part.on}\n",
		"tags":          "- {name: part, version: 1.0.0, tags: [extra]}\n",
		"imports":       "- {name: part, version: 1.0.0, import-values: [shared]}\n",
		"pairs":         "- {name: part, version: 1.0.0, import-values: [{child: exports, parent: word2}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			tpl := loadChart(t, files(dependencies))
			for _, in := range []string{`{}`, `{"word": "x"}`, `{"part": {"on": false}}`, `{"tags": {"extra": false}}`, `{}`} {
				if err := sameAsHelm(t, tpl, inputs(t, in)); err != nil {
					t.Errorf("%s: %v", in, err)
				}
			}
			if decides := name == "condition" || name == "tags"; (tpl.loaded.engine.settled == nil) != decides {
				t.Errorf("settled is %v", tpl.loaded.engine.settled)
			}
		})
	}
}

// A failure names the line that its author wrote, and from where that was called.
func TestFailuresNameTheAuthorsLines(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"fail":              {"a\n\n{{ fail \"not so\" }}", "execution error at (sample/templates/a.txt:3:3): not so"},
		"required in more":  {"{{ include \"b\" . }}{{ define \"b\" }}\n{{ required \"needed\" \"\" }}{{ end }}", "execution error at (sample/templates/a.txt:1:3): needed"},
		"a missing value":   {"{{ range list 1 }}\n  {{ $.Values.none.more }}{{ end }}", `sample/templates/a.txt:2:6: executing "sample/templates/a.txt" at <$.Values.none.more>: map has no entry for key "none"`},
		"within a template": {"{{ define \"b\" }}{{ index (list) 3 }}{{ end }}\n{{ if include \"b\" . }}x{{ end }}", `sample/templates/a.txt:1:19: executing "b" at <index (list) 3>: error calling index: index out of range: 3, called from sample/templates/a.txt:2:6`},
		"no such template":  {"{{ include \"b\" . }}", `sample/templates/a.txt:1:3: executing "sample/templates/a.txt" at <include "b" .>: error calling include: template: no template "b" associated with template "gotpl"`},
		"no such function":  {"\n{{ nothing 1 }}", `parse error at (sample/templates/a.txt:2): function "nothing" not defined`},
		"the meter's own":   {"{{ slipwayLeave }}", `function "slipwayLeave" not defined`},
		"of what a method":  {"a\n{{ (.Files.Get \"x\").more }}", `sample/templates/a.txt:2:4: executing "sample/templates/a.txt": can't evaluate field more in type string`},
		"in tpl":            {"{{ tpl \"{{ fail \\\"no\\\" }}\" . }}", "execution error at (sample/templates/a.txt:1:3): no"},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := loadChart(t, map[string]string{"templates/a.txt": tc.text})
			_, err := tpl.Render(context.Background(), nil, release())
			if err == nil || !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("got %v\nwant %s", err, tc.want)
			}
			_ = sameAsHelm(t, tpl, nil)
		})
	}
}
