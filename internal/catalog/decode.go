package catalog

import (
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// Decode reads a posted form.
func (t *Template) Decode(form Form, a Around) Reading {
	if t.loaded == nil {
		errs := Errors{{Title: "The form", Message: "This template cannot be used at the moment."}}
		return Reading{View: View{Errors: errs}, Errors: errs}
	}
	root, problem := parseForm(form)
	controls, r := t.posted(form, root, a)
	if problem == "" && root.stranger("") != "" {
		problem = "The form holds a field that this template does not have: " + shortened(root.stranger("")) + "."
	}
	if problem != "" {
		r.found.add("", problem, worst)
	}
	c := &collector{found: r.found, filler: newFiller()}
	full := c.collect(controls, "")
	in := Inputs(difference(t.loaded.defaults, full, t.Fields, false))
	dropHidden(t.Fields, t.loaded.conds, in, t.loaded.defaults)
	controls = shown(controls, t.loaded.conds, t.values(in))
	warned := findings{}
	values := t.present(in)
	t.validate(values, c.filler, c.found)
	t.judge(values, judge{release: a.Release, deployed: t.running(a), filler: c.filler, found: c.found, warned: warned})
	for path, f := range r.odd {
		warned.add(path, f.message, f.priority)
	}
	v := t.view(controls, c.found, warned, a)
	return Reading{Inputs: in, View: v, Errors: v.Errors, Warnings: v.Warnings, Odd: r.odd.attach(controls, nil), Secrets: r.secrets, at: c.paths, keys: c.keys}
}

// shortened keeps a text that somebody else made at a length that fits a sentence.
func shortened(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// collector makes values of controls, as typed, and remembers which control each value is from.
type collector struct {
	*filler
	found findings
}

func (w *collector) collect(controls []Control, pointer string) map[string]any {
	m := map[string]any{}
	for i := range controls {
		c := &controls[i]
		at := join(pointer, c.Field.name)
		w.paths[at] = c.path()
		if v, ok := w.value(c, at); ok {
			m[c.Field.name] = v
		}
	}
	return m
}

// value reads what a control holds; ok is false if that is nothing.
func (w *collector) value(c *Control, pointer string) (v any, ok bool) {
	f := c.Field
	if f.Secret {
		return c.secretValue()
	}
	switch f.Kind {
	case Object:
		m := w.collect(c.Parts, pointer)
		return m, len(m) > 0
	case List:
		items := w.items(c, pointer)
		return items, c.Set && (len(items) > 0 || len(list(f.Default)) > 0)
	case Map:
		return w.entries(c, pointer), c.Set
	case Switch:
		return c.On, c.Set && (c.On || f.Default != nil)
	case Number:
		return w.number(c)
	case Choice:
		return w.choice(c)
	case Multiline:
		// Browsers post CR LF for a line's end, whatever was typed (HTML, section 4.10.11).
		s := strings.ReplaceAll(c.Value, "\r\n", "\n")
		return s, c.Set && (s != "" || hasText(f.Default))
	case Text:
		return c.Value, c.Set && (c.Value != "" || hasText(f.Default))
	}
	return nil, false
}

func hasText(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

func (w *collector) number(c *Control) (any, bool) {
	if strings.TrimSpace(c.Value) == "" {
		return nil, false
	}
	n, ok := readNumber(c.Value)
	if !ok || c.Field.Integer && !isWhole(n) {
		w.found.add(c.path(), notANumber(c.Field), grave)
		return nil, false
	}
	return n, true
}

func (w *collector) choice(c *Control) (any, bool) {
	for i, o := range c.Field.Options {
		if o.Value == c.Value {
			return c.Field.choices[i], c.Set
		}
	}
	if c.Value != "" {
		w.found.add(c.path(), notAChoice(c.Field), grave)
	}
	return nil, false
}

// items reads the rows of a list. Empty rows are not values; they only stay on the page.
func (w *collector) items(c *Control, pointer string) []any {
	items := []any{}
	for i := range c.Rows {
		item := &c.Rows[i].Item
		at := joinRow(pointer, len(items))
		v, ok := w.rowValue(item, at)
		if !ok {
			continue
		}
		w.paths[at] = item.path()
		items = append(items, v)
	}
	return items
}

func (w *collector) rowValue(c *Control, pointer string) (any, bool) {
	v, ok := w.value(c, pointer)
	if m, isMap := v.(map[string]any); isMap && c.Field.Kind == Object {
		m = difference(itemDefaults(c.Field), m, c.Field.Fields, false)
		return m, ok && !onlyUnset(m)
	}
	return v, ok
}

// entries reads the rows of a map. A row with a name and no text has the empty text as its value.
func (w *collector) entries(c *Control, pointer string) map[string]any {
	m := map[string]any{}
	for i := range c.Rows {
		key, item := c.Rows[i].Key, &c.Rows[i].Item
		at := join(pointer, key.Value)
		v, ok := w.rowValue(item, at)
		switch {
		case key.Value == "" && !ok:
			continue
		case key.Value == "":
			w.found.add(key.path(), "Write a name, or remove the row.", grave)
			continue
		case len(key.Value) > maxNameBytes:
			w.found.add(key.path(), "Take "+grouped(maxNameBytes)+" bytes or less.", worst)
			continue
		}
		if _, taken := m[key.Value]; taken {
			w.found.add(key.path(), "This name stands in a row above already. Take another one.", grave)
			continue
		}
		if !ok {
			v = emptyOf(item.Field)
		}
		w.paths[at], w.keys[at] = item.path(), key.path()
		if v == nil {
			w.found.add(item.path(), empty(item.Field), usual)
			continue
		}
		m[key.Value] = v
	}
	return m
}

// emptyOf is the value of a map's row that has a name and nothing else.
func emptyOf(f *Field) any {
	if f.Secret {
		return string(manifest.Unset)
	}
	switch f.Kind {
	case Text, Multiline:
		return ""
	case Switch:
		return false
	case Object:
		return map[string]any{}
	case List:
		return []any{}
	case Map:
		return map[string]any{}
	}
	return nil
}
