package store

import (
	"strings"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// changeRow is a row of changes. The columns are those of the migrations.
type changeRow struct {
	bun.BaseModel `bun:"table:changes,alias:c"`

	ID            int64     `bun:"id,pk,autoincrement"`
	ApplicationID int64     `bun:"application_id"`
	Key           keyRow    `bun:"embed:"`
	Place         placeRow  `bun:"embed:"`
	Kind          string    `bun:"kind"`
	State         string    `bun:"state"`
	Title         string    `bun:"title"`
	Reason        string    `bun:"reason"`
	Requester     personRow `bun:"embed:requester_"`
	Submitted     int64     `bun:"submitted_at"`
	Expires       int64     `bun:"expires_at"`
	Template      string    `bun:"template"`
	TemplateVer   string    `bun:"template_version"`
	Base          int       `bun:"base"`
	Revision      int       `bun:"revision"`
	Failure       string    `bun:"failure"`
	Started       int64     `bun:"started_at"`
	Finished      int64     `bun:"finished_at"`
	Attempt       int       `bun:"attempt"`
	Version       int64     `bun:"version"`
	Idempotency   string    `bun:"idempotency"`
	Lease         int64     `bun:"lease_until"`
	Holder        string    `bun:"holder"`

	Approvals document[[]change.Approval]  `bun:"approvals"`
	Closed    document[*change.Closing]    `bun:"closed"`
	Outcomes  document[[]manifest.Outcome] `bun:"outcomes"`
	Plan      document[change.Plan]        `bun:"plan"`
	Texts     document[[]planTexts]        `bun:"plan_texts"`
	Inputs    inputs                       `bun:"inputs"`
	Rendered  []byte                       `bun:"rendered"`
}

// heavy are the columns that lists leave out.
var heavy = []string{"plan_texts", "inputs", "rendered"}

// mutable are the columns that an Update writes. What a person has seen and signed is not among them.
var mutable = []string{
	"state", "approvals", "closed", "outcomes", "failure", "started_at", "finished_at",
	"revision", "expires_at", "lease_until", "holder", "version",
}

type keyRow struct {
	Team        string `bun:"team"`
	Environment string `bun:"environment"`
	Name        string `bun:"name"`
}

type placeRow struct {
	Cluster   string `bun:"cluster"`
	Namespace string `bun:"namespace"`
}

type personRow struct {
	Issuer  string `bun:"issuer"`
	Subject string `bun:"subject"`
	Name    string `bun:"name"`
	Email   string `bun:"email"`
}

// planTexts are the large parts of one object in a plan, kept apart so that lists need not read them.
type planTexts struct {
	Before string                 `json:"before,omitempty"`
	After  string                 `json:"after,omitempty"`
	Fields []manifest.FieldChange `json:"fields,omitempty"`
}

type applicationRow struct {
	bun.BaseModel `bun:"table:applications,alias:a"`

	ID          int64    `bun:"id,pk,autoincrement"`
	Key         keyRow   `bun:"embed:"`
	Place       placeRow `bun:"embed:"`
	Template    string   `bun:"template"`
	TemplateVer string   `bun:"template_version"`
	Revision    int      `bun:"revision"`
	Ended       bool     `bun:"ended"`
	Created     int64    `bun:"created_at"`
	Changed     int64    `bun:"changed_at"`
}

type revisionRow struct {
	bun.BaseModel `bun:"table:revisions,alias:r"`

	ApplicationID int64 `bun:"application_id,pk"`
	Number        int   `bun:"number,pk"`
	Change        int64 `bun:"change_id"`
	Applied       int64 `bun:"applied_at"`
}

type inventoryRow struct {
	bun.BaseModel `bun:"table:inventory,alias:i"`

	Key     keyRow `bun:"embed:"`
	Group   string `bun:"api_group"`
	Kind    string `bun:"kind"`
	Object  string `bun:"object"`
	Version string `bun:"api_version"`
	Outside string `bun:"outside"` // the namespace of an object that is not in the application's own
}

func keyOf(k change.AppKey) keyRow { return keyRow{clean(k.Team), clean(k.Environment), clean(k.Name)} }

func (k keyRow) key() change.AppKey {
	return change.AppKey{Target: policy.Target{Team: k.Team, Environment: k.Environment}, Name: k.Name}
}

func personOf(p policy.Person) personRow {
	return personRow{clean(p.Issuer), clean(p.Subject), clean(p.Name), clean(p.Email)}
}

func (p personRow) person() policy.Person {
	return policy.Person{
		Identity: policy.Identity{Issuer: p.Issuer, Subject: p.Subject}, Name: p.Name, Email: p.Email,
	}
}

// clean makes s storable: PostgreSQL takes neither broken UTF-8 nor a zero byte in a text.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func rowOf(c change.Change) changeRow {
	r := changeRow{
		ID: c.ID, Key: keyOf(c.App), Place: placeRow(c.Place), Kind: string(c.Kind),
		Title: clean(c.Title), Reason: clean(c.Reason), Requester: personOf(c.Requester),
		Submitted: micros(c.Submitted), Template: c.Template.Name, TemplateVer: c.Template.Version,
		Base: c.Base, Attempt: c.Attempt, Idempotency: clean(c.Idempotency),
		Inputs: inputs(c.Inputs), Rendered: c.Rendered,
	}
	if r.Rendered == nil {
		r.Rendered = []byte{}
	}
	r.Plan.V, r.Texts.V = split(c.Plan)
	r.setMutable(c)
	return r
}

