package catalog

import (
	"cmp"
	"slices"
)

// layoutSection is a section of the form without what was typed into it.
type layoutSection struct {
	Section // ID, Title, Help, Advanced and Required
	fields  []Field
	order   int
}

// layOut groups the fields: sections with something required, then the others, then the advanced
// ones; within these as x-ui-sections lists them, then in the order of the fields. The advanced
// fields of a section stand apart from it, folded, under the same title.
func layOut(fields []Field, listed []any) []layoutSection {
	var all []layoutSection
	for _, f := range fields {
		i := slices.IndexFunc(all, func(s layoutSection) bool { return s.ID == sectionID(f) })
		if i < 0 {
			i = len(all)
			all = append(all, newSection(f, listed))
		}
		all[i].fields = append(all[i].fields, f)
		all[i].Required = all[i].Required || demands(f)
	}
	rank := func(s layoutSection) int {
		switch {
		case s.Advanced:
			return 2
		case s.Required:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b layoutSection) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.order, b.order))
	})
	return all
}

// advanced tells whether f is folded away. A field that must be given never is.
func advanced(f Field) bool { return f.Advanced && !requires(f) }

func requires(f Field) bool {
	return f.Required || slices.ContainsFunc(f.Fields, requires)
}

// demands tells whether something of f must be given whatever is chosen elsewhere: what a switch brings
// in, such as the image of a canary, does not make its section a required one.
func demands(f Field) bool {
	return len(f.when) == 0 && (f.Required || slices.ContainsFunc(f.Fields, demands))
}

func sectionID(f Field) string {
	id := f.Section
	if id == "" {
		id = "settings"
	}
	if advanced(f) {
		id += "/advanced"
	}
	return elementID(id)
}

func newSection(f Field, listed []any) layoutSection {
	s := layoutSection{Section: Section{ID: sectionID(f), Title: f.Section, Advanced: advanced(f)}, order: len(listed)}
	if s.Title == "" {
		s.Title = "Settings"
	}
	for i, raw := range listed {
		m, _ := raw.(map[string]any)
		if f.Section == "" || text(m, "id") != f.Section {
			continue
		}
		s.order = i
		s.Help = text(m, "description")
		if t := text(m, "title"); t != "" {
			s.Title = t
		}
	}
	return s
}

func inOrder(layout []layoutSection) []Field {
	var fields []Field
	for _, s := range layout {
		fields = append(fields, s.fields...)
	}
	return fields
}

// titleSections gives each field, also in objects and rows, the title of its section.
func titleSections(fields []Field, listed []any) {
	for i := range fields {
		fields[i].titleSection(listed)
	}
}

func (f *Field) titleSection(listed []any) {
	if at := slices.IndexFunc(listed, func(raw any) bool { m, _ := raw.(map[string]any); return f.Section != "" && text(m, "id") == f.Section }); at >= 0 {
		f.SectionTitle = text(listed[at].(map[string]any), "title")
	}
	titleSections(f.Fields, listed)
	if f.Item != nil {
		f.Item.titleSection(listed)
	}
}
