package manifest

import "time"

// Secret values are put aside in the application's namespace, one in a Secret of its own, until the
// objects that need them are written, and as long as a revision refers to them.
const (
	LabelStaged      = "slipway.dev/staged"    // "true" on a Secret that holds a value that is put aside
	AnnotationToken  = "slipway.dev/token"     // the token that stands for the value
	AnnotationStaged = "slipway.dev/staged-at" // when it was last put aside, RFC 3339
	StagedKey        = "value"                 // the one key of the Secret
	StagedPrefix     = "slipway-staged-"       // how its name begins
)

// StagedName names the Secret in which the value of a token is put aside; "" for a token that stands
// for none.
func StagedName(t Token) string {
	if !t.Stands() {
		return ""
	}
	return StagedPrefix + t.Short()
}

// Staged is a value that is put aside, without the value.
type Staged struct {
	Token   Token
	At      time.Time // when it was last put aside
	Name    string    // of the Secret
	UID     string    // of the Secret, and its version: what is deleted is exactly what was seen
	Version string
}

// NotStaged says why secret values could not be put aside.
type NotStaged struct{ Problem Problem }

// Error is the sentence for people, which holds no value.
func (e *NotStaged) Error() string { return "manifest: " + e.Problem.Sentence }
