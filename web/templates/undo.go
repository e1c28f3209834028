package templates

import (
	"time"

	"slipway.dev/slipway/internal/change"
)

// UndoData is the switch of a plan that has the change rolled back by itself.
type UndoData struct {
	Offer  bool   // there is a revision to go back to
	WhyNot string // set where it cannot be done unasked all the same, in a sentence
	On     bool
}

// undoDeadline is when a change that is watched must be ready.
func undoDeadline(c change.Change) time.Time { return c.Watch.Since.Add(c.Plan.Patience()) }

// undoMark is what a row of the queue says of a change that is watched, or that takes another one back;
// class is the look of its words, empty where there is nothing to say.
func undoMark(c change.Change) (words, class string) {
	switch {
	case c.Undoes != 0:
		return "by itself, takes back " + changeNumber(c.Undoes), "text-muted"
	case c.Watch == nil:
		return "", ""
	}
	switch c.Watch.State {
	case change.Asked:
		if isClosed(c.State) {
			return "", ""
		}
		return "rolls back by itself", "text-muted"
	case change.Watching:
		return "watched", "text-info"
	case change.RolledBack:
		return "rolled back by itself", "text-error"
	case change.GivenUp:
		return "did not get ready", "text-error"
	}
	return "", ""
}

// undoWish says what was asked for, of a change or of its plan.
func undoWish(base int, within time.Duration) string {
	return "If it is not ready " + span(within) + " after it is applied, or cannot start, " + revision(base) + " comes back by itself."
}
