package catalog

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOpenKeepsBrokenCharts(t *testing.T) {
	all := fstest.MapFS{"README.md": {Data: []byte("not a chart")}}
	put := func(folder string, files map[string]string) {
		for name, f := range chartFS(files) {
			all[folder+"/"+name] = f
		}
	}
	named := func(name, version string) string {
		return "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n"
	}
	put("a-1", map[string]string{"Chart.yaml": named("a", "1.9.0")})
	put("a-2", map[string]string{"Chart.yaml": named("a", "1.10.0")})
	put("a-3", map[string]string{"Chart.yaml": named("a", "2.0.0"), "templates/x.yaml": "{{ if }}"})
	put("b", map[string]string{"Chart.yaml": named("b", "1.0.0"), "values.schema.json": "{"})
	put("twin", map[string]string{"Chart.yaml": named("a", "1.9.0")})

	c, err := Open(all)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tpl := range c.Templates() {
		state := "ok"
		if tpl.Broken != nil {
			state = "broken"
		}
		got = append(got, tpl.ID.String()+" "+state)
	}
	if want := "a 1.10.0 ok, twin 1.9.0 broken, b 1.0.0 broken"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	if tpl, err := c.Template(TemplateID{"a", "1.9.0"}); err != nil || tpl.Broken != nil {
		t.Errorf("an older version is not there: %v", err)
	}
	var versions []string
	for _, tpl := range c.Versions("a") {
		versions = append(versions, tpl.ID.Version)
	}
	if want := "2.0.0 1.10.0 1.9.0"; strings.Join(versions, " ") != want {
		t.Errorf("versions %q, want %q", versions, want)
	}
	if len(c.Versions("none")) > 0 {
		t.Error("there are versions of nothing")
	}
	if _, err := c.Template(TemplateID{"a", "3.0.0"}); !errors.Is(err, ErrUnknownTemplate) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Newest("../a"); !errors.Is(err, ErrUnknownTemplate) {
		t.Errorf("got %v", err)
	}
}

func TestTheFirstOfTwoSourcesCounts(t *testing.T) {
	one, two := &Template{ID: TemplateID{"a", "1.0.0"}}, &Template{ID: TemplateID{"a", "1.0.0"}}
	other := &Template{ID: TemplateID{"a", "1.1.0"}}
	c, shadowed := New([]*Template{one, two, other})
	if got, err := c.Template(one.ID); err != nil || got != one {
		t.Errorf("got %v, %v", got, err)
	}
	if len(shadowed) != 1 || shadowed[0] != two {
		t.Errorf("shadowed: %v", shadowed)
	}
	if got, err := c.Newest("a"); err != nil || got != other {
		t.Errorf("newest: %v, %v", got, err)
	}
}

func TestLoadSaysWhatIsBroken(t *testing.T) {
	schema := func(s string) map[string]string { return map[string]string{"values.schema.json": s} }
	big := strings.Repeat("x", maxChartBytes)
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no Chart.yaml":        {map[string]string{"Chart.yaml": ""}, "cannot be read"},
		"a name for a path":    {map[string]string{"Chart.yaml": "apiVersion: v2\nname: ../x\nversion: 1.0.0\n"}, "chart"},
		"a library":            {map[string]string{"Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\ntype: library\n"}, "library"},
		"values that are none": {map[string]string{"values.yaml": "a: ["}, "values.yaml"},
		"template syntax":      {map[string]string{"templates/a.yaml": "\n{{ if }}"}, "templates/a.yaml:2"},
		"too large":            {map[string]string{"big": big}, "4,194,304"},
		"schema of the network": {schema(`{"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x.json"}}}`),
			"http://127.0.0.1:1/x.json is not followed"},
		"schema of a file":     {schema(`{"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}`), "is not followed"},
		"another meta-schema":  {schema(`{"$schema": "http://127.0.0.1:1/meta.json"}`), "is not followed"},
		"a circle":             {schema(`{"properties": {"a": {"$ref": "#/properties/a"}}}`), "circle"},
		"a pattern that fails": {schema(`{"properties": {"a": {"type": "string", "pattern": "("}}}`), "values.schema.json"},
		"a list":               {schema(`[]`), "not an object"},
		"deep":                 {schema(strings.Repeat(`{"not":`, 20000) + "{}" + strings.Repeat("}", 20000)), "values.schema.json"},
		"the reserved key":     {schema(`{"properties": {"slipway": {"type": "string"}}}`), `property "slipway"`},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := Load(chartFS(tc.files), "folder")
			if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), tc.want) {
				t.Errorf("it does not say %q: %v", tc.want, tpl.Broken)
			}
			// A broken template does not take a page down.
			if v := tpl.View(nil, Around{}); len(v.Sections) > 0 {
				t.Error("it has a form")
			}
			if _, _, errs := decoded(tpl.Decode(form("in/a", "x"), Around{})); len(errs) != 1 {
				t.Error("it takes inputs")
			}
		})
	}
}

func TestRecursiveSchemaIsCutOff(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{"type": "object", "properties": {"a": {"$ref": "#/$defs/node"}},
		"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "name": {"type": "string"}}}}}`})
	depth := 0
	for f := &tpl.Fields[0]; f != nil; f = named(f.Fields, "next") {
		depth++
	}
	if depth > maxSchemaDepth+2 {
		t.Errorf("the form is %d deep", depth)
	}
}

func TestWebServiceSaysWhatItIs(t *testing.T) {
	c, err := Open(os.DirFS("testdata/builtin"))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := c.Template(TemplateID{"web-service", "1.0.0"})
	if err != nil || tpl.Broken != nil {
		t.Fatal(err, tpl.Broken)
	}
	a := tpl.About
	if a.Title != "Web service" || a.Group != "It answers requests" || a.Icon != "globe" || a.Owner == "" || a.Readme == "" || a.Instead == "" || a.Summary == "" {
		t.Errorf("got %+v", a)
	}
	if got := strings.Join(a.Gives, ", "); got != "Image, Port" {
		t.Errorf("it gives %s", got)
	}
	if got := strings.Join(a.Makes, "|"); got != "Deployment|Service|ServiceAccount|Ingress if it has a host name" {
		t.Errorf("it makes %s", got)
	}
}
