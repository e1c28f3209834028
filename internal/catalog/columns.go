package catalog

import (
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// columns writes beside each control what it has if nobody sets it and what runs now, whether these differ,
// and in which object a picker is to look.
type columns struct {
	compares bool              // there is an application that runs
	root     map[string]string // what the controls outside of rows hold, by path
}

// beside completes the controls of a form.
func (t *Template) beside(controls []Control, a Around) {
	w := columns{compares: a.Deployed != nil, root: map[string]string{}}
	for i := range controls {
		controls[i].outside(w.root)
	}
	w.all(controls, t.loaded.defaults, t.running(a), nil)
}

// outside collects what the controls hold that do not stand in a row.
func (c *Control) outside(into map[string]string) {
	into[c.path()] = c.Value
	for i := range c.Parts {
		c.Parts[i].outside(into)
	}
}

// all completes the controls of an object; base are its defaults, was what it holds as it runs, and around
// the controls of the objects that it stands in, the nearest first.
func (w columns) all(controls []Control, base, was map[string]any, around [][]Control) (changed bool) {
	scopes := append([][]Control{controls}, around...)
	for i := range controls {
		c := &controls[i]
		w.one(c, base[c.Field.name], was[c.Field.name], scopes)
		changed = changed || c.Changed
	}
	return changed
}

func (w columns) one(c *Control, base, was any, scopes [][]Control) {
	f := c.Field
	if !f.Secret {
		c.Default = f.inWords(base)
	}
	c.Deployed = f.inWords(was)
	c.Of = w.of(f.Picker, scopes)
	switch f.Kind {
	case Object:
		inner, _ := base.(map[string]any)
		before, _ := was.(map[string]any)
		c.Changed = w.all(c.Parts, inner, before, scopes)
	case List:
		c.Changed = w.rows(c, list(was), scopes)
	case Map:
		before, _ := was.(map[string]any)
		c.Changed = w.entries(c, before, scopes)
	default:
		c.Changed = w.compares && c.differs(was)
	}
}

// of is what the field holds that a picker's Of names: a pointer from the root, or the nearest field of
// that name.
func (w columns) of(p *Picker, scopes [][]Control) string {
	if p == nil || p.Of == "" {
		return ""
	}
	if strings.HasPrefix(p.Of, "/") {
		return w.root[p.Of]
	}
	for _, controls := range scopes {
		for i := range controls {
			if controls[i].Field.name == p.Of {
				return controls[i].Value
			}
		}
	}
	return ""
}

// rows completes the rows of a list, each beside the one that it was.
func (w columns) rows(c *Control, before []any, scopes [][]Control) bool {
	changed := w.compares && len(c.Rows) != len(before)
	for i := range c.Rows {
		was, at := c.rowBefore(i, before)
		w.row(&c.Rows[i].Item, was, scopes)
		c.Rows[i].Item.Changed = w.compares && (at < 0 || c.Rows[i].Item.Changed)
		changed = changed || c.Rows[i].Item.Changed || w.compares && at != i
	}
	return changed
}

// rowBefore finds what row i of a list was as it runs, and where it stood; see twinRow.
func (c *Control) rowBefore(i int, before []any) (any, int) {
	by := rowName(c.Field)
	if by == "" {
		if i < len(before) {
			return before[i], i
		}
		return nil, -1
	}
	name := c.Rows[i].Item.part(by)
	for n, old := range before {
		if m, ok := old.(map[string]any); ok && name != "" && textOf(m[by]) == name {
			return old, n
		}
	}
	return nil, -1
}

// part is what the part of a name holds.
func (c *Control) part(name string) string {
	for i := range c.Parts {
		if c.Parts[i].Field.name == name {
			return c.Parts[i].Value
		}
	}
	return ""
}

func (w columns) entries(c *Control, before map[string]any, scopes [][]Control) bool {
	changed := w.compares && len(c.Rows) != len(before)
	for i := range c.Rows {
		r := &c.Rows[i]
		was, ok := before[r.Key.Value]
		r.Item.Shape = r.Item.Field.shapeFor(r.Key.Value)
		r.Item.Suits = r.Item.Field.Picker.suits(r.Key.Value)
		w.row(&r.Item, was, scopes)
		r.Item.Changed = w.compares && (!ok || r.Item.Changed)
		changed = changed || r.Item.Changed
	}
	return changed
}

// suits tells whether a value under that name is offered something.
func (p *Picker) suits(name string) bool {
	if p == nil || p.Keys == "" {
		return p != nil
	}
	return p.keys != nil && p.keys.MatchString(name)
}

// row completes what stands in a row. A new row is new as a whole; its parts are not marked one by one.
func (w columns) row(item *Control, was any, scopes [][]Control) {
	w.compares = w.compares && was != nil
	w.one(item, any(item.Field.rowDefaults()), was, scopes)
}

// differs tells whether a control of one value holds another one than what runs.
func (c *Control) differs(was any) bool {
	switch {
	case c.Field.Kind == Unknown:
		return false
	case c.Field.Secret:
		return c.token() != tokenOf(was)
	case c.Field.Kind == Switch:
		on, _ := was.(bool)
		return c.On != on
	case c.Field.Kind == Number:
		n, isNumber := readNumber(c.Value)
		m, wasNumber := numberOf(was)
		if isNumber && wasNumber {
			return ratOf(n).Cmp(ratOf(m)) != 0
		}
		return isNumber != wasNumber || !isNumber && strings.TrimSpace(c.Value) != ""
	}
	return strings.ReplaceAll(c.Value, "\r\n", "\n") != strings.ReplaceAll(textOf(was), "\r\n", "\n")
}

// token is what stands for the value of a secret field: Unset, too, where there is none.
func (c *Control) token() string {
	v, _ := c.secretValue()
	return tokenOf(v)
}

func tokenOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(manifest.Unset)
}
