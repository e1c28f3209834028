package author

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// schema looks at one schema. siblings are the properties beside it, nil where it is no property.
func (w *schemaWalk) schema(at string, s any, siblings map[string]any) {
	m, ok := s.(map[string]any)
	if !ok {
		return // true and false are schemas too
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		here := at + "/" + escape(key)
		holds, known := keywords[key]
		if !known {
			w.unknown(here, key)
			continue
		}
		switch holds {
		case schema:
			w.schema(here, m[key], nil)
		case schemas:
			for i, one := range asList(m[key]) {
				w.schema(fmt.Sprintf("%s/%d", here, i), one, nil)
			}
		case named:
			inner, _ := m[key].(map[string]any)
			var beside map[string]any
			if key == "properties" {
				beside = inner
			}
			for _, name := range slices.Sorted(maps.Keys(inner)) {
				w.schema(here+"/"+escape(name), inner[name], beside)
			}
		}
	}
	w.types(at, m)
	w.words(at, m)
	w.secret(at, m)
	w.picker(at, m, siblings)
	w.presets(at, m)
	w.defaults(at, m)
	w.required(at, m)
	w.rules(at, m)
}

func (w *schemaWalk) unknown(at, key string) {
	if strings.HasPrefix(key, "x-") && !strings.HasPrefix(key, "x-ui-") && !strings.HasPrefix(key, "x-kubernetes-") {
		return // somebody's own
	}
	w.say(at, "there is no keyword %s; %s", key, meantKeyword(key))
}

// types looks at the values of keywords that take true or false, or text.
func (w *schemaWalk) types(at string, m map[string]any) {
	for _, key := range flags {
		if v, set := m[key]; set {
			if _, ok := v.(bool); !ok {
				w.say(at+"/"+key, "%s must be true or false", key)
			}
		}
	}
	for _, key := range words {
		if v, set := m[key]; set {
			if _, ok := v.(string); !ok {
				w.say(at+"/"+key, "%s must be text", key)
			}
		}
	}
	if p, ok := m["pattern"].(string); ok {
		if _, err := regexp.Compile(p); err != nil {
			w.say(at+"/pattern", "pattern cannot be used: %v", err)
		}
	}
}

// words looks at what people read, and at what chooses among things that there are.
func (w *schemaWalk) words(at string, m map[string]any) {
	if v, ok := m["x-ui-widget"].(string); ok && !slices.Contains(widgets, v) {
		w.say(at+"/x-ui-widget", "there is no widget %q; %s", v, meant(v, widgets))
	}
	if v, ok := m["x-ui-section"].(string); ok && w.sections != nil && !slices.Contains(w.sections, v) {
		w.say(at+"/x-ui-section", "there is no section %q in x-ui-sections; %s", v, meant(v, w.sections))
	}
	if _, has := m["pattern"]; has && m["x-ui-pattern-help"] == nil && m["examples"] == nil && m["x-ui-placeholder"] == nil && !w.isPart(at) {
		w.say(at+"/pattern", "a pattern needs x-ui-pattern-help, which says what to type instead, or examples")
	}
	for _, key := range []string{"x-ui-enum-titles", "x-ui-enum-help"} {
		said, ok := m[key].(map[string]any)
		if _, set := m[key]; set && !ok {
			w.say(at+"/"+key, "%s must hold a text for each value", key)
		}
		values := namesOf(asList(m["enum"]))
		for name := range said {
			if !slices.Contains(values, name) && m["$ref"] == nil {
				w.say(at+"/"+key+"/"+escape(name), "%s names %q, which is no value of enum; %s", key, name, meant(name, values))
			}
		}
	}
}

// isPart tells of a schema that is no field: a condition, or one of several alternatives.
func (w *schemaWalk) isPart(at string) bool {
	for _, part := range []string{"/if", "/not", "/anyOf/", "/oneOf/", "/contains", "/propertyNames"} {
		if strings.Contains(at+"/", part+"/") || strings.HasSuffix(part, "/") && strings.Contains(at, part) {
			return true
		}
	}
	return false
}

var generated = regexp.MustCompile(`^(hex|base64):[1-9][0-9]{0,3}$`)

func (w *schemaWalk) secret(at string, m map[string]any) {
	if m["x-ui-secret"] == true && m["default"] != nil && m["default"] != "" {
		w.say(at+"/default", "a secret has no default: everybody who reads the chart would know it")
	}
	v, ok := m["x-ui-generate"].(string)
	if !ok {
		return
	}
	if !generated.MatchString(v) {
		w.say(at+"/x-ui-generate", "x-ui-generate is %q; write hex: or base64: and a number of bytes, such as hex:32", v)
	}
	if m["x-ui-secret"] != true && m["$ref"] == nil {
		w.say(at+"/x-ui-generate", "x-ui-generate is for fields with x-ui-secret: true")
	}
}

