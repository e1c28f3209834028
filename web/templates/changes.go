package templates

import (
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
)

// Can says what the person may do with a change now.
type Can struct {
	Approve, Reject, Withdraw, Resume bool
	// WhyNot says why the person cannot approve; shown beside the missing button.
	WhyNot string
	// RollBack and Change tell whether the person may plan changes of the application.
	Change bool
}

// Queue views.
const (
	ViewWaiting = "waiting"
	ViewMine    = "mine"
	ViewOpen    = "open"
	ViewAll     = "all"
)

// QueueData is the page of changes.
type QueueData struct {
	View    string
	App     *change.AppKey  // ViewAll: whose changes alone are shown; nil for those of all
	Changes []change.Change // in the order in which they are shown
	Own     []change.Change // ViewWaiting: the person's own that wait for somebody else
	Counts  QueueCounts
	Review  *ReviewData // beside the list; nil for none
	Older   int64       // before= of the next page; 0 for none
}

// QueueCounts are the numbers beside the views.
type QueueCounts struct{ Waiting, Mine, Open int }

// ReviewData is one change, to be approved or rejected.
type ReviewData struct {
	Change       change.Change
	Can          Can
	Diff         DiffView
	Comment      string
	CommentError string
	Problem      string // why the last press of a button did nothing
	// Environment and Departures are as in PlanData.
	Environment []environ.Container
	Departures  []catalog.Departures
}

// ChangeData is a change's own page.
type ChangeData struct {
	Change       change.Change
	Can          Can
	Comment      string
	CommentError string
	Problem      string
	// NoApp is true where no application of this name is there: it was deleted, or its creation did not
	// come about. Then nothing leads to its page.
	NoApp bool
	// Answered keeps the stream from replacing the decision: the page holds a message about it.
	Answered bool
	// Spent is true of a failed change that cannot be resumed any more, because another one was applied.
	Spent bool
	// Live is where its stream is; empty where nothing can happen any longer.
	Live string
}
