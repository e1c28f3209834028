package catalog

import "strings"

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
// order of the form; first what belongs to no control.
func (f findings) attach(controls []Control) Errors {
	known := map[string]bool{}
	for i := range controls {
		controls[i].each(func(c *Control) { known[c.path()] = true })
	}
	at := findings{}
	for path, found := range f {
		for path != "" && !known[path] {
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
				c.Error = found.message
				errs = append(errs, FieldError{Path: c.path(), Title: c.Field.Title, Message: found.message})
			}
		})
	}
	return errs
}
