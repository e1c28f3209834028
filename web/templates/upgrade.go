package templates

import (
	"errors"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// VersionChoice is the versions that the form of an application stands between. Zero for a new one.
type VersionChoice struct {
	Runs  string // what the application was made from
	Form  string // what the form is of
	Newer string // the newest, if it is newer than Form
	Lost  bool   // no source has Runs any more
}

// UpgradeData is the applications that run an older version of a template, with the plan of each.
type UpgradeData struct {
	To      catalog.TemplateID
	Title   string // the template's
	Rows    []UpgradeRow
	Total   int // applications on all pages
	Page    int // from 1
	Pages   int
	Planned bool   // the rows are planned already; else each fetches its plan
	Submit  string // where the chosen ones are posted to
	Problem string // why the last try did nothing
	Reason  string
}

// UpgradeRow is one application on its way to another version.
type UpgradeRow struct {
	ID     string // names the row in the form: "payments/staging/api"
	App    change.Application
	Gone   []catalog.Gone
	Plan   change.Plan
	Why    string // why it cannot be chosen, in one sentence; empty where it can
	Form   bool   // its form can mend it
	Key    string // makes posting twice harmless
	Chosen bool
	// Pending is set on a row that is not planned yet. Again offers to plan it once more: nothing is wrong with
	// the application itself.
	Pending, Again bool
}

// UpgradedData is what became of the chosen applications.
type UpgradedData struct {
	To   catalog.TemplateID
	Rows []UpgradedRow
	Back string
}

// UpgradedRow is one of them.
type UpgradedRow struct {
	App    change.AppKey
	Change change.Change // zero where there is none
	Why    string        // why not
	Form   bool          // its form can mend it
}

// NewPendingRow makes the row of an upgrade that is not planned yet.
func NewPendingRow(a change.Application) UpgradeRow {
	return UpgradeRow{ID: rowOf(a.AppKey), App: a, Pending: true}
}

// NewUpgradeRow makes the row of an upgrade. Why says what to do where it cannot be submitted.
func NewUpgradeRow(u change.Upgrade, key string) UpgradeRow {
	r := UpgradeRow{ID: rowOf(u.App.AppKey), App: u.App, Gone: u.Gone, Plan: u.Plan, Key: key}
	var fields catalog.Errors
	switch {
	case errors.As(u.Err, &fields):
		r.Why, r.Form = misfit(fields), true
	case u.Err != nil:
		r.Why, r.Again = "It cannot be planned.", true
	case u.Plan.Blocked():
		r.Why, r.Form = "The cluster would not take it as it is.", true
		if list := withProblems(u.Plan); len(list) > 0 {
			r.Why = list[0].Ref.String() + ": " + list[0].Problem.Sentence
		}
	}
	r.Chosen = r.Why == "" && !hurts(u.Plan)
	return r
}

func rowOf(k change.AppKey) string { return k.Team + "/" + k.Environment + "/" + k.Name }

// misfit says which inputs need another value.
func misfit(fields catalog.Errors) string {
	var said []string
	for _, f := range fields[:min(3, len(fields))] {
		if f.Title == "" {
			said = append(said, f.Message)
			continue
		}
		said = append(said, f.Title+": "+f.Message)
	}
	s := strings.Join(said, " ")
	if n := len(fields) - len(said); n > 0 {
		s += " And " + count(n, "field") + " more."
	}
	return s
}

// hurts tells whether a plan loses data or stops something for a while. Such a row has to be chosen by
// hand.
func hurts(p change.Plan) bool {
	for _, e := range p.Effects {
		if e.Kind == change.DataLoss || e.Kind == change.Outage || e.Kind == change.Stop {
			return true
		}
	}
	return false
}

// upgradable is how many rows can be chosen.
func (d UpgradeData) upgradable() int {
	n := 0
	for _, r := range d.Rows {
		if r.Why == "" {
			n++
		}
	}
	return n
}

// shows tells whether the page has rows that can be chosen, or may have once they are planned.
func (d UpgradeData) shows() bool { return d.upgradable() > 0 || !d.Planned && len(d.Rows) > 0 }

// planURL is where a row gets its plan from.
func (d UpgradeData) planURL(r UpgradeRow) string {
	return withQuery(TemplateURL(d.To.Name, "upgrade", "plan"), "app", r.ID)
}

// pageURL is another page of the list.
func (d UpgradeData) pageURL(page int, planned bool) string {
	u := withQuery(TemplateURL(d.To.Name, "upgrade"), "page", plainNumber(int64(page)))
	if planned {
		u = withQuery(u, "plan", "1")
	}
	return u
}

// submitted is how many became changes.
func (d UpgradedData) submitted() int {
	n := 0
	for _, r := range d.Rows {
		if r.Change.ID > 0 {
			n++
		}
	}
	return n
}

// changedFields is how many fields of all objects differ.
func changedFields(p change.Plan) int {
	n := 0
	for _, o := range p.Objects {
		n += len(o.Fields)
	}
	return n
}

// newVersionURL is the form of an application at a version of its template.
func newVersionURL(k change.AppKey, version string) string {
	return withQuery(AppURL(k, "edit"), "version", version)
}

func fieldWord(op manifest.Op) string {
	switch op {
	case manifest.Create:
		return "set"
	case manifest.Delete:
		return "removed"
	}
	return "changed"
}

func approvalsOf(p change.Plan) int { return policy.ApprovalsNeeded(p.Demands) }

// versionRuns says which version the application of a form runs.
func versionRuns(d FormData) string {
	s := d.App.Name + " runs " + d.Version.Runs
	if d.Version.Lost {
		s += ", which no source has any more"
	}
	return s + "."
}
