package charts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/catalog"
)

// decided are the settings of workload.plain that a simple service decides by itself, each on purpose
// another one than a web service's default.
var decided = map[string]any{
	"/autoscale/enabled": true, "/autoscale/min": 1.0, "/autoscale/max": 3.0, "/autoscale/memory": 80.0,
}

// A simple service is a web service that is asked less: what it does not ask is what the schema of the
// web service has as a default, and stays so when that changes.
func TestPlainIsTheDefault(t *testing.T) {
	raw, err := os.ReadFile("workload/templates/_plain.tpl")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), "{{- define \"workload.plain\" -}}\n")
	text, _, ended := strings.Cut(text, "{{- end }}")
	if !found || !ended || strings.Contains(text, "{{") {
		t.Fatal("workload.plain is not plain YAML")
	}
	var plain map[string]any
	if err := yaml.Unmarshal([]byte(text), &plain); err != nil {
		t.Fatal(err)
	}
	if n := defaults(t, "", plain, template(t, "web-service").Fields); n < 80 {
		t.Errorf("%d settings were compared", n)
	}
}

// defaults compares values with the defaults of their fields, and tells how many there were.
func defaults(t *testing.T, at string, values map[string]any, fields []catalog.Field) int {
	t.Helper()
	n := 0
	for name, got := range values {
		here := at + "/" + name
		f := fieldNamed(fields, name)
		inner, isMap := got.(map[string]any)
		switch {
		case f == nil:
			t.Errorf("%s is no field of the schema", here)
		case f.Kind == catalog.Object && isMap:
			n += defaults(t, here, inner, f.Fields)
		default:
			n++
			want, own := decided[here]
			if !own {
				want = plainDefault(t, f)
			}
			if empty(got) && empty(want) {
				continue
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s is %v; the schema's default is %v", here, got, want)
			}
		}
	}
	return n
}

// plainDefault is a field's default as YAML has it, with the defaults of its rows' fields.
func plainDefault(t *testing.T, f *catalog.Field) any {
	t.Helper()
	raw, err := json.Marshal(f.Default)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	rows, _ := v.([]any)
	for _, row := range rows {
		m, _ := row.(map[string]any)
		for i := range f.Item.Fields {
			part := &f.Item.Fields[i]
			if _, set := m[path.Base(part.Path)]; m != nil && !set {
				m[path.Base(part.Path)] = plainDefault(t, part)
			}
		}
	}
	return v
}

// empty tells whether a value is none, which a chart sees in the form that its kind has.
func empty(v any) bool {
	switch fmt.Sprint(v) {
	case "<nil>", "", "[]", "map[]", "false":
		return true
	}
	return false
}

func fieldNamed(fields []catalog.Field, name string) *catalog.Field {
	for i := range fields {
		if path.Base(fields[i].Path) == name {
			return &fields[i]
		}
	}
	return nil
}
