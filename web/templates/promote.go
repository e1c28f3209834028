package templates

import (
	"strings"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
)

// PromoteData is an application beside the one of another environment that it is compared with.
type PromoteData struct {
	App    change.Application // from which values are taken over
	Others []PromoteChoice    // what it can be compared with; none if there is nothing
	To     change.AppKey
	May    bool // the person may change To, or make it
	// Why says in a sentence why there is no comparison; Problem what is wrong with what was posted.
	Why, Problem string
	Comparison   change.Comparison
	// Ticked are the paths of the differences that are ticked, and Version whether the template's version is.
	Ticked  map[string]bool
	Version bool
	// Begun is when the person began a form of To, zero if there is none; taking over replaces it.
	Begun    time.Time
	BegunURL string
}

// PromoteChoice is one application to compare with.
type PromoteChoice struct {
	Value  string // "production/shop"
	Label  string
	Chosen bool
}

// PromoteValue names an application of the same team in a form.
func PromoteValue(k change.AppKey) string { return k.Environment + "/" + k.Name }

// PromoteLabel is how an application is offered beside another one.
func PromoteLabel(c change.Counterpart, from change.AppKey) string {
	s := c.App.Environment
	if c.App.Name != from.Name {
		s = c.App.Name + " in " + s
	}
	if !c.Exists {
		s += ", new"
	}
	return s
}

// title is what the page is for.
func (d PromoteData) title() string {
	if d.May {
		return "Promote " + d.App.Name
	}
	return "Compare " + d.App.Name
}

// here and there say of a value where it is.
func (d PromoteData) here() string  { return d.App.Environment }
func (d PromoteData) there() string { return d.To.Environment }

// waits tells whether the other application has no revision yet, so that what was submitted is compared.
func (d PromoteData) waits() bool { return d.Comparison.Exists && d.Comparison.Base == 0 }

// now says of a value of the other application where it is, and whether it is so already.
func (d PromoteData) now() string {
	switch {
	case d.waits():
		return d.there() + ", submitted"
	case d.Comparison.Exists:
		return d.there() + " now"
	}
	return d.there()
}

// version tells whether the template's version is one of the differences.
func (d PromoteData) version() bool {
	c := d.Comparison
	return c.Exists && c.Made != c.Runs && c.Fields == c.Made
}

// verdict says how much differs.
func (d PromoteData) verdict() string {
	c := d.Comparison
	n := len(c.Differs)
	if d.version() {
		n++
	}
	other := d.To.Name + " in " + d.there()
	revision := "revision " + plainNumber(int64(c.From.Revision)) + " of " + d.here()
	if d.To.Name != d.App.Name {
		revision = d.App.Name + " in " + d.here() + ", revision " + plainNumber(int64(c.From.Revision)) + ","
	}
	switch {
	case d.waits() && n == 0:
		return "What was submitted for " + other + ", which has no revision yet, is the same as " + strings.TrimSuffix(revision, ",") + "."
	case d.waits():
		return count(n, "value") + " " + verb(n, "differs", "differ") + " between " + revision + " and what was submitted for " + other + ", which has no revision yet."
	case n == 0:
		return other + " is the same as " + strings.TrimSuffix(revision, ",") + "."
	case !c.Exists:
		return "There is no " + other + " yet. R" + strings.TrimPrefix(revision, "r") + " sets " + count(n, "value") + "."
	}
	return count(n, "value") + " " + verb(n, "differs", "differ") + " between " + revision + " and " + other + "."
}

// stays says what is not compared.
func (d PromoteData) stays() string {
	n := d.Comparison.Stored
	switch {
	case n == 0:
		return "No secret value ever goes along."
	case n == 1:
		return "1 secret has a value in both. It cannot be compared, and stays as it is."
	}
	return count(n, "secret") + " have values in both. They cannot be compared, and stay as they are."
}

// promoteGroup are the differences of one section of the form.
type promoteGroup struct {
	title   string
	differs []catalog.Difference
}

// groups are the differences that are taken over unless somebody says otherwise, or the others.
func (d PromoteData) groups(usual bool) []promoteGroup {
	var out []promoteGroup
	for _, x := range d.Comparison.Differs {
		if x.Usual() != usual {
			continue
		}
		if len(out) == 0 || out[len(out)-1].title != x.Section {
			out = append(out, promoteGroup{title: x.Section})
		}
		out[len(out)-1].differs = append(out[len(out)-1].differs, x)
	}
	return out
}

// takable tells whether there is anything that can be ticked.
func (d PromoteData) takable() bool {
	if d.version() {
		return true
	}
	for _, x := range d.Comparison.Differs {
		if !x.Fixed {
			return true
		}
	}
	return false
}

// whyStays says of a difference why it is not ticked.
func (d PromoteData) whyStays(x catalog.Difference) string {
	switch {
	case x.Fixed:
		return "Fixed once the application exists."
	case x.Why != "":
		return x.Why
	case !d.May:
		return ""
	case x.Secret && x.Removes:
		return "Ticked, what is stored is thrown away."
	case x.Removes:
		return "Ticked, it goes from " + d.there() + "."
	}
	return ""
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// promotedShown is how many of the fields that differ are named in the sentence; the others are folded below it.
const promotedShown = 5

// promotedRest are the fields that promotedWords only counts, as far as their titles were kept.
func promotedRest(from change.Promotion) []string {
	return from.Apart[min(len(from.Apart), promotedShown):]
}

// promotedWords say where the inputs of a plan come from.
func promotedWords(p change.Plan, app change.AppKey) string {
	from := p.Promoted
	s := "Taken over from " + from.Words(app) + "."
	if from.Template != p.Template {
		s += " That is of " + from.Template.String() + "; this is of " + p.Template.String() + "."
	}
	if len(from.Apart) == 0 {
		return s + " But for what belongs to the environment, and the values of secrets, all is as it is there."
	}
	shown := from.Apart[:min(len(from.Apart), promotedShown)]
	s += " It differs from there in " + strings.Join(shown, "; ")
	if more := len(from.Apart) - len(shown) + from.More; more > 0 {
		s += "; and " + count(more, "field") + " more"
	}
	return s + "."
}
