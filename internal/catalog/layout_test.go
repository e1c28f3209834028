package catalog

import "testing"

// A section is a required one only if something in it must be given whatever is chosen.
func TestRequiredSections(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{"type": "object", "required": ["image"],
		"x-ui-sections": [{"id": "what", "title": "What runs"}, {"id": "reach", "title": "Who can reach it"}, {"id": "up", "title": "How it stays up"}],
		"properties": {
			"image": {"type": "string", "x-ui-section": "what"},
			"host": {"type": "string", "x-ui-section": "reach"},
			"canary": {"type": "object", "x-ui-section": "up", "properties": {"on": {"type": "boolean", "default": false}},
				"if": {"properties": {"on": {"const": true}}, "required": ["on"]},
				"then": {"required": ["image"], "properties": {"image": {"type": "string"}}}}}}`})
	want := []struct {
		title    string
		required bool
	}{{"What runs", true}, {"Who can reach it", false}, {"How it stays up", false}}
	sections := tpl.View(nil, Around{}).Sections
	if len(sections) != len(want) {
		t.Fatalf("there are %d sections", len(sections))
	}
	for i, s := range sections {
		if s.Title != want[i].title || s.Required != want[i].required {
			t.Errorf("section %d is %q, required %t", i, s.Title, s.Required)
		}
	}
}
