package catalog

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled is a schema as the validator has it, nil if it is none.
func compiledSchema(t testing.TB, text string) (*jsonschema.Schema, any) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		return nil, nil
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(chartLoader{})
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("slipway:///a", doc); err != nil {
		return nil, nil
	}
	s, err := c.Compile("slipway:///a")
	if err != nil {
		return nil, nil
	}
	return s, doc
}

var simpleConditions = []string{
	`{"properties": {"kind": {"const": "web"}}, "required": ["kind"]}`, `{"properties": {"kind": {"enum": ["web", "job"]}}}`,
	`{"properties": {"on": {"const": true}}, "required": ["on", "kind"]}`, `{"required": ["none"]}`, `{}`, `true`,
	`{"properties": {"in": {"properties": {"on": {"const": false}}, "required": ["on"]}}, "required": ["in"]}`,
	`{"title": "x", "properties": {"kind": true}}`, `{"const": "web"}`, `{"enum": []}`,
}

var otherConditions = []string{
	`{"properties": {"n": {"const": 1}}}`, `{"properties": {"kind": {"pattern": "^w"}}}`, `{"anyOf": [{"required": ["kind"]}]}`, `{"type": "object"}`,
	`{"enum": [null]}`, `{"const": {}}`, `{"not": {}}`, `{"$ref": "#/$defs/a", "$defs": {"a": {"required": ["z"]}}}`, `false`, `{"required": ["a"], "properties": {"a": false}}`,
}

var conditionValues = []string{
	`{"kind": "web", "on": true}`, `{"kind": "job"}`, `{"kind": 1}`, `{"kind": ["web"]}`, `{"kind": null}`, `{}`, `{"on": false, "kind": "x"}`,
	`{"in": {"on": false}}`, `{"in": {"on": true}}`, `{"in": {}}`, `{"in": "text"}`, `"web"`, `[]`, `null`, `{"n": 1.0}`, `{"kind": {"kind": "web"}}`,
}

// A predicate says what the validator says, and is made of nothing that it cannot tell.
func TestPredicates(t *testing.T) {
	for _, text := range simpleConditions {
		s, doc := compiledSchema(t, text)
		if s == nil && text != `{"enum": []}` {
			t.Errorf("%s is no schema", text)
		}
		p := predicateOf(doc)
		if p == nil && s != nil {
			t.Errorf("%s has no predicate", text)
		}
		for _, value := range conditionValues {
			samePredicate(t, text, value)
		}
	}
	for _, text := range otherConditions {
		if s, doc := compiledSchema(t, text); s == nil || predicateOf(doc) != nil {
			t.Errorf("%s: schema %v, predicate %v", text, s, predicateOf(doc))
		}
	}
}

func samePredicate(t testing.TB, schema, value string) {
	t.Helper()
	s, doc := compiledSchema(t, schema)
	p := predicateOf(doc)
	if s == nil || p == nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader([]byte(value)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return
	}
	if want, got := s.Validate(v) == nil, p.holds(v, nil); want != got {
		t.Errorf("%s on %s: the validator says %t, the predicate %t", schema, value, want, got)
	}
}

func FuzzPredicate(f *testing.F) {
	for _, schema := range append(append([]string{}, simpleConditions...), otherConditions...) {
		for _, value := range conditionValues {
			f.Add(schema, value)
		}
	}
	f.Fuzz(func(t *testing.T, schema, value string) { samePredicate(t, schema, value) })
}
