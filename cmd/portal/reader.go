package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// reader reads a YAML document into values, and goes on after a mistake, so that all mistakes are
// told at once. It remembers the line of each key, for the checks that come afterwards.
type reader struct {
	problems
	lines map[string]int
}

// field reads the value of one key.
type field func(r *reader, key string, n ast.Node)

// fields are the keys that a mapping may have.
type fields map[string]field

func newReader(file string) *reader {
	return &reader{problems: problems{file: file}, lines: map[string]int{}}
}

// read parses data, which must be one mapping with these keys.
func (r *reader) read(data []byte, fs fields) {
	root, err := parse(data)
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line := 0
		if syntax.Token != nil && syntax.Token.Position != nil {
			line = syntax.Token.Position.Line
		}
		r.list = append(r.list, problem{line: line, says: "is not YAML: " + position.ReplaceAllString(syntax.Message, "in line $1")})
	case err != nil:
		r.list = append(r.list, problem{says: "is not YAML: " + err.Error()})
	case root != nil:
		r.mapping("", root, fs)
	}
}

// position is how the parser refers to another place of the file.
var position = regexp.MustCompile(`at \[(\d+):\d+\]`)

// parse gives the only document of a file; nil for an empty one.
func parse(data []byte) (root ast.Node, err error) {
	defer func() { // the parser is not proof against every input
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be parsed (%v)", p)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil {
			continue
		}
		if root != nil {
			return nil, errors.New("it holds more than one document")
		}
		root = doc.Body
	}
	return root, nil
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// wrong notes a problem with a key, at its line or at the line of what it should be in. A key that
// has one already, or stands in something that has, gets no second: it would only follow from the first.
func (r *reader) wrong(key, format string, args ...any) {
	for k := key; k != ""; k = parent(k) {
		if slices.ContainsFunc(r.list, func(p problem) bool { return p.key == k }) {
			return
		}
	}
	r.list = append(r.list, problem{line: r.line(key), key: key, says: fmt.Sprintf(format, args...)})
}

func (r *reader) line(key string) int {
	for ; key != ""; key = parent(key) {
		if n, ok := r.lines[key]; ok {
			return n
		}
	}
	return 0
}

// parent is what a key stands in: "targets[2]" for "targets[2].team", and then "targets".
func parent(key string) string {
	return key[:max(strings.LastIndexByte(key, '.'), strings.LastIndexByte(key, '['), 0)]
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func (r *reader) mapping(key string, n ast.Node, fs fields) {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.notA(key, n, "settings, each as “name: value”")
		return
	}
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		name, ok := it.Key().(*ast.StringNode)
		if !ok {
			r.notA(key, it.Key(), "names of settings as plain text")
			continue
		}
		full := join(key, name.Value)
		r.lines[full] = lineOf(name)
		read, known := fs[name.Value]
		switch {
		case !known:
			r.wrong(full, "there is no such setting; %s", suggestion(name.Value, slices.Sorted(maps.Keys(fs))))
		case seen[name.Value]:
			r.wrong(full, "is set twice")
		default:
			seen[name.Value] = true
			if _, empty := it.Value().(*ast.NullNode); !empty && it.Value() != nil {
				read(r, full, it.Value())
			}
		}
	}
}

// suggestion names the setting that was meant, or all that there are.
func suggestion(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) || distance(strings.ToLower(k), strings.ToLower(name)) <= 2 {
			return "did you mean " + k + "?"
		}
	}
	return "there are " + strings.Join(known, ", ")
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func (r *reader) notA(key string, n ast.Node, wanted string) {
	says := "must hold " + wanted
	switch n.(type) {
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode, *ast.MergeKeyNode:
		says += "; anchors, aliases and tags are not read"
	}
	r.list = append(r.list, problem{line: lineOf(n), key: key, says: says})
}

func section(fs fields) field {
	return func(r *reader, key string, n ast.Node) { r.mapping(key, n, fs) }
}

// list reads a sequence of mappings.
func list[T any](to *[]T, of func(*T) fields) field {
	return func(r *reader, key string, n ast.Node) {
		r.sequence(key, n, func(item string, n ast.Node) {
			var one T
			r.mapping(item, n, of(&one))
			*to = append(*to, one)
		})
	}
}

func texts(to *[]string) field {
	return func(r *reader, key string, n ast.Node) {
		*to = nil
		r.sequence(key, n, func(item string, n ast.Node) {
			var one string
			text(&one)(r, item, n)
			*to = append(*to, one)
		})
	}
}

func (r *reader) sequence(key string, n ast.Node, each func(key string, n ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.notA(key, n, "a list, each entry after a dash")
		return
	}
	for i, v := range s.Values {
		item := key + "[" + strconv.Itoa(i) + "]"
		r.lines[item] = lineOf(v)
		each(item, v)
	}
}

func text(to *string) field {
	return func(r *reader, key string, n ast.Node) {
		switch n := n.(type) {
		case *ast.StringNode:
			*to = n.Value
		case *ast.LiteralNode:
			*to = n.Value.Value
		default:
			r.notA(key, n, "text; a number or true or false needs quotes to be text")
		}
	}
}

func oneOf(to *string, values ...string) field {
	return func(r *reader, key string, n ast.Node) {
		var v string
		before := len(r.list)
		text(&v)(r, key, n)
		if len(r.list) > before {
			return
		}
		if !slices.Contains(values, v) {
			r.wrong(key, "%q is not one of %s", v, strings.Join(values, ", "))
			return
		}
		*to = v
	}
}

func duration(to *time.Duration, least, most time.Duration) field {
	return func(r *reader, key string, n ast.Node) {
		wanted := fmt.Sprintf("a time from %s to %s, such as 90m or 12h", words(least), words(most))
		s, ok := n.(*ast.StringNode)
		if !ok {
			r.notA(key, n, wanted)
			return
		}
		d, err := time.ParseDuration(s.Value)
		if err != nil || d < least || d > most {
			r.wrong(key, "%q must be %s", s.Value, wanted)
			return
		}
		*to = d
	}
}

// words writes a duration without the parts that are zero: 1h, not 1h0m0s.
func words(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "0s")
	if t := strings.TrimSuffix(s, "h0m"); t != s {
		return t + "h"
	}
	return s
}

func whole(to *int, least, most int) field {
	return func(r *reader, key string, n ast.Node) {
		i, ok := n.(*ast.IntegerNode)
		if v, err := strconv.Atoi(fmt.Sprint(valueOf(i, ok))); ok && err == nil && v >= least && v <= most {
			*to = v
			return
		}
		r.notA(key, n, fmt.Sprintf("a whole number from %d to %d", least, most))
	}
}

func boolean(to *bool) field {
	return func(r *reader, key string, n ast.Node) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.notA(key, n, "true or false")
			return
		}
		*to = b.Value
	}
}

func valueOf(i *ast.IntegerNode, ok bool) any {
	if !ok {
		return nil
	}
	return i.Value
}
