package change

import (
	"context"

	"slipway.dev/slipway/internal/advice"
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
	go func() { out <- s.Facts(ctx, as, p.place, advice.Ask(p.set, p.place.Namespace)) }()
	return out
}

// advise puts into the plan what is likely to be wrong, and what the pods ask for together.
func (s *Service) advise(ctx context.Context, p *prepared, facts manifest.Facts) {
	if !p.judged || p.Kind == Delete {
		return
	}
	if t, err := s.Templates.Template(p.Template); err == nil && p.Kind != Rollback {
		if r, err := s.Release(ctx, p.App, p.base); err == nil {
			for _, w := range t.Warnings(p.Inputs, r) {
				p.plan.Warnings = append(p.plan.Warnings, advice.Warning{Sentence: w.Title + ": " + w.Message, Path: w.Path})
			}
		}
	}
	p.plan.Warnings = append(p.plan.Warnings, advice.Judge(p.set, p.place.Namespace, facts)...)
	if sum := advice.Sum(p.set, p.place.Namespace, facts); sum.Pods > 0 {
		p.plan.Requests = &sum
	}
}
