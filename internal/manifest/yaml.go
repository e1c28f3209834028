package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNotText is returned for a string that YAML cannot hold: one with a NUL, or one that is not UTF-8.
var ErrNotText = errors.New("the text holds a NUL or is not UTF-8")

// ErrTooDeep is returned for a value that is nested more than DepthLimit levels deep.
var ErrTooDeep = fmt.Errorf("the value is nested more than %d levels deep", DepthLimit)

// YAML writes o in the portal's canonical form, which Decode reads back to the same object:
//
//   - apiVersion, kind, metadata, name and namespace come first, status last, all other keys by alphabet;
//   - two spaces for a level, lists not indented;
//   - text of several lines as a literal block, so that a difference shows the line that changed;
//   - quotes around everything that any YAML parser, 1.1 or 1.2, could take for something else than text,
//     and escapes for characters that cannot be seen.
//
// The form is our own and not a library's, because plans that people signed are compared with it
// byte for byte: it must not move when a library does. It returns ErrNotText or ErrTooDeep.
func YAML(o Object) ([]byte, error) {
	if o == nil || o.Object == nil {
		return nil, errors.New("there is no object")
	}
	var e emitter
	e.root(o.Object)
	if e.err != nil {
		return nil, fmt.Errorf("%s: %w", RefOf(o), e.err)
	}
	return e.buf.Bytes(), nil
}

// YAML writes the objects of s in their order, each in canonical form, with a line "---" between two.
func (s Set) YAML() ([]byte, error) {
	var buf bytes.Buffer
	for i, o := range s {
		if i > 0 {
			buf.WriteString("---\n")
		}
		doc, err := YAML(o)
		if err != nil {
			return nil, err
		}
		buf.Write(doc)
	}
	return buf.Bytes(), nil
}

// emitter writes canonical YAML. The first error stays, so that callers need not ask at each step.
type emitter struct {
	buf bytes.Buffer
	err error
}

func (e *emitter) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *emitter) root(m map[string]any) {
	if len(m) == 0 {
		e.buf.WriteString("{}\n")
		return
	}
	e.mapping(m, 0, 0, false)
}

const spaces = "                                "

func (e *emitter) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		e.buf.WriteString(spaces)
	}
	e.buf.WriteString(spaces[:n])
}

// mapping writes the entries of m. In a list item the first one stands on the line of the dash.
func (e *emitter) mapping(m map[string]any, indent, depth int, inItem bool) {
	if depth >= DepthLimit {
		e.fail(ErrTooDeep)
		return
	}
	for i, k := range orderedKeys(m) {
		if i > 0 || !inItem {
			e.indent(indent)
		}
		e.key(k)
		switch v := m[k].(type) {
		case map[string]any:
			if len(v) == 0 {
				e.buf.WriteString(" {}\n")
				continue
			}
			e.buf.WriteByte('\n')
			e.mapping(v, indent+2, depth+1, false)
		case []any:
			if len(v) == 0 {
				e.buf.WriteString(" []\n")
				continue
			}
			e.buf.WriteByte('\n')
			e.sequence(v, indent, depth+1, false)
		default:
			e.buf.WriteByte(' ')
			e.scalar(v, indent+2)
		}
	}
}

// sequence writes the items of s, each behind a dash. In a list item the first stands on its line.
func (e *emitter) sequence(s []any, indent, depth int, inItem bool) {
	if depth >= DepthLimit {
		e.fail(ErrTooDeep)
		return
	}
	for i, item := range s {
		if i > 0 || !inItem {
			e.indent(indent)
		}
		e.buf.WriteString("- ")
		switch v := item.(type) {
		case map[string]any:
			if len(v) == 0 {
				e.buf.WriteString("{}\n")
				continue
			}
			e.mapping(v, indent+2, depth+1, true)
		case []any:
			if len(v) == 0 {
				e.buf.WriteString("[]\n")
				continue
			}
			e.sequence(v, indent+2, depth+1, true)
		default:
			e.scalar(v, indent+2)
		}
	}
}

