package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"znkr.io/diff"

	"slipway.dev/slipway/internal/manifest"
)

// Marks tells which lines of the objects' canonical YAML the field at path decides: those that are
// other ones if its value is another one. It renders the template with the inputs and with the field
// changed, and compares, so it is exact for this value, whatever the chart does with it. A row's path
// stands for its whole list. It returns Errors for bad inputs, as Render does, and no marks for a
// field that the template does not have.
func (t *Template) Marks(ctx context.Context, in Inputs, r Release, path string) ([]Mark, error) {
	now, err := t.Render(ctx, in, r)
	if err != nil {
		return nil, err
	}
	f, pointer := t.fieldOf(path)
	if f == nil {
		return nil, nil
	}
	// Templates may refuse one of the probes, such as a text where they compute.
	for _, probe := range probes(f, valueAt(merged(t.loaded.defaults, in, false), pointer)) {
		other, err := t.render(ctx, merged(in, at(pointer, probe), true), r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			return compare(now.Set, other.Set, f.Path)
		}
	}
	return nil, nil
}

// fieldOf finds the field of a control's path. Rows lead to their list, whose rows the values need
// not have in the same order.
func (t *Template) fieldOf(path string) (*Field, []string) {
	all := tokens(path)
	for n := 1; n <= len(all); n++ {
		f := fieldAt(t.Fields, all[:n])
		if f == nil {
			return nil, nil
		}
		if f.Kind == List || f.Kind == Map || n == len(all) {
			return f, all[:n]
		}
	}
	return nil, nil
}

// probes are other values of a field, the closest to the present one first.
func probes(f *Field, now any) []any {
	switch f.Kind {
	case Switch:
		on, _ := now.(bool)
		return []any{!on}
	case Number:
		n, ok := numberOf(now)
		if !ok {
			return []any{1}
		}
		v, _ := n.Float64()
		return []any{native(json.Number(textOf(v + 1))), native(json.Number(textOf(v - 1)))}
	case Choice:
		var others []any
		for _, c := range f.choices {
			if !same(c, now) {
				others = append(others, c)
			}
		}
		return others
	case List:
		return []any{[]any{}, nil}
	case Map:
		none := map[string]any{}
		m, _ := now.(map[string]any)
		for k := range m {
			none[k] = nil
		}
		return []any{none, nil}
	case Object:
		inner, _ := now.(map[string]any)
		all := map[string]any{}
		for i := range f.Fields {
			part := &f.Fields[i]
			if p := probes(part, inner[part.name]); len(p) > 0 {
				all[part.name] = p[0]
			}
		}
		return []any{all, nil}
	}
	s, _ := now.(string)
	if s == "" {
		return []any{"/x", "x"}
	}
	return []any{s + "0", "", nil}
}

// at makes values that hold v at the tokens and nothing else.
func at(pointer []string, v any) map[string]any {
	m := map[string]any{pointer[len(pointer)-1]: v}
	for i := len(pointer) - 2; i >= 0; i-- {
		m = map[string]any{pointer[i]: m}
	}
	return m
}

func valueAt(m map[string]any, pointer []string) any {
	var v any = m
	for _, t := range pointer {
		inner, _ := v.(map[string]any)
		v = inner[t]
	}
	return v
}

// compare marks the lines of now that other does not have.
func compare(now, other manifest.Set, path string) ([]Mark, error) {
	var marks []Mark
	for i, u := range now {
		a, err := lines(u)
		if err != nil {
			return nil, err
		}
		var b []string
		for _, o := range other {
			if manifest.RefIn(o, "").Same(manifest.RefIn(u, "")) {
				if b, err = lines(o); err != nil {
					return nil, err
				}
			}
		}
		for _, e := range diff.Edits(a, b) {
			if e.Op == diff.Delete {
				marks = append(marks, Mark{Object: i, Line: e.PosX + 1, Path: path})
			}
		}
	}
	return marks, nil
}

func lines(u manifest.Object) ([]string, error) {
	text, err := manifest.YAML(u)
	if err != nil {
		return nil, fmt.Errorf("writing %s as YAML: %w", manifest.RefOf(u), err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}
