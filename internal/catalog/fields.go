package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// unordered is the Order of a field that does not say one: after those that do, in the schema's order.
const unordered = 1 << 20

// fieldReader reads fields from a schema, as decoded JSON. Values are validated by the compiled
// schema; this reads what a form needs to know, and no more than it can show.
//
// Beside the standard keywords it reads these: at the root x-ui-sections (id, title, description, in
// order); at a property x-ui-section (an id, or a title), x-ui-order, x-ui-advanced, x-ui-widget
// ("mono" or "multiline"), x-ui-unit, x-ui-placeholder, x-ui-pattern-help, x-ui-enum-titles,
// x-ui-enum-help, x-ui-key, x-ui-secret and x-ui-immutable; at propertyNames x-ui-pattern-help.
type fieldReader struct {
	root  map[string]any
	order map[string][]string // see keyOrder
	count int
}

type where struct {
	schema  string // pointer into the schema, for order
	path    string // Field.Path
	depth   int
	section string
}

func (r *fieldReader) object(s map[string]any, at where, defaults map[string]any) ([]Field, error) {
	props, _ := s["properties"].(map[string]any)
	var required []string
	for _, v := range list(s["required"]) {
		required = append(required, textOf(v))
	}
	var fields []Field
	for _, name := range r.order[at.schema+"/properties"] {
		raw, ok := props[name].(map[string]any)
		if !ok {
			continue
		}
		here := where{join(at.schema, "properties", name), join(at.path, name), at.depth + 1, at.section}
		f, err := r.field(raw, name, here, defaults[name])
		if err != nil {
			return nil, err
		}
		f.Required = slices.Contains(required, name) && f.Default == nil && f.Kind != Object
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Order, b.Order) })
	return fields, nil
}

func (r *fieldReader) field(raw map[string]any, name string, at where, fallback any) (Field, error) {
	if r.count++; r.count > maxFields {
		return Field{}, tooMuch("values.schema.json", maxFields, "fields")
	}
	s, pointer, err := r.resolve(raw, at.schema)
	if err != nil {
		return Field{}, err
	}
	at.schema = pointer
	f := describe(s, name, at)
	f.Default = fallback
	if d, ok := s["default"]; ok {
		f.Default = d
	}
	f.Kind = kindOf(s)
	if at.depth > maxSchemaDepth {
		f.Kind = Unknown
	}
	switch f.Kind {
	case Choice:
		f.readOptions(s)
	case Object:
		inner, _ := f.Default.(map[string]any)
		at.section = ""
		f.Fields, err = r.object(s, at, inner)
		f.Default = nil
	case List:
		err = r.readItem(&f, s, "items", at)
	case Map:
		err = r.readItem(&f, s, "additionalProperties", at)
		r.readKeys(&f, s)
	}
	return f, err
}

// describe reads the keywords that every kind of field may have.
func describe(s map[string]any, name string, at where) Field {
	f := Field{
		name: name, Path: at.path, Title: text(s, "title"), Help: text(s, "description"),
		Unit: text(s, "x-ui-unit"), Placeholder: text(s, "x-ui-placeholder"), Section: text(s, "x-ui-section"),
		Order: unordered, Mono: text(s, "x-ui-widget") == "mono",
		Advanced: s["x-ui-advanced"] == true, Secret: s["x-ui-secret"] == true, Immutable: s["x-ui-immutable"] == true,
		Integer: text(s, "type") == "integer", Pattern: text(s, "pattern"), PatternHelp: text(s, "x-ui-pattern-help"),
		Min: float(s, "minimum"), Max: float(s, "maximum"),
		MinLength: integer(s, "minLength"), MaxLength: integer(s, "maxLength"),
		MinItems: integer(s, "minItems"), MaxItems: integer(s, "maxItems"),
	}
	if f.MinItems == nil {
		f.MinItems = integer(s, "minProperties")
	}
	if f.MaxItems == nil {
		f.MaxItems = integer(s, "maxProperties")
	}
	if f.Title == "" {
		f.Title = inWords(name)
	}
	if n := integer(s, "x-ui-order"); n != nil {
		f.Order = *n
	}
	if ex := list(s["examples"]); len(ex) > 0 {
		f.Example = textOf(ex[0])
	}
	if f.Placeholder == "" {
		f.Placeholder = f.Example
	}
	return f
}

