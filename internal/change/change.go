// Package change is the heart of the portal: a request to create, update, roll back, restart, scale or
// delete an application, what it would do, who must agree, and how it gets into the cluster.
//
// Service is what a person can do: Preview, Submit, Approve, Reject, Withdraw, Resume. Each decides,
// then commits the new state together with its audit entry. Worker is what the portal does by
// itself: it claims approved changes and applies them. The states and the only ways between them
// stand in one table, see transitions.
//
// A change is its own job. Approved means "to be applied", and a lease on the row says which worker
// does it (ADR 0005), so there is no second queue that could disagree.
package change

import (
	"cmp"
	"slices"
	"time"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Kind is what a change does to its application.
type Kind string

// The kinds.
const (
	Create      Kind = "create"
	Update      Kind = "update"
	Rollback    Kind = "rollback"
	RestartPods Kind = "restart" // the pods of the current revision are replaced, and nothing else changes
	ScalePods   Kind = "scale"   // an Update of nothing but how many pods there are
	Delete      Kind = "delete"
)

// AppKey names an application for people.
type AppKey struct {
	policy.Target
	Name string `json:"name"`
}

// Application is one instance of a template in a target.
type Application struct {
	AppKey
	Place    manifest.Place
	Template catalog.TemplateID // of the current revision
	Revision int                // the last applied one; 0 while the first is under way
	Deleted  bool               // its last applied change was a Delete
	Created  time.Time
	Changed  time.Time // when Revision was applied
	Ending   *Ending   // nil for one that stays until somebody deletes it
}

// Standing is what an application is to have in the cluster.
type Standing struct {
	Refs    []manifest.Ref // as Store.Inventory has them
	Applied time.Time      // when its current revision was applied
	// Settled is false while a change of it is being applied, and after one that failed: then some of Refs may
	// not be there yet, or not any more.
	Settled bool
}

// Revision is an applied change of an application. Failed attempts stay in the list of changes.
type Revision struct {
	Number   int
	Change   int64
	Kind     Kind
	Template catalog.TemplateID
	Inputs   catalog.Inputs
	Rendered []byte
	By       policy.Person
	Applied  time.Time
}

// Change is a request and all that became of it.
type Change struct {
	ID          int64
	App         AppKey
	Place       manifest.Place
	Kind        Kind
	State       State
	Title       string // one line, made from what was changed
	Reason      string // the requester's own words
	Requester   policy.Person
	Submitted   time.Time
	Expires     time.Time // a Pending change becomes Expired after it
	Template    catalog.TemplateID
	Inputs      catalog.Inputs
	Rendered    []byte // canonical YAML of the set; what is applied, never rendered anew
	Plan        Plan
	Base        int // revision it was planned on
	Revision    int // the revision it became; 0 until Applied
	Approvals   []Approval
	Closed      *Closing // set when rejected, withdrawn, expired, stale
	Outcomes    []manifest.Outcome
	Failure     string // one sentence, when Failed
	Started     time.Time
	Finished    time.Time
	Attempt     int       // how many times a worker has claimed it
	Version     int64     // of the row; every update adds one
	Idempotency string    // see Submission.Key; a replayed POST finds its change by it
	Lease       time.Time // until when the claiming worker holds it
	Holder      string    // the claiming worker
	// Watch is set where the person asked that it be rolled back by itself; see Plan.CanRollBack. Everything
	// but how far it is was submitted, and cannot be changed.
	Watch *Watch
	// Undoes is the change that this one takes back by itself; 0 for what a person submitted.
	Undoes int64
	// Tokens are of the secret values that Rendered or Inputs refer to. They are given to Store.Create and
	// asked for by Store.TokensInUse; a Change that comes from the store has none.
	Tokens []manifest.Token
}

// Approval is one person's signature under a digest.
type Approval struct {
	By      policy.Person   `json:"by"`
	At      time.Time       `json:"at"`
	Comment string          `json:"comment,omitempty"`
	Digest  manifest.Digest `json:"digest"`
}

// Closing is how a change ended without being applied.
type Closing struct {
	By      policy.Person `json:"by"` // zero where the portal did it
	At      time.Time     `json:"at"`
	Comment string        `json:"comment,omitempty"`
}

// Plan is what applying a change would do.
type Plan struct {
	At       time.Time          `json:"at"`
	Took     time.Duration      `json:"took"` // to ask the API server
	Place    manifest.Place     `json:"place"`
	Template catalog.TemplateID `json:"template"`
	// From is what the base revision was made from; zero for a new application.
	From catalog.TemplateID `json:"from,omitzero"`
	// Promoted is the revision of another environment that the inputs were taken over from; nil for none.
	Promoted *Promotion        `json:"promoted,omitempty"`
	Base     int               `json:"base"`
	Objects  []manifest.DryRun `json:"objects"` // in the order of apply, deletions last
	Effects  []Effect          `json:"effects"`
	// Unchecked says what a dry run cannot know, one sentence each.
	Unchecked []string `json:"unchecked,omitempty"`
	// Warnings say what is likely to be wrong though the cluster takes it: first those about the inputs,
	// whose Path is the control's, then those about objects. They stop nothing, and no digest holds them.
	Warnings []advice.Warning `json:"warnings,omitempty"`
	// Requests are what all pods together ask for; nil where the plan leaves none.
	Requests *advice.Requests `json:"requests,omitempty"`
	Inputs   []InputChange    `json:"inputs,omitempty"` // what the person changed, against the base revision
	// Known are the keys of Secrets and ConfigMaps that the pods take variables of and that are not among
	// Objects, as far as the cluster told. No digest holds them.
	Known   []KnownKeys     `json:"known,omitempty"`
	Demands []policy.Demand `json:"demands,omitempty"`
	// Until is of a Create in an environment for copies: when what it makes ends by itself, as it was submitted.
	// Over is of the Delete by which the portal does that: the end that it had by then. No digest holds them.
	// Copies is the rule of that environment; nil for a change that does not make a copy.
	Until  time.Time       `json:"until,omitzero"`
	Over   time.Time       `json:"over,omitzero"`
	Copies *CopyRule       `json:"copies,omitempty"`
	Digest manifest.Digest `json:"digest"`
}

// Blocked tells whether the plan holds a problem or a conflict, so that it cannot be submitted.
func (p Plan) Blocked() bool {
	for _, o := range p.Objects {
		if o.Problem != nil || len(o.Conflicts) > 0 {
			return true
		}
	}
	return false
}

// Reading is Objects in the order in which people read them: workloads first, then what stands around
// them, and last what only keeps the books.
func (p Plan) Reading() []manifest.DryRun {
	out := slices.Clone(p.Objects)
	slices.SortStableFunc(out, func(a, b manifest.DryRun) int { return cmp.Compare(ReadingRank(a.Ref), ReadingRank(b.Ref)) })
	return out
}

// ReadingRank orders objects for people; see Plan.Reading.
func ReadingRank(r manifest.Ref) int {
	switch {
	case isBookkeeping(r):
		return 9
	case isWorkload(r):
		return 0
	}
	switch manifest.StageOfKind(r) {
	case manifest.StageStorage:
		return 1
	case manifest.StageAround:
		return 2
	}
	return 3
}

// Count is how many objects have the operation.
func (p Plan) Count(op manifest.Op) int {
	n := 0
	for _, o := range p.Objects {
		if o.Op == op && o.Problem == nil {
			n++
		}
	}
	return n
}

// EffectKind orders and marks effects.
type EffectKind string

// The kinds of effects, most serious first.
const (
	DataLoss  EffectKind = "data loss" // a claim is deleted
	Outage    EffectKind = "outage"    // nothing serves for a while
	Rights    EffectKind = "rights"    // somebody may do more or less in the cluster than before
	Gated     EffectKind = "gate"      // the rollout waits for a Job
	Restart   EffectKind = "restart"
	Stop      EffectKind = "stop" // pods go for good
	Removed   EffectKind = "removed"
	Created   EffectKind = "created"
	Scaled    EffectKind = "scaled"
	Changed   EffectKind = "changed"
	NoEffects EffectKind = "none"
)

// Effect is one consequence. The sentence is plain text in which `name` marks what a machine wrote.
type Effect struct {
	Kind     EffectKind   `json:"kind"`
	Ref      manifest.Ref `json:"ref"`
	Sentence string       `json:"sentence"`      // "3 pods of `api` restart, one at a time. No outage."
	Why      string       `json:"why,omitempty"` // "because the image changes"
	Pods     int32        `json:"pods,omitempty"`
}

// InputChange is one input that the person changed.
type InputChange struct {
	Title string `json:"title"` // the field's title, with the titles of what it is in before it
	Path  string `json:"path"`
	From  string `json:"from,omitempty"` // masked where the field is a secret
	To    string `json:"to,omitempty"`
}
