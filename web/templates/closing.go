package templates

import (
	"slices"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// isClosed tells whether a change ended without being applied.
func isClosed(s change.State) bool {
	switch s {
	case change.Stale, change.Rejected, change.Withdrawn, change.Expired:
		return true
	}
	return false
}

// over tells whether a change ended without being applied, or failed and cannot be gone on with.
func (d ChangeData) over() bool { return isClosed(d.Change.State) || d.Spent }

// closingTitle heads how a change ended without being applied. Why it is stale stands below.
func closingTitle(s change.State) string {
	switch s {
	case change.Stale:
		return "It would no longer do what was agreed to"
	case change.Rejected:
		return "Rejected"
	case change.Withdrawn:
		return "Withdrawn"
	case change.Expired:
		return "Nobody decided in time"
	}
	return string(s)
}

// closingText says what that means. A change that goes stale when it is resumed has been applied in part.
func closingText(c change.Change) string {
	s := "Nothing was applied"
	if !c.Started.IsZero() {
		s = "Nothing further was applied. What an earlier attempt applied stays"
	}
	switch c.State {
	case change.Stale:
		return s + ". Submit it again: the new plan says what would happen now."
	case change.Rejected, change.Withdrawn:
		return s + ", and this change is over. A new one can be submitted."
	case change.Expired:
		return s + ". It can be submitted again."
	}
	return ""
}

// closedVerb says what ended a change.
func closedVerb(c change.Change) string {
	switch {
	case c.State == change.Rejected:
		return "rejected it"
	case c.State == change.Withdrawn:
		return "withdrew it"
	case c.State == change.Expired:
		return "let it expire"
	case c.State == change.Stale && !c.Started.IsZero():
		return "found that it would do something else now, and applied nothing further"
	case c.State == change.Stale:
		return "found that it would do something else now, and applied nothing"
	}
	return "closed it"
}

// attempts says how often it was tried.
func attempts(c change.Change) string {
	if isClosed(c.State) {
		return count(c.Attempt, "attempt") + " were made."
	}
	return "This is attempt " + plainNumber(int64(c.Attempt)) + "."
}

// deletesJob tells whether a plan takes a Job away, and so the logs of its pods.
func deletesJob(p change.Plan) bool {
	return slices.ContainsFunc(p.Objects, func(o manifest.DryRun) bool { return o.Op == manifest.Delete && o.Ref.Kind == "Job" })
}
