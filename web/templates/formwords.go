package templates

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// pickerWords says what was found for a control; warn is set where what is typed is not among it.
func pickerWords(c catalog.Control, a PickerAnswer) (words string, warn bool) {
	if a.Problem != "" {
		return a.Problem, false
	}
	what := pickerNoun(c.Field.Picker.Kind, len(a.Choices))
	of := ""
	if c.Of != "" {
		of = " of " + c.Of
	}
	n := thousands(int64(len(a.Choices)))
	found := slices.ContainsFunc(a.Choices, func(o manifest.Choice) bool { return o.Value == c.Value })
	switch {
	case c.Value != "" && !found:
		return "The cluster has no " + pickerNoun(c.Field.Picker.Kind, 1) + of + " called " + c.Value + " now.", true
	case len(a.Choices) == 0:
		return "The cluster has no " + pickerNoun(c.Field.Picker.Kind, 1) + of + " now.", false
	case c.Value == "":
		return n + " " + what + of + " in the cluster, as of now", false
	}
	return "In the cluster, one of " + n, false
}

func pickerNoun(kind string, n int) string {
	noun := map[string]string{
		"StorageClass": "storage class", "IngressClass": "ingress class", "PriorityClass": "priority class", "Secret": "secret",
		"ConfigMap": "config map", "SecretKey": "key", "ConfigMapKey": "key", "Service": "service", "ServicePort": "port",
		"NodeLabel": "node label", "ClusterIssuer": "issuer", "Namespace": "namespace",
	}[kind]
	switch {
	case noun == "":
		noun = kind
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		return noun + "es"
	default:
		return noun + "s"
	}
	return noun
}

// focused tells whether a control gets the focus.
func (d FormData) focused(c catalog.Control) bool { return d.Focus != "" && d.Focus == c.Name }

// within tells whether the control that gets the focus is c or in it.
func (d FormData) within(c catalog.Control) bool {
	return d.Focus == c.Name || strings.HasPrefix(d.Focus, c.Name+"/") || d.Focus != "" && slices.ContainsFunc(c.Parts, d.within)
}

// opens tells whether a folded section is shown open.
func (d FormData) opens(s catalog.Section) bool {
	return s.Errors > 0 || slices.ContainsFunc(s.Controls, d.within)
}

// compares tells whether the form shows what runs now beside what is new.
func (d FormData) compares() bool { return d.Kind == change.Update }

// tally is what a control and all in it need.
type tally struct{ errors, missing, warnings, changed int }

func tallyOf(controls []catalog.Control) tally {
	var t tally
	for i := range controls {
		t.add(&controls[i])
	}
	return t
}

func (t *tally) add(c *catalog.Control) {
	if c.Error != "" {
		t.errors++
	}
	if c.Unset {
		t.missing++
	}
	if c.Warning != "" {
		t.warnings++
	}
	if c.Changed {
		t.changed++
	}
	for i := range c.Rows {
		if k := c.Rows[i].Key; k != nil {
			t.add(k)
		}
		t.add(&c.Rows[i].Item)
	}
	for i := range c.Parts {
		t.add(&c.Parts[i])
	}
}

// missingWords says how many secrets have no value yet.
func missingWords(n int) string { return count(n, "value") + " missing" }

// quiet takes out the messages of what nobody has filled in yet: a preview is not a judgement.
func quiet(v *catalog.View) {
	for i := range v.Sections {
		s := &v.Sections[i]
		s.Errors = 0
		for j := range s.Controls {
			s.Errors += quieten(&s.Controls[j])
		}
	}
}

func quieten(c *catalog.Control) (left int) {
	if !touched(*c) {
		c.Error = ""
	}
	if c.Error != "" {
		left++
	}
	for i := range c.Rows {
		if k := c.Rows[i].Key; k != nil {
			left += quieten(k)
		}
		left += quieten(&c.Rows[i].Item)
	}
	for i := range c.Parts {
		left += quieten(&c.Parts[i])
	}
	return left
}

// partGroup is a part of an object's fields under one heading.
type partGroup struct {
	Title  string
	Folded bool
	Parts  []catalog.Control
}

// partGroups orders the parts of an object: those that are always seen, then, by their sections, those
// that are folded away.
func partGroups(parts []catalog.Control) []partGroup {
	var groups []partGroup
	for _, folded := range []bool{false, true} {
		for _, p := range parts {
			if isFolded(p) != folded {
				continue
			}
			title := cmp.Or(p.Field.SectionTitle, sectionWords(p.Field.Section))
			if folded && title == "" {
				title = "More settings"
			}
			i := slices.IndexFunc(groups, func(g partGroup) bool { return g.Title == title && g.Folded == folded })
			if i < 0 {
				i = len(groups)
				groups = append(groups, partGroup{Title: title, Folded: folded})
			}
			groups[i].Parts = append(groups[i].Parts, p)
		}
	}
	return groups
}

func isFolded(c catalog.Control) bool { return c.Field.Advanced && !c.Field.Required }

// sectionWords writes a section's name as a heading: "how-it-stays-up" becomes "How it stays up".
func sectionWords(id string) string {
	s := strings.NewReplacer("-", " ", "_", " ").Replace(id)
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// wide tells whether a part of an object takes the whole width.
func wide(c catalog.Control) bool {
	switch c.Field.Kind {
	case catalog.Object, catalog.List, catalog.Map, catalog.Multiline:
		return true
	}
	return c.Field.Secret || c.Field.Upload || c.Field.Kind == catalog.Choice && asRadios(c.Field)
}

// emptyOnPurpose tells of a secret that somebody wants it to be empty.
func emptyOnPurpose(c catalog.Control) bool { return c.Set && !c.Stored && !c.Unset && c.Field.Secret }

// fileName is what an upload for a control is posted as.
func fileName(c catalog.Control) string {
	return catalog.FormFile + strings.TrimPrefix(c.Name, catalog.FormPrefix)
}

// multilineRows is how high the box for a text of several lines is.
func multilineRows(value string) string {
	return strconv.Itoa(min(max(strings.Count(value, "\n")+2, 4), 16))
}

// endWords says how a text ends, where that can be seen of nothing else.
func endWords(value string) string {
	switch {
	case value == "":
		return ""
	case strings.HasSuffix(value, "\n"):
		return "ends with a new line"
	}
	return "ends without a new line"
}

// draftTitle says what a kept form is of.
func draftTitle(d DraftRow) string {
	if d.App != "" {
		return "New version of " + d.App
	}
	return "New " + d.Template
}

func anyWithin(d FormData, controls []catalog.Control) bool {
	return d.Focus != "" && slices.ContainsFunc(controls, d.within)
}

// quieted is the form without the messages of what nobody has filled in yet.
func (d FormData) quieted() FormData {
	quiet(&d.View)
	return d
}

// saysWarning tells whether a control has a place for a warning.
func saysWarning(c catalog.Control) bool {
	if c.Shape != nil && c.Warning == "" {
		return false // the script judges the value while it is typed; a preview knows nothing of it
	}
	return c.Field.Kind != catalog.Unknown
}

// shapesJSON are the shapes that the script judges values by while they are typed.
func shapesJSON(f *catalog.Field) string {
	raw, err := json.Marshal(f.Shapes)
	if err != nil {
		return "[]" // shapes are texts and numbers
	}
	return string(raw)
}

// shapeHint says what a secret value usually is, by its name.
func shapeHint(c catalog.Control) string {
	if c.Shape == nil {
		return ""
	}
	return c.Shape.Hint()
}
