package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
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
// ("mono", "multiline" or "file"), x-ui-unit, x-ui-placeholder, x-ui-pattern-help, x-ui-enum-titles,
// x-ui-enum-help, x-ui-key, x-ui-secret, x-ui-generate, x-ui-shapes, x-ui-host, x-ui-picker, x-ui-presets,
// x-ui-immutable and x-ui-environment; at propertyNames x-ui-pattern-help. At the root x-ui-presets, too.
type fieldReader struct {
	*schemas
	count int
}

type where struct {
	path  string // Field.Path
	depth int
	own   bool // Field.Environment of what it is in
}

// scope is the fields of one object, and the conditions under which some of them are there.
type scope struct {
	fields []Field
	conds  []condition
	rules  []ruleSource
}

// object reads the fields of an object. s must be resolved.
func (r *fieldReader) object(s map[string]any, at where, defaults map[string]any) (scope, error) {
	sc := scope{rules: ruleSources(s, nil)}
	if err := r.properties(&sc, s, nil, at, defaults); err != nil {
		return scope{}, err
	}
	if err := r.branches(&sc, s, nil, at, defaults); err != nil {
		return scope{}, err
	}
	slices.SortStableFunc(sc.fields, func(a, b Field) int { return cmp.Compare(a.Order, b.Order) })
	return sc, nil
}

// properties adds the fields that a schema, or a branch of it, declares.
func (r *fieldReader) properties(sc *scope, s map[string]any, under []gate, at where, defaults map[string]any) error {
	props, _ := s["properties"].(map[string]any)
	var required []string
	for _, v := range list(s["required"]) {
		required = append(required, textOf(v))
	}
	names, _ := s[orderKey].([]string)
	for _, name := range names {
		raw, ok := props[name].(map[string]any)
		if !ok {
			continue
		}
		if old := named(sc.fields, name); old != nil {
			old.when = append(old.when, under)
			continue
		}
		f, err := r.field(raw, name, where{join(at.path, name), at.depth + 1, at.own}, defaults[name])
		if err != nil {
			return err
		}
		f.Required = slices.Contains(required, name) && f.Default == nil && f.Kind != Object
		if under != nil {
			f.when = [][]gate{under}
		}
		sc.fields = append(sc.fields, f)
	}
	return nil
}

