// Package audit says what an audit entry is, how entries are chained so that none can be changed,
// removed or put in unseen, and how they are written out as CSV and JSON lines and verified offline.
//
// An entry's fields are typed and short. There is no place for a request body, a manifest or a
// secret value, so none can get in.
//
// The chain: Hash is SHA-256 over the canonical form of the entry (see Entry.Canonical) together
// with Prev, the Hash of the entry before it. Seq counts from 1 without gaps.
package audit

import (
	"time"

	"slipway.dev/slipway/internal/policy"
)

// Action is what was done or tried, in the words of the log: verb and noun.
type Action string

// The actions.
const (
	SignIn         Action = "sign in"
	SignOut        Action = "sign out"
	SubmitChange   Action = "submit change"
	ApproveChange  Action = "approve change"
	RejectChange   Action = "reject change"
	WithdrawChange Action = "withdraw change"
	ResumeChange   Action = "resume change"
	ExpireChange   Action = "expire change"
	ApplyChange    Action = "apply change"  // intent before the first object, outcome after the last
	ApplyObject    Action = "apply object"  //
	DeleteObject   Action = "delete object" //
	WatchChange    Action = "watch change"  // of one that is to be rolled back by itself: how it ended
	ExtendCopy     Action = "extend copy"   // put off the end of one that ends by itself
	EndCopy        Action = "end copy"      // one whose time is over could not be deleted; that it was is "submit change" and what follows
	StageSecrets   Action = "stage secrets" // put secret values aside in the cluster: intent before, outcome after
	DropSecrets    Action = "drop secrets"  // delete those that nothing refers to any more
	ExportAudit    Action = "export audit"
	Access         Action = "access" // a page or stream that was refused
)

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // by policy: nothing was tried
	Failed  Outcome = "failed"  // tried, and it did not work
	Intent  Outcome = "intent"  // committed before the effect; a later entry has the outcome
	Unknown Outcome = "unknown" // tried, and the answer was lost
)

// Actor is who acted.
type Actor struct {
	policy.Person
	// Portal is true where the portal itself acts, on behalf of Person if there is one.
	Portal bool `json:"portal,omitempty"`
}

// Request tells where an action came from. Zero for what the portal does by itself.
type Request struct {
	ID        string `json:"id,omitempty"`        // the X-Request-Id of the answer
	RemoteIP  string `json:"remoteIP,omitempty"`  // as the portal saw it, proxies taken into account by configuration
	UserAgent string `json:"userAgent,omitempty"` // at most 200 bytes of it
}

// Entry is one line of the log.
type Entry struct {
	Seq         int64         `json:"seq"`  // given by the store; 1 is the first
	Time        time.Time     `json:"time"` // UTC, microseconds; given by the store
	Actor       Actor         `json:"actor"`
	Action      Action        `json:"action"`
	Outcome     Outcome       `json:"outcome"`
	Target      policy.Target `json:"target"`                // zero for what is about no target
	Application string        `json:"application,omitempty"` // its name in the target
	Change      int64         `json:"change,omitempty"`      // 0 for none
	Object      string        `json:"object,omitempty"`      // "Deployment api"
	Digest      string        `json:"digest,omitempty"`      // hex of the plan's digest that was submitted, signed or applied
	RanAs       string        `json:"ranAs,omitempty"`       // the identity that the cluster saw
	Detail      string        `json:"detail,omitempty"`      // one sentence: the reason, the comment; at most DetailLimit bytes
	Request     Request       `json:"request"`
	Prev        string        `json:"prev"` // hex SHA-256; 64 zeros for the first entry
	Hash        string        `json:"hash"` // hex SHA-256
}

// DetailLimit is the most bytes that Entry.Detail holds; longer text is cut at a rune and ends in "…".
const DetailLimit = 2000

// Filter chooses entries. Empty fields choose all.
type Filter struct {
	Person      string // matches the subject exactly, or a part of name or e-mail, ignoring case
	Target      policy.Target
	Application string
	Action      Action
	Outcome     Outcome
	Change      int64
	Text        string    // a part of object, digest, detail or request id
	Since       time.Time // inclusive
	Until       time.Time // exclusive
	// Visible limits the entries to these targets; nil means all, an empty slice none. A Target in it
	// may use policy.Any. Entries without a target (sign-ins) are only seen where Visible is nil.
	Visible []policy.Target
}

// Page is a part of the log, newest first.
type Page struct {
	Entries []Entry
	Before  int64 // Seq to ask for the next page with; 0 when this is the last one
}
