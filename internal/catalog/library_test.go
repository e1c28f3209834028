package catalog

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// library is a folder with a library chart and a template that is little but references to it.
func library(overrides map[string]string) fstest.MapFS {
	files := map[string]string{
		"lib/Chart.yaml":             "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
		"lib/templates/_all.tpl":     `{{- define "lib.data" }}{{ range .probes }}{{ .kind }} {{ .path }} {{ .seconds }} {{ len .tags }}; {{ end }}{{ end }}`,
		"lib/values.schema.json":     `{"$defs": {"probe": {"type": "object", "unevaluatedProperties": false, "properties": {"kind": {"$ref": "#/$defs/kind"}, "seconds": {"type": "integer", "default": 10}, "tags": {"type": "array", "items": {"type": "string"}}}, "if": {"properties": {"kind": {"const": "http"}}}, "then": {"properties": {"path": {"type": "string", "title": "Path", "minLength": 1, "pattern": "^/"}}, "required": ["path"]}}, "kind": {"type": "string", "enum": ["http", "tcp"], "default": "tcp"}, "base": {"type": "object", "properties": {"image": {"type": "string", "title": "Image"}, "port": {"type": "integer", "default": 80}}, "required": ["image"]}}}`,
		"svc/Chart.yaml":             "apiVersion: v2\nname: svc\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../lib\"}\n",
		"svc/values.schema.json":     `{"type": "object", "allOf": [{"$ref": "charts/lib/values.schema.json#/$defs/base"}], "properties": {"image": {"title": "The image"}, "probes": {"type": "array", "items": {"$ref": "charts/lib/values.schema.json#/$defs/probe"}}}}`,
		"svc/templates/objects.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {x: {{ include \"lib.data\" .Values | quote }}, port: {{ .Values.port | quote }}}\n",
	}
	for name, text := range overrides {
		files[name] = text
	}
	m := fstest.MapFS{}
	for name, text := range files {
		if text != "" {
			m[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return m
}

func openOne(t *testing.T, m fstest.MapFS) *Template {
	t.Helper()
	c, err := Open(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Templates()) != 1 {
		t.Fatalf("there are %d templates", len(c.Templates()))
	}
	return c.Templates()[0]
}

// A template takes its library from the folder beside it, and refers to the library's schema; rows are
// rendered over the defaults that stand there.
func TestLibrary(t *testing.T) {
	tpl := openOne(t, library(nil))
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	if f := named(tpl.Fields, "image"); f == nil || f.Title != "The image" || !f.Required {
		t.Errorf("the image is %+v", f)
	}
	in := inputs(t, `{"image": "a", "probes": [{"kind": "http", "path": "/x"}, {"seconds": 0}]}`)
	r, err := tpl.Render(t.Context(), in, Release{App: "app"})
	if err != nil {
		t.Fatal(err)
	}
	data := r.Set[len(r.Set)-1].Object["data"].(map[string]any)
	if got, want := data["x"], "http /x 10 0; tcp  0 0; "; got != want {
		t.Errorf("it renders %q, want %q", got, want)
	}
	if data["port"] != "80" {
		t.Errorf("the port is %v", data["port"])
	}
}

func TestReferencesStayInTheChart(t *testing.T) {
	for _, ref := range []string{
		"file:///etc/passwd", "http://127.0.0.1:1/x.json", "/etc/passwd", "../lib/values.schema.json",
		"charts/lib/../../../secret.json", "charts/none/values.schema.json", "charts/lib/values.schema.json#/$defs/none",
		"charts/lib/values.schema.json#probe", "charts/lib/templates/_all.tpl", "charts/lib/values.schema.json#/$defs/kind/x/y",
	} {
		schema := `{"type": "object", "properties": {"a": {"$ref": "` + ref + `"}}}`
		tpl := openOne(t, library(map[string]string{"svc/values.schema.json": schema}))
		said := regexp.MustCompile(`not followed|not found|leads nowhere|invalid character`)
		if tpl.Broken == nil || !said.MatchString(tpl.Broken.Error()) {
			t.Errorf("%s: %v", ref, tpl.Broken)
		}
	}
}

func TestDependenciesThatLeadNowhere(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"a circle": {
			"lib/Chart.yaml":   "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\ndependencies:\n  - {name: other, version: 1.0.0, repository: \"file://../other\"}\n",
			"other/Chart.yaml": "apiVersion: v2\nname: other\nversion: 1.0.0\ntype: library\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../lib\"}\n",
		},
		"outside":   {"svc/Chart.yaml": "apiVersion: v2\nname: svc\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../../lib\"}\n"},
		"itself":    {"svc/Chart.yaml": "apiVersion: v2\nname: svc\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../svc\"}\n"},
		"nothing":   {"svc/Chart.yaml": "apiVersion: v2\nname: svc\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"file://../none\"}\n"},
		"elsewhere": {"svc/Chart.yaml": "apiVersion: v2\nname: svc\nversion: 1.0.0\ndependencies:\n  - {name: lib, version: 1.0.0, repository: \"https://charts.example.com\"}\n"},
	} {
		c, err := Open(library(files))
		if err != nil {
			t.Fatal(err)
		}
		if tpl, err := c.Newest("svc"); err != nil || tpl.Broken == nil {
			t.Errorf("%s: the template is not broken", name)
		}
	}
}

// What a condition hides is not shown, not kept and not checked, in rows too.
func TestConditions(t *testing.T) {
	tpl := openOne(t, library(nil))
	read := tpl.Decode(form("in/image", "a",
		"in/probes/0/kind", "http", "in/probes/0/path", "/x",
		"in/probes/1/kind", "tcp", "in/probes/1/path", "not a path", "in/probes/1/seconds", "5"), Around{})
	if len(read.Errors) > 0 {
		t.Fatal(read.Errors)
	}
	if want := inputs(t, `{"image": "a", "probes": [{"kind": "http", "path": "/x"}, {"seconds": 5}]}`); !same(map[string]any(read.Inputs), map[string]any(want)) {
		t.Errorf("the inputs are %v", read.Inputs)
	}
	find(t, read.View, "in/probes/0/path")
	if c := lookFor(read.View, "in/probes/1/path"); c != nil {
		t.Error("the path of a tcp probe is shown")
	}
	if c := lookFor(tpl.View(read.Inputs, Around{}), "in/probes/1/path"); c != nil {
		t.Error("the path of a tcp probe is shown when the form is opened again")
	}
	read = tpl.Decode(form("in/image", "a", "in/probes/0/kind", "http"), Around{})
	if len(read.Errors) != 1 || read.Errors[0].Path != "/probes/0/path" {
		t.Errorf("the path of an http probe is not asked for: %v", read.Errors)
	}
}

func lookFor(v View, name string) *Control {
	var found *Control
	for i := range v.Sections {
		for j := range v.Sections[i].Controls {
			v.Sections[i].Controls[j].each(func(c *Control) {
				if c.Name == name {
					found = c
				}
			})
		}
	}
	return found
}

// Conditions may look at what other conditions show, have an else, and stand within branches.
func TestConditionsOnConditions(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{
		"type": "object", "unevaluatedProperties": false,
		"properties": {"mode": {"enum": ["none", "public", "cluster"], "default": "none"}},
		"allOf": [
			{"if": {"properties": {"mode": {"const": "public"}}},
			 "then": {
				"properties": {"tls": {"enum": ["off", "issuer", "own"], "default": "off"}},
				"if": {"properties": {"tls": {"const": "issuer"}}},
				"then": {"properties": {"issuer": {"type": "string", "minLength": 1}}, "required": ["issuer"]}
			 },
			 "else": {"properties": {"reason": {"type": "string"}}}},
			{"if": {"properties": {"issuer": {"const": "own-ca"}}, "required": ["issuer"]},
			 "then": {"properties": {"root": {"type": "string", "minLength": 3}}, "required": ["root"]}}
		]}`})
	for _, tt := range []struct {
		in    string
		shown string
		wrong string // paths of errors
	}{
		{`{}`, "mode reason", ""},
		{`{"mode": "public"}`, "mode tls", ""},
		{`{"mode": "public", "tls": "issuer"}`, "mode tls issuer", "/issuer"},
		{`{"mode": "public", "tls": "issuer", "issuer": "x"}`, "mode tls issuer", ""},
		{`{"mode": "public", "tls": "issuer", "issuer": "own-ca"}`, "mode tls issuer root", "/root"},
		{`{"mode": "public", "tls": "off", "issuer": "own-ca", "root": "ab"}`, "mode tls", ""},
		{`{"mode": "none", "tls": "issuer", "issuer": "own-ca", "reason": "r"}`, "mode reason", ""},
	} {
		in := inputs(t, tt.in)
		var shown, wrong []string
		for _, s := range tpl.View(in, Around{}).Sections {
			for _, c := range s.Controls {
				shown = append(shown, c.Field.name)
			}
		}
		for _, e := range tpl.Check(in, Release{}) {
			wrong = append(wrong, e.Path)
		}
		if got := strings.Join(shown, " "); got != tt.shown {
			t.Errorf("%s shows %q, want %q", tt.in, got, tt.shown)
		}
		if got := strings.Join(wrong, " "); got != tt.wrong {
			t.Errorf("%s: errors at %q, want %q", tt.in, got, tt.wrong)
		}
	}
}