func (w *schemaWalk) picker(at string, m map[string]any, siblings map[string]any) {
	raw, set := m["x-ui-picker"]
	if !set {
		return
	}
	at += "/x-ui-picker"
	p, ok := raw.(map[string]any)
	if !ok {
		w.say(at, `x-ui-picker must be an object, such as {"kind": "Secret"}`)
		return
	}
	for key := range p {
		if !slices.Contains(pickerWords, key) {
			w.say(at+"/"+escape(key), "x-ui-picker has no %q; %s", key, meant(key, pickerWords))
		}
	}
	kind, _ := p["kind"].(string)
	of, _ := p["of"].(string)
	switch {
	case !slices.Contains(pickerKinds, kind):
		w.say(at+"/kind", "x-ui-picker has no kind %q; %s", kind, meant(kind, pickerKinds))
	case slices.Contains(pickersOf, kind) && of == "":
		w.say(at, "a picker of kind %s needs of: the field that names the object", kind)
	case of != "" && !slices.Contains(pickersOf, kind):
		w.say(at+"/of", "of is for %s", strings.Join(pickersOf, ", "))
	case p["keys"] != nil && kind != "ServiceURL":
		w.say(at+"/keys", "keys is for ServiceURL")
	case p["type"] != nil && kind != "Secret" && kind != "SecretKey":
		w.say(at+"/type", "type is for Secrets")
	}
	if of == "" {
		return
	}
	if strings.HasPrefix(of, "/") {
		if !w.leads(of) {
			w.say(at+"/of", "of is %q, and no field is there", of)
		}
		return
	}
	if _, there := siblings[of]; siblings != nil && !there {
		w.say(at+"/of", "of is %q, and no field beside it has that name; %s", of, meant(of, slices.Sorted(maps.Keys(siblings))))
	}
}

// leads tells whether a pointer into the values leads to a property. Behind a $ref it may.
func (w *schemaWalk) leads(pointer string) bool {
	if w.file != schemaFile {
		return true // it is part of another schema's values
	}
	s := w.root
	for _, step := range strings.Split(pointer[1:], "/") {
		if s["$ref"] != nil || s["allOf"] != nil || s["then"] != nil {
			return true
		}
		props, _ := s["properties"].(map[string]any)
		next, ok := props[step].(map[string]any)
		if !ok {
			return false
		}
		s = next
	}
	return true
}

var ofSelf = regexp.MustCompile(`\bself\.([A-Za-z_][A-Za-z0-9_]*)\b(\s*\()?`)

// rules looks for names in rules that are no properties: such a rule can never be worked out, and then it
// says nothing. That a rule cannot be compiled is said by loading.
func (w *schemaWalk) rules(at string, m map[string]any) {
	if m["additionalProperties"] != false && m["unevaluatedProperties"] != false {
		return // it may be part of another object, whose properties the rule asks for
	}
	names := map[string]bool{}
	if !declared(m, names, 0) || len(names) == 0 {
		return
	}
	for i, v := range asList(m["x-kubernetes-validations"]) {
		one, _ := v.(map[string]any)
		for _, key := range []string{"rule", "messageExpression"} {
			text, _ := one[key].(string)
			for _, found := range ofSelf.FindAllStringSubmatch(text, -1) {
				if found[2] == "" && !names[found[1]] {
					w.say(fmt.Sprintf("%s/x-kubernetes-validations/%d/%s", at, i, key), "the rule asks for self.%s, and there is no such property; %s",
						found[1], meant(found[1], slices.Sorted(maps.Keys(names))))
				}
			}
		}
	}
}

// declared collects the properties of an object, those under conditions too. It is false where some are in
// another place, behind a $ref.
func declared(m map[string]any, names map[string]bool, depth int) bool {
	if m["$ref"] != nil || depth > positionDepth {
		return false
	}
	props, _ := m["properties"].(map[string]any)
	for name := range props {
		names[name] = true
	}
	parts := slices.Clone(asList(m["allOf"]))
	for _, key := range []string{"then", "else"} {
		parts = append(parts, m[key])
	}
	for _, part := range parts {
		if inner, ok := part.(map[string]any); ok && !declared(inner, names, depth+1) {
			return false
		}
	}
	return true
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

func namesOf(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}
