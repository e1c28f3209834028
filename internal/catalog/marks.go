package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"znkr.io/diff"

	"slipway.dev/slipway/internal/manifest"
)

// Marks tells which lines of the objects' canonical YAML the field at path decides: those that are
// other ones if its value is another one. It renders the template with the inputs and with the field
// changed, and compares, so it is exact for this value, whatever the chart does with it. path is that of a
// control in the form of the inputs (see View); the path of a row that they do not have stands for its whole
// list. It returns Errors for bad inputs, as Render does, and no marks for a field that the template does
// not have.
func (t *Template) Marks(ctx context.Context, in Inputs, r Release, path string) ([]Mark, error) {
	now, err := t.Render(ctx, in, r)
	if err != nil {
		return nil, err
	}
	l, ok := t.leverAt(in, path)
	if !ok {
		return nil, nil
	}
	// Templates may refuse one of the probes, such as a text where they compute.
	for _, probe := range l.values {
		other, err := t.render(ctx, t.pulled(in, l, probe), r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			return compare(now.Set, other.Set, l.path)
		}
	}
	return nil, nil
}

// leverAt finds what to change for a control's path.
func (t *Template) leverAt(in Inputs, path string) (lever, bool) {
	all := t.levers(in)
	if i := slices.IndexFunc(all, func(l lever) bool { return l.path == path }); i >= 0 {
		return all[i], true
	}
	f, pointer := t.fieldOf(path)
	if f == nil {
		return lever{}, false
	}
	return lever{path: f.Path, pointer: pointer, values: probes(f, valueAt(t.values(in), pointer))}, true
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

func valueAt(m map[string]any, pointer []string) any {
	var v any = m
	for _, t := range pointer {
		v = stepInto(v, t)
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
		if o, ok := counterpart(u, now, other); ok {
			if b, err = lines(o); err != nil {
				return nil, err
			}
		}
		for _, line := range changedLines(a, b) {
			marks = append(marks, Mark{Object: i, Line: line + 1, Path: path})
		}
	}
	return marks, nil
}

// counterpart finds what an object of now is in other: that of the same name, or the one that has come in
// its place under another name, as far as there are as many of its kind as before.
func counterpart(u manifest.Object, now, other manifest.Set) (manifest.Object, bool) {
	for _, o := range other {
		if sameObject(o, u) {
			return o, true
		}
	}
	gone, come := onlyIn(now, other, u.GetKind()), onlyIn(other, now, u.GetKind())
	for i, o := range gone {
		if sameObject(o, u) && len(gone) == len(come) {
			return come[i], true
		}
	}
	return u, false
}

// onlyIn are the objects of a kind that a has and b has not.
func onlyIn(a, b manifest.Set, kind string) []manifest.Object {
	var only []manifest.Object
	for _, u := range a {
		if u.GetKind() == kind && !slices.ContainsFunc(b, func(o manifest.Object) bool { return sameObject(o, u) }) {
			only = append(only, u)
		}
	}
	return only
}

func sameObject(a, b manifest.Object) bool { return manifest.RefIn(a, "").Same(manifest.RefIn(b, "")) }

// changedLines are the lines of a, from 0, that b does not have.
func changedLines(a, b []string) []int {
	var changed []int
	for _, e := range diff.Edits(a, b) {
		if e.Op == diff.Delete {
			changed = append(changed, e.PosX)
		}
	}
	return changed
}

func lines(u manifest.Object) ([]string, error) {
	text, err := manifest.YAML(u)
	if err != nil {
		return nil, fmt.Errorf("writing %s as YAML: %w", manifest.RefOf(u), err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}
