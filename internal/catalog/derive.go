package catalog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// derive makes a schema of a chart's values.yaml, for charts that have none of their own: the types are
// those of the values, what stands above a key is its description, and everything is optional. It says
// less than a person would, and shows at once what the chart takes.
//
// A key whose value says nothing (an empty map or list) gets the shape that Kubernetes gives it, where its
// name is one of Kubernetes' own; see shapes. The text is indented JSON in the order of values.yaml, the
// image first, so that an author can go on from it.
func derive(values []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(values, &doc); err != nil {
		return nil, fmt.Errorf("values.yaml: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	root := jsonObject{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"type", "object"}, {completeKey, false}}
	if len(doc.Content) > 0 {
		if doc.Content[0].Kind != yaml.MappingNode {
			return nil, errors.New("values.yaml is no map, so no form can be made of it")
		}
		d := &deriver{params: params(values)}
		properties, err := d.properties(doc.Content[0], "", 0)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(properties, func(a, b jsonMember) int { return rankOf(a.Key) - rankOf(b.Key) })
		for i, p := range properties {
			if s := p.Value.(jsonObject); rankOf(p.Key) > 0 {
				properties[i].Value = append(s, jsonMember{"x-ui-advanced", true})
			}
		}
		root = append(root, jsonMember{"properties", properties})
	} else {
		root = append(root, jsonMember{"properties", jsonObject{}})
	}
	return json.MarshalIndent(root, "", "  ")
}

// rankOf puts what everybody sets before all else.
func rankOf(key string) int {
	if strings.Contains(strings.ToLower(key), "image") && !strings.HasPrefix(key, "imagePull") {
		return 0
	}
	if slices.Contains([]string{"replicaCount", "replicas", "host", "hostname", "domain"}, key) {
		return 0
	}
	return 1
}

// deriver counts what it makes, so that aliases cannot make a small file a large schema.
type deriver struct {
	count  int
	params map[string]string // descriptions by dotted path, see params
}

func (d *deriver) properties(m *yaml.Node, at string, depth int) (jsonObject, error) {
	all := jsonObject{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		if depth == 0 && key.Value == Reserved || key.Tag == "!!merge" {
			continue
		}
		path := strings.TrimPrefix(at+"."+key.Value, ".")
		s, err := d.schema(path, value, depth+1)
		if err != nil {
			return nil, err
		}
		if help := cmp.Or(d.params[path], commentOf(key, value)); help != "" {
			s = append(s, jsonMember{"description", help})
		}
		all = append(all, jsonMember{key.Value, s})
	}
	return all, nil
}

// schema describes one value, at a dotted path.
func (d *deriver) schema(at string, v *yaml.Node, depth int) (jsonObject, error) {
	if d.count++; d.count > maxFields {
		return nil, tooMuch("values.yaml", maxFields, "values")
	}
	for v.Kind == yaml.AliasNode {
		v = v.Alias
	}
	if depth > maxSchemaDepth {
		return jsonObject{}, nil
	}
	switch v.Kind {
	case yaml.MappingNode:
		return d.mapping(at, v, depth)
	case yaml.SequenceNode:
		return d.sequence(at, v, depth)
	}
	return scalar(lastOf(at), v), nil
}

// lastOf is the key at the end of a dotted path.
func lastOf(path string) string { return path[strings.LastIndex(path, ".")+1:] }

func scalar(name string, v *yaml.Node) jsonObject {
	switch v.Tag {
	case "!!bool":
		return jsonObject{{"type", "boolean"}}
	case "!!null":
		return secretly(name, jsonObject{{"type", []string{"string", "null"}}})
	case "!!int":
		return jsonObject{{"type", "integer"}}
	case "!!float":
		return jsonObject{{"type", "number"}}
	}
	if v.Style == 0 && switches.MatchString(v.Value) {
		return jsonObject{{"type", "boolean"}} // in YAML 1.1, as Helm reads it
	}
	s := jsonObject{{"type", "string"}}
	if strings.Contains(strings.TrimSpace(v.Value), "\n") && !looksSecret(name) {
		return append(s, jsonMember{"x-ui-widget", "multiline"})
	}
	return secretly(name, s)
}

var switches = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`)

// secretly marks a text as secret if it has the name of one.
func secretly(name string, s jsonObject) jsonObject {
	if looksSecret(name) {
		s = append(s, jsonMember{"x-ui-secret", true})
	}
	return s
}

func (d *deriver) mapping(at string, v *yaml.Node, depth int) (jsonObject, error) {
	if s, ok := shapeOf(lastOf(at), v); ok {
		return s, nil
	}
	if len(v.Content) == 0 {
		return jsonObject{{"type", "object"}, {"additionalProperties", jsonObject{{"type", "string"}}}}, nil
	}
	properties, err := d.properties(v, at, depth)
	return jsonObject{{"type", "object"}, {"properties", properties}}, err
}

// sequence describes a list by all its items together: what one of them has, each may have.
func (d *deriver) sequence(at string, v *yaml.Node, depth int) (jsonObject, error) {
	if s, ok := shapeOf(lastOf(at), v); ok {
		return s, nil
	}
	s := jsonObject{{"type", "array"}}
	if len(v.Content) == 0 {
		return append(s, jsonMember{"items", jsonObject{{"type", "string"}}}), nil
	}
	var item jsonObject
	for _, n := range v.Content {
		next, err := d.schema(at, n, depth+1)
		if err != nil {
			return nil, err
		}
		var ok bool
		if item, ok = together(item, next); !ok {
			return s, nil // items of several kinds: a form cannot show them
		}
	}
	return append(s, jsonMember{"items", item}), nil
}

// together describes items of which some are as a and some as b.
func together(a, b jsonObject) (jsonObject, bool) {
	if a == nil {
		return b, true
	}
	if a.get("type") != b.get("type") {
		return nil, false
	}
	have, isObject := a.get("properties").(jsonObject)
	more, _ := b.get("properties").(jsonObject)
	if !isObject {
		return a, true
	}
	for _, m := range more {
		if have.get(m.Key) == nil {
			have = append(have, m)
		}
	}
	return jsonObject{{"type", "object"}, {"properties", have}}, true
}

var secretWords = regexp.MustCompile(`(?i)(^|[a-z0-9_.-])(password|passwd|passphrase|secret|token|credentials|(api|secret|private|access|encryption|signing|session|auth|master)[-_.]?key)$`)

// looksSecret tells whether a key's name is that of a secret value. A name that only refers to one, as
// existingSecret and tokenPath do, is none.
func looksSecret(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "existing") || strings.HasPrefix(lower, "public") || strings.HasSuffix(lower, "pullsecret") || strings.HasSuffix(lower, "tlssecret") {
		return false
	}
	return secretWords.MatchString(name)
}

// jsonObject is a JSON object whose members keep their order.
type jsonObject []jsonMember

type jsonMember struct {
	Key   string
	Value any
}

func (o jsonObject) get(key string) any {
	for _, m := range o {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// MarshalJSON writes the members in their order.
func (o jsonObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
