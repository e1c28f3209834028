package change

import (
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

// Watch is what became of the wish that a change be rolled back by itself (ADR 20). It begins as Asked,
// with the submission, and ends once.
type Watch struct {
	State  WatchState
	Since  time.Time // when it was applied and the watch began
	Ended  time.Time
	Why    string // one sentence in plain text: what was seen, or why nothing could be done
	Undone int64  // the change that took it back; 0 for none
}

// WatchState is how far a watch is.
type WatchState string

// The states of a watch. The database's migrations mirror them in a CHECK.
const (
	Asked      WatchState = "asked"       // the change is not applied yet, and may never be
	Watching   WatchState = "watching"    //
	Settled    WatchState = "settled"     // it got ready and stayed so
	Superseded WatchState = "superseded"  // another change of the application came
	RolledBack WatchState = "rolled back" // the change that does it stands in Undone
	GivenUp    WatchState = "given up"    // it did not get ready, and could not be taken back unasked
)

// CanBecome tells whether a watch in state s may get into state to.
func (s WatchState) CanBecome(to WatchState) bool {
	switch s {
	case Asked:
		return to == Watching
	case Watching:
		return to == Settled || to == Superseded || to == RolledBack || to == GivenUp
	}
	return false
}

// Health is how an application's objects do, as the live pages have it.
type Health struct {
	// Known is false while the cluster does not answer, or was not listed yet: then nothing follows from it.
	Known      bool
	Conditions []Condition
}

// Condition is how one object does. An object that is neither Ready nor Failed is on its way.
type Condition struct {
	Ref           manifest.Ref
	Ready, Failed bool
	// Why is a clause in plain text: of a failed one it follows the object's name, "cannot start: its image
	// does not exist", else it says how far it is, "1 of 3 pods is ready".
	Why string
}

// Patience is how long the change of a plan may take to get ready before it counts as failed: the longest
// progress deadline of the Deployments that it touches, and a minute; a quarter of an hour where it touches
// workloads without a deadline.
func (p Plan) Patience() time.Duration {
	const margin, otherwise = time.Minute, 15 * time.Minute
	longest := time.Duration(0)
	for _, o := range p.Objects {
		switch {
		case !watched(o):
		case o.Ref.Kind == "Deployment":
			longest = max(longest, deadlineOf(o)+margin)
		default:
			longest = max(longest, otherwise)
		}
	}
	if longest == 0 {
		return otherwise
	}
	return longest
}

// deadlineOf is a Deployment's progressDeadlineSeconds; the API server's default where it says nothing.
func deadlineOf(o manifest.DryRun) time.Duration {
	var d struct {
		Spec struct {
			Deadline *int64 `json:"progressDeadlineSeconds"`
		} `json:"spec"`
	}
	_ = yaml.Unmarshal([]byte(o.After), &d) // the API server's own object; anything odd means "not known"
	if d.Spec.Deadline == nil {
		return 10 * time.Minute
	}
	return time.Duration(*d.Spec.Deadline) * time.Second
}

// watched tells the workloads that a change makes or changes. What a CronJob starts, starts some other day.
func watched(o manifest.DryRun) bool {
	touched := o.Problem == nil && (o.Op == manifest.Create || o.Op == manifest.Change)
	return touched && isWorkload(o.Ref) && o.Ref.Kind != "CronJob"
}

// CanRollBack tells whether what the plan does can be taken back by itself, and if not, why. There must
// be a revision to go back to, and going back must not run a Job once more; gates are not run by a roll
// back, see withoutGates.
func (p Plan) CanRollBack(kind Kind) (ok bool, why string) {
	if kind != Update || p.Base == 0 {
		return false, ""
	}
	for _, o := range p.Objects {
		if o.Op == manifest.Delete && o.Ref.Kind == "Job" && o.Gate == nil {
			return false, jobAgain(o.Ref)
		}
	}
	return true, ""
}

// vigil judges one watch. It is fed with what is seen, in the order of time.
type vigil struct {
	timing WatchTiming
	limit  time.Time      // when what is not ready counts as failed
	refs   []manifest.Ref // the workloads that count

	ready, failed, late time.Time // since when without interruption; zero if not now
}

// WatchTiming is how sure a watch must be.
type WatchTiming struct {
	Every  time.Duration // how often to look; default 1 s
	Settle time.Duration // how long it must stay ready; default 1 min
	Grace  time.Duration // how long it must stay failed; default 30 s
	Blind  time.Duration // after how long without a word of the cluster to give up; default 24 h
}

func newVigil(c Change, t WatchTiming) *vigil {
	v := &vigil{timing: t, limit: c.Watch.Since.Add(c.Plan.Patience())}
	for _, o := range c.Plan.Objects {
		if watched(o) {
			v.refs = append(v.refs, o.Ref)
		}
	}
	return v
}

// see takes in how the application does at a moment. The verdict is Settled, Watching, or RolledBack with
// the reason.
func (v *vigil) see(now time.Time, h Health) (verdict WatchState, why string) {
	if !h.Known {
		v.ready, v.failed, v.late = time.Time{}, time.Time{}, time.Time{}
		return Watching, ""
	}
	failed, open := v.divide(h)
	since(&v.failed, now, len(failed) > 0)
	since(&v.ready, now, len(failed)+len(open) == 0)
	since(&v.late, now, slices.ContainsFunc(open, func(c Condition) bool { return c.Ref.Kind != "Job" })) // a Job may run for hours
	lasts := func(t time.Time, d time.Duration) bool { return !t.IsZero() && now.Sub(t) >= d }
	switch {
	case lasts(v.failed, v.timing.Grace):
		return RolledBack, said(failed, " ")
	case lasts(v.ready, v.timing.Settle):
		return Settled, "It got ready and stayed so."
	case now.Before(v.limit):
	case lasts(v.late, v.timing.Grace):
		return RolledBack, said(open, " was not ready in time: ")
	case len(failed) == 0 && v.late.IsZero() && v.ready.IsZero():
		return Settled, "It got ready, and a Job still runs."
	}
	return Watching, ""
}

// divide gives the workloads that failed, and those that are on their way or not there.
func (v *vigil) divide(h Health) (failed, open []Condition) {
	for _, r := range v.refs {
		i := slices.IndexFunc(h.Conditions, func(c Condition) bool { return c.Ref.Same(r) })
		switch {
		case i < 0:
			open = append(open, Condition{Ref: r, Why: "it is not there"})
		case h.Conditions[i].Failed:
			failed = append(failed, h.Conditions[i])
		case !h.Conditions[i].Ready:
			open = append(open, h.Conditions[i])
		}
	}
	return failed, open
}

// since keeps the moment from which on something is so.
func since(t *time.Time, now time.Time, so bool) {
	switch {
	case !so:
		*t = time.Time{}
	case t.IsZero():
		*t = now
	}
}

// said names the first of some workloads with what is wrong, and how many more there are.
func said(all []Condition, verb string) string {
	var words []string
	for _, c := range all {
		words = append(words, strings.TrimRight(c.Ref.Name+verb+c.Why, " :"))
	}
	return strings.Join(atMost(words, 2), "; ") + "."
}