func (r *changeRow) setMutable(c change.Change) {
	r.State, r.Failure, r.Revision, r.Version = string(c.State), clean(c.Failure), c.Revision, c.Version
	r.Expires, r.Started, r.Finished = micros(c.Expires), micros(c.Started), micros(c.Finished)
	r.Lease, r.Holder = micros(c.Lease), c.Holder
	r.Approvals.V, r.Closed.V, r.Outcomes.V = c.Approvals, c.Closed, c.Outcomes
}

func (r *changeRow) change() change.Change {
	return change.Change{
		ID: r.ID, App: r.Key.key(), Place: manifest.Place(r.Place), Kind: change.Kind(r.Kind),
		State: change.State(r.State), Title: r.Title, Reason: r.Reason, Requester: r.Requester.person(),
		Submitted: fromMicros(r.Submitted), Expires: fromMicros(r.Expires),
		Template: catalog.TemplateID{Name: r.Template, Version: r.TemplateVer},
		Inputs:   catalog.Inputs(r.Inputs), Rendered: r.Rendered, Plan: join(r.Plan.V, r.Texts.V),
		Base: r.Base, Revision: r.Revision, Approvals: r.Approvals.V, Closed: r.Closed.V,
		Outcomes: r.Outcomes.V, Failure: r.Failure, Started: fromMicros(r.Started), Finished: fromMicros(r.Finished),
		Attempt: r.Attempt, Version: r.Version, Idempotency: r.Idempotency,
		Lease: fromMicros(r.Lease), Holder: r.Holder,
	}
}

// split takes the texts out of a plan, without touching the plan that is given.
func split(p change.Plan) (change.Plan, []planTexts) {
	if p.Objects == nil {
		return p, nil
	}
	texts := make([]planTexts, len(p.Objects))
	light := make([]manifest.DryRun, len(p.Objects))
	for i, o := range p.Objects {
		texts[i] = planTexts{o.Before, o.After, o.Fields}
		o.Before, o.After, o.Fields = "", "", nil
		light[i] = o
	}
	p.Objects = light
	return p, texts
}

// join puts the texts back, if they were read.
func join(p change.Plan, texts []planTexts) change.Plan {
	for i := range min(len(texts), len(p.Objects)) {
		o := &p.Objects[i]
		o.Before, o.After, o.Fields = texts[i].Before, texts[i].After, texts[i].Fields
	}
	return p
}

func (r *applicationRow) application() change.Application {
	return change.Application{
		AppKey: r.Key.key(), Place: manifest.Place(r.Place),
		Template: catalog.TemplateID{Name: r.Template, Version: r.TemplateVer},
		Revision: r.Revision, Deleted: r.Ended, Created: fromMicros(r.Created), Changed: fromMicros(r.Changed),
	}
}

func (r *inventoryRow) ref() manifest.Ref {
	return manifest.Ref{Group: r.Group, Version: r.Version, Kind: r.Kind, Name: r.Object, Namespace: r.Outside}
}
