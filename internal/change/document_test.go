package change

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

const twoDocuments = `# what we run
template: web-service
version: 1.2.0
team: coequal
environment: production
name: coequal
inputs:
  image: "registry.example.com/coequal:1.0"
  replicas: 3
  ratio: 0.10
  big: 123456789012345678901234567890
  since: 2026-01-02
  on: false
  env:
    - {name: A, value: "1"}
    - name: B
      value: |
        first
        second
  secrets:
    KEY: null
    EMPTY: ""
---
---
template: web-service
team: coequal
environment: staging
name: coequal
`

func TestReadDocuments(t *testing.T) {
	docs, err := ReadDocuments(strings.NewReader(strings.Replace(twoDocuments, "  on: false", "  \"on\": false", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 {
		t.Fatalf("%d documents", len(docs))
	}
	want := catalog.Inputs{
		"image": "registry.example.com/coequal:1.0", "replicas": json.Number("3"), "ratio": json.Number("0.10"),
		"big": json.Number("123456789012345678901234567890"), "since": "2026-01-02", "on": false,
		"env":     []any{map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": "first\nsecond\n"}},
		"secrets": map[string]any{"KEY": nil, "EMPTY": ""},
	}
	if !reflect.DeepEqual(docs[0].Inputs, want) {
		t.Errorf("inputs are %#v", docs[0].Inputs)
	}
	d := docs[0].Draft()
	if d.Kind != Create || d.App.Team != "coequal" || d.App.Environment != "production" || d.App.Name != "coequal" ||
		d.Template != (catalog.TemplateID{Name: "web-service", Version: "1.2.0"}) {
		t.Errorf("the draft is %+v", d)
	}
	for at, line := range map[string]int{
		"/env/1/value": 17, "/env/1/value/deeper": 17, "/env/0": 15, "/secrets/KEY": 21, "/not/there": 7, "team": 4, "name": 6, "": 2,
	} {
		if got := docs[0].Line(at); got != line {
			t.Errorf("%q is in line %d, want %d", at, got, line)
		}
	}
	if docs[1].Draft().Template.Version != "" || docs[1].Number() != 3 || docs[1].Line("/image") != 25 {
		t.Errorf("the second is %+v", docs[1])
	}
}

func TestReadDocumentsRefuses(t *testing.T) {
	const head = "template: a\nteam: b\nenvironment: c\nname: d\n"
	for name, row := range map[string]struct{ text, says string }{
		"nothing":         {"", "it holds no application"},
		"only a comment":  {"# hello\n---\n", "it holds no application"},
		"not YAML":        {"a: [", "line 1: document 1: this is not YAML"},
		"second not YAML": {head + "---\na: b: c\n", "line 6: document 2: this is not YAML"},
		"a list":          {"- a\n", "line 1: document 1: an application has template:"},
		"missing fields":  {"template: a\nname: d\n", "team: is missing\nline 1: document 1: environment: is missing"},
		"unknown field":   {head + "input: {}\n", "line 5: document 1: input: there is no such field; there are template, version"},
		"twice":           {head + "name: e\n", "line 5: document 1: name: is set twice; it is in line 4 too"},
		"twice in inputs": {head + "inputs:\n  a: {b: 1, b: 2}\n", "line 6: document 1: inputs.a.b: is set twice"},
		"number as text":  {"template: a\nversion: 1.0\nteam: b\nenvironment: c\nname: d\n", `line 2: document 1: version: must be text; write "1.0" in quotes`},
		"null as text":    {head + "version:\n", "version: must be text"},
		"no":              {head + "inputs:\n  a: no\n", `line 6: document 1: inputs.a: no is text to some and true or false to others; write "no" in quotes`},
		"octal":           {head + "inputs:\n  mode: 0644\n", "inputs.mode: 0644 is read as different numbers"},
		"hexadecimal":     {head + "inputs:\n  mode: 0x1F\n", "0x1F is read"},
		"exponent":        {head + "inputs:\n  n: 1e9\n", "1e9 is read"},
		"underscores":     {head + "inputs:\n  n: 1_000\n", "1_000 is read"},
		"infinite":        {head + "inputs:\n  n: -.inf\n", "-.inf is read"},
		"anchor":          {head + "inputs:\n  n: &a 1\n", "inputs.n: anchors, aliases and tags are not read"},
		"alias":           {head + "inputs:\n  n: &a {x: 1}\n  m: *a\n", "line 7: document 1: inputs.m: anchors"},
		"tag":             {head + "inputs:\n  n: !!str 1\n", "inputs.n: anchors, aliases and tags"},
		"merge key":       {head + "inputs:\n  <<: {a: 1}\n", "inputs: its names must be plain text"},
		"inputs a list":   {head + "inputs: [1]\n", "inputs: must hold the form's fields"},
		"same app":        {head + "---\n" + head, "line 6: document 2: name: d of b / c is in this file already, in the document that begins at line 1"},
		"several at once": {head + "x: 1\ninputs:\n  a: yes\n", "line 7: document 1: inputs.a"},
		"strange names":   {head + "inputs: {\"a/b.c\": {x~y: [0, off]}}\n", `inputs["a/b.c"]["x~y"][1]: off is text`},
		"deep":            {head + "inputs: {a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "}\n", "nested more than 40 levels"},
		"not UTF-8":       {"template: \xff\n", "it is not text in UTF-8"},
		"too large":       {"# " + strings.Repeat("x", DocumentSizeLimit), "it is larger than 1 MiB"},
		"too many":        {strings.Repeat("x: 1\n---\n", 120), "a file holds at most 100 applications"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadDocuments(strings.NewReader(row.text))
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%q is not in %v", row.says, err)
			}
		})
	}
}

func TestWriteDocument(t *testing.T) {
	d := Document{
		Template: "web-service", Version: "1.10", Team: "on", Environment: "123", Name: "null",
		Inputs: catalog.Inputs{
			"n": json.Number("0.10"), "yes": "no", "text": "a\nb\n", "empty": map[string]any{}, "none": []any{},
			"secrets": map[string]any{"KEY": "slipway-secret-" + strings.Repeat("a", 52), "EMPTY": "", "UNSET": nil},
		},
	}
	var b bytes.Buffer
	if err := WriteDocument(&b, d); err != nil {
		t.Fatal(err)
	}
	const want = `template: web-service
version: "1.10"
team: "on"
environment: "123"
name: "null"
inputs:
  empty: {}
  "n": 0.10
  none: []
  secrets:
    EMPTY: ""
    KEY: null
    UNSET: null
  text: |
    a
    b
  "yes": "no"
`
	if b.String() != want {
		t.Errorf("it is\n%s", b.String())
	}
}

// Whatever the reader takes, the writer writes so that the reader takes the same.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(twoDocuments))
	f.Add([]byte("template: a\nteam: b\nenvironment: c\nname: d\ninputs: {a: -1.50, b: [null, \"x\\u0085\", {}], \"\": ' '}\n"))
	f.Add([]byte("template: a\nteam: b\nenvironment: c\nname: d\ninputs: {? [a] : b}\n"))
	f.Add([]byte("template: a\nteam: b\nenvironment: c\nname: d\ninputs: {a: \"x\\0\"}\n"))
	f.Add([]byte("template: a\nteam: b\nenvironment: c\nname: d\ninputs: {\"x\\0\": a}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		docs, err := ReadDocuments(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, d := range docs {
			var b bytes.Buffer
			if err := WriteDocument(&b, d); err != nil {
				if strings.Contains(err.Error(), "longer than") { // a key of a kilobyte is no field's name
					continue
				}
				t.Fatalf("%v of %q", err, text)
			}
			again, err := ReadDocuments(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatalf("%v in\n%s", err, b.String())
			}
			d.Inputs, _ = withoutTokens(map[string]any(d.Inputs)).(map[string]any)
			got := again[0]
			if len(d.Inputs) == 0 && len(got.Inputs) == 0 {
				d.Inputs, got.Inputs = nil, nil
			}
			d.number, d.lines, got.number, got.lines = 0, nil, 0, nil
			if !reflect.DeepEqual(got, d) {
				t.Fatalf("%#v became %#v by\n%s", d, got, b.String())
			}
		}
	})
}
