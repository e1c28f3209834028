package catalog

import (
	"strconv"
	"strings"
)

// How much a finding matters: a control shows one, the one with the highest.
const (
	minor = iota
	usual
	grave
	worst
)

type finding struct {
	message  string
	priority int
}

// findings are what is wrong, by the path of the control where it is shown.
type findings map[string]finding

func (f findings) add(path, message string, priority int) {
	old, ok := f[path]
	// The validator walks maps, so of two equal findings one is chosen that does not depend on it.
	if ok && (old.priority > priority || old.priority == priority && old.message <= message) {
		return
	}
	f[path] = finding{message, priority}
}

// attach puts each finding at its control, or the nearest one around it, and returns them all in the
// order of the form; first what belongs to no control. put may be nil, and the controls stay as they are.
func (f findings) attach(controls []Control, put func(c *Control, message string)) Errors {
	if len(f) == 0 {
		return nil
	}
	titles := map[string]string{}
	for i := range controls {
		controls[i].name("", titles)
	}
	at := findings{}
	for path, found := range f {
		for path != "" && titles[path] == "" {
			path = path[:strings.LastIndexByte(path, '/')]
		}
		at.add(path, found.message, found.priority)
	}
	var errs Errors
	if whole, ok := at[""]; ok {
		errs = append(errs, FieldError{Title: "The form", Message: whole.message})
	}
	for i := range controls {
		controls[i].each(func(c *Control) {
			if found, ok := at[c.path()]; ok {
				if put != nil {
					put(c, found.message)
				}
				errs = append(errs, FieldError{Path: c.path(), Title: titles[c.path()], Message: found.message})
			}
		})
	}
	return errs
}

// name collects what the controls are called in a list of errors, by path: "Ports, row 2, number".
func (c *Control) name(within string, titles map[string]string) {
	title := c.Field.Title
	if within != "" {
		title = joinTitles(within, lowerTitle(title))
	}
	titles[c.path()] = title
	for i := range c.Parts {
		c.Parts[i].name(title, titles)
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		row := title + ", " + c.rowTitle(i)
		switch {
		case r.Key != nil:
			r.Key.name(title+", row "+strconv.Itoa(i+1), titles)
			r.Item.name(row, titles)
			if r.Key.Value != "" {
				titles[r.Item.path()] = row
			}
		default:
			r.Item.name(row, titles)
			// What the item is called adds nothing to the list's title.
			titles[r.Item.path()] = row
			for j := range r.Item.Parts {
				r.Item.Parts[j].name(row, titles)
			}
		}
	}
}

// joinTitles names a part within what holds it; where both are called the same, that is said once.
func joinTitles(within, part string) string {
	if _, last, _ := cutLast(within, ", "); strings.EqualFold(last, part) {
		return within
	}
	return within + ", " + part
}

// cutLast cuts around the last separator; without one, all is after it.
func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return "", s, false
}

// rowTitle tells a row from its neighbours: by its name, where it has one, else by its place.
func (c *Control) rowTitle(i int) string {
	r, name := &c.Rows[i], ""
	if r.Key != nil {
		name = r.Key.Value
	} else if by := rowName(c.Field); by != "" {
		name = r.Item.part(by)
	}
	if name == "" {
		return "row " + strconv.Itoa(i+1)
	}
	return shortened(name)
}