func kindOf(s map[string]any) FieldKind {
	if len(list(s["enum"])) > 0 {
		return Choice
	}
	switch text(s, "type") {
	case "string":
		if text(s, "x-ui-widget") == "multiline" {
			return Multiline
		}
		return Text
	case "integer", "number":
		return Number
	case "boolean":
		return Switch
	case "array":
		if _, ok := s["items"].(map[string]any); ok {
			return List
		}
	case "object":
		if _, ok := s["properties"].(map[string]any); ok {
			return Object
		}
		if _, ok := s["additionalProperties"].(map[string]any); ok {
			return Map
		}
	}
	return Unknown
}

func (f *Field) readOptions(s map[string]any) {
	titles, _ := s["x-ui-enum-titles"].(map[string]any)
	help, _ := s["x-ui-enum-help"].(map[string]any)
	for _, v := range list(s["enum"]) {
		o := Option{Value: textOf(v), Title: textOf(v)}
		if t := text(titles, o.Value); t != "" {
			o.Title = t
		}
		o.Help = text(help, o.Value)
		f.Options = append(f.Options, o)
		f.choices = append(f.choices, v)
	}
}

func (r *fieldReader) readItem(f *Field, s map[string]any, keyword string, at where) error {
	raw := s[keyword].(map[string]any)
	item, err := r.field(raw, f.name, where{join(at.schema, keyword), "", at.depth + 1, ""}, nil)
	if item.Kind == Unknown || err != nil {
		f.Kind = Unknown
		return err
	}
	if text(raw, "title") == "" {
		item.Title = "Value"
	}
	f.Item = &item
	return nil
}

func (r *fieldReader) readKeys(f *Field, s map[string]any) {
	f.KeyTitle = text(s, "x-ui-key")
	if f.KeyTitle == "" {
		f.KeyTitle = "Name"
	}
	if names, ok := s["propertyNames"].(map[string]any); ok {
		f.KeyPattern = text(names, "pattern")
		f.keyHelp = text(names, "x-ui-pattern-help")
	}
}

// resolve follows $ref within the schema's own file. Keywords beside $ref win.
func (r *fieldReader) resolve(s map[string]any, pointer string) (map[string]any, string, error) {
	for range maxSchemaDepth {
		ref := text(s, "$ref")
		if ref == "" {
			return s, pointer, nil
		}
		if !strings.HasPrefix(ref, "#/") {
			return nil, "", fmt.Errorf("values.schema.json: $ref %q is not in this file; only references that begin with #/ are followed", ref)
		}
		target, ok := lookUp(r.root, ref[1:])
		if !ok {
			return nil, "", fmt.Errorf("values.schema.json: $ref %q leads nowhere", ref)
		}
		both := map[string]any{}
		for k, v := range target {
			both[k] = v
		}
		for k, v := range s {
			if k != "$ref" {
				both[k] = v
			}
		}
		if inner := text(target, "$ref"); inner != "" {
			both["$ref"] = inner
		}
		s, pointer = both, ref[1:]
	}
	return nil, "", errors.New("values.schema.json: $ref goes in a circle")
}

func lookUp(v any, pointer string) (map[string]any, bool) {
	for _, t := range tokens(pointer) {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		v = m[t]
	}
	m, ok := v.(map[string]any)
	return m, ok
}

// inWords makes a title of a property's name: "hostName" and "host_name" become "Host name".
func inWords(name string) string {
	var b strings.Builder
	var before rune
	for i, r := range name {
		switch {
		case r == '_' || r == '-' || r == '.':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		case i == 0:
			r = unicode.ToUpper(r)
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func float(m map[string]any, key string) *float64 {
	n, ok := numberOf(m[key])
	if !ok {
		return nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil
	}
	return &f
}

func integer(m map[string]any, key string) *int {
	n, ok := m[key].(json.Number)
	if !ok {
		return nil
	}
	i, err := n.Int64()
	if err != nil {
		return nil
	}
	v := int(i)
	return &v
}
