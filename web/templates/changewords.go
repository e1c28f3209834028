package templates

import (
	"fmt"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// step is one of the four that a change goes through.
type step struct {
	Name  string
	Class string // done, now, bad or none
	At    time.Time
}

// steps of a change: submitted, approved, applying, applied.
func steps(c change.Change) []step {
	out := []step{
		{Name: "Submitted", At: c.Submitted}, {Name: "Approved", At: approvedAt(c)},
		{Name: "Applying", At: c.Started}, {Name: "Applied"},
	}
	if policy.ApprovalsNeeded(c.Plan.Demands) == 0 {
		out[1].Name = "No approval needed"
	}
	if c.Undoes != 0 {
		out[1].Name = "Agreed to with " + changeNumber(c.Undoes)
	}
	now, bad := reached(c)
	for i := range out {
		switch {
		case i < now:
			out[i].Class = "done"
		case i == now && bad:
			out[i].Class = "now bad"
		case i == now:
			out[i].Class = "now"
		}
	}
	if c.State == change.Applied {
		out[3].Class, out[3].At = "done", c.Finished
	}
	return out
}

// reached is the step at which a change is, and whether it ended there.
func reached(c change.Change) (now int, bad bool) {
	switch c.State {
	case change.Pending:
		return 1, false
	case change.Approved:
		return 2, false
	case change.Applying:
		return 2, false
	case change.Applied:
		return 3, false
	case change.Failed, change.Stale:
		return 2, true
	}
	if approvedAt(c).IsZero() {
		return 1, true
	}
	return 2, true
}

// approvedAt is when the last approval that was needed came; zero as long as one is missing.
func approvedAt(c change.Change) time.Time {
	need := policy.ApprovalsNeeded(c.Plan.Demands)
	switch {
	case need == 0:
		return c.Submitted
	case len(c.Approvals) < need:
		return time.Time{}
	}
	return c.Approvals[need-1].At
}

// stage is a stage of applying with its objects.
type stage struct {
	Number   int
	Name     string
	Outcomes []manifest.Outcome
}

// stages groups what was done by stage, in order.
func stages(outcomes []manifest.Outcome) []stage {
	var out []stage
	for n := manifest.StageNamespaces; n <= manifest.StageDeletions; n++ {
		s := stage{Number: len(out) + 1, Name: manifest.StageNames[n]}
		for _, o := range outcomes {
			if o.Stage == n {
				s.Outcomes = append(s.Outcomes, o)
			}
		}
		if len(s.Outcomes) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// count is how many objects of a stage are in a state.
func (s stage) count(want manifest.OutcomeState) int {
	n := 0
	for _, o := range s.Outcomes {
		if o.State == want {
			n++
		}
	}
	return n
}

// open tells whether a stage's objects are shown from the start: where something is not as it should be.
func (s stage) open() bool {
	done := s.count(manifest.Succeeded)
	return done > 0 && done < len(s.Outcomes) || s.count(manifest.Broken)+s.count(manifest.Working)+s.count(manifest.Awaited)+s.count(manifest.Lost) > 0
}

// id is another one when the stage is to be open: what is swapped in leaves what is folded as it is, for
// those who have folded it, and only what is new comes as it was written.
func (s stage) id() string {
	id := "stage-" + plainNumber(int64(s.Number))
	if s.open() {
		id += "-open"
	}
	return id
}

// summary is a stage in one status.
func (s stage) summary() (class, words string) {
	n := len(s.Outcomes)
	switch done := s.count(manifest.Succeeded); {
	case s.count(manifest.Broken) > 0:
		return "st st-failed", count(s.count(manifest.Broken), "object") + " failed"
	case s.count(manifest.Lost) > 0:
		return "st st-unknown", count(s.count(manifest.Lost), "answer") + " lost"
	case done == n:
		return "st st-ready", thousands(int64(n)) + " of " + thousands(int64(n))
	case s.count(manifest.Awaited) > 0:
		return "st st-progressing", "waits for " + count(s.count(manifest.Awaited), "Job")
	case s.count(manifest.Working) > 0 || done > 0:
		return "st st-progressing", thousands(int64(done)) + " of " + thousands(int64(n))
	case s.count(manifest.Skipped) > 0:
		return "st st-paused", "not tried"
	}
	return "st st-none", "to come"
}

// outcomeLook is what became of one object, as class and word.
func outcomeLook(o manifest.Outcome) (class, word string) {
	switch o.State {
	case manifest.Succeeded:
		if o.Left != "" {
			return "st st-drifted", "left"
		}
		return "st st-ready", doneWord(o.Op)
	case manifest.Broken:
		return "st st-failed", "failed"
	case manifest.Working:
		return "st st-progressing", "working"
	case manifest.Awaited:
		return "st st-progressing", "running"
	case manifest.Lost:
		return "st st-unknown", "unknown"
	case manifest.Skipped:
		return "st st-paused", "not tried"
	}
	return "st st-none", "to come"
}

// leftTitle says how much of what was to be deleted is still there.
func leftTitle(n int) string {
	if n == 1 {
		return "1 object was left in the cluster"
	}
	return thousands(int64(n)) + " objects were left in the cluster"
}

func doneWord(op manifest.Op) string {
	switch op {
	case manifest.Create:
		return "created"
	case manifest.Change:
		return "changed"
	case manifest.Delete:
		return "deleted"
	}
	return "unchanged"
}

// outcomeDetail is a clause beside an object.
func outcomeDetail(o manifest.Outcome) string {
	s := o.Note
	if o.Left != "" {
		s = "belongs to " + o.Left + " now"
	} else if o.Problem != nil {
		s = o.Problem.Sentence
	} else if o.State == manifest.Lost {
		s = "written, and no answer came; looked up again on Resume"
	}
	if o.Tries > 1 {
		if s != "" {
			s += " "
		}
		s += "(" + count(o.Tries, "try") + ")"
	}
	return s
}

// awaited are the gates that are waited for.
func awaited(outcomes []manifest.Outcome) []manifest.Outcome {
	var out []manifest.Outcome
	for _, o := range outcomes {
		if o.State == manifest.Awaited {
			out = append(out, o)
		}
	}
	return out
}

// holdsUp says what a change that is under way waits for, or why it failed, as far as there is something to
// do or to know about it.
func holdsUp(c change.Change) []string {
	switch c.State {
	case change.Applying:
		var out []string
		for _, o := range awaited(c.Outcomes) {
			s := fmt.Sprintf("The Job `%s` has to succeed first", o.Ref.Name)
			if o.Note != "" {
				s += ": " + o.Note
			}
			out = append(out, s+". What runs stays as it is until then.")
		}
		return out
	case change.Failed:
		if c.Failure != "" {
			return []string{c.Failure}
		}
	}
	return nil
}

// isGateFailure tells whether a Job was to succeed first and did not.
func isGateFailure(o manifest.Outcome) bool {
	return o.Problem != nil && o.Problem.Kind == manifest.GateFailed
}

// broken are the objects that failed, or whose answer was lost.
func broken(outcomes []manifest.Outcome) []manifest.Outcome {
	var out []manifest.Outcome
	for _, o := range outcomes {
		if o.State == manifest.Broken || o.State == manifest.Lost {
			out = append(out, o)
		}
	}
	return out
}

// failureTitle says what is there and what is not.
func failureTitle(c change.Change) string {
	done, all := progress(c.Outcomes)
	bad := broken(c.Outcomes)
	waiting := all - done - len(bad)
	s := c.Failure
	if len(bad) > 0 && isGateFailure(bad[0]) {
		return bad[0].Ref.Kind + " `" + bad[0].Ref.Name + "` did not succeed, so the rollout has not begun: what runs is as it was."
	}
	if len(bad) > 0 {
		s = bad[0].Ref.Kind + " `" + bad[0].Ref.Name + "` was not applied."
		if len(bad) > 1 {
			s = thousands(int64(len(bad))) + " objects were not applied."
		}
	}
	if s == "" {
		s = "The change was not applied."
	}
	if all == 0 {
		return s
	}
	s += " " + count(done, "object") + " " + verb(done, "is", "are")
	if waiting > 0 {
		s += ", " + thousands(int64(waiting)) + " " + verb(waiting, "waits", "wait") + " behind " + verb(len(bad), "it", "them")
	}
	return s + "."
}

// by is who did something; the portal where nobody is named.
func by(p policy.Person) string {
	if p.IsZero() {
		return "Slipway"
	}
	return display(p)
}

// approvalsWords is "1 of 2".
func approvalsWords(c change.Change) string {
	return thousands(int64(len(c.Approvals))) + " of " + thousands(int64(policy.ApprovalsNeeded(c.Plan.Demands)))
}

// missing is how many approvals are still needed.
func missing(c change.Change) int {
	return max(0, policy.ApprovalsNeeded(c.Plan.Demands)-len(c.Approvals))
}

// expires says until when a change waits.
func expires(now time.Time, c change.Change) string {
	if c.State != change.Pending || c.Expires.IsZero() {
		return ""
	}
	return "expires in " + span(c.Expires.Sub(now))
}

// queueTabs are the views of the queue.
type queueTab struct {
	View, Label string
	Count       int
	Mine        bool // the count asks for the person
}

func queueTabs(c QueueCounts) []queueTab {
	return []queueTab{
		{ViewWaiting, "Wait for you", c.Waiting, true}, {ViewMine, "Yours", c.Mine, false},
		{ViewOpen, "Open", c.Open, false}, {ViewAll, "All", 0, false},
	}
}

// queueEmpty says what an empty view means.
func queueEmpty(view string) (title, text string) {
	switch view {
	case ViewWaiting:
		return "No change waits for you", "When somebody submits one that you may approve, it stands here."
	case ViewMine:
		return "You have submitted no change", "Changes begin at the catalogue, or with “New version…” on an application’s page."
	case ViewOpen:
		return "Nothing is open", "Every change is applied, or over."
	}
	return "There is no change yet", "The first one begins at the catalogue."
}

func queueOrder(view string) string {
	if view == ViewWaiting {
		return "Oldest first"
	}
	return "Newest first"
}

// URL is the list as it is shown, with more parameters.
func (d QueueData) URL(pairs ...string) string {
	if d.App == nil {
		return withQuery("/changes", append([]string{"view", d.View}, pairs...)...)
	}
	return withQuery(changesURL(*d.App), pairs...)
}

// changesURL lists the changes of one application.
func changesURL(app change.AppKey) string {
	return withQuery("/changes", "view", ViewAll, "team", app.Team, "environment", app.Environment, "application", app.Name)
}

func commentHint(can Can) string {
	switch {
	case can.Approve || can.Reject:
		return "Comment. Needed to reject, welcome to approve"
	}
	return "Comment. Why do you withdraw it?"
}

func progressClass(s change.State) string {
	switch s {
	case change.Failed, change.Stale:
		return "text-error"
	case change.Applied:
		return "text-success"
	}
	return "text-info"
}

// submitter is who submitted a change.
func submitter(c change.Change) string {
	if c.Undoes != 0 {
		return "Slipway, for " + display(c.Requester) + ","
	}
	return display(c.Requester)
}

// unsigned says why nobody's name stands under a change.
func unsigned(c change.Change) string {
	switch {
	case policy.ApprovalsNeeded(c.Plan.Demands) == 0:
		return "nobody had to"
	case c.State == change.Pending:
		return "nobody yet"
	}
	return "nobody"
}
