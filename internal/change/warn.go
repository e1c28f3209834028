package change

import (
	"context"
	"fmt"
	"slices"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// learn looks up what the plan is judged by, while the cluster tries the objects. One value comes out of
// the channel, soon.
func (s *Service) learn(ctx context.Context, p *prepared, as policy.Acting) <-chan manifest.Facts {
	out := make(chan manifest.Facts, 1)
	if s.Facts == nil || !p.judged || len(p.set) == 0 {
		out <- manifest.Facts{}
		return out
	}
	wanted := advice.Ask(p.set, p.place.Namespace)
	for _, ref := range environ.Wanted(p.set, p.place.Namespace) {
		if !slices.Contains(wanted.Keyed, ref) {
			wanted.Keyed = append(wanted.Keyed, ref)
		}
	}
	go func() { out <- s.Facts(ctx, as, p.place, wanted) }()
	return out
}

// advise puts into the plan what is likely to be wrong, and what the pods ask for together.
func (s *Service) advise(ctx context.Context, p *prepared, facts manifest.Facts) {
	if !p.judged || p.Kind == Delete {
		return
	}
	if t, err := s.Templates.Template(p.Template); err == nil && p.Kind != Rollback && p.Kind != RestartPods {
		if r, err := s.Release(ctx, p.App, p.base); err == nil {
			for _, w := range t.Warnings(p.Inputs, r) {
				p.plan.Warnings = append(p.plan.Warnings, advice.Warning{Sentence: w.Title + ": " + w.Message, Path: w.Path})
			}
		}
	}
	p.plan.Known = knownKeys(p.set, p.place.Namespace, facts)
	if p.Kind == Rollback {
		p.plan.Warnings = append(p.plan.Warnings, s.migrated(ctx, p)...)
	}
	about := advice.Judge(p.set, p.place.Namespace, facts)
	if p.Kind == RestartPods || p.Kind == ScalePods {
		p.plan.Warnings = append(p.plan.Warnings, s.overtaken(ctx, p)...)
		about = unlessKnown(about, p)
	}
	p.plan.Warnings = append(append(p.plan.Warnings, p.notUndone()...), about...)
	if sum := advice.Sum(p.set, p.place.Namespace, facts); sum.Pods > 0 {
		p.plan.Requests = &sum
	}
}

// unlessKnown leaves out what is as true of the objects that run: whoever restarts them has no part in it.
// What comes from the cluster's facts stays, such as a Secret that is gone, without which no new pod starts.
func unlessKnown(about []advice.Warning, p *prepared) []advice.Warning {
	before, err := decodeSet(p.runs)
	if err != nil {
		return about
	}
	known := advice.Judge(before, p.place.Namespace, manifest.Facts{})
	return slices.DeleteFunc(about, func(w advice.Warning) bool { return slices.Contains(known, w) })
}

// overtaken warns of changes under way that a restart or another number of pods, which are quickly asked
// for, would make stale.
func (s *Service) overtaken(ctx context.Context, p *prepared) (out []advice.Warning) {
	open, err := s.Store.Changes(ctx, Query{
		Visible: []policy.Target{p.App.Target}, App: &p.App, States: []State{Pending, Approved, Applying}, Oldest: true, Limit: 5,
	})
	if err != nil {
		return nil // the plan is true without it
	}
	for _, c := range open {
		out = append(out, advice.Warning{Sentence: fmt.Sprintf("Change #%d, “%s”, is under way. Of two changes that were planned on the same revision only one can be applied; the other must be submitted again.", c.ID, c.Title)})
	}
	return out
}

// Warned is the plan with warnings about secret values that came with the form it is of. A plan that is stored
// has none of them: from here on there are only tokens.
func (p Plan) Warned(odd catalog.Errors) Plan {
	var first []advice.Warning
	for _, w := range odd {
		first = append(first, advice.Warning{Sentence: w.Title + ": " + w.Message, Path: w.Path})
	}
	p.Warnings = append(first, p.Warnings...)
	return p
}
