package catalog

import (
	"maps"
	"slices"
	"strconv"

	"slipway.dev/slipway/internal/manifest"
)

// newControl makes the empty control of a field; path is its full one.
func newControl(f *Field, path string) Control {
	name := FormPrefix + path
	return Control{Field: f, Name: name, ID: elementID(name)}
}

// path is a control's name without FormPrefix.
func (c *Control) path() string { return c.Name[len(FormPrefix):] }

// keyField describes the name of a Map's entry.
func keyField(f *Field) *Field {
	return &Field{
		Kind: Text, Title: f.KeyTitle, Mono: true, Required: true,
		Pattern: f.KeyPattern, PatternHelp: f.keyHelp, name: "key",
	}
}

// filler makes controls from values, as opposed to from a form.
type filler struct {
	paths map[string]string // JSON pointer of a value → path of its control
	keys  map[string]string // JSON pointer of a Map's entry → path of the control of its name
	// late fills in both, for whoever asks only if there is something to tell; see Template.lateFiller.
	late func()
}

func newFiller() *filler { return &filler{paths: map[string]string{}, keys: map[string]string{}} }

// forgetful makes controls without remembering where their values stand.
var forgetful = &filler{}

// lateFiller makes the controls of inputs once they are asked for: most inputs have nothing wrong with them.
func (t *Template) lateFiller(in Inputs) (w *filler, controls func() []Control) {
	var made []Control
	w = newFiller()
	w.late = func() { made = w.fill(t.Fields, "", "", declared(t.Fields, in), t.loaded.defaults) }
	return w, func() []Control { w.now(); return made }
}

// now makes sure that a late filler has filled in.
func (w *filler) now() {
	if late := w.late; late != nil {
		w.late = nil
		late()
	}
}

// at remembers which control a value is from.
func (w *filler) at(pointer, path string) {
	if w.paths != nil {
		w.paths[pointer] = path
	}
}

// fill makes the controls of fields. set is what the person set, over the defaults base; base and
// pointer are where they stand: the row's path in the form, the value's pointer in the values.
func (w *filler) fill(fields []Field, row, pointer string, set, base map[string]any) []Control {
	controls := make([]Control, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		v, isSet := set[f.name]
		controls = append(controls, w.control(f, row+f.Path, join(pointer, f.name), v, isSet, base[f.name]))
	}
	return controls
}

func (w *filler) control(f *Field, path, pointer string, set any, isSet bool, base any) Control {
	c := newControl(f, path)
	c.Set = isSet
	w.at(pointer, path)
	shown := set
	if !isSet {
		shown = base
	}
	if f.Secret {
		switch {
		case isSet && set == nil:
			c.holdToken(string(manifest.Unset))
		default:
			c.holdToken(textOf(set))
		}
		return c
	}
	switch f.Kind {
	case Object:
		// Parts paths begin where the field's do: at the row.
		row := path[:len(path)-len(f.Path)]
		setMap, _ := set.(map[string]any)
		baseMap, _ := base.(map[string]any)
		c.Parts = w.fill(f.Fields, row, pointer, setMap, baseMap)
	case List:
		for i, v := range list(shown) {
			n := strconv.Itoa(i)
			c.Rows = append(c.Rows, Row{Index: i, Item: w.item(f.Item, join(path, n), join(pointer, n), v, isSet)})
		}
	case Map:
		c.Rows = w.entries(f, path, pointer, set, base)
	case Switch:
		c.On, _ = shown.(bool)
		c.Value = strconv.FormatBool(c.On)
	case Unknown:
	default:
		c.Value = textOf(shown)
	}
	return c
}

// item fills a row. What stands in a row is the person's, or the default's, as a whole.
func (w *filler) item(f *Field, path, pointer string, v any, isSet bool) Control {
	if f.Kind != Object {
		c := w.control(f, path, pointer, v, v != nil || f.Secret && isSet, nil)
		c.Set = isSet
		return c
	}
	c := newControl(f, path)
	c.Set = isSet
	w.at(pointer, path)
	m, _ := v.(map[string]any)
	c.Parts = w.fill(f.Fields, path, pointer, m, itemDefaults(f))
	return c
}

func (w *filler) entries(f *Field, path, pointer string, set, base any) []Row {
	setMap, _ := set.(map[string]any)
	baseMap, _ := base.(map[string]any)
	all := merged(baseMap, setMap, false)
	var rows []Row
	for i, name := range slices.Sorted(maps.Keys(all)) {
		at := join(path, strconv.Itoa(i))
		key := newControl(keyField(f), join(at, "key"))
		key.Value = name
		_, key.Set = setMap[name]
		if w.keys != nil {
			w.keys[join(pointer, name)] = key.path()
		}
		item := w.item(f.Item, join(at, "value"), join(pointer, name), all[name], key.Set)
		rows = append(rows, Row{Index: i, Key: &key, Item: item})
	}
	return rows
}

// itemDefaults are the defaults of the fields of a row. They belong to the template: nobody changes them.
func itemDefaults(f *Field) map[string]any {
	if f.base != nil {
		return f.base
	}
	return withDefaults(map[string]any{}, f.Fields)
}

// each calls fn for c and every control within it, in the order of the form.
func (c *Control) each(fn func(*Control)) {
	fn(c)
	for i := range c.Rows {
		if c.Rows[i].Key != nil {
			fn(c.Rows[i].Key)
		}
		c.Rows[i].Item.each(fn)
	}
	for i := range c.Parts {
		c.Parts[i].each(fn)
	}
}
