package catalog

import (
	"maps"
	"slices"
)

// Values have the shape of their fields. Whatever goes through all of them goes through here: visit looks
// at them, within makes others of them.

// visit calls fn for every field that has a value, in rows too: with the value, its pointer, and the
// values of the object that it stands in, nil for an item of a list or a map. Maps are walked by name.
func visit(fields []Field, values map[string]any, pointer string, fn func(f *Field, v any, pointer string, around map[string]any)) {
	for i := range fields {
		f := &fields[i]
		if v, ok := values[f.name]; ok {
			f.visit(v, join(pointer, f.name), values, fn)
		}
	}
}

func (f *Field) visit(v any, pointer string, around map[string]any, fn func(*Field, any, string, map[string]any)) {
	fn(f, v, pointer, around)
	switch x := v.(type) {
	case map[string]any:
		switch f.Kind {
		case Object:
			visit(f.Fields, x, pointer, fn)
		case Map:
			for _, name := range slices.Sorted(maps.Keys(x)) {
				f.Item.visit(x[name], join(pointer, name), nil, fn)
			}
		}
	case []any:
		if f.Kind == List {
			for i, item := range x {
				f.Item.visit(item, joinRow(pointer, i), nil, fn)
			}
		}
	}
}

// within makes another value of one that f describes: of an object what object makes of it, and of a list
// or a map one in which each row is what item makes of it. Anything else is given back as it is; v itself
// is not changed.
func (f *Field) within(v any, object func(f *Field, values map[string]any) map[string]any, item func(f *Field, v any) any) any {
	switch x := v.(type) {
	case map[string]any:
		switch f.Kind {
		case Object:
			return object(f, x)
		case Map:
			out := make(map[string]any, len(x))
			for k, row := range x {
				out[k] = item(f.Item, row)
			}
			return out
		}
	case []any:
		if f.Kind == List {
			out := make([]any, len(x))
			for i, row := range x {
				out[i] = item(f.Item, row)
			}
			return out
		}
	}
	return v
}
