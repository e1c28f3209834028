package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What Decode takes at most.
const (
	SizeLimit   = 4 << 20 // bytes of text
	ObjectLimit = 500     // objects, those in lists included
	DepthLimit  = 100     // levels of nesting in one object
	aliasLimit  = 100_000 // values that aliases stand for, in one document
)

// DecodeError says what is wrong with a document, and where.
type DecodeError struct {
	Document int // from 1; empty documents count
	Line     int // from 1, in the whole text; 0 where no line is to blame
	Message  string
}

// Error is one sentence: "document 2, line 14: kind is missing".
func (e *DecodeError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("document %d: %s", e.Document, e.Message)
	}
	return fmt.Sprintf("document %d, line %d: %s", e.Document, e.Line, e.Message)
}

// document is one document as read: plain values, and where they began.
type document struct {
	number int
	line   int
	value  any
}

// Decode reads objects from YAML or JSON of any number of documents, in their order. Values mean
// what Kubernetes' own tools take them for. It is strict: it refuses a key that stands twice, a
// document that is no object, an object without apiVersion, kind or name, an object that stands
// twice, tags, and what is larger than the limits. A "kind: List" is replaced by its items. What it
// refuses it names in a *DecodeError.
func Decode(r io.Reader) (Set, error) {
	text, err := io.ReadAll(io.LimitReader(r, SizeLimit+1))
	if err != nil {
		return nil, fmt.Errorf("manifests cannot be read: %w", err)
	}
	docs, err := documents(text)
	if err != nil {
		return nil, err
	}
	c := collector{seen: map[string]int{}}
	for _, d := range docs {
		if d.value == nil {
			continue
		}
		if err := c.add(d, d.value, ""); err != nil {
			return nil, err
		}
	}
	return c.set, nil
}

func documents(text []byte) ([]document, error) {
	if len(text) > SizeLimit {
		return nil, &DecodeError{Document: 1, Message: fmt.Sprintf("the text is larger than %d MiB", SizeLimit>>20)}
	}
	if i := invalidAt(text); i >= 0 {
		return nil, &DecodeError{Document: 1, Line: lineAt(text, i), Message: "the text holds a NUL or is not UTF-8"}
	}
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		docs, err := jsonDocuments(text)
		if !errors.Is(err, errNotJSON) {
			return docs, err
		}
	}
	return yamlDocuments(text)
}

// invalidAt is where text stops being text, or -1.
func invalidAt(text []byte) int {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return i
	}
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

// lineAt is the number of the line in which the byte at offset stands.
func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

// collector gathers the objects of all documents.
type collector struct {
	set  Set
	seen map[string]int // group, kind, namespace and name → line
}

func (c *collector) add(d document, value any, where string) error {
	fail := func(format string, args ...any) error {
		return &DecodeError{Document: d.number, Line: d.line, Message: where + fmt.Sprintf(format, args...)}
	}
	m, ok := value.(map[string]any)
	if !ok {
		return fail("this is not an object: it has no fields such as apiVersion and kind")
	}
	if m["kind"] == "List" && m["apiVersion"] == "v1" {
		return c.addItems(d, m, where)
	}
	if msg := shapeProblem(m); msg != "" {
		return fail("%s", msg)
	}
	u := &unstructured.Unstructured{Object: m}
	if len(c.set) >= ObjectLimit {
		return fail("there are more than %d objects", ObjectLimit)
	}
	ref := RefOf(u)
	id := strings.Join([]string{ref.Group, ref.Kind, u.GetNamespace(), ref.Name}, "\x00")
	if line, dup := c.seen[id]; dup {
		return fail("%s stands here twice; it is in the document that begins at line %d too", ref, line)
	}
	c.seen[id] = d.line
	c.set = append(c.set, u)
	return nil
}

func (c *collector) addItems(d document, list map[string]any, where string) error {
	items, ok := list["items"].([]any)
	if !ok && list["items"] != nil {
		return &DecodeError{Document: d.number, Line: d.line, Message: where + "items is not a list"}
	}
	for i, item := range items {
		if err := c.add(d, item, fmt.Sprintf("%sitem %d: ", where, i+1)); err != nil {
			return err
		}
	}
	return nil
}

// shapeProblem says in what m is not a Kubernetes object, or "".
func shapeProblem(m map[string]any) string {
	for _, k := range []string{"apiVersion", "kind"} {
		if msg := textProblem(m, k, k); msg != "" {
			return msg
		}
	}
	if strings.Count(m["apiVersion"].(string), "/") > 1 {
		return fmt.Sprintf("apiVersion is %q; it should look like “v1” or “apps/v1”", m["apiVersion"])
	}
	meta, ok := m["metadata"].(map[string]any)
	if !ok {
		return "metadata is missing, or has no fields"
	}
	if msg := textProblem(meta, "name", "metadata.name"); msg != "" {
		return msg
	}
	if ns, set := meta["namespace"]; set {
		if _, ok := ns.(string); !ok && ns != nil {
			return "metadata.namespace is not text"
		}
	}
	for _, k := range []string{"labels", "annotations"} {
		if msg := textsProblem(meta, k); msg != "" {
			return msg
		}
	}
	return ""
}

func textProblem(m map[string]any, key, title string) string {
	v, set := m[key]
	if !set || v == nil || v == "" {
		return title + " is missing"
	}
	if _, ok := v.(string); !ok {
		return title + " is not text; put it in quotes"
	}
	return ""
}

func textsProblem(meta map[string]any, key string) string {
	if meta[key] == nil {
		return ""
	}
	m, ok := meta[key].(map[string]any)
	if !ok {
		return "metadata." + key + " is not a map of texts"
	}
	for _, k := range orderedKeys(m) {
		if _, ok := m[k].(string); !ok {
			return fmt.Sprintf("metadata.%s[%q] is not text; put its value in quotes", key, k)
		}
	}
	return ""
}
