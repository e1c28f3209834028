package catalog

import (
	"slices"
	"strconv"
)

func presetOf(all []Preset, id string) (Preset, bool) {
	i := slices.IndexFunc(all, func(p Preset) bool { return p.ID == id })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}

// begin lays a preset's values over what the controls hold. What it does not name stays as it was typed.
func begin(controls []Control, values, base map[string]any) {
	for i := range controls {
		c := &controls[i]
		v, ok := values[c.Field.name]
		if !ok {
			continue
		}
		if inner, isMap := v.(map[string]any); isMap && c.Field.Kind == Object {
			innerBase, _ := base[c.Field.name].(map[string]any)
			begin(c.Parts, inner, innerBase)
			continue
		}
		*c = forgetful.control(c.Field, c.path(), c.path(), c.Field.declared(v), true, base[c.Field.name])
	}
}

// presetRow is a new row of a list, filled as a preset says. Where rows have names, it gets one that none
// of the others has.
func presetRow(c *Control, p Preset) Row {
	values := copied(p.Values)
	if m, ok := values.(map[string]any); ok {
		if by := rowName(c.Field); by != "" {
			if name, ok := m[by].(string); ok && name != "" {
				m[by] = freeName(c, by, name)
			}
		}
	}
	at := joinRow(c.path(), len(c.Rows))
	return Row{Index: len(c.Rows), Item: forgetful.item(c.Field.Item, at, at, c.Field.Item.declared(values), true), Open: true}
}

// freeName is the name, with a number behind it if a row has it already: "redis", "redis-2".
func freeName(c *Control, by, name string) string {
	taken := map[string]bool{}
	for i := range c.Rows {
		for _, part := range c.Rows[i].Item.Parts {
			if part.Field.name == by {
				taken[part.Value] = true
			}
		}
	}
	free := name
	for n := 2; taken[free]; n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	return free
}
