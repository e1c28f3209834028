package catalog

// judge is what is said of values beyond the schema: what the template's own rules say, host names that
// the application may not have, what is fixed once the application exists, and what looks like a slip. It
// writes to found what must be mended, and to warned what only should be looked at.
type judge struct {
	release  Release
	deployed map[string]any // the values of the current revision, nil where there is none or it does not matter
	*filler                 // which control each value is from
	found    findings
	warned   findings
}

// judge judges the values that count; see present.
func (t *Template) judge(values map[string]any, j judge) {
	visit(t.Fields, values, "", func(f *Field, v any, pointer string, around map[string]any) {
		j.host(f, v, pointer)
		j.strays(f, v, pointer)
		j.slips(f, v, pointer, around)
	})
	j.rules(t, values)
	if j.deployed != nil {
		j.fixed(t.Fields, t.loaded.conds, values, j.deployed, "")
	}
}

// Warnings are what should be looked at before the inputs are applied, in the order of the form. They stop
// nothing. Inputs that Check refuses have them too, as far as they can be read.
func (t *Template) Warnings(in Inputs, r Release) Errors {
	if t.loaded == nil {
		return nil
	}
	w, controls := t.lateFiller(in)
	warned := findings{}
	t.judge(t.present(in), judge{release: r, filler: w, found: findings{}, warned: warned})
	if len(warned) == 0 {
		return nil
	}
	return warned.attach(controls(), nil)
}
