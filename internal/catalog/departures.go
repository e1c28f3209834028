package catalog

import "strings"

// Departure is an input that is not as the template has it.
type Departure struct {
	Path  string // of the control, as in FieldError
	Title string // the field's, with what it is in within its group: "Readiness probe, path"
	// Default is what it has if nobody sets it, in words; "" where the template has none, so that something
	// has to be given, or may be.
	Default string
	Value   string // in words; of a secret only whether there is a value
	Help    string // the field's, which says why it is as it is
}

// Departures are those of one section of the form, or of one row of a list of objects.
type Departures struct {
	Title   string
	Changed []Departure // from a default
	Given   []Departure // where there is none
}

// Departures lists what the inputs set, against the template's own defaults, in the order of the form and
// only what has something. It is none for a template that cannot be used.
func (t *Template) Departures(in Inputs) []Departures {
	if t.loaded == nil {
		return nil
	}
	set := declared(t.Fields, in)
	controls := shown(forgetful.fill(t.Fields, "", "", set, t.loaded.defaults), t.loaded.conds, t.values(in))
	t.beside(controls, Around{})
	var out []Departures
	for _, l := range t.loaded.layout {
		var mine []Control
		mine, controls = take(controls, l.fields)
		section := Departures{Title: l.Title}
		var rows []Departures
		for i := range mine {
			c := &mine[i]
			if c.Field.Kind != List || c.Field.Item.Kind != Object || rowName(c.Field) == "" || !large(c.Field.Item) {
				section.walk(c, "", t.loaded.defaults[c.Field.name])
				continue
			}
			for n := range c.Rows {
				row := Departures{Title: joinTitles(c.Field.Title, c.rowTitle(n))}
				item := &c.Rows[n].Item
				for j := range item.Parts {
					if part := &item.Parts[j]; part.Field.name != rowName(c.Field) {
						row.walk(part, "", item.Field.rowDefaults()[part.Field.name])
					}
				}
				rows = append(rows, row)
			}
		}
		for _, d := range append([]Departures{section}, rows...) {
			out = d.into(out)
		}
	}
	return out
}

// into adds a group to others; what a section folds away has its title again and joins it.
func (d *Departures) into(all []Departures) []Departures {
	if len(d.Changed)+len(d.Given) == 0 {
		return all
	}
	for i := range all {
		if all[i].Title == d.Title {
			all[i].Changed = append(all[i].Changed, d.Changed...)
			all[i].Given = append(all[i].Given, d.Given...)
			return all
		}
	}
	return append(all, *d)
}

// large tells whether rows hold so much that each is a group of its own.
func large(item *Field) bool {
	const most = 8
	return len(item.Fields) > most
}

// parts goes through the controls of an object.
func (d *Departures) parts(c *Control, within string, base map[string]any) {
	for i := range c.Parts {
		d.walk(&c.Parts[i], within, base[c.Parts[i].Field.name])
	}
}

// walk adds what a control, and those within it, hold other than base.
func (d *Departures) walk(c *Control, within string, base any) {
	title := c.Field.Title
	if within != "" {
		title = joinTitles(within, lowerTitle(title))
	}
	switch c.Field.Kind {
	case Object:
		inner, _ := base.(map[string]any)
		d.parts(c, title, inner)
	case List, Map:
		d.rows(c, title, base)
	case Unknown:
	default:
		if c.differs(base) && !(c.Field.Secret && c.Unset && !c.Set) {
			d.add(c, title, c.Field.inWords(base))
		}
	}
}

// rows adds what rows hold that the default has not, and says so where there are fewer than by default.
func (d *Departures) rows(c *Control, title string, base any) {
	if !c.Set {
		return
	}
	before, entries := list(base), asObject(base)
	if len(c.Rows) < len(before) {
		d.add(c, title, c.Field.rowsInWords(len(before)))
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		var was any
		if r.Key != nil {
			was = entries[r.Key.Value]
		} else {
			was, _ = c.rowBefore(i, before)
		}
		row := joinTitles(title, c.rowTitle(i))
		if r.Item.Field.Kind == Object {
			d.row(c, i, title, asObject(was))
		} else if r.Item.differs(was) || was == nil {
			d.add(&r.Item, row, r.Item.Field.inWords(was))
		}
	}
}

// row adds what a row of several fields holds. Its name is in the title already, and is told only where there is
// nothing else to tell.
func (d *Departures) row(c *Control, i int, title string, was map[string]any) {
	item := &c.Rows[i].Item
	base := was
	if base == nil {
		base = item.Field.rowDefaults()
	}
	before := len(d.Changed) + len(d.Given)
	by := rowName(c.Field)
	for j := range item.Parts {
		if part := &item.Parts[j]; part.Field.name != by || part.Value == "" {
			d.walk(part, joinTitles(title, c.rowTitle(i)), base[part.Field.name])
		}
	}
	for j := range item.Parts {
		if part := &item.Parts[j]; part.Field.name == by && was == nil && len(d.Changed)+len(d.Given) == before {
			d.add(part, title, "")
		}
	}
}

func asObject(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func (d *Departures) add(c *Control, title, base string) {
	one := Departure{Path: c.path(), Title: title, Default: base, Value: c.inWords(), Help: c.Field.Help}
	if base == "" {
		d.Given = append(d.Given, one)
		return
	}
	d.Changed = append(d.Changed, one)
}

// inWords says what a control holds, as a column beside it does.
func (c *Control) inWords() string {
	f := c.Field
	switch {
	case f.Secret:
		v, _ := c.secretValue()
		return secretInWords(v)
	case f.Kind == Switch:
		return f.inWords(c.On)
	case f.Kind == List, f.Kind == Map:
		return f.rowsInWords(len(c.Rows))
	}
	for _, o := range f.Options {
		if o.Value == c.Value {
			return o.Title
		}
	}
	if c.Value == "" {
		return ""
	}
	return f.inWords(strings.ReplaceAll(c.Value, "\r\n", "\n"))
}
