package templates

import (
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

// A row that was only added is no reason yet to say what it lacks.
func TestTouched(t *testing.T) {
	text := &catalog.Field{Kind: catalog.Text}
	usual := &catalog.Field{Kind: catalog.Number, Default: 2}
	list := func(parts ...catalog.Control) catalog.Control {
		object := catalog.Control{Field: &catalog.Field{Kind: catalog.Object}, Parts: parts}
		return catalog.Control{Field: &catalog.Field{Kind: catalog.List}, Rows: []catalog.Row{{Item: object}}}
	}
	for _, tc := range []struct {
		name string
		c    catalog.Control
		want bool
	}{
		{"nothing typed", catalog.Control{Field: text}, false},
		{"typed", catalog.Control{Field: text, Value: "0"}, true},
		{"no row", catalog.Control{Field: &catalog.Field{Kind: catalog.List}}, false},
		{"an empty row", list(catalog.Control{Field: text}), false},
		{"a row with what it has by default", list(catalog.Control{Field: usual, Value: "2"}, catalog.Control{Field: &catalog.Field{Kind: catalog.Switch}, Value: "false"}), false},
		{"a row with another value", list(catalog.Control{Field: usual, Value: "3"}), true},
		{"a switch that was turned", list(catalog.Control{Field: &catalog.Field{Kind: catalog.Switch}, Value: "true"}), true},
		{"a secret that is kept", list(catalog.Control{Field: text, Stored: true}), true},
		{"a row within a row", list(list(catalog.Control{Field: text, Value: "x"})), true},
		{"the name of an entry", catalog.Control{Field: &catalog.Field{Kind: catalog.Map}, Rows: []catalog.Row{{Key: &catalog.Control{Field: text, Value: "LOG"}, Item: catalog.Control{Field: text}}}}, true},
	} {
		if got := touched(tc.c); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}
