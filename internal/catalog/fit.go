package catalog

import (
	"maps"
	"slices"
	"strconv"

	"slipway.dev/slipway/internal/manifest"
)

// goneLimit is the most characters of a dropped input that are repeated.
const goneLimit = 80

// Fit is the part of the inputs of another version that this version has fields for, and what it has
// none for. The inputs that are given are not changed. That inputs fit does not mean that they are
// right: see Check.
func (t *Template) Fit(in Inputs) (Inputs, []Gone) {
	var f fitter
	return f.object(t.Fields, "", in), f.gone
}

type fitter struct{ gone []Gone }

func (w *fitter) object(fields []Field, pointer string, in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		at := join(pointer, name)
		f := named(fields, name)
		if f == nil || f.Kind == Unknown {
			w.gone = append(w.gone, Gone{Path: at, Value: dropped(in[name], 0)})
			continue
		}
		out[name] = w.value(f, at, in[name])
	}
	return out
}

// value keeps what has another shape than the field: Check says in the user's words what to do.
func (w *fitter) value(f *Field, pointer string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		switch {
		case f.Kind == Object:
			return w.object(f.Fields, pointer, x)
		case f.Kind == Map && f.Item != nil:
			out := make(map[string]any, len(x))
			for _, name := range slices.Sorted(maps.Keys(x)) {
				out[name] = w.value(f.Item, join(pointer, name), x[name])
			}
			return out
		}
	case []any:
		if f.Kind != List || f.Item == nil {
			return v
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = w.value(f.Item, join(pointer, strconv.Itoa(i)), x[i])
		}
		return out
	}
	return v
}

// dropped says in words what an input held. What stands for a secret is not repeated, wherever it is.
func dropped(v any, depth int) string {
	switch x := v.(type) {
	case string:
		if manifest.IsToken(x) {
			return "a secret value"
		}
	case map[string]any:
		return strconv.Itoa(len(x)) + " values"
	case []any:
		if depth > 0 || len(x) > 3 {
			return strconv.Itoa(len(x)) + " rows"
		}
		said := ""
		for i, item := range x {
			if i > 0 {
				said += ", "
			}
			said += dropped(item, depth+1)
		}
		return said
	}
	s := textOf(v)
	if r := []rune(s); len(r) > goneLimit {
		return string(r[:goneLimit]) + "…"
	}
	return s
}
