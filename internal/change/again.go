package change

import (
	"context"
	"errors"
	"fmt"

	"slipway.dev/slipway/internal/policy"
)

// CanAgain tells whether the inputs of a change can be taken up again: it came from a form, and it ended without
// being applied, or failed.
func (c Change) CanAgain() bool {
	if c.Kind != Create && c.Kind != Update {
		return false
	}
	return !c.State.Open() && c.State != Applied
}

// Again makes the draft of a form out of a change that can be taken up again, for whoever wants to mend it and
// submit it once more: of the application that it was for, or of a new one where that was never made. Nothing is
// stored. Secret values are the tokens that the change has; a value that is no longer put aside is missed by the plan.
//
// It returns ErrNotFound for a change that is not for who, a *WrongState for one that cannot be taken up, and a
// *Refusal where who may not plan changes of the target, or no source has that version of the template.
func (s *Service) Again(ctx context.Context, who policy.Subject, id int64) (Draft, error) {
	c, err := s.Change(ctx, who, id)
	if err != nil {
		return Draft{}, err
	}
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: c.App.Target}); err != nil {
		return Draft{}, err
	}
	if !c.CanAgain() {
		return Draft{}, &WrongState{Change: c, Wanted: "taken up again"}
	}
	d := Draft{Kind: Create, App: c.App, Template: c.Template, Inputs: c.Inputs}
	switch app, err := s.Application(ctx, who, c.App); {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return Draft{}, err
	case c.Kind == Create && app.Created.After(c.Submitted):
		// Somebody else took the name meanwhile. The form says so, and the person chooses another one.
	case app.Template.Name != c.Template.Name:
		return Draft{}, &Refusal{Reason: fmt.Sprintf("%s is made from template %s by now, and this change from %s, so their fields are not the same.",
			app.Name, app.Template.Name, c.Template.Name)}
	default:
		d.Kind = Update
	}
	// Another version may have no field for some of them, and nothing that was asked for is dropped unsaid.
	if _, err := s.comparable(c.Template); isRefusal(err) {
		return Draft{}, &Refusal{Reason: "No source has " + c.Template.String() + " any more, or it cannot be used. Take the inputs of this change as a file, and open it in the form of another version."}
	} else if err != nil {
		return Draft{}, err
	}
	if c.Plan.Promoted != nil {
		d.Source = &c.Plan.Promoted.Source
	}
	return d, nil
}
