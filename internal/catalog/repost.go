package catalog

import "slipway.dev/slipway/internal/manifest"

// A view can be posted without its page: as a draft, with a plan, or, of a long list, by a row that is shown
// as one line. Of rows only what somebody set goes along: what is left out reads as its default again, so a
// row costs what is in it and not what could be.

// Form is the view as its page would post it. Of secrets it holds tokens.
func (v View) Form() Form {
	form := Form{}
	for _, s := range v.Sections {
		for i := range s.Controls {
			s.Controls[i].post(form, asShown{})
		}
	}
	return form
}

// Form is what stands in the row, under the names that it has on its page.
func (r Row) Form() Form {
	form := Form{}
	r.post(form)
	return form
}

// posting says what of a control need not be posted.
type posting interface{ omits(c *Control) bool }

// asShown posts all: what is not posted would be as if nobody had seen it.
type asShown struct{}

func (asShown) omits(*Control) bool { return false }

// asSet leaves out what reads the same when it is not posted, since base is what is shown then.
type asSet struct{ base map[string]any }

func (p asSet) omits(c *Control) bool {
	base := p.base[c.Field.name]
	switch {
	case c.Field.Secret:
		return postedValue(c) == ""
	case c.Field.Kind == Switch:
		on, _ := base.(bool)
		return c.On == on
	}
	return c.Value == textOf(base)
}

// within is how the parts of an object are posted.
func (p asSet) within(c *Control) asSet {
	base, _ := p.base[c.Field.name].(map[string]any)
	return asSet{base}
}

func (c *Control) post(form Form, how posting) {
	switch c.Field.Kind {
	case Object:
		if p, ok := how.(asSet); ok {
			how = p.within(c)
		}
		for i := range c.Parts {
			c.Parts[i].post(form, how)
		}
	case List, Map:
		if c.Set {
			form.Add(c.Name, "")
			for i := range c.Rows {
				c.Rows[i].post(form)
			}
		}
	case Unknown:
	default:
		if !how.omits(c) {
			form.Add(c.Name, postedValue(c))
		}
	}
}

// post adds the row. Something of it is always posted, so that a row that is still empty stays.
func (r Row) post(form Form) {
	before := len(form)
	if r.Key != nil {
		form.Add(r.Key.Name, r.Key.Value)
	}
	switch r.Item.Field.Kind {
	case Object:
		how := asSet{itemDefaults(r.Item.Field)}
		for i := range r.Item.Parts {
			r.Item.Parts[i].post(form, how)
		}
	default:
		r.Item.post(form, asShown{})
	}
	if len(form) > before {
		return
	}
	switch c := r.Item.first(); {
	case c != nil:
		form.Add(c.Name, postedValue(c))
	case r.Item.Field.Kind != Object: // a list of lists
		form.Add(r.Item.Name, "")
	}
}

// first is the first control within c that holds one value, nil where there is none.
func (c *Control) first() *Control {
	switch c.Field.Kind {
	case List, Map, Unknown:
		return nil
	case Object:
		for i := range c.Parts {
			if found := c.Parts[i].first(); found != nil {
				return found
			}
		}
		return nil
	}
	return c
}

func postedValue(c *Control) string {
	switch {
	case !c.Field.Secret || c.Value != "":
		return c.Value
	case c.Set && !c.Unset:
		return manifest.Empty
	}
	return ""
}

// First is the name of the control that somebody fills in first in the row of that name, "" where there is
// no such row, or nothing in it holds one value.
func (v View) First(row string) string {
	name := ""
	v.each(func(c *Control) {
		for i := range c.Rows {
			r := &c.Rows[i]
			if joinRow(c.Name, r.Index) != row {
				continue
			}
			if r.Key != nil {
				name = r.Key.Name
			} else if c := r.Item.first(); c != nil {
				name = c.Name
			}
		}
	})
	return name
}

// each calls fn for every control of the form, in its order.
func (v View) each(fn func(*Control)) {
	for _, s := range v.Sections {
		for i := range s.Controls {
			s.Controls[i].each(fn)
		}
	}
}
