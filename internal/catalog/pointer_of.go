package catalog

import "strings"

// PointerOf is where in the inputs the value of a control stands, as a JSON pointer (RFC 6901): the row
// of a Map is called by its name, where a control's path has a number. path is FieldError.Path; what has
// no control of its own is found by the nearest one around it. It is "" for the inputs as a whole.
func (t *Template) PointerOf(in Inputs, path string) string {
	if t.loaded == nil {
		return ""
	}
	w := newFiller()
	w.fill(t.Fields, "", "", in, t.loaded.defaults)
	best, at := "", ""
	for _, known := range []map[string]string{w.paths, w.keys} {
		for pointer, p := range known {
			if len(p) > len(best) && (path == p || strings.HasPrefix(path, p+"/")) {
				best, at = p, pointer
			}
		}
	}
	return at + path[len(best):]
}
