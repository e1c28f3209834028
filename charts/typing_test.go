package charts_test

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// person fills in a form as people do, one control or button after another. What they do is drawn from
// bytes, so that the same bytes do the same.
type person struct {
	tpl    *catalog.Template
	around catalog.Around
	form   catalog.Form
	data   []byte
	read   catalog.Reading
}

// newPerson opens the form of inputs.
func newPerson(tpl *catalog.Template, in catalog.Inputs, around catalog.Around, data []byte) *person {
	p := &person{tpl: tpl, around: around, data: data}
	p.post(tpl.View(in, around).Form())
	return p
}

// draw is a number below n, of two bytes, 0 once there are none.
func (p *person) draw(n int) int {
	if n < 2 || len(p.data) < 2 {
		p.data = p.data[min(2, len(p.data)):]
		return 0
	}
	x := binary.LittleEndian.Uint16(p.data)
	p.data = p.data[2:]
	return int(x) % n
}

func (p *person) post(form catalog.Form) {
	p.form = form
	p.read = p.tpl.Decode(form, p.around)
}

// step changes one control, or presses one button, and posts the form.
func (p *person) step() {
	all := controlsOf(p.read.View)
	if len(all) == 0 {
		return
	}
	c := all[p.draw(len(all))]
	form := p.read.View.Form()
	switch c.Field.Kind {
	case catalog.List, catalog.Map:
		p.changeRows(form, c)
	case catalog.Unknown:
		return
	default:
		form[c.Name] = []string{p.value(c.Field)}
	}
	p.post(form)
}

func (p *person) changeRows(form catalog.Form, c catalog.Control) {
	if n := len(c.Rows); n > 0 && p.draw(3) == 0 {
		press := []string{catalog.FormRemove, catalog.FormUp, catalog.FormDown}[p.draw(3)]
		form.Set(press, c.Name+"/"+strconv.Itoa(p.draw(n)))
		return
	}
	if len(c.Rows) >= 4 {
		return
	}
	row := c.Name + "/" + strconv.Itoa(len(c.Rows))
	switch {
	case len(c.Field.Presets) > 0 && p.draw(2) == 0:
		form.Set(catalog.FormPreset, c.Name+"="+c.Field.Presets[p.draw(len(c.Field.Presets))].ID)
	case c.Field.Kind == catalog.Map:
		key := catalog.Field{Kind: catalog.Text, Pattern: c.Field.KeyPattern}
		form.Set(row+"/key", p.value(&key))
		if leaf(c.Field.Item) {
			form.Set(row+"/value", p.value(c.Field.Item))
		}
	case leaf(c.Field.Item):
		form.Set(row, p.value(c.Field.Item))
	default:
		form.Set(catalog.FormAdd, c.Name)
	}
}

func leaf(f *catalog.Field) bool {
	return f != nil && !slices.Contains([]catalog.FieldKind{catalog.List, catalog.Map, catalog.Object, catalog.Unknown}, f.Kind)
}

// mend gives every control that the form complains of something that suits it, and tells whether the form
// complains no more.
func (p *person) mend() bool {
	for range 4 {
		if len(p.read.Errors) == 0 {
			return true
		}
		wrong := map[string]bool{}
		for _, e := range p.read.Errors {
			wrong[catalog.FormPrefix+e.Path] = true
		}
		form, changed := p.read.View.Form(), false
		for _, c := range controlsOf(p.read.View) {
			if wrong[c.Name] && leaf(c.Field) {
				form[c.Name], changed = []string{p.suitable(c.Field)}, true
			}
		}
		if !changed {
			return false
		}
		p.post(form)
	}
	return len(p.read.Errors) == 0
}

// controlsOf are all controls of a form that hold a value or rows, those of rows and their names too.
func controlsOf(v catalog.View) []catalog.Control {
	var all []catalog.Control
	var walk func(c catalog.Control)
	walk = func(c catalog.Control) {
		if c.Field.Kind != catalog.Object {
			all = append(all, c)
		}
		for _, part := range c.Parts {
			walk(part)
		}
		for _, row := range c.Rows {
			if row.Key != nil {
				walk(*row.Key)
			}
			walk(row.Item)
		}
	}
	for _, s := range v.Sections {
		for _, c := range s.Controls {
			walk(c)
		}
	}
	return all
}

