package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const departuresSchema = `{"type": "object", "x-ui-sections": [{"id": "what", "title": "What runs"}, {"id": "more", "title": "More"}], "properties": {
	"image": {"type": "string", "title": "Image", "description": "The tag says which.", "x-ui-section": "what"},
	"cpu": {"type": "integer", "title": "CPU", "default": 100, "x-ui-unit": "millicores", "x-ui-section": "what", "description": "A pod waits for a node that has it."},
	"same": {"type": "integer", "default": 3, "x-ui-section": "what"},
	"on": {"type": "boolean", "title": "Switched on", "default": true, "x-ui-section": "what"},
	"kind": {"type": "string", "title": "Kind", "enum": ["a", "b"], "x-ui-enum-titles": {"a": "The first", "b": "The second"}, "default": "a", "x-ui-section": "what"},
	"probe": {"type": "object", "title": "Probe", "x-ui-section": "what", "x-ui-advanced": true, "properties": {"path": {"type": "string", "title": "Path", "default": "/"}, "after": {"type": "integer", "title": "After"}}},
	"key": {"type": "string", "title": "Key", "x-ui-secret": true, "x-ui-section": "more"},
	"empty": {"type": "string", "title": "Empty", "x-ui-secret": true, "x-ui-section": "more"},
	"later": {"type": "string", "title": "Later", "x-ui-secret": true, "x-ui-section": "more"},
	"env": {"type": "object", "title": "Settings", "additionalProperties": {"type": "string"}, "default": {"LEVEL": "info"}, "x-ui-section": "more"},
	"args": {"type": "array", "title": "Arguments", "items": {"type": "string"}, "default": ["one", "two"], "x-ui-section": "more"},
	"ports": {"type": "array", "title": "Ports", "x-ui-section": "more", "default": [{"name": "http", "number": 8080}], "items": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}, "number": {"type": "integer", "title": "Number", "default": 80}}}},
	"works": {"type": "array", "title": "Workloads", "x-ui-section": "more", "items": {"type": "object", "properties": {
		"name": {"type": "string", "title": "Name"}, "image": {"type": "string", "title": "Image"}, "replicas": {"type": "integer", "title": "Pods", "default": 2},
		"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}, "d": {"type": "string"}, "e": {"type": "string"}, "f": {"type": "string"}}}}
}}`

// What differs from the defaults is told group by group, what there is no default for apart from it.
func TestDepartures(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": departuresSchema})
	token := "slipway-secret-" + strings.Repeat("a2", 26)
	for _, tc := range []struct{ name, in, want string }{
		{"nothing is set", `{}`, ""},
		{"what is set to its default", `{"same": 3, "on": true, "kind": "a", "env": {"LEVEL": "info"}, "args": ["one", "two"], "ports": [{"name": "http", "number": 8080}]}`, ""},
		{"single fields", `{"image": "a:1", "cpu": 250, "on": false, "kind": "b", "probe": {"path": "/health", "after": 5}}`, `
What runs
  CPU: 100 millicores → 250 millicores (A pod waits for a node that has it.)
  Switched on: on → off
  Kind: The first → The second
  Probe, path: / → /health
  + Image: a:1 (The tag says which.)
  + Probe, after: 5
`},
		{"secrets", `{"key": "` + token + `", "empty": "", "later": null}`, `
More
  + Key: stored
  + Empty: empty on purpose
`},
		{"entries and rows", `{"env": {"LEVEL": "debug", "PORT": "3000"}, "args": ["one", "2", "three"], "ports": [{"name": "http", "number": 80}, {"name": "admin"}, {"name": "metrics", "number": 9090}]}`, `
More
  Settings, LEVEL: info → debug
  Arguments, row 2: two → 2
  Ports, http, number: 8080 → 80
  Ports, metrics, number: 80 → 9090
  + Settings, PORT: 3000
  + Arguments, row 3: three
  + Ports: admin
`},
		{"fewer rows than by default", `{"args": [], "ports": []}`, `
More
  Arguments: 2 rows → 
  Ports: 1 row → 
`},
		{"large rows are groups", `{"works": [{"name": "api", "image": "api:1", "replicas": 3}, {"name": "web", "image": "web:1", "replicas": 2}]}`, `
Workloads, api
  Pods: 2 → 3
  + Image: api:1
Workloads, web
  + Image: web:1
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := departuresInWords(tpl.Departures(inputs(t, tc.in)))
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got, token) {
				t.Error("a token is told")
			}
		})
	}
}

func departuresInWords(all []Departures) string {
	var b strings.Builder
	for _, d := range all {
		b.WriteString(d.Title + "\n")
		for _, c := range d.Changed {
			fmt.Fprintf(&b, "  %s: %s → %s%s\n", c.Title, c.Default, c.Value, inBrackets(c.Help))
		}
		for _, g := range d.Given {
			fmt.Fprintf(&b, "  + %s: %s%s\n", g.Title, g.Value, inBrackets(g.Help))
		}
	}
	return b.String()
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
