package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFitDropsWhatHasNoField(t *testing.T) {
	token := "slipway-secret-" + strings.Repeat("a2", 26)
	tpl := &Template{Fields: []Field{
		{Path: "/image", name: "image", Kind: Text},
		{Path: "/odd", name: "odd", Kind: Unknown},
		{Path: "/limits", name: "limits", Kind: Object, Fields: []Field{{Path: "/limits/cpu", name: "cpu", Kind: Text}}},
		{Path: "/rows", name: "rows", Kind: List, Item: &Field{Kind: Object, Fields: []Field{{Path: "/name", name: "name", Kind: Text}}}},
		{Path: "/more", name: "more", Kind: Map, Item: &Field{Kind: Object, Fields: []Field{{Path: "/on", name: "on", Kind: Switch}}}},
		{Path: "/words", name: "words", Kind: List, Item: &Field{Kind: Text}},
	}}
	in := Inputs{
		"image": "x:1", "odd": 1, "gone": strings.Repeat("x", 100), "pass": token, "map": map[string]any{"a": 1}, "list": []any{"a", token, true},
		"limits": map[string]any{"cpu": "1", "gpu": "2"},
		"rows":   []any{map[string]any{"name": "a", "a/b": 3.5}, map[string]any{"name": "b"}},
		"more":   map[string]any{"x": map[string]any{"on": true, "off": nil}},
		"words":  []any{"a", "b"},
	}
	before := copied(map[string]any(in))
	got, gone := tpl.Fit(in)
	want := Inputs{
		"image": "x:1", "limits": map[string]any{"cpu": "1"}, "rows": []any{map[string]any{"name": "a"}, map[string]any{"name": "b"}},
		"more": map[string]any{"x": map[string]any{"on": true}}, "words": []any{"a", "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantGone := []Gone{
		{"/gone", strings.Repeat("x", 80) + "…"}, {"/limits/gpu", "2"}, {"/list", "a, a secret value, true"}, {"/map", "1 values"},
		{"/more/x/off", ""}, {"/odd", "1"}, {"/pass", "a secret value"}, {"/rows/0/a~1b", "3.5"},
	}
	if diff := cmp.Diff(wantGone, gone); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, copied(map[string]any(in))); diff != "" {
		t.Errorf("it changed what it was given: %s", diff)
	}
}