// odd are texts that mean something else to YAML, to Helm, to a shell or to Kubernetes.
var odd = []string{
	"", " ", "yes", "null", "~", "0123", "1e3", "0x1f", "1.10", "a: b", "- a", "# a", "a # b", "'", `"`, `\`, "{{ .Values }}", "{{",
	"$(HOST)", "$$(A)", "${A}", "a\nb", "\na\n", " a", "a ", "\ta", "|", ">", "&a", "*a", "!!binary a", "---", "...", "%a", "@a", "`", "é", "\u2028", "\u00a0",
	"a,b", "a;b", "-a", "a.", ".", "..", "/", "//", "/a/../b", "*.example.com", "a.b", "a_b", "A", "a/b:c@sha256:" + strings.Repeat("0", 64),
	strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 254), "<b>", "\x00", "\xff", "18446744073709551616",
}

// value is what somebody types: mostly what suits the field.
func (p *person) value(f *catalog.Field) string {
	switch f.Path { // what no pattern tells
	case "/timeZone":
		return "Europe/Berlin" // which ones there are is for the cluster to know
	case "/schedule":
		return []string{"0 3 * * 0", "@daily", "*/15,7 8-18 1,15 jan-DEC mon-FRI", "60 3 * * *", "@now", "* * *"}[p.draw(6)]
	}
	if p.draw(8) > 0 {
		return p.suitable(f)
	}
	if f.Kind == catalog.Number {
		return []string{"-1", "0", "1.5", "1e3", "2147483648", "99999999999999999999", "00", "x"}[p.draw(8)]
	}
	return odd[p.draw(len(odd))]
}

func (p *person) suitable(f *catalog.Field) string {
	if f.Path == "/schedule" {
		return f.Example
	}
	switch f.Kind {
	case catalog.Switch:
		return strconv.FormatBool(p.draw(2) == 0)
	case catalog.Choice:
		return f.Options[p.draw(len(f.Options))].Value
	case catalog.Number:
		return p.number(f)
	}
	if f.Secret && p.draw(6) == 0 {
		return manifest.Empty
	}
	if f.Example != "" && p.draw(3) == 0 {
		return f.Example
	}
	if f.Pattern != "" {
		if s := p.matching(f.Pattern); s != "" || p.draw(2) == 0 {
			return s
		}
	}
	if p.draw(3) == 0 {
		return odd[p.draw(len(odd))]
	}
	// Few names, so that rows find each other, and clash.
	return []string{"a", "b", "web", "api", "data", "shop", "a-b", "main"}[p.draw(8)]
}

func (p *person) number(f *catalog.Field) string {
	low, high := 0.0, 70000.0
	if f.Min != nil {
		low = *f.Min
	}
	if f.Max != nil {
		high = *f.Max
	}
	n := []float64{low, high, low + 1, float64(int((low + high) / 2)), min(high, low+2), high - 1}[p.draw(6)]
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// matching makes a text that a pattern takes, or nearly so: anchors within it are not heeded.
func (p *person) matching(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	p.write(&b, re.Simplify())
	return b.String()
}

func (p *person) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := p.draw(len(re.Rune) / 2)
		low, high := re.Rune[2*i], re.Rune[2*i+1]
		b.WriteRune(low + rune(p.draw(min(int(high-low)+1, 100))))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("aB0-_./ "[p.draw(8)])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			p.write(b, sub)
		}
	case syntax.OpAlternate:
		p.write(b, re.Sub[p.draw(len(re.Sub))])
	case syntax.OpQuest:
		if p.draw(2) == 1 {
			p.write(b, re.Sub[0])
		}
	case syntax.OpStar, syntax.OpPlus:
		n := p.draw(4)
		if re.Op == syntax.OpPlus {
			n++
		}
		for range n {
			p.write(b, re.Sub[0])
		}
	}
}
