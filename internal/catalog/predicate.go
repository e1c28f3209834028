package catalog

import (
	"slices"
	"strings"
)

// predicate is a schema that only asks whether values are there and whether they are certain constants, as most
// conditions do. It gives the answer of the compiled schema without the report that the validator makes of what
// does not fit. (JSON Schema 2020-12, validation, sections 6.1 and 6.5.)
type predicate struct {
	required   []string
	properties map[string]*predicate
	constants  []any // "const" and "enum": texts and booleans; nil for any value
}

// predicateOf reads a decoded schema, nil if it asks for more than a predicate can tell.
func predicateOf(v any) *predicate {
	if s, ok := v.(bool); ok && s {
		return &predicate{}
	}
	s, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	p := &predicate{}
	for key, v := range s {
		switch {
		case key == "required":
			for _, name := range list(v) {
				p.required = append(p.required, textOf(name))
			}
		case key == "properties":
			p.properties = map[string]*predicate{}
			for name, raw := range properties(v) {
				if p.properties[name] = predicateOf(raw); p.properties[name] == nil {
					return nil
				}
			}
		case key == "const" && s["enum"] == nil:
			p.constants = []any{v}
		case key == "enum" && s["const"] == nil:
			p.constants = list(v)
		case key == "title" || key == "description" || key == "$comment" || key == orderKey || key == whereKey || strings.HasPrefix(key, "x-"):
		default:
			return nil
		}
	}
	for _, c := range p.constants {
		switch c.(type) {
		case string, bool:
		default:
			return nil
		}
	}
	return p
}

// holds tells whether a value fits; an object without the properties that are away.
func (p *predicate) holds(v any, away map[string]bool) bool {
	if p.constants != nil && !slices.ContainsFunc(p.constants, func(c any) bool { return same(c, v) }) {
		return false
	}
	m, ok := v.(map[string]any)
	if !ok {
		return true
	}
	for _, name := range p.required {
		if _, there := m[name]; !there || away[name] {
			return false
		}
	}
	for name, of := range p.properties {
		if x, there := m[name]; there && !away[name] && !of.holds(x, nil) {
			return false
		}
	}
	return true
}
