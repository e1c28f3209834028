package systems

import (
	"encoding/json"
	"strings"
	"testing"
)

// The comparison must see what differs, or every test that rests on it is worth nothing.
func TestCompare(t *testing.T) {
	const object = `{"kind": "Deployment", "metadata": {"name": "api", "annotations": {"a.b/c": "true"}},
		"spec": {"replicas": 0, "list": [{"name": "x", "v": "1000m", "n": 8080}, {"mountPath": "/tmp"}], "none": ""}}`
	tests := []struct {
		want  string
		wrong string // "" if all is as wanted
	}{
		{`spec.replicas 0`, ""},
		{`spec.replicas 1`, "it is 0 instead of 1"},
		{`spec.replicas "0"`, `it is 0 instead of "0"`},
		{`spec.replicas absent`, "should not be there"},
		{`spec.paused absent`, ""},
		{`spec.none ""`, ""},
		{`spec.missing ""`, "it is not there"},
		{`metadata.annotations["a.b/c"] "true"`, ""},
		{`metadata.annotations["a.b/c"] true`, "instead of true"},
		{`spec.list[x].v "1"`, ""},
		{`spec.list[x].v "2"`, `instead of "2"`},
		{`spec.list[/tmp] {"mountPath": "/tmp"}`, ""},
		{`spec.list[0] {"name": "x"}`, "instead of"},
		{`spec.list[0] ~{"name": "x"}`, ""},
		{`spec.list[0] ~{"name": "x", "n": 8081}`, "instead of"},
		{`spec.list ~[{"name": "x"}]`, "instead of"},
		{`spec.list[7].v "1"`, "it is not there"},
	}
	var o map[string]any
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		path, value, _ := strings.Cut(tt.want, " ")
		got := Compare([]map[string]any{o}, []Want{{Object: "Deployment api", Path: path, Value: value}})
		switch {
		case tt.wrong == "" && len(got) > 0:
			t.Errorf("%s: %s", tt.want, got[0])
		case tt.wrong != "" && (len(got) != 1 || !strings.Contains(got[0], tt.wrong)):
			t.Errorf("%s: got %q, want one that says %q", tt.want, got, tt.wrong)
		}
	}
	if got := Compare([]map[string]any{o}, []Want{{Object: "Service api"}}); len(got) != 1 {
		t.Errorf("an object that is not there: got %q", got)
	}
	if got := Compare([]map[string]any{o}, []Want{{Object: "Deployment a*"}, {Object: "Deployment b*"}}); len(got) != 1 || !strings.Contains(got[0], "Deployment b*") {
		t.Errorf("names of which the beginning is known: got %q", got)
	}
	if got := Compare([]map[string]any{o}, []Want{{Object: "Service api", Value: "absent"}}); len(got) != 0 {
		t.Errorf("an object that is rightly not there: got %q", got)
	}
	if got := Compare([]map[string]any{o}, []Want{{Object: "Deployment api", Value: "absent"}}); len(got) != 1 {
		t.Errorf("an object that should not be there: got %q", got)
	}
}

// Every expectation can be read, and compares as it is meant to: JSON, and a path that can be split.
func TestWants(t *testing.T) {
	entries, err := files.ReadDir("expect")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		wants, err := Wants(strings.TrimSuffix(e.Name(), ".txt"))
		if err != nil {
			t.Error(err)
		}
		for _, w := range wants {
			if _, err := split(w.Path); err != nil {
				t.Errorf("%s, line %d: %v", e.Name(), w.Line, err)
			}
			text := strings.TrimPrefix(w.Value, "~")
			if w.Path != "" && text != "absent" && text != "secret" && !json.Valid([]byte(text)) {
				t.Errorf("%s, line %d: %s is no JSON", e.Name(), w.Line, text)
			}
		}
	}
}
