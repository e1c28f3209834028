package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// answersByName tells whether the template says that it makes a Service, which is called like the application.
func answersByName(a catalog.About) bool { return slices.Contains(a.Makes, "Service") }

// formTitle heads the form.
func formTitle(d FormData) string {
	if d.Kind == change.Update {
		return "New version of " + d.App.Name
	}
	return "New " + d.Template.Name
}

// fixed tells whether a field can no longer be changed.
func (d FormData) fixed(f *catalog.Field) bool { return d.Kind == change.Update && f.Immutable }

// sections splits a form into what is always seen and what is folded.
func (d FormData) sections(advanced bool) []catalog.Section {
	var out []catalog.Section
	for _, s := range d.View.Sections {
		if s.Advanced == advanced {
			out = append(out, s)
		}
	}
	return out
}

// contentsEntry is a line of the form's contents.
type contentsEntry struct {
	title, href string
	tally       tally
}

// contents are the sections that are always seen, and what is folded as one: its sections have the same
// names again.
func (d FormData) contents() []contentsEntry {
	var out []contentsEntry
	if d.NameError != "" {
		out = append(out, contentsEntry{"The application", "#s-name", tally{errors: 1}})
	}
	for _, s := range d.sections(false) {
		out = append(out, contentsEntry{s.Title, "#s-" + s.ID, tallyOf(s.Controls)})
	}
	var folded []catalog.Control
	for _, s := range d.sections(true) {
		folded = append(folded, s.Controls...)
	}
	if len(folded) > 0 {
		out = append(out, contentsEntry{"Advanced", "#advanced", tallyOf(folded)})
	}
	return out
}

// under is the form within a part of that title, which what stands in it need not say again.
func (d FormData) under(title string) FormData {
	d.heading = title
	return d
}

// errorCount is how many fields need another value.
func (d FormData) errorCount() int {
	n := len(d.View.Errors)
	if d.NameError != "" {
		n++
	}
	return n
}

// touched tells whether a message may be shown while somebody is still typing: not for what was
// left empty so far, nor for rows in which nothing stands yet.
func touched(c catalog.Control) bool {
	return c.Value != "" || slices.ContainsFunc(c.Rows, func(r catalog.Row) bool {
		return r.Key != nil && r.Key.Value != "" || begun(r.Item)
	})
}

// begun tells whether somebody has filled in anything of a row: not what is there by default.
func begun(c catalog.Control) bool {
	usual := ""
	switch {
	case c.Field.Default != nil:
		usual = fmt.Sprint(c.Field.Default)
	case c.Field.Kind == catalog.Switch:
		usual = "false"
	}
	return c.Value != usual && c.Value != "" || c.Stored || slices.ContainsFunc(c.Parts, begun) ||
		slices.ContainsFunc(c.Rows, func(r catalog.Row) bool { return r.Key != nil && r.Key.Value != "" || begun(r.Item) })
}

// describedBy names what explains a control: its message, its warning and its help.
func describedBy(c catalog.Control) string {
	by := c.ID + "-e " + c.ID + "-g"
	if c.Field.Help != "" && c.Field.Kind != "" {
		by += " " + c.ID + "-h"
	}
	return by
}

// inputMode brings the right keys up on a phone.
func inputMode(f *catalog.Field) string {
	switch {
	case f.Kind != catalog.Number:
		return "text"
	case f.Integer:
		return "numeric"
	}
	return "decimal"
}

// asRadios tells whether a choice is shown with its consequences instead of as a menu.
func asRadios(f *catalog.Field) bool {
	if len(f.Options) == 0 || len(f.Options) > 4 {
		return false
	}
	for _, o := range f.Options {
		if o.Help != "" {
			return true
		}
	}
	return false
}

// optionID is the element of one radio button; the first has the control's own id, so that a link to
// the control finds it.
func optionID(c catalog.Control, i int) string {
	if i == 0 {
		return c.ID
	}
	return c.ID + "-" + strconv.Itoa(i)
}

// needsEmptyOption tells whether a menu has to offer “nothing”.
func needsEmptyOption(c catalog.Control) bool {
	for _, o := range c.Field.Options {
		if o.Value == c.Value {
			return !c.Field.Required && c.Field.Default == nil
		}
	}
	return true
}

