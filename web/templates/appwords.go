package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
)

// url is the list with another status.
func (d ApplicationsData) url(w status.Word) string {
	return withQuery("/applications", "status", string(w), "team", d.Team, "environment", d.Environment, "q", d.Query)
}

func rowID(r ApplicationRow) string {
	return "a-" + r.App.Team + "-" + r.App.Environment + "-" + r.App.Name
}

// wordOr is the word, where nothing was seen "unknown".
func wordOr(w status.Word) status.Word { return cmp.Or(w, status.Unknown) }

// podsOf is "2 / 3"; "?" for what was not seen.
func podsOf(r ApplicationRow) string {
	switch {
	case r.App.Revision == 0 && r.Ready == 0 && r.Want <= 0:
		return "" // nothing of it was ever asked for
	case !r.Synced:
		return "? / " + thousands(int64(max(r.Want, 0)))
	case r.Want < 0:
		return ""
	}
	return thousands(int64(r.Ready)) + " / " + thousands(int64(r.Want))
}

func changedOf(r ApplicationRow) time.Time {
	if r.App.Changed.IsZero() {
		return r.App.Created
	}
	return r.App.Changed
}

// changeClause says what a change does at the moment, after its number.
func changeClause(s change.State) string {
	switch s {
	case change.Pending:
		return "waits for approval"
	case change.Approved:
		return "is applied next"
	case change.Applying:
		return "is being applied"
	case change.Failed:
		return "failed"
	}
	return string(s)
}

// historyRow is a revision or an attempt that became none.
type historyRow struct {
	At       time.Time
	Revision *change.Revision
	Attempt  *change.Change
}

// history merges both, newest first.
func history(d RevisionsData) []historyRow {
	var out []historyRow
	for i := range d.Revisions {
		out = append(out, historyRow{At: d.Revisions[i].Applied, Revision: &d.Revisions[i]})
	}
	for i := range d.Failed {
		out = append(out, historyRow{At: d.Failed[i].Submitted, Attempt: &d.Failed[i]})
	}
	slices.SortStableFunc(out, func(a, b historyRow) int { return b.At.Compare(a.At) })
	return out
}

// did is what a change of this application was, without the application's name before it: the page is its.
func (d RevisionsData) did(change int64) string {
	return strings.TrimPrefix(d.Titles[change], d.App.Name+": ")
}

// nowhereBack says why there is no button to go back.
func nowhereBack(d RevisionsData) string {
	if d.CanRollBack && len(d.Revisions) == 1 {
		return "With the next one there is something to go back to."
	}
	return ""
}

// pastKind is what a revision did, as a word.
func pastKind(k change.Kind) string {
	switch k {
	case change.Create:
		return "created"
	case change.Update:
		return "updated"
	case change.Rollback:
		return "rolled back"
	case change.RestartPods:
		return "restarted"
	case change.ScalePods:
		return "scaled"
	case change.Delete:
		return "deleted"
	}
	return string(k)
}

// orEvery writes policy.Any for people.
func orEvery(name string) string {
	if name == policy.Any {
		return "every"
	}
	return name
}

// reasonOf is why a row's status is not ready, as a clause. That all pods are ready stands in the
// row's figures.
func reasonOf(r ApplicationRow) string {
	if r.Word == status.Ready || r.Reason == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(r.Reason)
	if second, _ := utf8.DecodeRuneInString(r.Reason[size:]); unicode.IsUpper(second) {
		return r.Reason // an abbreviation, such as CPU
	}
	return string(unicode.ToLower(first)) + r.Reason[size:]
}

// after is s with what joins it to the words before, or nothing.
func after(joint, s string) string {
	if s == "" {
		return ""
	}
	return joint + s
}
