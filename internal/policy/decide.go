package policy

// Action is something that a person wants to do.
type Action string

// The actions.
const (
	ViewTarget     Action = "target.view"     // see its applications, changes and their live state
	PreviewChange  Action = "change.preview"  // have a plan made
	SubmitChange   Action = "change.submit"   //
	ApproveChange  Action = "change.approve"  //
	RejectChange   Action = "change.reject"   //
	WithdrawChange Action = "change.withdraw" // one's own, or any as an admin
	ResumeChange   Action = "change.resume"   // go on with a change that failed
	ReadAudit      Action = "audit.read"      // and export; the target's entries
	Administer     Action = "portal.administer"
)

// Resource is what an Action is about.
type Resource struct {
	Target
	Requester Identity // who submitted the change; zero where there is no change yet
}

// Decision answers whether an Action may be done.
type Decision struct {
	Allowed bool
	// Visible is false where the Subject must not learn that the Resource exists: the answer is then
	// the very one that a Resource gets which does not exist.
	Visible bool
	// Reason says in the user's words why not. Empty when allowed.
	Reason string
}

var allowed = Decision{Allowed: true, Visible: true}

func refused(reason string) Decision { return Decision{Visible: true, Reason: reason} }

// needs lists the roles of which one is enough for an action.
var needs = map[Action][]Role{
	ViewTarget:     {Developer, Approver, Auditor, Admin},
	PreviewChange:  {Developer, Admin},
	SubmitChange:   {Developer, Admin},
	ApproveChange:  {Approver},
	RejectChange:   {Approver},
	WithdrawChange: {Developer, Admin},
	ResumeChange:   {Developer, Admin},
	ReadAudit:      {Developer, Approver, Auditor, Admin},
	Administer:     {Admin},
}

var lacks = map[Action]string{
	PreviewChange:  "Only developers of the team can plan changes here.",
	SubmitChange:   "Only developers of the team can submit changes here.",
	ApproveChange:  "Only approvers of this target can approve.",
	RejectChange:   "Only approvers of this target can reject.",
	WithdrawChange: "Only developers of the team can withdraw a change.",
	ResumeChange:   "Only developers of the team can resume a change.",
	Administer:     "Only platform admins can see this page.",
}

// Decide answers whether s may do a on r.
func Decide(s Subject, a Action, r Resource) Decision {
	if !s.Has(r.Target, needs[ViewTarget]...) {
		return Decision{Reason: "There is no such target."}
	}
	if !s.Has(r.Target, needs[a]...) {
		return refused(lacks[a])
	}
	own := !r.Requester.IsZero() && r.Requester == s.Identity
	switch a {
	case ApproveChange, RejectChange:
		if own {
			return refused("You submitted it, so somebody else must decide.")
		}
	case WithdrawChange:
		if !own && !s.Has(r.Target, Admin) {
			return refused("Only the person who submitted it, or a platform admin, can withdraw it.")
		}
	}
	return allowed
}

// Rule says which changes need approval.
type Rule struct {
	Name        string // shown with each demand that it makes, e.g. "production needs one approval"
	Environment string // an environment's name, or Any
	Approvals   int    // how many different people must approve; at least 1
}

// Demand is what a Rule asks of one change.
type Demand struct {
	Rule      string `json:"rule"`
	Approvals int    `json:"approvals"`
}

// Demands lists what the rules ask of a change to t, in the rules' order. No demand means that the
// change needs nobody's approval.
func Demands(rules []Rule, t Target) []Demand {
	var out []Demand
	for _, r := range rules {
		if r.Approvals > 0 && (r.Environment == Any || r.Environment == t.Environment) {
			out = append(out, Demand{Rule: r.Name, Approvals: r.Approvals})
		}
	}
	return out
}

// ApprovalsNeeded is how many different people must approve to meet every demand: the largest, since
// one person's approval counts for each of them.
func ApprovalsNeeded(ds []Demand) int {
	n := 0
	for _, d := range ds {
		n = max(n, d.Approvals)
	}
	return n
}
