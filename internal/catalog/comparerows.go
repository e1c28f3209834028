package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// orderStep ends the path of a difference in the order of rows. No row is called so: names are texts that
// people type.
const orderStep = "\x01order"

// rows compares two lists row by row. ok is false for lists that can only be compared as a whole.
func (w *comparer) rows(f *Field, at spot, a, b []any) (out []any, ok bool) {
	if f.Item.Kind != Object {
		return nil, false
	}
	names, named := rowNames(f, a)
	others, alsoNamed := rowNames(f, b)
	if named && alsoNamed {
		return w.namedRows(f, at, a, b, names, others), true
	}
	if len(a) != len(b) {
		return nil, false
	}
	for i := range a {
		n := strconv.Itoa(i)
		out = append(out, w.value(f.Item, at.row(n, "row "+strconv.Itoa(i+1)), a[i], b[i]))
	}
	return out, true
}

// RowNames are the names of the rows of a list, by which a row is known again when others come and go: what
// stands in the field that names an item. ok is false if there is a row without a name, or if two have
// the same one.
func (f *Field) RowNames(rows []any) (names []string, ok bool) { return rowNames(f, rows) }

// rowNames are the names of the rows; ok is false if there are some without one, or two of the same.
func rowNames(f *Field, rows []any) (names []string, ok bool) {
	by := rowName(f)
	if by == "" {
		return nil, false
	}
	for _, row := range rows {
		m, _ := row.(map[string]any)
		name, _ := m[by].(string)
		if name == "" || slices.Contains(names, name) {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

func (w *comparer) namedRows(f *Field, at spot, a, b []any, names, others []string) []any {
	var order []string // of the rows that are there afterwards
	made := map[string]any{}
	put := func(name string, v any, place int) {
		made[name] = v
		order = slices.Insert(order, place, name)
	}
	reordered := w.reordered(f, at, names, others)
	for i, name := range others {
		n := slices.Index(names, name)
		var was any
		if n >= 0 {
			was = a[n]
		}
		if v, ok := w.row(f.Item, at.row(name, shortened(name)), was, n >= 0, b[i], true); ok {
			put(name, v, len(order))
		}
	}
	for i, name := range names {
		if slices.Contains(others, name) {
			continue
		}
		if v, ok := w.row(f.Item, at.row(name, shortened(name)), a[i], true, nil, false); ok {
			put(name, v, after(order, names[:i]))
		}
	}
	if reordered {
		slices.SortStableFunc(order, func(x, y string) int { return place(names, x) - place(names, y) })
	}
	out := make([]any, 0, len(order))
	for _, name := range order {
		out = append(out, made[name])
	}
	return out
}

// reordered lists that rows stand in another order, where that is so, and tells whether the order is taken.
func (w *comparer) reordered(f *Field, at spot, names, others []string) bool {
	both := func(all, in []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !slices.Contains(in, n) })
	}
	x, y := both(names, others), both(others, names)
	if slices.Equal(x, y) {
		return false
	}
	d := w.difference(f, spot{join(at.path, orderStep), at.title + ", order"})
	d.From, d.To = shortened(strings.Join(x, ", ")), shortened(strings.Join(y, ", "))
	return w.takes(d)
}

// after is the place behind the last of those before that is there, the first one if none is.
func after(order, before []string) int {
	for _, name := range slices.Backward(before) {
		if i := slices.Index(order, name); i >= 0 {
			return i + 1
		}
	}
	return 0
}

// place is where a name stands, behind all others if it is not there.
func place(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names)
}
