package change

import (
	"context"
	"errors"
	"fmt"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// cannotUndo means that a change cannot be taken back unasked, and waiting does not help.
type cannotUndo struct{ why string }

func (e *cannotUndo) Error() string { return "change: not taken back: " + e.why }

// undo plans the change that takes c back, because of why, and gives it with the entry of its submission.
// Nothing is stored. It acts for the requester of c, whether or not that person may still submit: what it
// brings back was applied before, and whoever agreed to c agreed to this.
//
// It returns *cannotUndo, ErrClusterAway or ErrUnavailable.
func (s *Service) undo(ctx context.Context, c Change, why string) (Change, audit.Entry, error) {
	place, ok := s.Places[c.App.Target]
	if !ok {
		return Change{}, audit.Entry{}, &cannotUndo{"The portal's configuration does not have this target any more."}
	}
	sub := Submission{
		Draft:  Draft{Kind: Rollback, App: c.App, Revision: c.Base},
		Reason: fmt.Sprintf("Because #%d did not get ready: %s", c.ID, why),
	}
	p, err := s.prepareAt(ctx, place, sub.Draft, nil)
	if err == nil {
		err = s.dryRun(ctx, &p, policy.Acting{Team: c.App.Team, Requester: c.Requester, Change: c.ID})
	}
	if err != nil {
		return Change{}, audit.Entry{}, s.whyNotUndone(ctx, c, err)
	}
	if err := undoable(p.plan); err != nil {
		return Change{}, audit.Entry{}, err
	}
	p.plan.Demands = nil // agreed to with c
	out := s.newChange(p, c.Requester, sub)
	out.Undoes = c.ID
	e := out.entry(audit.SubmitChange, audit.Done)
	e.RanAs = ""
	e.Detail = fmt.Sprintf("By itself. %s Agreed to with change %d, which it takes back.", out.Reason, c.ID)
	return out, e, nil
}

func (s *Service) whyNotUndone(ctx context.Context, c Change, err error) error {
	var refusal *Refusal
	switch {
	case errors.Is(err, ErrClusterAway), errors.Is(err, ErrUnavailable), ctx.Err() != nil:
		return err
	case errors.As(err, &refusal):
		return &cannotUndo{refusal.Reason}
	case errors.Is(err, ErrNotFound):
		return &cannotUndo{fmt.Sprintf("Revision %d, which it would go back to, is not there.", c.Base)}
	}
	s.Log.ErrorContext(ctx, "a change could not be taken back", "change", c.ID, "err", err)
	return &cannotUndo{"Slipway could not work out how to go back; its own log says why."}
}

// undoable tells why a plan of going back must not be carried out unasked; nil if it may.
func undoable(p Plan) error {
	if o := p.problem(); o != nil {
		return &cannotUndo{"Going back is not possible as it is, because the cluster would not take " + o.Ref.String() + ": " + problemOf(*o)}
	}
	for _, o := range p.Objects {
		if o.Op == manifest.Create && o.Ref.Kind == "Job" {
			return &cannotUndo{jobAgain(o.Ref)}
		}
	}
	return nil
}

func jobAgain(r manifest.Ref) string {
	return "Going back would run Job " + r.Name + " once more, and whether that does harm is for a person to say."
}

// RolledBackBefore tells whether the newest update of an application was submitted with the wish to be
// rolled back by itself, so that the next one begins with it. What cannot be looked up counts as no.
func (s *Service) RolledBackBefore(ctx context.Context, who policy.Subject, app AppKey) bool {
	recent, err := s.Changes(ctx, who, Query{App: &app, Limit: 20})
	if err != nil {
		return false
	}
	for _, c := range recent {
		if c.Kind == Update {
			return c.Watch != nil
		}
	}
	return false
}