// keyTitle is what the name of a Map's entry is called.
func keyTitle(f *catalog.Field) string {
	if f.KeyTitle == "" {
		return "Name"
	}
	return f.KeyTitle
}

func itemTitle(f *catalog.Field) string {
	if f.Item == nil || f.Item.Title == "" {
		return "Value"
	}
	return f.Item.Title
}

// addWord is the button that adds a row.
func addWord(f *catalog.Field) string {
	if len(f.Title) > 0 && f.Item != nil && f.Item.Title != "" {
		return "Add " + strings.ToLower(f.Item.Title)
	}
	return "Add a row"
}

// manifestID is where an object stands in the pane.
func manifestID(r manifest.Ref) string { return "m-" + strings.ToLower(r.Kind) + "-" + r.Name }

// yamlLine is a line of the pane.
type yamlLine struct {
	Tokens manifest.Line
	Number int
	Hit    bool
	By     string // set on the first line of those that a field decides
}

func yamlLines(o ManifestObject) []yamlLine {
	lines := manifest.Highlight(o.YAML)
	out := make([]yamlLine, len(lines))
	for i, l := range lines {
		by, hit := o.By[i+1]
		out[i] = yamlLine{Tokens: l, Number: i + 1, Hit: hit}
		if before, run := o.By[i]; hit && (!run || before.Path != by.Path) {
			out[i].By = by.Title
		}
	}
	return out
}

// manifestsWords says what the pane holds.
func manifestsWords(d ManifestsData) string {
	if len(d.Objects) == 0 {
		return ""
	}
	return count(len(d.Objects), "object") + ", rendered in " + took(d.Took)
}

// partPath is the field whose lines are marked for a part of an object: its own, unless the object
// stands in a row, where all belong to the list.
func partPath(path string, object, part catalog.Control) string {
	if path != object.Field.Path {
		return path
	}
	return part.Field.Path
}

// inputClass is the look of an input without a unit.
func inputClass(c catalog.Control) string {
	s := "input input-sm"
	if c.Field.Mono {
		s += " font-mono text-xs!"
	}
	if c.Field.Kind == catalog.Number {
		s += " w-40!"
	}
	if c.Error != "" {
		s += " input-error"
	}
	return s
}

// states are the attributes that say how a control is: wrong, fixed, described by what.
func states(d FormData, c catalog.Control) templ.Attributes {
	a := templ.Attributes{"aria-describedby": describedBy(c)}
	if c.Error != "" {
		a["aria-invalid"] = "true"
	}
	if d.fixed(c.Field) {
		a["readonly"] = true
	}
	if c.Field.Required {
		a["aria-required"] = "true"
	}
	if d.focused(c) {
		a["autofocus"] = true
	}
	return a
}

// rowButton lets htmx post the form for a button that changes it, and take over just the fields. The button
// stands within them, and has the rest from there.
func rowButton(p Page, d FormData) templ.Attributes {
	return templ.Attributes{"hx-post": d.Action, "hx-nonce": p.Nonce}
}

// buttonsHere is what the buttons among the fields have in common.
func buttonsHere(p Page) templ.Attributes {
	return templ.Attributes{
		"hx-nonce": p.Nonce, "hx-target:inherited": "#fields", "hx-select:inherited": "#fields", "hx-swap:inherited": "outerMorph",
		// One button at a time: what the second would send knows nothing of what the first one does.
		"hx-sync:inherited": "#said:drop",
	}
}

// formButton is rowButton for one that stands elsewhere.
func formButton(p Page, d FormData) templ.Attributes {
	return templ.Attributes{
		"hx-post": d.Action, "hx-target": "#fields", "hx-select": "#fields",
		"hx-swap": "outerMorph", "hx-nonce": p.Nonce, "hx-sync": "#said:drop",
	}
}

// echoed is the name as it was typed, or a word that stands for it while there is no good one.
func echoed(d FormData) string {
	if d.NameError != "" {
		return "name"
	}
	return cmp.Or(d.Name, "name")
}

// lineName is how a line of the pane is posted.
func lineName(o ManifestObject, l yamlLine) string {
	return strconv.Itoa(o.Index) + ":" + strconv.Itoa(l.Number)
}
