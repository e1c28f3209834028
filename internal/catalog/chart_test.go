package catalog

import (
	"testing"
	"testing/fstest"
)

// everyKind is a schema with a field of every kind.
const everyKind = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "required": ["name", "count"],
  "x-ui-sections": [{"id": "second", "title": "Second"}, {"id": "first", "title": "First", "description": "Why first."}],
  "properties": {
    "ratio": {"type": "number", "minimum": -1, "maximum": 2, "multipleOf": 0.25, "x-ui-section": "second"},
    "name": {"type": "string", "minLength": 2, "maxLength": 5, "x-ui-section": "first", "x-ui-order": 2},
    "count": {"type": "integer", "minimum": 0, "examples": [3], "x-ui-section": "first", "x-ui-order": 1, "x-ui-unit": "pods"},
    "big": {"type": "integer", "x-ui-section": "second"},
    "notes": {"type": "string", "x-ui-widget": "multiline"},
    "on": {"type": "boolean", "default": true, "title": "Turned on"},
    "off": {"type": "boolean"},
    "size": {"enum": ["S", "M", 3], "default": "M", "x-ui-enum-titles": {"S": "Small", "M": "Medium"}, "x-ui-enum-help": {"S": "For trying."}},
    "hosts": {"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "pattern": "^[a-z.]+$", "examples": ["a.example.com"], "title": "Host"}},
    "labels": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$", "x-ui-pattern-help": "Write lower-case letters."}, "additionalProperties": {"type": "string", "maxLength": 4}},
    "ports": {"type": "array", "items": {"type": "object", "required": ["number"], "properties": {
      "number": {"type": "integer", "maximum": 9}, "kind": {"enum": ["tcp", "udp"], "default": "tcp"}}}},
    "deep": {"type": "object", "x-ui-advanced": true, "properties": {
      "cpu": {"$ref": "#/$defs/amount", "title": "CPU"},
      "inner": {"type": "object", "properties": {"flag": {"type": "boolean"}, "a/b~c": {"type": "string"}}}}},
    "password": {"type": "string", "x-ui-advanced": true, "default": "old"},
    "odd": {"type": ["string", "integer"]}
  },
  "$defs": {"amount": {"type": "string", "title": "Amount", "pattern": "^[0-9]+m?$", "examples": ["100m"]}}
}`

const everyKindValues = `
deep: {cpu: 100m}
labels: {tier: web}
hosts: [one.example]
`

func chartFS(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if m["Chart.yaml"] == nil {
		m["Chart.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v2\nname: sample\nversion: 0.1.0\n")}
	}
	if m["values.schema.json"] == nil {
		m["values.schema.json"] = &fstest.MapFile{Data: []byte(`{"type": "object", "properties": {}}`)}
	}
	return m
}

func loadChart(t testing.TB, files map[string]string) *Template {
	t.Helper()
	tpl := Load(chartFS(files), "folder")
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	return tpl
}

func everyKindTemplate(t testing.TB) *Template {
	return loadChart(t, map[string]string{"values.schema.json": everyKind, "values.yaml": everyKindValues})
}

// find returns the control of a name.
func find(t testing.TB, v View, name string) *Control {
	t.Helper()
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
	if found == nil {
		t.Fatalf("the view has no control %s", name)
	}
	return found
}

// formOf posts a view as a browser does: every control, the values as they stand.
func formOf(v View) Form {
	form := Form{}
	for i := range v.Sections {
		for j := range v.Sections[i].Controls {
			v.Sections[i].Controls[j].each(func(c *Control) {
				switch c.Field.Kind {
				case Object, Unknown:
				case List, Map:
					form.Add(c.Name, "")
				case Switch:
					form.Add(c.Name, "false")
					if c.On {
						form.Add(c.Name, "true")
					}
				default:
					form.Add(c.Name, c.Value)
				}
			})
		}
	}
	return form
}
