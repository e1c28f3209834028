package change

import "slices"

// State is how far a change is. Whether its rollout is healthy is not a state but package status'
// business.
type State string

// The states.
const (
	Pending   State = "pending"   // waits for approval
	Approved  State = "approved"  // to be applied
	Rejected  State = "rejected"  //
	Withdrawn State = "withdrawn" //
	Expired   State = "expired"   // nobody decided in time
	Stale     State = "stale"     // the cluster or the application changed, so that it would do other than what was agreed to
	Applying  State = "applying"  //
	Applied   State = "applied"   //
	Failed    State = "failed"    // can be resumed
)

// transitions is the only place that says from which state a change can get to which. The CHECK in
// the database's migrations mirrors the set of states.
var transitions = map[State][]State{
	"":       {Pending, Approved},
	Pending:  {Approved, Rejected, Withdrawn, Expired},
	Approved: {Applying, Stale, Withdrawn},
	Applying: {Applied, Failed, Stale},
	Failed:   {Applying},
}

// CanBecome tells whether a change in state s may get into state to.
func (s State) CanBecome(to State) bool { return slices.Contains(transitions[s], to) }

// Open tells whether something can still happen to a change in state s by itself or by a person.
// A Failed change is not open: it is over unless somebody resumes it.
func (s State) Open() bool { return s == Pending || s == Approved || s == Applying }