func (r *fieldReader) field(raw map[string]any, name string, at where, fallback any) (Field, error) {
	if r.count++; r.count > maxFields {
		return Field{}, tooMuch(schemaFile, maxFields, "fields")
	}
	s, err := r.resolve(raw, 0)
	if err != nil {
		return Field{}, err
	}
	f := describe(s, name, at)
	at.own = f.Environment
	f.Default = fallback
	if d, ok := s["default"]; ok {
		f.Default = d
	}
	f.Kind, f.sources = kindOf(s), ruleSources(s, nil)
	if at.depth > maxSchemaDepth {
		f.Kind = Unknown
	}
	switch f.Kind {
	case Choice:
		f.readOptions(s)
	case Object:
		inner, _ := f.Default.(map[string]any)
		sc, err := r.object(s, at, inner)
		if err != nil {
			return Field{}, err
		}
		f.Fields, f.conds, f.sources, f.Default = sc.fields, sc.conds, sc.rules, nil
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
		Integer: typeOf(s) == "integer", Pattern: text(s, "pattern"), PatternHelp: text(s, "x-ui-pattern-help"),
		Min: float(s, "minimum"), Max: float(s, "maximum"),
		MinLength: integer(s, "minLength"), MaxLength: integer(s, "maxLength"),
		MinItems: integer(s, "minItems"), MaxItems: integer(s, "maxItems"),
	}
	f.Generate, f.Upload, f.Host = text(s, "x-ui-generate"), text(s, "x-ui-widget") == "file", s["x-ui-host"] == true
	f.Environment = at.own || f.Host
	if own, ok := s["x-ui-environment"].(bool); ok {
		f.Environment = own
	}
	if m, ok := s["x-ui-picker"].(map[string]any); ok {
		f.Picker = &Picker{Kind: text(m, "kind"), Of: text(m, "of"), Type: text(m, "type"), Keys: text(m, "keys")}
		f.Picker.keys, _ = scriptPattern(f.Picker.Keys) // see sound
	}
	f.Presets, f.Shapes = presets(s), shapesOf(s)
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

// presets reads x-ui-presets.
func presets(s map[string]any) []Preset {
	var all []Preset
	for _, raw := range list(s["x-ui-presets"]) {
		m, _ := raw.(map[string]any)
		values, _ := m["values"].(map[string]any)
		if id := text(m, "id"); id != "" {
			all = append(all, Preset{ID: id, Title: cmp.Or(text(m, "title"), id), Help: text(m, "description"), Values: values})
		}
	}
	return all
}

func kindOf(s map[string]any) FieldKind {
	if len(list(s["enum"])) > 0 {
		return Choice
	}
	switch typeOf(s) {
	case "string":
		if w := text(s, "x-ui-widget"); w == "multiline" || w == "file" {
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

// typeOf is the schema's type; of several the one that is not null, so that a chart may let nobody set a
// value.
func typeOf(s map[string]any) string {
	types := list(s["type"])
	for _, t := range types {
		if t != "null" && (len(types) == 1 || len(types) == 2 && slices.Contains(types, "null")) {
			return textOf(t)
		}
	}
	return text(s, "type")
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
	item, err := r.field(raw, f.name, where{"", at.depth + 1, at.own}, nil)
	if item.Kind == Unknown || err != nil {
		f.Kind = Unknown
		return err
	}
	if text(raw, "title") == "" {
		item.Title = "Value"
	}
	if item.Kind == Object {
		item.base = withDefaults(map[string]any{}, item.Fields)
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

// resolve follows $ref within the chart and takes in what allOf says of the same object. Keywords beside
// $ref win over those it leads to.
func (r *fieldReader) resolve(s map[string]any, depth int) (map[string]any, error) {
	if depth > maxSchemaDepth {
		return nil, fmt.Errorf("%s: $ref goes in a circle", schemaFile)
	}
	out := s
	if ref := text(s, "$ref"); ref != "" {
		target, err := r.follow(ref)
		if err != nil {
			return nil, err
		}
		if target, err = r.resolve(target, depth+1); err != nil {
			return nil, err
		}
		out = overlaid(target, s)
	}
	for _, raw := range list(s["allOf"]) {
		part, ok := raw.(map[string]any)
		if !ok || part["if"] != nil {
			continue
		}
		part, err := r.resolve(part, depth+1)
		if err != nil {
			return nil, err
		}
		out = overlaid(part, out)
	}
	return conditionAside(out), nil
}

// conditionAside moves an object's own condition among those of its allOf, where several can stand when
// schemas are laid over each other.
func conditionAside(s map[string]any) map[string]any {
	if s["if"] == nil {
		return s
	}
	rest, own := map[string]any{}, map[string]any{}
	for k, v := range s {
		switch k {
		case "if", "then", "else", whereKey:
			own[k] = v
		default:
			rest[k] = v
		}
	}
	rest["allOf"] = append(slices.Clone(list(rest["allOf"])), own)
	return rest
}

// follow finds the schema that an absolute reference leads to; see prepare.
func (r *fieldReader) follow(ref string) (map[string]any, error) {
	name, pointer, _ := strings.Cut(ref, "#")
	if strings.Contains(name, ":") || strings.HasPrefix(name, "..") || path.IsAbs(name) {
		return nil, fmt.Errorf("%s: $ref %q is not in this chart; only references to the chart's own files are followed", schemaFile, strings.TrimSuffix(ref, "#"))
	}
	root, err := r.file(name)
	if err != nil {
		return nil, fmt.Errorf("$ref %q: %w", ref, err)
	}
	if pointer != "" && !strings.HasPrefix(pointer, "/") {
		return nil, fmt.Errorf("%s: $ref %q leads nowhere; a reference is a path such as #/$defs/port", schemaFile, ref)
	}
	target, ok := lookUp(root, pointer)
	if !ok {
		return nil, fmt.Errorf("%s: $ref %q leads nowhere", schemaFile, ref)
	}
	return target, nil
}

// overlaid lays the keywords of over on those of base. Properties are laid over one by one, lists of
// names and of rules are joined; base keeps its order.
func overlaid(base, over map[string]any) map[string]any {
	both := make(map[string]any, len(base)+len(over))
	for k, v := range base {
		if k != "$ref" {
			both[k] = v
		}
	}
	for k, v := range over {
		switch old := both[k].(type) {
		case map[string]any:
			now, ok := v.(map[string]any)
			if k == "properties" && ok {
				v = overlaidProperties(old, now)
			}
		case []any:
			if k == "required" || k == "allOf" || k == rulesKey {
				v = slices.Concat(old, list(v))
			}
		case []string:
			now, _ := v.([]string)
			v = slices.Compact(slices.Concat(old, slices.DeleteFunc(slices.Clone(now), func(n string) bool { return slices.Contains(old, n) })))
		}
		if k != "$ref" {
			both[k] = v
		}
	}
	return both
}

func overlaidProperties(base, over map[string]any) map[string]any {
	both := map[string]any{}
	for name, v := range base {
		both[name] = v
	}
	for name, v := range over {
		old, hadSchema := both[name].(map[string]any)
		now, isSchema := v.(map[string]any)
		if hadSchema && isSchema && now["$ref"] == nil {
			v = overlaid(old, now)
			if ref := old["$ref"]; ref != nil {
				v.(map[string]any)["$ref"] = ref
			}
		}
		both[name] = v
	}
	return both
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
