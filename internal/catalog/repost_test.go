package catalog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/manifest"
)

const repostSchema = `{"type": "object", "properties": {
	"title": {"type": "string", "default": "T"},
	"parts": {"type": "array", "items": {"type": "object", "properties": {
		"name": {"type": "string"}, "port": {"type": "integer", "default": 80}, "on": {"type": "boolean", "default": true},
		"kind": {"enum": ["web", "job"], "default": "web"}, "size": {"type": "object", "properties": {"cpu": {"type": "string", "default": "1"}}},
		"password": {"type": "string", "x-ui-secret": true}, "tags": {"type": "array", "default": ["a"], "items": {"type": "string"}},
		"env": {"type": "object", "additionalProperties": {"type": "string"}}}}},
	"grid": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
	"named": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}},
	"trial": {"type": "object", "properties": {"run": {"type": "boolean", "default": false}},
		"if": {"properties": {"run": {"const": true}}}, "then": {"properties": {"image": {"type": "string"}}}}}}`

// What a view posts reads as the same, whatever of it stays out since it is the default anyway.
func TestViewPostsItself(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": repostSchema, "templates/all.yaml": "", "values.yaml": ""})
	token := "slipway-secret-abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
	if !manifest.IsToken(token) {
		t.Fatal("it is no token")
	}
	for name, typed := range map[string]Form{
		"nothing":             form(),
		"rows of defaults":    form("in/parts/0/name", "a", "in/parts/0/port", "80", "in/parts/0/on", "false", "in/parts/0/on", "true", "in/parts/0/kind", "web", "in/parts/0/size/cpu", "1"),
		"defaults emptied":    form("in/title", "", "in/parts/0/name", "a", "in/parts/0/port", "", "in/parts/0/on", "false", "in/parts/0/kind", "job", "in/parts/0/size/cpu", "", "in/parts/0/tags", ""),
		"not what it asks":    form("in/parts/0/port", "many", "in/parts/0/kind", "none"),
		"empty rows":          form("in/parts/0/name", "", "in/parts/1/name", "b", FormAdd, "in/parts", "in/grid/0", "", "in/grid/1/0", "y", "in/named/0/key", ""),
		"secrets":             form("in/parts/0/password", token, "in/parts/1/password", manifest.Empty, "in/parts/2/password", string(manifest.Unset)),
		"rows of rows":        form("in/parts/0/tags/0", "b", "in/parts/0/tags/1", "", "in/parts/0/env/0/key", "K", "in/parts/0/env/0/value", "", "in/named/0/key", "k", "in/named/0/value/a", "y"),
		"hidden":              form("in/trial/run", "false", "in/trial/image", "a/b:1"),
		"as it is by default": form("in/parts/0/tags", "", "in/parts/0/tags/0", "a"),
	} {
		read := tpl.Decode(typed, Around{})
		again := tpl.Decode(read.View.Form(), Around{})
		if diff := cmp.Diff(read.Inputs, again.Inputs); diff != "" {
			t.Errorf("%s: other inputs:\n%s", name, diff)
		}
		if diff := cmp.Diff(formOf(read.View), formOf(again.View)); diff != "" {
			t.Errorf("%s: another page:\n%s", name, diff)
		}
	}
	row := find(t, tpl.Decode(form("in/parts/0/name", "a", "in/parts/0/port", "80", "in/parts/0/kind", "job"), Around{}).View, "in/parts").Rows[0]
	if diff := cmp.Diff(form("in/parts/0/name", "a", "in/parts/0/kind", "job"), row.Form()); diff != "" {
		t.Errorf("a row posts more than what is in it:\n%s", diff)
	}
}

// A row that is open stays so when it gets another number.
func TestRowsAreOpened(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": repostSchema, "templates/all.yaml": "", "values.yaml": ""})
	three := []string{"in/parts/0/name", "a", "in/parts/1/name", "b", "in/parts/2/name", "c", FormOpened, "in/parts/1"}
	for _, tc := range []struct{ name, value, want string }{
		{FormOpened, "in/parts/7", "[b]"},
		{FormOpen, "in/parts/2", "[b c]"},
		{FormShut, "in/parts/1", "[]"},
		{FormUp, "in/parts/1", "[b]"},
		{FormRemove, "in/parts/0", "[b]"},
		{FormRemove, "in/parts/1", "[]"},
		{FormAdd, "in/parts", "[b ]"},
	} {
		var open []string
		for _, r := range find(t, tpl.Untouched(form(append(three, tc.name, tc.value)...), Around{}).View, "in/parts").Rows {
			if r.Open {
				open = append(open, r.Item.Parts[0].Value)
			}
		}
		if got := fmt.Sprint(open); got != tc.want {
			t.Errorf("%s %s: open are %s, want %s", tc.name, tc.value, got, tc.want)
		}
	}
	v := tpl.Untouched(form(append(three, "in/named/0/key", "k")...), Around{}).View
	for row, want := range map[string]string{"in/parts/2": "in/parts/2/name", "in/named/0": "in/named/0/key", "in/parts/3": "", "in/title": "", "": ""} {
		if got := v.First(row); got != want {
			t.Errorf("%q begins with %q, want %q", row, got, want)
		}
	}
}
