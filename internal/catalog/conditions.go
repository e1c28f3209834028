package catalog

import (
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Conditions are JSON Schema's own if, then and else (core 2020-12, section 10.2.2). A property that only
// a branch declares is a field that is there while the branch holds, and is left out otherwise: its input
// is dropped, its default stays for rendering, and neither is checked.

// condition is an "if" of an object.
type condition struct {
	schema *jsonschema.Schema
	simple *predicate // the same, or nil
}

// holds tells whether the values of an object fit, without those that are away.
func (c condition) holds(values map[string]any, away map[string]bool) bool {
	if c.simple != nil {
		return c.simple.holds(values, away)
	}
	if len(away) > 0 {
		values = without(values, away)
	}
	return c.schema.Validate(values) == nil
}

// gate is a condition that must hold, or must not.
type gate struct {
	cond int // index in the scope's conds
	want bool
}

// rulesKey is the keyword of rules across fields.
const rulesKey = "x-kubernetes-validations"

// branches reads the conditional parts of a resolved object: those in its allOf (see conditionAside), and
// those within the branches themselves.
func (r *fieldReader) branches(sc *scope, s map[string]any, under []gate, at where, defaults map[string]any) error {
	for _, raw := range list(s["allOf"]) {
		part, _ := raw.(map[string]any)
		location := text(part, whereKey)
		if location == "" {
			continue
		}
		compiled, err := r.compiler.Compile(schemaBase + location)
		if err != nil {
			return fmt.Errorf("%s: %w", location, err)
		}
		if len(sc.conds) == maxConditions {
			return tooMuch("an object of "+schemaFile, maxConditions, "conditions")
		}
		sc.conds = append(sc.conds, condition{compiled, predicateOf(part["if"])})
		cond := len(sc.conds) - 1
		for _, keyword := range []string{"then", "else"} {
			branch, ok := part[keyword].(map[string]any)
			if !ok {
				continue
			}
			if err := r.branch(sc, branch, append(slices.Clone(under), gate{cond, keyword == "then"}), at, defaults); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *fieldReader) branch(sc *scope, raw map[string]any, under []gate, at where, defaults map[string]any) error {
	if len(under) > maxSchemaDepth {
		return fmt.Errorf("%s: conditions are nested too deeply", schemaFile)
	}
	s, err := r.resolve(raw, 0)
	if err != nil {
		return err
	}
	sc.rules = append(sc.rules, ruleSources(s, under)...)
	if err := r.properties(sc, s, under, at, defaults); err != nil {
		return err
	}
	return r.branches(sc, s, under, at, defaults)
}

// hidden tells which of the fields are not there, given the values of their object. A condition may look
// at a field that another condition hides, so it is asked again until nothing changes.
func hidden(fields []Field, conds []condition, values map[string]any) map[string]bool {
	if len(conds) == 0 {
		return nil
	}
	var some []*Field
	for i := range fields {
		if len(fields[i].when) > 0 {
			some = append(some, &fields[i])
		}
	}
	return hiddenOf(some, conds, values)
}

// hiddenOf tells which of the fields that stand in a branch are not there.
func hiddenOf(fields []*Field, conds []condition, values map[string]any) map[string]bool {
	if len(fields) == 0 {
		return nil
	}
	away := make(map[string]bool, len(fields))
	for _, f := range fields {
		away[f.name] = true
	}
	holds := make([]bool, len(conds))
	for range len(conds) + 1 {
		for i, c := range conds {
			holds[i] = c.holds(values, away)
		}
		changed := false
		for _, f := range fields {
			now := !slices.ContainsFunc(f.when, func(gates []gate) bool {
				return !slices.ContainsFunc(gates, func(g gate) bool { return holds[g.cond] != g.want })
			})
			if now != away[f.name] {
				changed, away[f.name] = true, now
			}
		}
		if !changed {
			break
		}
	}
	return away
}

func without(values map[string]any, away map[string]bool) map[string]any {
	kept := make(map[string]any, len(values))
	for k, v := range values {
		if !away[k] {
			kept[k] = v
		}
	}
	return kept
}

// present takes out of values, at every depth, what is hidden. Values must be exact (see exact) and
// complete, with defaults; they are not changed.
func present(fields []Field, conds []condition, values map[string]any) map[string]any {
	kept := without(values, hidden(fields, conds, values))
	for i := range fields {
		f := &fields[i]
		if v, ok := kept[f.name]; ok {
			kept[f.name] = f.present(v)
		}
	}
	return kept
}

func (f *Field) present(v any) any {
	return f.within(v, func(f *Field, m map[string]any) map[string]any { return present(f.Fields, f.conds, m) }, (*Field).present)
}

// dropHidden takes what is hidden out of inputs, in place. base are the defaults beneath them. An object of
// which nothing is left goes too: a form does not post it, so the same form would have two readings.
func dropHidden(fields []Field, conds []condition, in, base map[string]any) {
	away := hidden(fields, conds, exact(merged(base, in, false)).(map[string]any))
	for i := range fields {
		f := &fields[i]
		if away[f.name] {
			delete(in, f.name)
			continue
		}
		inner, _ := base[f.name].(map[string]any)
		before, _ := in[f.name].(map[string]any)
		given := len(before)
		f.dropHidden(in[f.name], inner)
		if f.Kind == Object && given > 0 && len(before) == 0 {
			delete(in, f.name)
		}
	}
}

func (f *Field) dropHidden(v any, base map[string]any) {
	switch x := v.(type) {
	case map[string]any:
		switch f.Kind {
		case Object:
			dropHidden(f.Fields, f.conds, x, base)
		case Map:
			for _, item := range x {
				f.Item.dropHidden(item, f.Item.rowDefaults())
			}
		}
	case []any:
		if f.Kind == List {
			for _, item := range x {
				f.Item.dropHidden(item, f.Item.rowDefaults())
			}
		}
	}
}

// shown leaves out the controls of what is hidden, given the values of their object.
func shown(controls []Control, conds []condition, values map[string]any) []Control {
	values = exact(copied(values)).(map[string]any)
	return shownIn(controls, conds, values)
}

func shownIn(controls []Control, conds []condition, values map[string]any) []Control {
	var some []*Field
	for i := range controls {
		if len(controls[i].Field.when) > 0 {
			some = append(some, controls[i].Field)
		}
	}
	away := hiddenOf(some, conds, values)
	kept := make([]Control, 0, len(controls))
	for _, c := range controls {
		if away[c.Field.name] {
			continue
		}
		c.shown(values[c.Field.name])
		kept = append(kept, c)
	}
	return kept
}

// shown leaves out what is hidden within a control that holds v. Rows that are not values yet, because
// they are empty, stand at the end of what is counted; they show what their defaults show.
func (c *Control) shown(v any) {
	switch c.Field.Kind {
	case Object:
		m, _ := v.(map[string]any)
		c.Parts = shownIn(c.Parts, c.Field.conds, m)
	case List, Map:
		if c.Field.Item.Kind != Object {
			return
		}
		for i := range c.Rows {
			item := &c.Rows[i].Item
			item.Parts = shownIn(item.Parts, item.Field.conds, item.values())
		}
	}
}

// values are what a row of parts holds, over the defaults of its fields.
func (c *Control) values() map[string]any {
	w := &collector{found: findings{}, filler: newFiller()}
	return exact(rowsCompleted(c.Field.Fields, merged(itemDefaults(c.Field), w.collect(c.Parts, ""), false))).(map[string]any)
}
