package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const presetSchema = `{"type": "object",
	"x-ui-presets": [{"id": "small", "values": {"size": {"cpu": 1}, "words": ["a", "b"]}}],
	"properties": {
		"title": {"type": "string"},
		"size": {"type": "object", "properties": {"cpu": {"type": "integer", "default": 2}, "memory": {"type": "string"}}},
		"words": {"type": "array", "items": {"type": "string"}},
		"parts": {"type": "array", "x-ui-presets": [{"id": "redis", "title": "Redis", "values": {"name": "redis", "port": 6379, "password": null}}],
			"default": [{"name": "web"}],
			"items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer"},
				"password": {"type": "string", "x-ui-secret": true}, "tags": {"type": "array", "items": {"type": "string"}}}}}
	}}`

func TestPresets(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": presetSchema, "templates/all.yaml": "", "values.yaml": ""})
	if len(tpl.Presets) != 1 || tpl.Presets[0].Title != "small" || named(tpl.Fields, "parts").Presets[0].Title != "Redis" {
		t.Fatalf("the presets are %+v", tpl.Presets)
	}
	for _, tc := range []struct {
		name string
		form Form
		want string
	}{
		{"root, over what is typed", form("in/title", "T", "in/size/memory", "1Gi", "in/size/cpu", "7", FormPreset, "small"), `{"title": "T", "size": {"cpu": 1, "memory": "1Gi"}, "words": ["a", "b"]}`},
		{"a row beside the default's", form(FormPreset, "in/parts=redis"), `{"parts": [{"name": "web"}, {"name": "redis", "port": 6379, "password": "slipway-secret-unset"}]}`},
		{"a name that is free", form("in/parts/0/name", "redis", "in/parts/1/name", "redis-2", FormPreset, "in/parts=redis"), `{"parts": [{"name": "redis"}, {"name": "redis-2"}, {"name": "redis-3", "port": 6379, "password": "slipway-secret-unset"}]}`},
		{"no such preset", form("in/title", "T", FormPreset, "large"), `{"title": "T"}`},
		{"no such list", form("in/title", "T", FormPreset, "in/none/3=redis"), `{"title": "T"}`},
	} {
		r := tpl.Decode(tc.form, Around{})
		if diff := cmp.Diff(inputs(t, tc.want), r.Inputs); diff != "" || len(r.Errors) > 0 {
			t.Errorf("%s: %v %s", tc.name, r.Errors, diff)
		}
		if again := tpl.Decode(formOf(tpl.Untouched(tc.form, Around{}).View), Around{}); !cmp.Equal(again.Inputs, r.Inputs) {
			t.Errorf("%s: what is drawn is read as %v", tc.name, again.Inputs)
		}
	}
}

// A row takes all that is in it along, whatever its number was when it was posted.
func TestRowsMove(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": presetSchema, "templates/all.yaml": "", "values.yaml": ""})
	three := []string{"in/words/0", "a", "in/words/4", "b", "in/words/5", "c"}
	for _, tc := range []struct {
		name, value, want string
	}{
		{FormUp, "in/words/4", `["b", "a", "c"]`},
		{FormDown, "in/words/4", `["a", "c", "b"]`},
		{FormUp, "in/words/0", `["a", "b", "c"]`},
		{FormDown, "in/words/5", `["a", "b", "c"]`},
		{FormDown, "in/words/1", `["a", "b", "c"]`},
		{FormRemove, "in/words/4", `["a", "c"]`},
	} {
		r := tpl.Decode(form(append(three, tc.name, tc.value)...), Around{})
		if diff := cmp.Diff(inputs(t, `{"words": `+tc.want+`}`), r.Inputs); diff != "" || len(r.Errors) > 0 {
			t.Errorf("%s %s: %v %s", tc.name, tc.value, r.Errors, diff)
		}
	}
	r := tpl.Decode(form("in/parts/2/name", "b", "in/parts/2/tags/0", "x", FormAdd, "in/parts/2/tags", FormUp, "in/parts/2", "in/parts/0/name", "a"), Around{})
	if diff := cmp.Diff(inputs(t, `{"parts": [{"name": "b", "tags": ["x"]}, {"name": "a"}]}`), r.Inputs); diff != "" || len(r.Errors) > 0 {
		t.Errorf("%v %s", r.Errors, diff)
	}
	if c := find(t, r.View, "in/parts/0/tags"); len(c.Rows) != 2 {
		t.Errorf("the row got no other tag: %d", len(c.Rows))
	}
}

// A file stays with the row that it was chosen in, though rows before it go.
func TestFilesStayWithTheirRow(t *testing.T) {
	schema := `{"type": "object", "properties": {"files": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "text": {"type": "string", "x-ui-widget": "file"}, "key": {"type": "string", "x-ui-secret": true, "x-ui-widget": "file"}}}}}}`
	tpl := loadChart(t, map[string]string{"values.schema.json": schema, "templates/all.yaml": "", "values.yaml": ""})
	_, a := secretChart(t)
	f := form("in/files/0/name", "a", "in/files/1/name", "b", "in/files/1/text", "old", FormRemove, "in/files/0")
	f["file/files/0/key"], f["file/files/1/key"], f["file/files/1/text"] = []string{"first"}, []string{"second"}, []string{"\nnew\t\n\n"}
	r := tpl.Decode(f, a)
	row := r.Inputs["files"].([]any)[0].(map[string]any)
	if len(r.Errors) > 0 || row["name"] != "b" || row["text"] != "\nnew\t\n\n" || len(r.Secrets) != 1 {
		t.Fatalf("%v %v %q", r.Errors, r.Secrets, row)
	}
	for _, v := range r.Secrets {
		if v != "second" {
			t.Errorf("the file of another row was taken")
		}
	}
}

func TestKeywordsThatMakeNoSense(t *testing.T) {
	for keywords, says := range map[string]string{
		`"type": "integer", "x-ui-secret": true`:                                                                                                   "x-ui-secret is for texts",
		`"type": "string", "x-ui-generate": "hex:32"`:                                                                                              "x-ui-generate is for fields with x-ui-secret",
		`"type": "string", "x-ui-secret": true, "x-ui-generate": "words:4"`:                                                                        "hex or base64",
		`"type": "string", "x-ui-secret": true, "x-ui-generate": "hex:99999"`:                                                                      "such as hex:32",
		`"type": "string", "x-ui-picker": {"kind": "Pod"}`:                                                                                         `kind "Pod"`,
		`"type": "array", "items": {"type": "string"}, "x-ui-presets": [{"id": "a"}]`:                                                              "lists of objects",
		`"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}, "x-ui-presets": [{"id": "a", "values": {"c": 1}}]`: "sets /c, which is no field",
		`"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string", "x-ui-secret": true}}}, "x-ui-presets": [{"id": "a", "values": {"b": "hunter2"}}]`: "write null",
	} {
		tpl := Load(chartFS(map[string]string{"values.schema.json": `{"type": "object", "properties": {"x": {` + keywords + `}}}`}), "folder")
		if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), says) || strings.Contains(tpl.Broken.Error(), "hunter2") {
			t.Errorf("%s: %v", keywords, tpl.Broken)
		}
	}
}
