package catalog

import (
	"maps"
	"slices"

	"slipway.dev/slipway/internal/manifest"
)

// Two applications of one template are compared, and the one made more like the other, by the same walk
// through their values: what Compare lists under a path is what TakeOver takes under it. Values are
// compared as they count, over the defaults and without what is hidden. Rows of maps are the same where
// their names are, and so are rows of lists that have names (see rowName); other lists are compared row by
// row while both are as long, else as a whole.
//
// No secret value goes over. Where one side has a value and the other is to get one, what is taken over is
// that a value is asked for; see manifest.Unset.

// Side is one of two applications of one template.
type Side struct {
	// Inputs of any version of the template, which are fitted; nil for an application that is not there yet.
	Inputs Inputs
	// Environment and Namespace are where it runs. A text that says them, or a host name of the application,
	// belongs to the environment.
	Environment, Namespace string
}

// Difference is one thing that two applications differ in.
type Difference struct {
	// Path says where, with the names of rows: "/env/LOG_LEVEL". It is for TakeOver, and no two have the same.
	Path    string
	Title   string // the field's, with what it is in: "Environment variables, LOG_LEVEL"
	Section string // the title of its section of the form
	// From and To are the two values, in words; "" where there is none. A secret says whether it is there.
	From, To string
	Mono     bool // a machine reads them
	// Environment tells that it belongs to the environment, so that it is not taken over unless somebody
	// wants it. Why says why that is so where the schema does not say it of the whole field, in a sentence:
	// that is a guess from values, which whoever types them decides, and nothing to be relied on.
	Environment bool
	Why         string
	Secret      bool // From and To are of a secret, whose value is not taken over
	Removes     bool // taking it over takes something away
	Fixed       bool // it cannot be taken over: x-ui-immutable, and the application exists
}

// Usual tells whether a difference is taken over where nobody says otherwise. A secret that is stored is
// not thrown away without being asked for.
func (d Difference) Usual() bool { return !d.Environment && !d.Fixed && !(d.Secret && d.Removes) }

// Compare lists what differs between two applications, in the order of the form. stored is how many secret
// values are there on both sides: these cannot be compared, and stay as they are.
func (t *Template) Compare(from, to Side) (differences []Difference, stored int) {
	w := t.comparer(from, to, nil)
	w.run()
	return w.found, w.stored
}

// TakeOver gives the inputs of to with those differences taken from the other side whose paths are named.
// A path that is no difference, or one that cannot be taken over, does nothing. Neither side is changed.
// The inputs hold no token of a secret value that was not in those of to at the same place.
func (t *Template) TakeOver(from, to Side, paths []string) Inputs {
	w := t.comparer(from, to, paths)
	made := w.run()
	if t.loaded == nil {
		return nil
	}
	in := Inputs(difference(t.loaded.defaults, made, t.Fields, false))
	dropHidden(t.Fields, t.loaded.conds, in, t.loaded.defaults)
	return in
}

// comparer walks through two values of each field, lists what differs, and makes what the second becomes.
type comparer struct {
	t        *Template
	from, to Side
	a, b     map[string]any // the values that count
	taken    map[string]bool
	local    *locals
	section  string
	found    []Difference
	stored   int
}

func (t *Template) comparer(from, to Side, paths []string) *comparer {
	w := &comparer{t: t, from: from, to: to, taken: map[string]bool{}}
	for _, p := range paths {
		w.taken[p] = true
	}
	return w
}

func (w *comparer) run() map[string]any {
	if w.t.loaded == nil {
		return nil
	}
	fit := func(in Inputs) map[string]any {
		fitting, _ := w.t.Fit(in)
		return w.t.present(fitting)
	}
	w.a, w.b = fit(w.from.Inputs), fit(w.to.Inputs)
	w.local = localsOf(w.t, w.from, w.to, w.a, w.b)
	out := maps.Clone(w.b)
	for _, section := range w.t.loaded.layout {
		w.section = section.Title
		w.fields(section.fields, spot{}, w.a, w.b, out)
	}
	return out
}

