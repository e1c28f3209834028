package change

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3" // as manifests and templates are read, so that a value means the same in all of them; ADR 9 is of the configuration alone

	"slipway.dev/slipway/internal/catalog"
)

// ReadDocuments reads the applications of a file: YAML, each in a document of its own. It is strict,
// since a key that nobody reads is a setting that somebody misses: unknown keys, keys that stand
// twice, anchors, aliases, tags, and words that YAML 1.1 takes for true or false and YAML 1.2 for text
// are refused. Numbers stay exactly as they are written.
//
// What is wrong is a DocumentErrors with all there is; the documents that nothing is wrong with come
// along, so that they can be looked at further. That a template, a team or an input exists is
// not looked at here: Template.Check and the configuration know.
func ReadDocuments(r io.Reader) ([]Document, error) {
	text, err := io.ReadAll(io.LimitReader(r, DocumentSizeLimit+1))
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	if len(text) > DocumentSizeLimit {
		return nil, DocumentErrors{{Message: fmt.Sprintf("it is larger than %d MiB", DocumentSizeLimit>>20)}}
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, DocumentErrors{{Message: "it is not text in UTF-8"}}
	}
	f := &documentReader{seen: map[AppKey]int{}}
	f.read(text)
	if len(f.wrong) == 0 && len(f.docs) == 0 {
		f.wrong = append(f.wrong, DocumentError{Message: "it holds no application; begin with template:, team:, environment:, name: and inputs:"})
	}
	if len(f.wrong) > 0 {
		slices.SortStableFunc(f.wrong, func(a, b DocumentError) int { return cmp.Compare(a.Line, b.Line) })
		return f.docs, f.wrong
	}
	return f.docs, nil
}

// documentReader gathers the documents of a file and all that is wrong with them.
type documentReader struct {
	docs  []Document
	seen  map[AppKey]int // → line
	wrong DocumentErrors
}

func (f *documentReader) read(text []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	count := 0
	for n := 1; ; n++ {
		var node yaml.Node
		err := dec.Decode(&node)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			f.wrong = append(f.wrong, notYAML(n, err))
			return // where the next document begins is not known
		}
		if len(node.Content) == 0 || isNull(node.Content[0]) {
			continue
		}
		if count++; count > DocumentLimit {
			f.wrong = append(f.wrong, DocumentError{Line: node.Line, Message: fmt.Sprintf("a file holds at most %d applications", DocumentLimit)})
			return
		}
		r := &docReader{file: f, doc: Document{number: n, lines: map[string]int{}}}
		before := len(f.wrong)
		if r.root(node.Content[0]); len(f.wrong) == before {
			f.docs = append(f.docs, r.doc)
		}
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

func notYAML(n int, err error) DocumentError {
	msg := err.Error()
	m := yamlLine.FindStringSubmatch(msg)
	line, _ := strconv.Atoi(m[1])
	return DocumentError{Document: n, Line: line, Message: "this is not YAML: " + msg[len(m[0]):]}
}

// docReader reads one document.
type docReader struct {
	file *documentReader
	doc  Document
}

func (r *docReader) fail(n *yaml.Node, field, format string, args ...any) {
	r.file.wrong = append(r.file.wrong, DocumentError{Document: r.doc.number, Line: n.Line, Field: field, Message: fmt.Sprintf(format, args...)})
}

// The fields of a document, in the order in which they are written.
var documentFields = []string{"template", "version", "team", "environment", "name", "inputs"}

func (r *docReader) root(n *yaml.Node) {
	r.doc.lines[""] = n.Line
	if n.Kind != yaml.MappingNode {
		r.fail(n, "", "an application has template:, version:, team:, environment:, name: and inputs:")
		return
	}
	before := len(r.file.wrong)
	texts := map[string]*string{
		"template": &r.doc.Template, "version": &r.doc.Version, "team": &r.doc.Team,
		"environment": &r.doc.Environment, "name": &r.doc.Name,
	}
	r.mapping(n, "", "", func(key, v *yaml.Node) {
		r.doc.lines[key.Value] = key.Line
		to, isText := texts[key.Value]
		switch {
		case isText:
			r.text(key.Value, v, to)
		case key.Value == "inputs":
			r.inputs(v)
		default:
			r.fail(key, key.Value, "there is no such field; there are %s", strings.Join(documentFields, ", "))
		}
	})
	sound := len(r.file.wrong) == before
	for _, name := range documentFields {
		if to := texts[name]; to != nil && *to == "" && name != "version" && sound {
			r.fail(n, name, "is missing")
		}
	}
	if len(r.file.wrong) == before {
		r.once(n)
	}
}

// once sees to it that an application is described once in a file.
func (r *docReader) once(n *yaml.Node) {
	key := r.doc.Draft().App
	if line, again := r.file.seen[key]; again {
		r.fail(n, "name", "%s of %s is in this file already, in the document that begins at line %d", key.Name, key.Target, line)
		return
	}
	r.file.seen[key] = n.Line
}

func (r *docReader) text(field string, n *yaml.Node, to *string) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.fail(n, field, "must be text")
		return
	}
	v := r.scalar(n, field)
	if s, ok := v.(string); ok {
		*to = s
		return
	}
	if v != nil { // nil was refused already
		r.fail(n, field, "must be text; write %q in quotes", n.Value)
	}
}

