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
	file   string // what was taken from a file in place of typing
	kids   map[string]*node
	used   bool
	action action
}

// action is what a button of the form asks for where it stands; see FormAdd. The buttons are looked at
// before rows get new numbers, so each means the row that it stood in.
type action struct {
	add, remove, generate bool
	open, shut            bool   // of a row
	move                  int    // -1 is up, 1 is down
	preset                string // of the list
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

// parseForm makes the tree of the names that begin with FormPrefix or FormFile. Others are not the
// catalogue's. It says what is wrong with the form as a whole, and keeps what was typed all the same.
func parseForm(form Form) (root *node, problem string) {
	root = &node{}
	count := 0
	for name, values := range form {
		path, typed := strings.CutPrefix(name, FormPrefix+"/")
		path, taken := strings.CutPrefix(path, FormFile+"/")
		if typed == taken {
			continue
		}
		count += len(values)
		if len(name) > maxNameBytes || strings.Count(path, "/") > maxNameDepth || !utf8.ValidString(name) {
			problem = "The form holds a field that this template does not have."
			continue
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
		if taken && len(values) > 0 {
			n.file = values[0]
		}
		if typed {
			n.values = append(n.values, values...)
		}
	}
	root.press(form)
	if count > maxFormValues {
		problem = "The form holds more than " + grouped(maxFormValues) + " values. Remove some rows."
	}
	return root, problem
}

// press puts each action that the form asks for at its node.
func (n *node) press(form Form) {
	at := func(name string, fn func(*action)) {
		for _, v := range form[name] {
			path := strings.TrimPrefix(v, FormPrefix)
			if k := n.at(path); k != nil {
				fn(&k.action)
			}
		}
	}
	at(FormAdd, func(a *action) { a.add = true })
	at(FormRemove, func(a *action) { a.remove = true })
	at(FormUp, func(a *action) { a.move = -1 })
	at(FormDown, func(a *action) { a.move = 1 })
	at(FormOpened, func(a *action) { a.open = true })
	at(FormOpen, func(a *action) { a.open = true })
	at(FormShut, func(a *action) { a.shut = true })
	at(FormGenerate, func(a *action) { a.generate = true })
	for _, v := range form[FormPreset] {
		path, id, _ := strings.Cut(v, "=")
		if path, ok := strings.CutPrefix(path, FormPrefix); ok {
			if k := n.at(path); k != nil {
				k.action.preset = id
			}
		}
	}
}

// at finds the node of a control's path. A list of which nothing was posted gets one; a row does not.
func (n *node) at(path string) *node {
	if len(path) > maxNameBytes || strings.Count(path, "/") > maxNameDepth || !strings.HasPrefix(path, "/") {
		return nil
	}
	for _, token := range tokens(path) {
		if n.kids[token] == nil {
			if _, row := rowIndex(token); row {
				return nil
			}
			if n.kids == nil {
				n.kids = map[string]*node{}
			}
			n.kids[token] = &node{used: true}
		}
		n = n.kids[token]
	}
	return n
}

// formReader makes controls from a form's names and values, exactly as typed.
type formReader struct {
	found   findings
	odd     findings // secret values of an unusual shape
	seal    func(string) manifest.Token
	secrets manifest.Secrets
}

// posted makes the controls of all fields.
func (t *Template) posted(form Form, root *node, a Around) ([]Control, *formReader) {
	r := &formReader{found: findings{}, odd: findings{}, seal: a.Seal, secrets: manifest.Secrets{}}
	controls := r.read(t.Fields, "", root, t.loaded.defaults)
	for _, id := range form[FormPreset] {
		if p, ok := presetOf(t.Presets, id); ok {
			begin(controls, p.Values, t.loaded.defaults)
		}
	}
	return controls, r
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
		if !c.Set {
			c = forgetful.control(f, path, path, nil, false, base)
			if n == nil || !n.action.add && n.action.preset == "" {
				return c
			}
			c.Set = true // the first row is added beside the rows of the default
		}
		r.readRows(&c, n)
	case Unknown:
	case Text, Multiline:
		if f.Secret {
			return r.secret(f, path, n, nil)
		}
		return r.scalar(f, path, n, base)
	default:
		return r.scalar(f, path, n, base)
	}
	return c
}

func (r *formReader) scalar(f *Field, path string, n *node, base any) Control {
	c := newControl(f, path)
	v, ok := n.last()
	if n != nil && n.file != "" && f.Upload {
		v, ok, n.used = n.file, true, true
	}
	if !ok {
		return forgetful.control(f, path, path, nil, false, base)
	}
	c.Set = true
	c.Value = r.clean(path, v)
	c.On = f.Kind == Switch && c.Value == "true"
	return c
}

func (r *formReader) readRows(c *Control, n *node) {
	path := c.path()
	for _, i := range n.moved(c.Field.Kind == List) {
		kid := n.kid(strconv.Itoa(i))
		if kid.action.remove {
			kid.useAll()
			continue
		}
		if len(c.Rows) == maxRows {
			r.found.add(path, "Take "+grouped(maxRows)+" rows or fewer.", worst)
			kid.useAll()
			continue
		}
		c.Rows = append(c.Rows, r.row(c.Field, path, len(c.Rows), kid))
	}
	if len(c.Rows) >= maxRows {
		return
	}
	if n.action.add {
		added := r.row(c.Field, path, len(c.Rows), nil)
		added.Open = true
		c.Rows = append(c.Rows, added)
	}
	if p, ok := presetOf(c.Field.Presets, n.action.preset); ok && c.Field.Kind == List {
		c.Rows = append(c.Rows, presetRow(c, p))
	}
}

// moved are the rows in the order in which they are to be: as posted, but for those that a button moves.
func (n *node) moved(ordered bool) []int {
	rows := n.rows()
	for i, row := range slices.Clone(rows) {
		to := i + n.kids[strconv.Itoa(row)].action.move
		if ordered && to >= 0 && to < len(rows) && to != i {
			rows[i], rows[to] = rows[to], rows[i]
			break
		}
	}
	return rows
}

// row reads a row. It is numbered anew, so that removing one leaves no hole.
func (r *formReader) row(f *Field, path string, index int, n *node) Row {
	at := joinRow(path, index)
	row := Row{Index: index, Open: n != nil && n.action.open && !n.action.shut}
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
	if row.Key != nil && f.Item.Secret {
		row.Item = r.secret(f.Item, at, n, f.Item.shapeFor(row.Key.Value))
	} else {
		row.Item = r.control(f.Item, at, n, nil)
	}
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
