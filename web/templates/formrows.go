package templates

import (
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
)

// A list of more rows than rowsWhole shows one line of each, with what stands in the row hidden beside it, and
// whole those that somebody works on. Else a form would grow with what could be typed into it: see ADR 26.
const rowsWhole = 20

// isLong tells whether a list shows one line of each of its rows.
func isLong(c *catalog.Control) bool {
	return len(c.Rows) > rowsWhole && c.Rows[0].Item.Field.Kind == catalog.Object
}

// whole tells of each row of a list whether all of it is on the page: all are in a short list; in a long one
// those that somebody has opened, the one that gets the focus, and, on a page that was judged, the first ones
// with an error.
func (d FormData) whole(c *catalog.Control) []bool {
	all, wrong := make([]bool, len(c.Rows)), 0
	for i := range c.Rows {
		r := &c.Rows[i]
		switch name := rowName(c.Name, r); {
		case !isLong(c), r.Open, d.Focus == name, strings.HasPrefix(d.Focus, name+"/"):
			all[i] = true
		case d.Posted && wrong < rowsWhole && rowTally(r).errors > 0:
			all[i] = true
			wrong++
		}
	}
	return all
}

// onPage goes through the controls that are on the page, and through the rows of which only a line is.
func (d FormData) onPage(control func(*catalog.Control), line func(list *catalog.Control, r *catalog.Row)) {
	var walk func(c *catalog.Control)
	walk = func(c *catalog.Control) {
		control(c)
		whole := d.whole(c)
		for i := range c.Rows {
			r := &c.Rows[i]
			if !whole[i] {
				line(c, r)
				continue
			}
			if r.Key != nil {
				walk(r.Key)
			}
			walk(&r.Item)
		}
		for i := range c.Parts {
			walk(&c.Parts[i])
		}
	}
	for _, s := range d.View.Sections {
		for i := range s.Controls {
			walk(&s.Controls[i])
		}
	}
}

// controls are those that are on the page.
func (d FormData) controls() []*catalog.Control {
	var out []*catalog.Control
	d.onPage(func(c *catalog.Control) { out = append(out, c) }, func(*catalog.Control, *catalog.Row) {})
	return out
}

// lines are the rows of which only a line is on the page.
func (d FormData) lines() []*catalog.Row {
	var out []*catalog.Row
	d.onPage(func(*catalog.Control) {}, func(_ *catalog.Control, r *catalog.Row) { out = append(out, r) })
	return out
}

// places are the elements of the controls on the page, by the controls' names.
func (d FormData) places() map[string]string {
	ids := map[string]string{}
	for _, c := range d.controls() {
		ids[c.Name] = c.ID
	}
	return ids
}

// inLine tells whether a name belongs to a row of which only a line is on the page.
func (d FormData) inLine(name string) bool {
	found := false
	d.onPage(func(*catalog.Control) {}, func(list *catalog.Control, r *catalog.Row) {
		found = found || strings.HasPrefix(name, rowName(list.Name, r)+"/")
	})
	return found
}

// rowName is the name by which a row of a list is moved, removed, opened and closed.
func rowName(list string, r *catalog.Row) string { return list + "/" + strconv.Itoa(r.Index) }

func rowTally(r *catalog.Row) tally {
	var t tally
	if r.Key != nil {
		t.add(r.Key)
	}
	t.add(&r.Item)
	return t
}

// rowTitle names a row of objects after the first thing that was typed into it.
func rowTitle(f *catalog.Field, r catalog.Row) string {
	if r.Key != nil && r.Key.Value != "" {
		return r.Key.Value
	}
	if name := titlePart(r); name >= 0 && r.Item.Parts[name].Value != "" {
		return r.Item.Parts[name].Value
	}
	return itemTitle(f) + " " + strconv.Itoa(r.Index+1)
}

// RowTitle is what the row of that name is called, "" where there is no such row.
func (d FormData) RowTitle(name string) string {
	title := ""
	d.onPage(func(c *catalog.Control) {
		for i := range c.Rows {
			if rowName(c.Name, &c.Rows[i]) == name {
				title = rowTitle(c.Field, c.Rows[i])
			}
		}
	}, func(*catalog.Control, *catalog.Row) {})
	return title
}

// titlePart is the part that a row is named after, -1 where there is none.
func titlePart(r catalog.Row) int {
	if r.Key != nil {
		return -1
	}
	return slices.IndexFunc(r.Item.Parts, func(p catalog.Control) bool { return p.Field.Kind == catalog.Text && !p.Field.Secret })
}

// rowWords are the first things that stand in a row beside its title.
func rowWords(r catalog.Row) string {
	var said []string
	for i := range r.Item.Parts {
		c := &r.Item.Parts[i]
		if i == titlePart(r) || c.Field.Secret || c.Value == "" || len(said) == 3 {
			continue
		}
		switch c.Field.Kind {
		case catalog.Text:
			said = append(said, shorten(c.Value))
		case catalog.Choice:
			for _, o := range c.Field.Options {
				if o.Value == c.Value {
					said = append(said, o.Title)
				}
			}
		}
	}
	return strings.Join(said, " · ")
}

// shorten keeps what was typed at a length that fits a line.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// rowOpen tells whether a row that is on the page is unfolded: a few are, and what needs somebody.
func (d FormData) rowOpen(c catalog.Control, r catalog.Row) bool {
	return len(c.Rows) <= 2 || isLong(&c) || rowTally(&r).errors > 0 || d.within(r.Item)
}

// moved is the button that moves a row, said with its place.
func moved(c catalog.Control, r catalog.Row, where string) string {
	return "Move " + rowTitle(c.Field, r) + " " + where
}

// stood is what stands in a row of which only a line is on the page, by name.
func stood(r catalog.Row) []HiddenField {
	form := r.Form()
	out := make([]HiddenField, 0, len(form))
	for name, values := range form {
		for _, v := range values {
			out = append(out, HiddenField{Name: name, Value: v})
		}
	}
	slices.SortFunc(out, func(a, b HiddenField) int { return strings.Compare(a.Name, b.Name) })
	return out
}
