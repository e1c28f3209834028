package catalog

// Untouched draws the form with all that was typed and no judgement of it: what somebody sees who has only
// added a row, or has come back from the plan. The errors it has are of what could not be kept, such as
// a secret value that does not fit: nobody could see later that it had been typed.
func (t *Template) Untouched(form Form, a Around) Reading {
	if t.loaded == nil {
		return Reading{}
	}
	root, _ := parseForm(form) // what is wrong with it is said when the plan is asked for
	controls, r := t.posted(form, root, a)
	w := &collector{found: findings{}, filler: newFiller()}
	in := difference(t.loaded.defaults, w.collect(controls, ""), t.Fields, false)
	v := t.view(shown(controls, t.loaded.conds, t.values(in)), r.found, r.odd, a)
	return Reading{View: v, Errors: v.Errors, Secrets: r.secrets}
}

// TitleOf is the title of the field at path, or "" if there is none.
func (t *Template) TitleOf(path string) string {
	if f, _ := t.fieldOf(path); f != nil {
		return f.Title
	}
	return ""
}
