package change

import (
	"reflect"
	"slices"
	"strconv"

	"slipway.dev/slipway/internal/catalog"
)

// rows lists what differs between two lists of objects, row by row: of one that only one of the lists has
// it says what is in it, in a line. ok is false for other lists.
func (d *inputDiff) rows(f *catalog.Field, path string, titles []string, from, to any) (ok bool) {
	a, isA := asList(from)
	b, isB := asList(to)
	if f.Kind != catalog.List || f.Item == nil || f.Item.Kind != catalog.Object || !isA || !isB {
		return false
	}
	said := len(d.out)
	were, ok := f.RowNames(a)
	are, too := f.RowNames(b)
	if ok && too {
		d.namedRows(f.Item, path, titles, a, b, were, are)
	} else {
		d.otherRows(f.Item, path, titles, a, b)
	}
	if len(d.out) == said && !reflect.DeepEqual(from, to) {
		d.say(path, titles, "", "in another order")
	}
	return true
}

// namedRows compares rows of the same name.
func (d *inputDiff) namedRows(f *catalog.Field, path string, titles []string, a, b []any, were, are []string) {
	for i, name := range are {
		var was any
		if n := slices.Index(were, name); n >= 0 {
			was = a[n]
		}
		d.row(f, path+"/"+name, append(slices.Clone(titles), name), was, b[i])
	}
	for i, name := range were {
		if !slices.Contains(are, name) {
			d.row(f, path+"/"+name, append(slices.Clone(titles), name), a[i], nil)
		}
	}
}

// otherRows compares rows without names: what is in both lists is the same row, wherever it stands. Of the
// rest, the first of one list is compared with the first of the other, and so on.
func (d *inputDiff) otherRows(f *catalog.Field, path string, titles []string, a, b []any) {
	gone, come := rowsWithout(a, b), rowsWithout(b, a)
	for i := range max(len(gone), len(come)) {
		var was, is any
		if i < len(gone) {
			was = gone[i]
		}
		if i < len(come) {
			is = come[i]
		}
		d.row(f, path+"/"+strconv.Itoa(i), titles, was, is)
	}
}

// rowsWithout is what is in list and not in other; of two that are the same, one in other takes away one.
func rowsWithout(list, other []any) []any {
	rest := slices.Clone(other)
	var out []any
	for _, v := range list {
		if i := slices.IndexFunc(rest, func(w any) bool { return reflect.DeepEqual(v, w) }); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		out = append(out, v)
	}
	return out
}

// row is one row of both lists, or of one of them.
func (d *inputDiff) row(f *catalog.Field, path string, titles []string, from, to any) {
	switch {
	case reflect.DeepEqual(from, to):
	case from == nil:
		d.say(path, titles, "", rowInWords(f, to))
	case to == nil:
		d.say(path, titles, rowInWords(f, from), "")
	default:
		d.value(f, path, titles, from, to)
	}
}

// rowInWords is what a row holds but for what is so by default, on one line.
func rowInWords(f *catalog.Field, row any) string {
	if s := readable(f.Describe(row)); s != "" {
		return cut(s)
	}
	return "a row"
}

func asList(v any) ([]any, bool) {
	l, isList := v.([]any)
	return l, isList || v == nil
}
