package change

import (
	"fmt"
	"slices"
	"time"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/manifest"
)

// gated is the effect of a gate that the rollout is going to wait for. One that was passed has none of
// its own.
func gated(o manifest.DryRun) (Effect, bool) {
	if o.Gate == nil || o.Op == manifest.Delete || o.Gate.Live == manifest.GatePassed {
		return Effect{}, false
	}
	e := Effect{Kind: Gated, Ref: o.Ref, Pods: o.PodsWanted}
	what := "runs first"
	switch o.Gate.Live {
	case manifest.GateRunning:
		what = "still runs"
	case manifest.GateBroken:
		what = "failed before and runs anew, first"
	}
	e.Sentence = fmt.Sprintf("%s %s. The rollout waits for it, at most %s.", named(o.Ref), what, within(o.Gate.Limit))
	e.Why = "If it fails, nothing that runs is touched, and the change can be resumed."
	if o.Gate.Trial {
		e.Why = "It tries the new version beside the old one. " + e.Why
	}
	return e, true
}

// within is a limit as people say it.
func within(d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 100*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}

// runsAnew tells whether a gate's Job is to run by what was approved, though it was there then: it had
// failed, and an attempt that was interrupted has deleted it already.
func runsAnew(approved Plan, o manifest.DryRun) bool {
	return o.Gate != nil && o.Op == manifest.Create &&
		slices.ContainsFunc(approved.Effects, func(e Effect) bool { return e.Kind == Gated && e.Ref.Same(o.Ref) })
}

// withoutGates takes the gates out of a set that is gone back to. What they were for has been done: that
// revision was applied, so its gates were passed. Run once more, the migration of an old version would at
// best find nothing to do, and at worst fail over a database that is newer than it and so forbid the way
// back just when it is needed. What the revision that runs now has migrated is noted, since it stays.
func (p *prepared) withoutGates() error {
	then := p.set
	p.set = slices.DeleteFunc(slices.Clone(then), manifest.IsGate)
	now, err := decodeSet(p.runs)
	if err != nil {
		return err
	}
	for _, u := range now {
		g, ref := manifest.GateOf(u, nil), manifest.RefIn(u, p.place.Namespace)
		if g != nil && !g.Trial && !slices.ContainsFunc(then.RefsIn(p.place.Namespace), ref.Same) {
			p.undone = append(p.undone, ref)
		}
	}
	return nil
}

// notUndone warns of what a roll back leaves as it is.
func (p *prepared) notUndone() []advice.Warning {
	var out []advice.Warning
	for _, ref := range p.undone {
		out = append(out, advice.Warning{Ref: ref, Sentence: fmt.Sprintf("%s ran for what runs now, and going back does not undo what it did. Make sure that the older version works with that, such as with a migrated database.", named(ref))})
	}
	return out
}
