package change

import (
	"context"
	"errors"

	"slipway.dev/slipway/internal/policy"
)

// baseMoved tells whether the application is no longer at the revision that a change was planned on.
// Applying it all the same would take back what another change did, though effects of the same kinds
// were agreed to. An application made since the submission is another one of the same name.
func (s *Service) baseMoved(ctx context.Context, c Change) (bool, error) {
	app, err := s.Store.Application(ctx, c.App)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return err == nil && app.left(c), err
}

// left tells whether the application is past what a change was planned on.
func (a Application) left(c Change) bool {
	return a.Revision != c.Base || a.Place != c.Place || a.Created.After(c.Submitted)
}

// Spent tells whether a change that failed cannot be resumed any more: it would become stale.
func (s *Service) Spent(ctx context.Context, c Change) (bool, error) {
	if c.State != Failed {
		return false, nil
	}
	return s.baseMoved(ctx, c)
}

// Resumable lists the failed changes of an application that can still be resumed, the newest first, at most
// ten. Any other change that is applied ends that. An application that is not there, or not for who, has none.
func (s *Service) Resumable(ctx context.Context, who policy.Subject, key AppKey) ([]Change, error) {
	app, err := s.Application(ctx, who, key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	failed, err := s.Changes(ctx, who, Query{App: &key, States: []State{Failed}, Limit: 10})
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, c := range failed {
		if !app.left(c) {
			out = append(out, c)
		}
	}
	return out, nil
}
