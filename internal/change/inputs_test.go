package change

import (
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/catalog"
)

// listed has a field of each kind that inputs are compared in.
var listed = fstest.MapFS{
	"web/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
	"web/values.yaml": {Data: []byte("{}\n")},
	"web/values.schema.json": {Data: []byte(`{"type": "object", "properties": {
		"image": {"type": "string", "title": "Image"},
		"pods": {"type": "integer", "title": "Pods", "default": 1},
		"cpu": {"type": "integer", "title": "CPU", "x-ui-unit": "millicores"},
		"note": {"type": "string", "title": "Note", "default": ""},
		"kind": {"type": "string", "title": "It speaks", "default": "http", "enum": ["http", "tcp"], "x-ui-enum-titles": {"http": "HTTP", "tcp": "Something else"}},
		"args": {"type": "array", "title": "Arguments", "items": {"type": "string"}},
		"env": {"type": "object", "title": "Variables", "additionalProperties": {"type": "string"}},
		"files": {"type": "array", "title": "Files", "items": {"type": "object", "properties": {
			"name": {"type": "string", "title": "Name"}, "text": {"type": "string", "title": "Text"}}}},
		"hosts": {"type": "array", "title": "Public addresses", "items": {"type": "object", "properties": {
			"host": {"type": "string", "title": "Host name"}, "path": {"type": "string", "title": "Path", "default": "/"}}}}}}`)},
	"web/templates/none.yaml": {Data: []byte("")},
}

func TestInputChanges(t *testing.T) {
	cat, err := catalog.Open(listed)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := cat.Template(catalog.TemplateID{Name: "web", Version: "1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	host := func(name, path string) map[string]any {
		m := map[string]any{"host": name}
		if path != "" {
			m["path"] = path
		}
		return m
	}
	hosts := func(rows ...any) catalog.Inputs { return catalog.Inputs{"hosts": rows} }
	files := func(namesAndTexts ...string) catalog.Inputs {
		var rows []any
		for i := 0; i < len(namesAndTexts); i += 2 {
			rows = append(rows, map[string]any{"name": namesAndTexts[i], "text": namesAndTexts[i+1]})
		}
		return catalog.Inputs{"files": rows}
	}
	long := strings.Repeat("a", 200)
	for name, tc := range map[string]struct {
		from, to catalog.Inputs
		want     string
	}{
		"of a new application as they are": {nil, catalog.Inputs{"image": "a:1", "pods": 3.0}, "Image:  → a:1; Pods:  → 3"},
		"from what holds by default":       {catalog.Inputs{}, catalog.Inputs{"pods": 3.0}, "Pods: 1 by default → 3"},
		"back to what holds by default":    {catalog.Inputs{"pods": 3.0}, catalog.Inputs{}, "Pods: 3 → 1 by default"},
		"nothing is no default":            {catalog.Inputs{}, catalog.Inputs{"note": "x"}, "Note:  → x"},
		"with their unit":                  {catalog.Inputs{"cpu": 100.0}, catalog.Inputs{"cpu": 250.0}, "CPU: 100 millicores → 250 millicores"},
		"options by their titles":          {catalog.Inputs{"kind": "tcp"}, catalog.Inputs{"kind": "http"}, "It speaks: Something else → HTTP"},
		"variables one by one":             {catalog.Inputs{"env": map[string]any{"A": "1", "B": "2"}}, catalog.Inputs{"env": map[string]any{"A": "1", "B": "3"}}, "Variables · B: 2 → 3"},
		"texts in a list":                  {catalog.Inputs{"args": []any{"a"}}, catalog.Inputs{"args": []any{"a", "b"}}, "Arguments: a → a, b"},
		"a row that comes":                 {hosts(host("a.example", "")), hosts(host("b.example", "/b"), host("a.example", "")), "Public addresses:  → host name b.example, path /b"},
		"a row that goes":                  {hosts(host("a.example", ""), host("b.example", "")), hosts(host("b.example", "")), "Public addresses: host name a.example → "},
		"a field of a row":                 {hosts(host("a.example", ""), host("b.example", "")), hosts(host("a.example", ""), host("b.example", "/x")), "Public addresses · Path: / by default → /x"},
		"rows in another order":            {hosts(host("a.example", ""), host("b.example", "")), hosts(host("b.example", ""), host("a.example", "")), "Public addresses:  → in another order"},
		"one of two that are the same":     {hosts(host("a.example", ""), host("a.example", "")), hosts(host("a.example", "")), "Public addresses: host name a.example → "},
		"all rows":                         {hosts(host("a.example", "")), catalog.Inputs{}, "Public addresses: host name a.example → "},
		"a named row that comes":           {files("a", "1"), files("b", "2", "a", "1"), "Files · b:  → name b, text 2"},
		"a named row that changes":         {files("a", "1", "b", "2"), files("b", "3", "a", "1"), "Files · b · Text: 2 → 3"},
		"named rows in another order":      {files("a", "1", "b", "2"), files("b", "2", "a", "1"), "Files:  → in another order"},
		"a row with nothing in it":         {hosts(), hosts(map[string]any{}), "Public addresses:  → a row"},
		"long texts that begin alike":      {catalog.Inputs{"image": long}, catalog.Inputs{"image": long + "b"}, "Image: " + long[:119] + "… (before) → " + long[:119] + "… (another text further on)"},
		"the same":                         {hosts(host("a.example", "")), hosts(host("a.example", "")), ""},
	} {
		var said []string
		for _, c := range inputChanges(tpl.Fields, tc.from, tc.to) {
			said = append(said, c.Title+": "+c.From+" → "+c.To)
		}
		if got := strings.Join(said, "; "); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}
