package change

import (
	"errors"
	"fmt"

	"slipway.dev/slipway/internal/policy"
)

// ErrDigest means that somebody signed a digest that is not the change's.
var ErrDigest = errors.New("change: the digest is not that of this change")

// ErrNothingChanges means that a submission would neither change an object nor an input.
var ErrNothingChanges = errors.New("change: nothing would change")

// ErrNoTarget means that the configuration has no place for the target.
var ErrNoTarget = fmt.Errorf("%w: no such target", ErrNotFound)

// Refusal means that the person may not do it. The reason is for the person.
type Refusal struct {
	Reason   string
	Recorded bool // in the audit log already
}

// Error is the reason.
func (r *Refusal) Error() string { return "change: refused: " + r.Reason }

// PlanChanged means that what was seen is no longer what would happen. It carries the plan of now.
type PlanChanged struct{ Plan Plan }

// Error says so.
func (*PlanChanged) Error() string { return "change: the plan is no longer the one that was seen" }

// Blocked means that the plan holds a problem or a conflict, so nothing was submitted.
type Blocked struct{ Plan Plan }

// Error says so.
func (*Blocked) Error() string { return "change: the cluster would not take this" }

// WrongState means that the change is not, or is no longer, in a state in which this can be done. It
// carries the change as it is.
type WrongState struct {
	Change Change
	Wanted string // "approved", "withdrawn": what was tried
}

// Error says so.
func (e *WrongState) Error() string {
	return fmt.Sprintf("change: #%d is %s and cannot be %s", e.Change.ID, e.Change.State, e.Wanted)
}

// Foreign is the ErrNotFound of something that is there, but not for the person. Only the audit log
// learns the difference.
type Foreign struct {
	Target   policy.Target
	Recorded bool // in the audit log already
}

// Error is that of ErrNotFound.
func (*Foreign) Error() string { return ErrNotFound.Error() }

// Unwrap makes it ErrNotFound.
func (*Foreign) Unwrap() error { return ErrNotFound }
