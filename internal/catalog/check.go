package catalog

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Check validates inputs that did not come from a form (a rollback, a file): the whole schema on the
// inputs over the defaults, that nothing is set that the form does not offer, and what the release allows.
func (t *Template) Check(in Inputs, r Release) Errors {
	if t.loaded == nil {
		return Errors{{Title: "The form", Message: "This template cannot be used at the moment."}}
	}
	w, controls := t.lateFiller(in)
	found := findings{}
	if s := unknownInput(t.Fields, in, ""); s != "" {
		found.add("", "This template has no field "+shortened(s)+".", worst)
	}
	if s := tooLarge(map[string]any(in), ""); s != "" {
		found.add(w.pathOf(s), "Take "+grouped(maxValueBytes)+" bytes or less.", worst)
	}
	for _, p := range plainSecrets(t.Fields, in) {
		found.add(w.pathOf(p), "A secret value does not belong into a file or a saved form. Type it into the form, which puts it aside.", worst)
	}
	values := t.present(in)
	t.validate(values, w, found)
	t.judge(values, judge{release: r, filler: w, found: found, warned: findings{}})
	if len(found) == 0 {
		return nil
	}
	return found.attach(controls(), nil)
}

// validate checks the values that count by the schema and adds what is wrong, in the user's words.
func (t *Template) validate(values map[string]any, w *filler, found findings) {
	err := t.loaded.schema.Validate(values)
	var v *jsonschema.ValidationError
	switch {
	case errors.As(err, &v):
		t.translate(v, w, found, values)
	case err != nil:
		found.add("", "The values cannot be checked.", worst)
	}
}

// present are the values that count: the inputs over the defaults, rows over the defaults of their
// fields, without what is hidden.
func (t *Template) present(in Inputs) map[string]any {
	values := exact(t.values(in)).(map[string]any)
	return present(t.Fields, t.loaded.conds, values)
}

// running are the values of the application's current revision, nil for a new application.
func (t *Template) running(a Around) map[string]any {
	if a.Deployed == nil {
		return nil
	}
	fitting, _ := t.Fit(a.Deployed)
	return t.present(fitting)
}

// values are the inputs over the defaults, rows over the defaults of their fields.
func (t *Template) values(in Inputs) map[string]any {
	return rowsCompleted(t.Fields, merged(t.loaded.defaults, declared(t.Fields, in), false))
}

// translate walks to the leaves of a validation error. What failed inside anyOf, oneOf or not is one
// finding where these stand, since none of their branches alone is what the person should do.
func (t *Template) translate(v *jsonschema.ValidationError, w *filler, found findings, values any) {
	at := join("", v.InstanceLocation...)
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			t.report(join(at, name), k, w, found)
		}
		return
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			t.report(join(at, name), &kind.Required{}, w, found)
		}
		return
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found.add(w.pathOf(at), "This template has no field "+shortened(join(at, name))+".", usual)
		}
		return
	case *kind.PropertyNames:
		t.reportKey(k.Property, w, found)
		return
	case *kind.AnyOf, *kind.OneOf, *kind.Not:
		t.report(at, k, w, found)
		return
	}
	if strings.HasSuffix(v.SchemaURL, "/unevaluatedProperties") {
		// It follows from another finding: of a branch that does not hold, no property counts as seen. What
		// no field declares is told by unknownInput.
		return
	}
	if len(v.Causes) == 0 && !isTokenAt(values, v.InstanceLocation) {
		t.report(at, v.ErrorKind, w, found)
	}
	for _, c := range v.Causes {
		t.translate(c, w, found, values)
	}
}

func (t *Template) report(pointer string, k jsonschema.ErrorKind, w *filler, found findings) {
	f := fieldAt(t.Fields, tokens(pointer))
	if f == nil {
		found.add(w.pathOf(pointer), "The values do not go together. Look at them again.", minor)
		return
	}
	message, priority := say(f, k)
	found.add(w.pathOf(pointer), message, priority)
}

// reportKey reports a name that its map does not take. The validator (6.0.3) lets the location of this
// one finding be overwritten, so the map is looked for among those that have the name.
func (t *Template) reportKey(name string, w *filler, found findings) {
	reported := false
	w.now()
	for pointer, path := range w.keys {
		ts := tokens(pointer)
		if ts[len(ts)-1] != name {
			continue
		}
		f := fieldAt(t.Fields, ts[:len(ts)-1])
		if f == nil || f.Kind != Map || fits(f.KeyPattern, name) {
			continue
		}
		found.add(path, unfit(keyField(f)), usual)
		reported = true
	}
	if !reported {
		found.add("", "The name "+shortened(name)+" cannot be taken. Take another one.", minor)
	}
}

// fits tells whether a name certainly matches a map's pattern; a map that has none may still limit
// its names otherwise.
func fits(pattern, name string) bool {
	re, err := regexp.Compile(pattern)
	return pattern != "" && err == nil && re.MatchString(name)
}

// pathOf is the control of a value: its own, or that of the nearest value around it that has one,
// with the rest of the pointer.
func (w *filler) pathOf(pointer string) string {
	w.now()
	ts := tokens(pointer)
	for n := len(ts); n > 0; n-- {
		if path, ok := w.paths[join("", ts[:n]...)]; ok {
			return join(path, ts[n:]...)
		}
	}
	return pointer
}

// fieldAt finds the field that describes the value at the tokens.
func fieldAt(fields []Field, ts []string) *Field {
	if len(ts) == 0 {
		return nil
	}
	f := named(fields, ts[0])
	for _, t := range ts[1:] {
		if f == nil {
			return nil
		}
		switch f.Kind {
		case Object:
			f = named(f.Fields, t)
		case List, Map:
			f = f.Item
		default:
			return nil
		}
	}
	return f
}

// unknownInput finds an input that no field of the form sets, in rows too. A chart's other values are its own.
func unknownInput(fields []Field, in map[string]any, at string) string {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f := named(fields, name)
		if f == nil || f.Kind == Unknown {
			return join(at, name)
		}
		if s := f.unknownIn(in[name], join(at, name)); s != "" {
			return s
		}
	}
	return ""
}

func (f *Field) unknownIn(v any, at string) string {
	switch v := v.(type) {
	case map[string]any:
		if f.Kind == Object {
			return unknownInput(f.Fields, v, at)
		}
		if f.Kind == Map {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if s := f.Item.unknownIn(v[key], join(at, key)); s != "" {
					return s
				}
			}
		}
	case []any:
		if f.Kind == List {
			for i, row := range v {
				if s := f.Item.unknownIn(row, joinRow(at, i)); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// tooLarge finds a text that is longer than a form takes.
func tooLarge(v any, at string) string {
	switch v := v.(type) {
	case string:
		if len(v) > maxValueBytes {
			return at
		}
	case []any:
		for i, x := range v {
			if s := tooLarge(x, joinRow(at, i)); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if s := tooLarge(v[k], join(at, k)); s != "" {
				return s
			}
		}
	}
	return ""
}

// exact makes every number plain and bounded before the validator computes with it.
func exact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = exact(x)
		}
		return v
	case []any:
		for i, x := range v {
			v[i] = exact(x)
		}
		return v
	case string, bool, nil:
		return v
	}
	if n, ok := numberOf(v); ok {
		return n
	}
	return textOf(v)
}
