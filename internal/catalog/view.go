package catalog

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"slipway.dev/slipway/internal/manifest"
)

// View draws the form as the inputs fill it: Inputs(nil) gives the empty form, with defaults.
func (t *Template) View(set Inputs, a Around) View {
	if t.loaded == nil {
		return View{}
	}
	controls := forgetful.fill(t.Fields, "", "", declared(t.Fields, set), t.loaded.defaults)
	return t.view(shown(controls, t.loaded.conds, t.values(set)), nil, nil, a)
}

// view lays the controls out and puts each error and each warning at its control.
func (t *Template) view(controls []Control, errs, warned findings, a Around) View {
	v := View{
		Errors:   errs.attach(controls, func(c *Control, says string) { c.Error = says }),
		Warnings: warned.attach(controls, func(c *Control, says string) { c.Warning = says }),
	}
	t.beside(controls, a)
	if a.Deployed != nil {
		_, v.Gone = t.Fit(a.Deployed)
	}
	for _, l := range t.loaded.layout {
		s := l.Section
		s.Controls, controls = take(controls, l.fields)
		if len(s.Controls) == 0 {
			continue // all of it is hidden
		}
		for i := range s.Controls {
			s.Controls[i].each(func(c *Control) {
				if c.Error != "" {
					s.Errors++
				}
			})
		}
		if s.Advanced {
			s.Summary = summary(s.Controls)
			if s.Summary == "" {
				s.Summary = "Nothing set"
			}
		}
		v.Sections = append(v.Sections, s)
	}
	return v
}

// take splits off the controls of the fields. Controls are in the order of the fields; some may be hidden.
func take(controls []Control, fields []Field) (mine, rest []Control) {
	n := 0
	for _, f := range fields {
		if n < len(controls) && controls[n].Field.name == f.name {
			n++
		}
	}
	return controls[:n:n], controls[n:]
}

// summary says in words what the controls of a section hold.
func summary(controls []Control) string {
	if len(controls) == 1 && controls[0].Field.Kind == Object {
		controls = controls[0].Parts // the section's title says what it is
	}
	s := strings.Join(wordsOf(controls), " · ")
	if r, n := utf8.DecodeRuneInString(s); n > 0 {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	return s
}

func wordsOf(controls []Control) []string {
	var said []string
	for i := range controls {
		if s := controls[i].words(); s != "" {
			said = append(said, s)
		}
	}
	return said
}

// words are a control's part of a summary, "" for one that holds nothing, or is off as it usually is.
func (c *Control) words() string {
	title := lowerTitle(c.Field.Title)
	switch c.Field.Kind {
	case Object:
		said := wordsOf(c.Parts)
		if len(said) == 0 {
			return ""
		}
		return title + " (" + strings.Join(said, ", ") + ")"
	case List, Map:
		if len(c.Rows) == 0 {
			return ""
		}
		return fmt.Sprintf("%s: %d", title, len(c.Rows))
	case Switch:
		usual, _ := c.Field.Default.(bool)
		switch {
		case c.On:
			return title
		case usual:
			return title + ": off"
		}
		return ""
	case Choice:
		for _, o := range c.Field.Options {
			if o.Value == c.Value && c.Value != "" {
				return title + ": " + lowerTitle(o.Title)
			}
		}
		return ""
	case Unknown:
		return ""
	}
	if c.Value == "" {
		return ""
	}
	shown := c.Value
	if c.Field.Secret {
		shown = "hidden"
	}
	if r := []rune(shown); len(r) > 40 {
		shown = string(r[:40]) + "…"
	}
	if c.Field.Unit != "" {
		shown += " " + c.Field.Unit
	}
	return title + ": " + shown
}

// lowerTitle writes a title within a sentence: "Host name" → "host name", but "CPU" stays.
func lowerTitle(title string) string {
	first, n := utf8.DecodeRuneInString(title)
	second, _ := utf8.DecodeRuneInString(title[n:])
	if n == 0 || unicode.IsUpper(second) || unicode.IsDigit(second) {
		return title
	}
	return string(unicode.ToLower(first)) + title[n:]
}

// inWords says what a field holds, as a column beside it does: "" where it holds nothing. Of a secret it
// says only whether there is a value.
func (f *Field) inWords(v any) string {
	if f.Secret {
		return secretInWords(v)
	}
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		if x {
			return "on"
		}
		return "off"
	case []any:
		return f.rowsInWords(len(x))
	case map[string]any:
		if f.Kind == Object {
			return ""
		}
		return f.rowsInWords(len(x))
	}
	s := textOf(v)
	for i, o := range f.Options {
		if same(f.choices[i], v) {
			s = o.Title
		}
	}
	if f.Kind == Multiline && strings.Contains(s, "\n") {
		return counted(strings.Count(strings.TrimSuffix(s, "\n"), "\n")+1, "line")
	}
	s = shortened(s)
	if f.Unit != "" && s != "" {
		s += " " + f.Unit
	}
	return s
}

func (f *Field) rowsInWords(n int) string {
	if n == 0 {
		return ""
	}
	return counted(n, "row")
}

func secretInWords(v any) string {
	switch s, isText := v.(string); {
	case isText && s == "":
		return "empty on purpose"
	case isText && manifest.Token(s).Stands():
		return "stored"
	case isText:
		return "no value"
	}
	return ""
}
