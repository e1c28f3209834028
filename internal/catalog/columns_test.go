package catalog

import (
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

const columnsSchema = `{"type": "object", "properties": {
	"image": {"type": "string"},
	"cpu": {"type": "integer", "default": 100, "x-ui-unit": "millicores"},
	"on": {"type": "boolean", "default": true},
	"kind": {"type": "string", "enum": ["a", "b"], "x-ui-enum-titles": {"a": "The first"}, "default": "a"},
	"script": {"type": "string", "x-ui-widget": "multiline"},
	"secret": {"type": "string", "title": "Secret", "x-ui-picker": {"kind": "Secret"}},
	"key": {"type": "string", "x-ui-secret": true},
	"none": {"type": "string", "x-ui-secret": true},
	"ports": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "number": {"type": "integer", "default": 80},
		"ref": {"type": "string"}, "refKey": {"type": "string", "x-ui-picker": {"kind": "SecretKey", "of": "ref"}},
		"rootKey": {"type": "string", "x-ui-picker": {"kind": "SecretKey", "of": "/secret"}},
		"in": {"type": "object", "properties": {"outer": {"type": "string", "x-ui-picker": {"kind": "ConfigMapKey", "of": "ref"}}}}}}},
	"words": {"type": "array", "items": {"type": "string"}},
	"env": {"type": "object", "additionalProperties": {"type": "string"}}
}}`

// Beside each field stand its default, what runs, and whether the two differ from what the form holds.
func TestColumns(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": columnsSchema})
	token := "slipway-secret-" + strings.Repeat("a2", 26)
	deployed := inputs(t, `{"image": "a:1", "cpu": 250, "script": "one\ntwo\n", "key": "`+token+`", "gone": 7,
		"ports": [{"name": "http", "number": 8080}, {"name": "admin"}], "words": ["x", "y"], "env": {"A": "1", "B": "2"}}`)
	r := tpl.Decode(form("in/image", "a:2", "in/cpu", "250", "in/on", "false", "in/kind", "b", "in/script", "one\r\ntwo\r\n", "in/key", token, "in/none", "",
		"in/secret", "tls",
		"in/ports/0/name", "admin", "in/ports/0/number", "80", "in/ports/1/name", "http", "in/ports/1/number", "81", "in/ports/1/ref", "pw", "in/ports/2/name", "new",
		"in/words/0", "x", "in/words/1", "z", "in/env/0/key", "B", "in/env/0/value", "2", "in/env/1/key", "C", "in/env/1/value", "3"), Around{Deployed: deployed})
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	for name, want := range map[string]struct {
		def, deployed string
		changed       bool
	}{
		"in/image":          {"", "a:1", true},
		"in/cpu":            {"100 millicores", "250 millicores", false},
		"in/on":             {"on", "on", true},
		"in/kind":           {"The first", "The first", true},
		"in/script":         {"", "2 lines", false},
		"in/secret":         {"", "", true},
		"in/key":            {"", "stored", false},
		"in/none":           {"", "", false},
		"in/ports":          {"", "2 rows", true},
		"in/ports/0":        {"", "", false},
		"in/ports/0/number": {"80", "80", false},
		"in/ports/1":        {"", "", true},
		"in/ports/1/number": {"80", "8080", true},
		"in/ports/1/name":   {"", "http", false},
		"in/ports/2":        {"", "", true},
		"in/ports/2/number": {"80", "", false},
		"in/words/0":        {"", "x", false},
		"in/words/1":        {"", "y", true},
		"in/env":            {"", "2 rows", true},
		"in/env/0/value":    {"", "2", false},
		"in/env/1/value":    {"", "", true},
	} {
		c := find(t, r.View, name)
		if c.Default != want.def || c.Deployed != want.deployed || c.Changed != want.changed {
			t.Errorf("%s: default %q, deployed %q, changed %v; want %+v", name, c.Default, c.Deployed, c.Changed, want)
		}
	}
	for name, want := range map[string]string{"in/ports/1/refKey": "pw", "in/ports/0/refKey": "", "in/ports/1/rootKey": "tls", "in/ports/1/in/outer": "pw", "in/secret": ""} {
		if got := find(t, r.View, name).Of; got != want {
			t.Errorf("%s looks in %q, want %q", name, got, want)
		}
	}
	if len(r.View.Gone) != 1 || r.View.Gone[0] != (Gone{Path: "/gone", Value: "7"}) {
		t.Errorf("what is dropped is %v", r.View.Gone)
	}
}

// The form of what runs has no changes in it, drawn or posted back; that of a new application neither.
func TestNothingIsChangedUntouched(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": columnsSchema})
	in := inputs(t, `{"image": "a:1", "cpu": 0, "on": false, "script": "\ntwo\n\n", "key": "`+string(manifest.Unset)+`", "ports": [{"name": "b"}, {"name": "a", "number": 1}], "words": ["x"], "env": {"A": ""}}`)
	a := Around{Deployed: in}
	drawn := tpl.View(in, a)
	for _, v := range []View{drawn, tpl.Decode(formOf(drawn), a).View, tpl.Untouched(formOf(drawn), a).View, tpl.View(nil, Around{}), tpl.View(nil, Around{Deployed: Inputs{}})} {
		for i := range v.Sections {
			for j := range v.Sections[i].Controls {
				v.Sections[i].Controls[j].each(func(c *Control) {
					if c.Changed {
						t.Errorf("%s counts as changed: %q, deployed %q", c.Name, c.Value, c.Deployed)
					}
				})
			}
		}
	}
}

// What a picker offers for names of a certain form suits the entries with such names, and no others.
func TestPickerSuitsNames(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{"type": "object", "properties": {
		"env": {"type": "object", "additionalProperties": {"type": "string", "x-ui-picker": {"kind": "ServiceURL", "keys": "(^|_)(URL|HOST)$"}}},
		"plain": {"type": "object", "additionalProperties": {"type": "string"}}}}`})
	v := tpl.View(inputs(t, `{"env": {"API_URL": "", "HOST": "x", "LOG_LEVEL": "info", "URLS": ""}, "plain": {"API_URL": "x"}}`), Around{})
	for name, want := range map[string]bool{"in/env/0/value": true, "in/env/1/value": true, "in/env/2/value": false, "in/env/3/value": false, "in/plain/0/value": false} {
		if got := find(t, v, name).Suits; got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