// spot is where in the values the walk stands.
type spot struct{ path, title string }

func (s spot) field(f *Field) spot {
	if s.title == "" {
		return spot{join(s.path, f.name), f.Title}
	}
	return spot{join(s.path, f.name), joinTitles(s.title, lowerTitle(f.Title))}
}

func (s spot) row(name, title string) spot { return spot{join(s.path, name), s.title + ", " + title} }

// fields walks through the fields of an object and writes into out what they become.
func (w *comparer) fields(fields []Field, at spot, a, b, out map[string]any) {
	for i := range fields {
		f := &fields[i]
		if f.Kind == Unknown {
			continue
		}
		if v := w.value(f, at.field(f), a[f.name], b[f.name]); v != nil {
			out[f.name] = v
		} else {
			delete(out, f.name)
		}
	}
}

// value compares two values of a field, nil where there is none, and gives what the second becomes.
func (w *comparer) value(f *Field, at spot, a, b any) any {
	switch {
	case f.Secret:
		return w.secret(f, at, a, b)
	case isNothing(a) && isNothing(b):
		return b
	case f.Kind == Object && !f.Immutable:
		x, _ := a.(map[string]any)
		y, _ := b.(map[string]any)
		out := map[string]any{}
		maps.Copy(out, y)
		w.fields(f.Fields, at, x, y, out)
		return out
	case f.Immutable: // as a whole
	case f.Kind == Map && f.Item != nil:
		return w.entries(f, at, a, b)
	case f.Kind == List && f.Item != nil:
		if out, ok := w.rows(f, at, list(a), list(b)); ok {
			return out
		}
	}
	return w.whole(f, at, a, b)
}

// entries compares two maps, name by name.
func (w *comparer) entries(f *Field, at spot, a, b any) any {
	x, _ := a.(map[string]any)
	y, _ := b.(map[string]any)
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(merged(x, y, true))) {
		was, hadRow := x[name]
		is, hasRow := y[name]
		if v, ok := w.row(f.Item, at.row(name, shortened(name)), was, hadRow, is, hasRow); ok {
			out[name] = v
		}
	}
	return out
}

// row compares two rows of the same name. ok is false for one that is not there afterwards.
func (w *comparer) row(f *Field, at spot, a any, hadRow bool, b any, hasRow bool) (v any, ok bool) {
	switch {
	case hadRow && hasRow:
		return w.value(f, at, a, b), true
	case f.Secret:
		v = w.secret(f, at, a, b)
		return v, v != nil
	case hadRow:
		return w.added(f, at, a)
	}
	d := w.difference(f, at)
	d.To, d.Removes, d.Secret = f.worded(b), true, f.holdsToken(b)
	w.judge(&d, f, nil, b)
	return b, !w.takes(d)
}

// added is a row that only the first side has. What in it belongs to the environment is a difference of
// its own, so that the row can come without it.
func (w *comparer) added(f *Field, at spot, a any) (v any, ok bool) {
	d := w.difference(f, at)
	w.judge(&d, f, a, nil)
	here := len(w.found)
	takes := w.takes(d)
	if f.Kind != Object || d.Environment {
		w.found[here].From = f.worded(a)
		return f.unsealed(a), takes
	}
	v = w.brought(f, at, a)
	w.found[here].From = f.worded(v)
	return v, takes
}

// brought is what of a value goes over with the row that it is in.
func (w *comparer) brought(f *Field, at spot, v any) any {
	if f.Secret || isNothing(v) || same(v, f.Default) {
		return f.unsealed(v)
	}
	if m, ok := v.(map[string]any); ok && !f.Environment {
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			inner, to := f.Item, at.row(name, shortened(name))
			if f.Kind == Object {
				if inner = named(f.Fields, name); inner != nil {
					to = at.field(inner)
				}
			}
			if inner == nil {
				continue
			}
			if x := w.brought(inner, to, m[name]); x != nil {
				out[name] = x
			}
		}
		return out
	}
	if names, ok := rowNames(f, list(v)); ok && !f.Environment {
		out := make([]any, len(names))
		for i, name := range names {
			out[i] = w.brought(f.Item, at.row(name, shortened(name)), list(v)[i])
		}
		return out
	}
	if f.asByDefault(v) {
		return nil
	}
	d := w.difference(f, at)
	d.From = f.worded(v)
	if w.judge(&d, f, v, nil); d.Environment && !w.takes(d) {
		return nil
	}
	return f.unsealed(v)
}

