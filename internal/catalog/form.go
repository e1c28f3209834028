package catalog

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"slipway.dev/slipway/internal/manifest"
)

// node is a part of the names of a posted form: "in/env/0/key" is a node "key" in a node "0" and so on.
type node struct {
	values []string
	kids   map[string]*node
	used   bool
}

// last is the value that counts when a name is posted several times: a switch posts a hidden
// "false" and then, if it is on, "true".
func (n *node) last() (string, bool) {
	if n == nil || len(n.values) == 0 {
		return "", false
	}
	n.used = true
	return n.values[len(n.values)-1], true
}

func (n *node) kid(token string) *node {
	if n == nil || n.kids[token] == nil {
		return nil
	}
	k := n.kids[token]
	k.used = true
	return k
}

// rows are the numbers under which rows were posted, ascending.
func (n *node) rows() []int {
	if n == nil {
		return nil
	}
	var rows []int
	for token := range n.kids {
		if i, ok := rowIndex(token); ok {
			rows = append(rows, i)
		}
	}
	slices.Sort(rows)
	return rows
}

// stranger finds the first name, in alphabetical order, that belongs to no field.
func (n *node) stranger(at string) string {
	for _, token := range slices.Sorted(maps.Keys(n.kids)) {
		k := n.kids[token]
		if !k.used {
			return join(at, token)
		}
		if s := k.stranger(join(at, token)); s != "" {
			return s
		}
	}
	return ""
}

// parseForm makes the tree of the names that begin with FormPrefix. Others are not the catalogue's.
func parseForm(form Form) (*node, string) {
	root := &node{}
	count := 0
	for name, values := range form {
		path, ok := strings.CutPrefix(name, FormPrefix+"/")
		if !ok {
			continue
		}
		if count += len(values); count > maxFormValues {
			return &node{}, "The form holds more than " + grouped(maxFormValues) + " values. Remove some rows."
		}
		if len(name) > maxNameBytes || strings.Count(path, "/") > maxNameDepth || !utf8.ValidString(name) {
			return root, "The form holds a field that this template does not have."
		}
		n := root
		for _, token := range tokens("/" + path) {
			if n.kids == nil {
				n.kids = map[string]*node{}
			}
			if n.kids[token] == nil {
				n.kids[token] = &node{}
			}
			n = n.kids[token]
		}
		n.values = append(n.values, values...)
	}
	return root, ""
}

// formReader makes controls from a form's names and values, exactly as typed.
type formReader struct {
	add      string          // path of the list that gets a row
	remove   map[string]bool // paths of the rows that go
	generate string          // path of the secret field that gets a value made
	files    map[string]string
	found    findings
	seal     func(string) manifest.Token
	secrets  manifest.Secrets
}

func newFormReader(form Form, a Around) *formReader {
	r := &formReader{
		remove: map[string]bool{}, files: map[string]string{}, found: findings{}, seal: a.Seal, secrets: manifest.Secrets{},
		generate: strings.TrimPrefix(form.Get(FormGenerate), FormPrefix),
	}
	for name := range form {
		if path, ok := strings.CutPrefix(name, FormFile); ok {
			r.files[path] = form.Get(name)
		}
	}
	r.add = strings.TrimPrefix(form.Get(FormAdd), FormPrefix)
	for _, name := range form[FormRemove] {
		r.remove[strings.TrimPrefix(name, FormPrefix)] = true
	}
	return r
}

// read makes the controls of fields. row is the path of the row they stand in, n the node that holds
// them, and base their defaults, which are shown where the form has nothing.
func (r *formReader) read(fields []Field, row string, n *node, base map[string]any) []Control {
	controls := make([]Control, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		controls = append(controls, r.control(f, row+f.Path, n.kid(f.name), base[f.name]))
	}
	return controls
}

func (r *formReader) control(f *Field, path string, n *node, base any) Control {
	c := newControl(f, path)
	switch f.Kind {
	case Object:
		baseMap, _ := base.(map[string]any)
		c.Parts = r.read(f.Fields, path[:len(path)-len(f.Path)], n, baseMap)
	case List, Map:
		_, marked := n.last()
		c.Set = marked || len(n.rows()) > 0
		if !c.Set && r.add != path {
			return newFiller().control(f, path, path, nil, false, base)
		}
		if !c.Set {
			// The first row is added beside the rows of the default.
			c = newFiller().control(f, path, path, nil, false, base)
			c.Set = true
		}
		r.readRows(&c, n)
	case Unknown:
	case Text, Multiline:
		if f.Secret {
			return r.secret(f, path, n)
		}
		return r.scalar(f, path, n, base)
	default:
		return r.scalar(f, path, n, base)
	}
	return c
}

func (r *formReader) scalar(f *Field, path string, n *node, base any) Control {
	c := newControl(f, path)
	if file, ok := r.files[path]; ok && f.Upload {
		c.Set, c.Value = true, r.clean(path, file)
		n.last()
		return c
	}
	v, ok := n.last()
	if !ok {
		return newFiller().control(f, path, path, nil, false, base)
	}
	c.Set = true
	c.Value = r.clean(path, v)
	c.On = f.Kind == Switch && c.Value == "true"
	return c
}

func (r *formReader) readRows(c *Control, n *node) {
	path := c.path()
	for _, i := range n.rows() {
		if r.remove[joinRow(path, i)] {
			n.kid(strconv.Itoa(i)).useAll()
			continue
		}
		if len(c.Rows) == maxRows {
			r.found.add(path, "Take "+grouped(maxRows)+" rows or fewer.", worst)
			n.kid(strconv.Itoa(i)).useAll()
			continue
		}
		c.Rows = append(c.Rows, r.row(c.Field, path, len(c.Rows), n.kid(strconv.Itoa(i))))
	}
	if r.add == path && len(c.Rows) < maxRows {
		c.Rows = append(c.Rows, r.row(c.Field, path, len(c.Rows), nil))
	}
}

// row reads a row. It is numbered anew, so that removing one leaves no hole.
func (r *formReader) row(f *Field, path string, index int, n *node) Row {
	at := joinRow(path, index)
	row := Row{Index: index}
	if f.Kind == Map {
		key := r.control(keyField(f), join(at, "key"), n.kid("key"), nil)
		row.Key = &key
		at, n = join(at, "value"), n.kid("value")
	}
	if f.Item.Kind == Object {
		row.Item = newControl(f.Item, at)
		row.Item.Parts = r.read(f.Item.Fields, at, n, itemDefaults(f.Item))
		return row
	}
	row.Item = r.control(f.Item, at, n, nil)
	if row.Key != nil && row.Key.Value != "" && f.Item.Secret && !row.Item.Set {
		row.Item.Unset = true // the name asks for a value
	}
	return row
}

// useAll marks everything under n as known.
func (n *node) useAll() {
	if n == nil {
		return
	}
	for token := range n.kids {
		n.kid(token).useAll()
	}
}

// clean takes out what no value may hold: neither JSON nor YAML nor a database has a place for it.
func (r *formReader) clean(path, v string) string {
	if len(v) > maxValueBytes {
		r.found.add(path, "Take "+grouped(maxValueBytes)+" bytes or less.", worst)
	}
	kept := strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "\uFFFD")
	if kept != v {
		r.found.add(path, "It held characters that are not text. They were taken out: look whether the rest is right.", worst)
	}
	return kept
}

func joinRow(path string, i int) string { return join(path, strconv.Itoa(i)) }
