package catalog

import (
	"slices"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// lever is a control whose value can be changed to see what depends on it.
type lever struct {
	path    string   // of the control
	field   *Field   // nil for the name of a map's entry
	pointer []string // of its value in the values
	rename  bool     // it is the name of a map's entry
	chooses bool     // it is one of several
	now     string   // what it holds
	values  []any    // other values, the closest first
}

// otherToken stands for a secret value that nobody has.
var otherToken = string(manifest.Unset[:len(manifest.Unset)-len("unset")]) + strings.Repeat("a", 52)

// levers are the controls of one value, and the names of entries, in the form of the inputs.
func (t *Template) levers(in Inputs) []lever {
	w, values := newFiller(), t.values(in)
	controls := shown(w.fill(t.Fields, "", "", declared(t.Fields, in), t.loaded.defaults), t.loaded.conds, values)
	at := map[string]string{}
	for pointer, path := range w.paths {
		at[path] = pointer
	}
	keys := map[string]string{}
	for pointer, path := range w.keys {
		keys[path] = pointer
	}
	var all []lever
	for i := range controls {
		controls[i].each(func(c *Control) {
			if pointer, isKey := keys[c.path()]; isKey {
				all = append(all, lever{path: c.path(), pointer: tokens(pointer), rename: true, now: c.Value, values: []any{c.Value + "0"}})
				return
			}
			pointer, ok := at[c.path()]
			switch c.Field.Kind {
			case Object, List, Map, Unknown:
				return
			}
			if !ok {
				return
			}
			ts := tokens(pointer)
			others := probes(c.Field, valueAt(values, ts))
			if c.Field.Secret {
				others = []any{otherToken, ""}
			}
			if len(others) > 0 {
				all = append(all, lever{path: c.path(), field: c.Field, pointer: ts, chooses: c.Field.Kind == Choice, now: firstLine(c.Value), values: others})
			}
		})
	}
	return all
}

// firstLine is what of a value can stand in a line of YAML.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(s)
}

// pulled are the inputs with the lever's value changed. Rows that only the defaults have become inputs.
func (t *Template) pulled(in Inputs, l lever, v any) Inputs {
	out := copied(map[string]any(in)).(map[string]any)
	pull(out, t.values(in), l, v)
	return out
}

// pull is pulled, and changes out. all are the values of the inputs, before any lever was pulled.
func pull(out, all map[string]any, l lever, v any) {
	var here, values any = out, all
	set := func(x any) {} // puts a value where here stands
	for i, step := range l.pointer {
		last := i == len(l.pointer)-1
		switch x := here.(type) {
		case map[string]any:
			inner := stepInto(values, step)
			if last {
				if l.rename {
					x[step], step = nil, textOf(v)
					v = copied(inner)
				}
				now, _ := x[step].(map[string]any)
				if over, isMap := v.(map[string]any); isMap && now != nil {
					v = merged(now, over, true)
				}
				x[step] = v
				return
			}
			if _, ok := x[step]; !ok {
				x[step] = emptyLike(inner)
			}
			here, values = x[step], inner
			set = func(y any) { x[step] = y }
		case []any:
			n, ok := rowIndex(step)
			if !ok || n >= len(x) {
				return
			}
			x = slices.Clone(x)
			set(x)
			values = stepInto(values, step)
			if last {
				x[n] = v
				return
			}
			here = x[n]
			set = func(y any) { x[n] = y }
		default:
			return
		}
	}
}

// emptyLike begins an input for a value that only the defaults have: a map with nothing in it, or the rows
// of the list, which inputs replace as a whole.
func emptyLike(v any) any {
	if _, ok := v.(map[string]any); ok {
		return map[string]any{}
	}
	return copied(v)
}

func stepInto(v any, step string) any {
	switch x := v.(type) {
	case map[string]any:
		return x[step]
	case []any:
		if n, ok := rowIndex(step); ok && n < len(x) {
			return x[n]
		}
	}
	return nil
}
