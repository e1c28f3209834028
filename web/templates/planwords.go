package templates

import (
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// verdict says in sentences what a plan would do. The marks in it are those of runs.
func verdict(kind change.Kind, p change.Plan) string {
	if p.Blocked() {
		return blockedVerdict(p)
	}
	acts := planActs(p)
	if len(acts) == 0 {
		return "**Nothing would change**: the cluster already has all of this."
	}
	subject := "This "
	if kind == change.Rollback {
		subject = "This goes back: it "
	}
	s := subject + list(acts) + "."
	for _, e := range p.Effects {
		if e.Kind == change.DataLoss || e.Kind == change.Outage || e.Kind == change.Rights {
			s += " **" + firstSentence(e.Sentence) + "**"
		}
	}
	return s
}

func blockedVerdict(p change.Plan) string {
	problems, unset, conflicts := 0, 0, 0
	for _, o := range p.Objects {
		if o.Problem != nil {
			problems++
		}
		if o.Problem != nil && o.Problem.Kind == manifest.UnsetSecret {
			unset++
		}
		conflicts += len(o.Conflicts)
	}
	switch {
	case problems > 0 && problems == unset: // the cluster was not asked about those
		return "**This cannot be applied yet**: secret values are missing."
	case problems == 0:
		return "**This cannot be applied**: " + count(conflicts, "field") + " " + verb(conflicts, "belongs", "belong") + " to somebody else."
	case problems == len(p.Objects):
		return "**The cluster would not take this.**"
	}
	return "**The cluster would not take this**: " + thousands(int64(problems)) + " of " + count(len(p.Objects), "object") + " " + verb(problems, "has", "have") + " a problem."
}

// planActs are the clauses of a verdict. The first number has its noun, the others go without.
func planActs(p change.Plan) []string {
	var acts []string
	add := func(verb string, n int) {
		switch {
		case n == 0:
		case len(acts) == 0:
			acts = append(acts, verb+" **"+count(n, "object")+"**")
		default:
			acts = append(acts, verb+" **"+thousands(int64(n))+"**")
		}
	}
	add("creates", p.Count(manifest.Create))
	add("changes", p.Count(manifest.Change))
	add("deletes", p.Count(manifest.Delete))
	if pods, names := restarts(p); pods > 0 {
		s := "restarts **" + count(pods, "pod") + "**"
		if len(names) == 1 {
			s += " of `" + names[0] + "`"
		}
		acts = append(acts, s)
	}
	return acts
}

// restarts is how many pods are replaced, and of which workloads.
func restarts(p change.Plan) (pods int32, names []string) {
	for _, e := range p.Effects {
		if e.Kind == change.Restart {
			pods += e.Pods
			names = append(names, e.Ref.Name)
		}
	}
	return pods, names
}

// firstSentence of a text, with its full stop.
func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}

// afterFirst is what follows firstSentence.
func afterFirst(s string) string {
	return strings.TrimPrefix(s, firstSentence(s))
}

// approvalSentence says who must agree.
func approvalSentence(demands []policy.Demand) string {
	switch n := policy.ApprovalsNeeded(demands); n {
	case 0:
		return "Nobody has to approve it."
	case 1:
		return "One person must approve."
	default:
		return numberWord(n) + " people must approve."
	}
}

// approvalsTitle heads the list of demands.
func approvalsTitle(n int) string {
	switch n {
	case 0:
		return "No approval is needed"
	case 1:
		return "One approval, because"
	}
	return numberWord(n) + " approvals, because"
}

// objectNote is what stands beside an object's name in its difference.
func objectNote(o manifest.DryRun, effects []change.Effect) string {
	for _, e := range effects {
		if !e.Ref.Same(o.Ref) {
			continue
		}
		switch e.Kind {
		case change.DataLoss:
			return "deleted, with its data"
		case change.Outage:
			return "brief outage"
		case change.Rights:
			return "changes rights"
		case change.Gated:
			return "runs first"
		case change.Restart:
			return count(e.Pods, "pod") + " " + verb(e.Pods, "restarts", "restart")
		case change.Stop:
			return count(e.Pods, "pod") + " " + verb(e.Pods, "stops", "stop")
		case change.Scaled:
			return "scaled"
		}
	}
	switch o.Op {
	case manifest.Create:
		return "created"
	case manifest.Delete:
		return "deleted"
	}
	return ""
}

// risk is the worst that a change does, for a row of the queue; kind is empty where there is none.
func risk(p change.Plan) (kind change.EffectKind, words string) {
	for _, want := range []struct {
		kind  change.EffectKind
		words string
	}{
		{change.DataLoss, "data is deleted"}, {change.Rights, "rights change"}, {change.Outage, "brief outage"}, {change.Stop, "pods stop"},
	} {
		for _, e := range p.Effects {
			if e.Kind == want.kind {
				return want.kind, want.words
			}
		}
	}
	return "", ""
}

// allWarnings of a plan, each with its object.
type warning struct {
	Ref  manifest.Ref
	Said string
}

