package catalog

import (
	"maps"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// Keepable is the part of a posted form that may be kept while the person does something else: what
// was typed into the template's fields, in all their rows. Of secret fields only tokens stay, so what
// is kept holds no secret. A name that belongs to no field is left out, since nobody can say whether
// it was one.
func (t *Template) Keepable(form Form) Form {
	kept := Form{}
	for name, values := range form {
		path, ok := strings.CutPrefix(name, FormPrefix+"/")
		if !ok {
			continue
		}
		f, ok := fieldNamed(t.Fields, tokens(path))
		switch {
		case !ok:
		case f == nil || !f.Secret:
			kept[name] = values
		default:
			for _, v := range values {
				if v == "" || v == manifest.Empty || manifest.IsToken(v) {
					kept[name] = append(kept[name], v)
				}
			}
		}
	}
	return kept
}

// fieldNamed finds the field that the tokens of a control's name mean. It is nil, and ok, for what
// belongs to a field but is none: the name of an entry of a Map.
func fieldNamed(fields []Field, name []string) (f *Field, ok bool) {
	if len(name) == 0 {
		return nil, false
	}
	if f = named(fields, name[0]); f == nil {
		return nil, false
	}
	return descend(f, name[1:])
}

// descend goes down from a field. A secret that is more than a text hides all that is in it.
func descend(f *Field, rest []string) (*Field, bool) {
	switch {
	case len(rest) == 0 || f.Secret:
		return f, true
	case f.Kind == Object:
		return fieldNamed(f.Fields, rest)
	case f.Item == nil:
		return nil, false
	}
	if _, isRow := rowIndex(rest[0]); !isRow {
		return nil, false
	}
	if f.Kind == List {
		return descend(f.Item, rest[1:])
	}
	switch {
	case len(rest) == 2 && rest[1] == "key":
		return nil, true
	case len(rest) > 1 && rest[1] == "value":
		return descend(f.Item, rest[2:])
	}
	return nil, false
}

// WithStored gives the secrets that inputs name without a value, as files do, the values that are put
// aside under the same names: rows of a list are the same where their names are. What the inputs say
// otherwise stays, and neither argument is changed.
func (t *Template) WithStored(in, stored Inputs) Inputs { return withStored(t.Fields, in, stored) }

func withStored(fields []Field, in, stored map[string]any) map[string]any {
	out := maps.Clone(in)
	for k, v := range in {
		if f := named(fields, k); f != nil {
			out[k] = f.withStored(v, stored[k])
		}
	}
	return out
}

func (f *Field) withStored(v, stored any) any {
	if f.Secret {
		token, _ := stored.(string)
		if manifest.Token(token).Stands() && (v == nil || v == string(manifest.Unset)) {
			return token
		}
		return v
	}
	switch x := v.(type) {
	case map[string]any:
		before, _ := stored.(map[string]any)
		if f.Kind == Object {
			return withStored(f.Fields, x, before)
		}
		out := maps.Clone(x)
		for k, item := range x {
			if f.Kind == Map {
				out[k] = f.Item.withStored(item, before[k])
			}
		}
		return out
	case []any:
		before, _ := stored.([]any)
		out := slices.Clone(x)
		for i := range x {
			if f.Kind == List {
				twin, _ := twinRow(f, x, i, before)
				out[i] = f.Item.withStored(x[i], twin)
			}
		}
		return out
	}
	return v
}