func (r *docReader) inputs(n *yaml.Node) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "inputs", "must hold the form's fields, each as “name: value”")
		return
	}
	if m, ok := r.value(n, "", 0).(map[string]any); ok && len(m) > 0 {
		r.doc.Inputs = catalog.Inputs(m)
	}
}

// mapping goes through the keys of n. pointer and field say where it stands.
func (r *docReader) mapping(n *yaml.Node, pointer, field string, each func(key, v *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		switch line, again := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || tagged(key) || key.Tag == "!!merge":
			r.fail(key, field, "its names must be plain text; anchors, aliases and tags are not read")
		case strings.ContainsRune(key.Value, 0):
			r.fail(key, field, "a name holds a NUL, which no text here can; take it out")
		case again:
			r.fail(key, joinField(pointer, field, key.Value), "is set twice; it is in line %d too", line)
		default:
			seen[key.Value] = key.Line
			each(key, v)
		}
	}
}

func joinField(pointer, field, name string) string {
	if field == "" {
		return name
	}
	return FieldName(pointer + "/" + escape(name))
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// value makes plain data of a node below the inputs. What is wrong with it is noted; the value is nil then.
func (r *docReader) value(n *yaml.Node, pointer string, depth int) any {
	field := FieldName(pointer)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || tagged(n):
		r.fail(n, field, "anchors, aliases and tags are not read; write the value out")
		return nil
	case depth > documentDepth:
		r.fail(n, field, "it is nested more than %d levels deep", documentDepth)
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		r.mapping(n, pointer, field, func(key, v *yaml.Node) {
			at := pointer + "/" + escape(key.Value)
			r.doc.lines[at] = key.Line
			m[key.Value] = r.value(v, at, depth+1)
		})
		return m
	case yaml.SequenceNode:
		l := make([]any, len(n.Content))
		for i, v := range n.Content {
			at := pointer + "/" + strconv.Itoa(i)
			r.doc.lines[at] = v.Line
			l[i] = r.value(v, at, depth+1)
		}
		return l
	}
	return r.scalar(n, field)
}

// tagged tells whether somebody wrote a tag, as opposed to the parser having worked one out.
func tagged(n *yaml.Node) bool { return n.Style&yaml.TaggedStyle != 0 }

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && slices.Contains([]string{"", "~", "null", "Null", "NULL"}, n.Value)
}

// oldWords are text in YAML 1.2 and true or false in YAML 1.1, which Kubernetes' tools read.
var oldWords = []string{"y", "n", "yes", "no", "on", "off"}

// notDecimal are the numbers that YAML parsers read in different ways: octal, hexadecimal and binary,
// with underscores, with an exponent, infinite.
var (
	decimal    = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	notDecimal = regexp.MustCompile(`^[-+]?(0[0-9_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.[iI][nN][fF])$|^\.[nN][aA][nN]$`)
)

func (r *docReader) scalar(n *yaml.Node, field string) any {
	s := n.Value
	switch {
	case n.Kind != yaml.ScalarNode || n.Anchor != "" || tagged(n):
		r.fail(n, field, "anchors, aliases and tags are not read; write the value out")
		return nil
	case strings.ContainsRune(s, 0):
		r.fail(n, field, "holds a NUL, which no text here can; take it out")
		return nil
	case n.Style != 0: // quoted, or a block
		return s
	case isNull(n):
		return nil
	case slices.Contains(oldWords, strings.ToLower(s)):
		r.fail(n, field, "%s is text to some and true or false to others; write %q in quotes, or true or false", s, s)
		return nil
	case decimal.MatchString(s):
		return json.Number(strings.TrimPrefix(s, "+"))
	case notDecimal.MatchString(s):
		r.fail(n, field, "%s is read as different numbers by different tools; write it in decimal, or in quotes if it is text", s)
		return nil
	}
	switch s {
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	return s
}
