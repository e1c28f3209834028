package catalog

import (
	"maps"
	"slices"
)

// fixed holds fields that are marked x-ui-immutable to the values that they have in the application as it
// runs. Rows are the same if their names are; see twinRow. What was not there before may be set, and a row
// may go. A field that is emptied is changed; one that another field hides is not.
func (j judge) fixed(fields []Field, conds []condition, now, before map[string]any, pointer string) {
	away := hidden(fields, conds, now)
	for i := range fields {
		f := &fields[i]
		if old, wasThere := before[f.name]; wasThere && !away[f.name] {
			j.fixedValue(f, now[f.name], old, join(pointer, f.name))
		}
	}
}

func (j judge) fixedValue(f *Field, now, before any, pointer string) {
	if f.Immutable && !f.Secret {
		if !same(now, before) {
			j.found.add(j.pathOf(pointer), staysAs(f, before), grave)
		}
		return
	}
	if now == nil && f.Kind == Object { // all of its fields are emptied
		now = map[string]any{}
	}
	switch x := now.(type) {
	case map[string]any:
		old, ok := before.(map[string]any)
		switch {
		case !ok:
		case f.Kind == Object:
			j.fixed(f.Fields, f.conds, x, old, pointer)
		case f.Kind == Map:
			for _, name := range slices.Sorted(maps.Keys(x)) {
				if was, ok := old[name]; ok {
					j.fixedValue(f.Item, x[name], was, join(pointer, name))
				}
			}
		}
	case []any:
		if f.Kind != List {
			return
		}
		for i, item := range x {
			if was, ok := twinRow(f, x, i, list(before)); ok {
				j.fixedValue(f.Item, item, was, joinRow(pointer, i))
			}
		}
	}
}

// staysAs says what a fixed field must be put back to.
func staysAs(f *Field, before any) string {
	const why = "This is fixed once the application exists. "
	if was := f.inWords(before); was != "" {
		return why + "Put it back to " + was + ", or make a new application."
	}
	return why + "Leave it empty, or make a new application."
}

// nameFields are the fields that tell the rows of a list apart, the best one first.
var nameFields = []string{"name", "key", "id"}

// twinRow finds the row of before that row i of a list was: the one of the same name, where the rows have
// names; else the one in the same place.
func twinRow(f *Field, rows []any, i int, before []any) (any, bool) {
	by := rowName(f)
	if by == "" {
		if i < len(before) {
			return before[i], true
		}
		return nil, false
	}
	row, _ := rows[i].(map[string]any)
	for _, old := range before {
		if m, ok := old.(map[string]any); ok && row[by] != nil && same(row[by], m[by]) {
			return old, true
		}
	}
	return nil, false
}

// rowName is the field that names the rows of a list, "" if there is none.
func rowName(f *Field) string {
	if f.Item == nil || f.Item.Kind != Object {
		return ""
	}
	for _, name := range nameFields {
		if n := named(f.Item.Fields, name); n != nil && n.Kind == Text {
			return name
		}
	}
	return ""
}
