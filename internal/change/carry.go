package change

import (
	"context"

	"slipway.dev/slipway/internal/policy"
)

// PreviewRendered does what Preview does and gives the objects along, as canonical YAML with tokens for
// secret values: those that the plan's digest covers. It returns the errors of Preview.
func (s *Service) PreviewRendered(ctx context.Context, who policy.Subject, d Draft) (Plan, []byte, error) {
	p, err := s.prepare(ctx, who, policy.PreviewChange, d)
	if err != nil {
		return Plan{}, nil, err
	}
	err = s.dryRun(ctx, &p, policy.Acting{Team: d.App.Team, Requester: who.Person})
	return p.plan, p.rendered, err
}