func warnings(p change.Plan) []warning {
	var out []warning
	for _, o := range p.Objects {
		for _, w := range o.Warnings {
			out = append(out, warning{o.Ref, w})
		}
	}
	return out
}

// inputsHeading is what stands above the inputs of a change: of a new application all are new.
func inputsHeading(k change.Kind) string {
	if k == change.Create {
		return "Inputs"
	}
	return "Changed inputs"
}

// requests says in one sentence what the pods of an application ask for together.
func requests(r *advice.Requests) string {
	if r == nil {
		return ""
	}
	var parts []string
	for _, one := range []struct {
		much, of string
		percent  int
	}{{r.CPU, "CPU", r.CPUPercent}, {r.Memory, "memory", r.MemoryPercent}} {
		switch {
		case one.much == "":
		case one.percent == 0:
			parts = append(parts, one.much+" "+one.of)
		default:
			parts = append(parts, fmt.Sprintf("%s %s (%d %% of the cluster)", one.much, one.of, one.percent))
		}
	}
	pods := "At most " + count(r.Pods, "pod")
	if r.Pods != 1 {
		pods += " together"
	}
	if len(parts) == 0 {
		return pods + verb(r.Pods, " asks", " ask") + " for no CPU or memory."
	}
	return pods + verb(r.Pods, " asks", " ask") + " for " + list(parts) + "."
}

// doubts counts what the API server warned of and what nobody could check: "1 warning, 2 not checked".
func doubts(p change.Plan) string {
	var said []string
	if n := len(warnings(p)) + len(p.Warnings); n > 0 {
		said = append(said, count(n, "warning"))
	}
	if n := len(p.Unchecked); n > 0 {
		said = append(said, thousands(int64(n))+" not checked")
	}
	return strings.Join(said, ", ")
}

func withProblems(p change.Plan) []manifest.DryRun {
	var out []manifest.DryRun
	for _, o := range p.Objects {
		if o.Problem != nil {
			out = append(out, o)
		}
	}
	return out
}

// conflict is a field of an object that somebody else owns.
type conflict struct {
	Ref manifest.Ref
	manifest.Conflict
}

// sentence says whose field it is, and what both sides want, with the marks of runs.
func (c conflict) sentence() string {
	s := "`" + c.Field + "` of " + c.Ref.Kind + " `" + c.Ref.Name + "` belongs to `" + c.Manager + "`"
	if !c.Since.IsZero() {
		s += ", which last wrote it on " + c.Since.UTC().Format("2 January 2006 at 15:04:05 UTC")
	}
	s += "."
	if c.Live != "" || c.Wanted != "" {
		s += " You set **" + orNothing(c.Wanted) + "**, it is **" + orNothing(c.Live) + "** in the cluster."
	}
	return s
}

func conflicts(p change.Plan) []conflict {
	var out []conflict
	for _, o := range p.Objects {
		for _, c := range o.Conflicts {
			out = append(out, conflict{o.Ref, c})
		}
	}
	return out
}

// kindWord is a change's kind as a noun: "update of revision 42".
func kindWord(kind change.Kind, base int) string {
	switch kind {
	case change.Create:
		return "new application"
	case change.Update:
		return "update of " + revision(base)
	case change.Rollback:
		return "roll back from " + revision(base)
	case change.RestartPods:
		return "restart of " + revision(base)
	case change.ScalePods:
		return "other number of pods for " + revision(base)
	case change.Delete:
		return "deletion at " + revision(base)
	}
	return string(kind)
}

func revision(n int) string {
	if n == 0 {
		return "no revision yet"
	}
	return "revision " + thousands(int64(n))
}

// submitWord is the button that submits a plan.
func submitWord(d PlanData) string {
	if policy.ApprovalsNeeded(d.Plan.Demands) > 0 {
		return "Submit for approval"
	}
	switch d.Kind {
	case change.Create:
		return "Create " + d.App.Name
	case change.Rollback:
		return "Roll back to " + thousands(int64(d.Revision))
	case change.RestartPods:
		return "Restart " + d.App.Name
	case change.ScalePods:
		what, _, _ := strings.Cut(d.Title, " ") // Scale, Stop or Start
		return what + " " + d.App.Name
	case change.Delete:
		return "Delete " + d.App.Name
	}
	return "Apply"
}

// losesData tells whether what is submitted cannot be had back, so that its button is red: data goes,
// or the whole application.
func losesData(d PlanData) bool {
	k, _ := risk(d.Plan)
	return k == change.DataLoss || d.Kind == change.Delete
}

// canSubmit tells whether there is anything to submit.
func canSubmit(d PlanData) bool {
	return d.MaySubmit && !d.Plan.Blocked() && d.Plan.Digest != ""
}

// whyNotSubmit says why there is no button to submit with.
func whyNotSubmit(d PlanData) string {
	switch {
	case d.Plan.Blocked():
		return "The plan says what stands in the way."
	case !d.MaySubmit:
		return d.WhyNot
	}
	return ""
}

// orNothing is a field's value in a sentence.
func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}
