package change

import (
	"context"

	"slipway.dev/slipway/internal/policy"
)

// Prospect is the change that a draft would become, for those who carry it away: with its plan, the inputs and
// the objects, as canonical YAML with tokens for secret values, that the plan's digest covers. Nothing is
// stored, and it has no ID. It returns the errors of Preview.
func (s *Service) Prospect(ctx context.Context, who policy.Subject, d Draft) (Change, error) {
	p, err := s.prepare(ctx, who, policy.PreviewChange, d)
	if err != nil {
		return Change{}, err
	}
	if err := s.dryRun(ctx, &p, policy.Acting{Team: d.App.Team, Requester: who.Person}); err != nil {
		return Change{}, err
	}
	return s.newChange(p, who.Person, Submission{Draft: d}), nil
}