// whole compares two values that are not taken apart.
func (w *comparer) whole(f *Field, at spot, a, b any) any {
	x, y := f.unsealed(a), f.unsealed(b)
	if same(x, y) || isNothing(x) && isNothing(y) {
		return b
	}
	d := w.difference(f, at)
	if d.From, d.To = f.describedApart(a, b); d.From == "" && d.To == "" {
		d.From, d.To = f.wordedIfAny(a), f.wordedIfAny(b)
	}
	d.Removes = isNothing(a)
	d.Fixed = f.Immutable && w.to.Inputs != nil && b != nil
	w.judge(&d, f, a, b)
	if !w.takes(d) {
		return b
	}
	return f.withStored(x, b)
}

// secret compares whether a secret has a value. Only that one is asked for goes over, never the value.
func (w *comparer) secret(f *Field, at spot, a, b any) any {
	const none, empty, value = 0, 1, 2
	state := func(v any) int {
		switch s, isText := v.(string); {
		case v == nil:
			return none
		case isText && s == "":
			return empty
		}
		return value
	}
	x, y := state(a), state(b)
	if x == y {
		if x == value {
			w.stored++
		}
		return b
	}
	d := w.difference(f, at)
	d.From, d.To, d.Secret, d.Removes = secretInWords(a), secretInWords(b), true, y == value
	d.Environment = f.Environment
	if !w.takes(d) {
		return b
	}
	return f.unsealed(a)
}

// difference begins one of a field.
func (w *comparer) difference(f *Field, at spot) Difference {
	mono := f.Mono || f.Kind == Map || f.Kind == List || f.Kind == Object || f.Kind == Number
	return Difference{Path: at.path, Title: at.title, Section: w.section, Environment: f.Environment, Mono: mono}
}

// judge finds out whether a difference belongs to the environment though no schema says so.
func (w *comparer) judge(d *Difference, f *Field, a, b any) {
	switch {
	case d.Environment || f.Kind == Object:
	case f.Item != nil && (f.holdsOwn(a) || f.holdsOwn(b)):
		d.Environment, d.Why = true, "Part of it belongs to the environment."
	default:
		d.Why = w.local.says(f, a, b)
		d.Environment = d.Why != ""
	}
}

// takes lists a difference and tells whether it is taken over.
func (w *comparer) takes(d Difference) bool {
	w.found = append(w.found, d)
	return w.taken[d.Path] && !d.Fixed
}

// holdsOwn tells whether something in a value belongs to the environment.
func (f *Field) holdsOwn(v any) bool {
	found := false
	f.visit(v, "", nil, func(f *Field, v any, _ string, _ map[string]any) {
		found = found || f.Environment && !isNothing(v) && !same(v, f.Default)
	})
	return found
}

// holdsToken tells whether a secret that is stored stands in a value.
func (f *Field) holdsToken(v any) bool {
	found := false
	f.visit(v, "", nil, func(f *Field, v any, _ string, _ map[string]any) {
		s, _ := v.(string)
		found = found || f.Secret && manifest.Token(s).Stands()
	})
	return found
}

// asByDefault tells whether a value holds nothing but what is so by default.
func (f *Field) asByDefault(v any) bool {
	m, isObject := v.(map[string]any)
	if f.Kind != Object || !isObject {
		return !(f.Secret && v != nil) && (isNothing(v) || same(v, f.Default))
	}
	for i := range f.Fields {
		if !f.Fields[i].asByDefault(m[f.Fields[i].name]) {
			return false
		}
	}
	return true
}

// isNothing tells whether a value holds nothing, as a form that is left empty.
func isNothing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}