// simpleKeyLimit is the most characters that YAML 1.2 (section 7.4.2) allows a key to have on one
// line with its value. No key of Kubernetes comes near it, so longer ones are refused.
const simpleKeyLimit = 1024

func (e *emitter) key(k string) {
	start := e.buf.Len()
	e.text(k)
	if e.buf.Len()-start > simpleKeyLimit {
		e.fail(fmt.Errorf("a key is longer than %d bytes", simpleKeyLimit))
	}
	e.buf.WriteByte(':')
}

// scalar writes one value and ends its line. The lines of a literal block are indented by indent.
func (e *emitter) scalar(v any, indent int) {
	switch v := v.(type) {
	case nil:
		e.buf.WriteString("null")
	case bool:
		e.buf.WriteString(strconv.FormatBool(v))
	case int64:
		e.buf.WriteString(strconv.FormatInt(v, 10))
	case int:
		e.buf.WriteString(strconv.Itoa(v))
	case int32:
		e.buf.WriteString(strconv.FormatInt(int64(v), 10))
	case float64:
		e.float(v)
	case json.Number:
		e.number(v)
	case string:
		if literalSafe(v) {
			e.literal(v, indent)
			return
		}
		e.text(v)
	default:
		e.fail(fmt.Errorf("a value of type %T is not JSON", v))
	}
	e.buf.WriteByte('\n')
}

// float writes v as JSON does, so that what stands in a plan is what is sent to the API server.
func (e *emitter) float(v float64) {
	b, err := json.Marshal(v)
	if err != nil {
		e.fail(errors.New("a number is not finite"))
		return
	}
	e.buf.Write(b)
}

// plainNumber is a number that every YAML parser reads as that number.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// number writes v as it is. Objects have none such; inputs have, and theirs are exact.
func (e *emitter) number(v json.Number) {
	if !plainNumber.MatchString(string(v)) {
		e.fail(fmt.Errorf("%q is not a decimal number", string(v)))
		return
	}
	e.buf.WriteString(string(v))
}

// literal writes s as a block: "|" keeps its one newline at the end, "|-" has none, "|+" several.
func (e *emitter) literal(s string, indent int) {
	e.buf.WriteByte('|')
	switch {
	case !strings.HasSuffix(s, "\n"):
		e.buf.WriteByte('-')
	case strings.HasSuffix(s, "\n\n"):
		e.buf.WriteByte('+')
	}
	e.buf.WriteByte('\n')
	for line := range strings.Lines(s) {
		if line != "\n" {
			e.indent(indent)
		}
		e.buf.WriteString(line)
	}
	if !strings.HasSuffix(s, "\n") {
		e.buf.WriteByte('\n')
	}
}

// text writes s on one line: plain if nobody can misread it, else in quotes.
func (e *emitter) text(s string) {
	switch {
	case !isText(s):
		e.fail(ErrNotText)
	case plainSafe(s):
		e.buf.WriteString(s)
	case strings.ContainsAny(s, `"\`) && !needsEscape(s):
		e.buf.WriteByte('\'')
		e.buf.WriteString(strings.ReplaceAll(s, `'`, `''`))
		e.buf.WriteByte('\'')
	default:
		e.doubleQuoted(s)
	}
}

func (e *emitter) doubleQuoted(s string) {
	e.buf.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			e.buf.WriteByte('\\')
			e.buf.WriteRune(r)
		case r == '\n':
			e.buf.WriteString(`\n`)
		case r == '\t':
			e.buf.WriteString(`\t`)
		case r == '\r':
			e.buf.WriteString(`\r`)
		case !unseen(r):
			e.buf.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&e.buf, `\U%08X`, r)
		default:
			fmt.Fprintf(&e.buf, `\u%04X`, r)
		}
	}
	e.buf.WriteByte('"')
}

// rank says which keys do not stand where the alphabet puts them. All others are 9.
var rank = map[string]int{"apiVersion": 1, "kind": 2, "metadata": 3, "name": 4, "namespace": 5, "status": 10}

func orderedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(a, b))
	})
	return keys
}

func rankOf(k string) int {
	if r, ok := rank[k]; ok {
		return r
	}
	return 9
}
