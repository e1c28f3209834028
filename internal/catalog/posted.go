package catalog

// A form as it is posted may have the rows of a map in another order than the form that is drawn of its
// inputs, and empty rows between. The same value then stands at another path.

// Posted is the path of a control as it was posted, for its path in the form of the inputs that were read.
func (r Reading) Posted(t *Template, own string) string {
	if t.loaded == nil {
		return own
	}
	w := newFiller()
	w.fill(t.Fields, "", "", r.Inputs, t.loaded.defaults)
	return translated(own, w.paths, r.at, w.keys, r.keys)
}

// Own is the path of a control in the form of the inputs that were read, for its path as it was posted.
func (r Reading) Own(t *Template, posted string) string {
	if t.loaded == nil {
		return posted
	}
	w := newFiller()
	w.fill(t.Fields, "", "", r.Inputs, t.loaded.defaults)
	return translated(posted, r.at, w.paths, r.keys, w.keys)
}

// translated finds the value, or the name of an entry, that path is in from, and its path in to.
func translated(path string, from, to, fromKeys, toKeys map[string]string) string {
	for _, pair := range [][2]map[string]string{{from, to}, {fromKeys, toKeys}} {
		for pointer, p := range pair[0] {
			if other, ok := pair[1][pointer]; ok && p == path {
				return other
			}
		}
	}
	return path
}
