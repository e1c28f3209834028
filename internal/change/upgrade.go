package change

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// What upgrading many may take of the clusters: the upgrades that are planned or submitted side by side, of all
// people together, and how long one may take. One that is slow holds up neither the others nor its page.
const (
	upgradesAtOnce = 8
	upgradeTime    = 15 * time.Second
)

// ErrTooSlow is why an upgrade has no plan, or is perhaps not submitted: its cluster did not answer in time.
var ErrTooSlow = errors.New("change: the upgrade took too long")

// Upgrade is one application on its way to another version of its template.
type Upgrade struct {
	App  Application
	Gone []catalog.Gone // inputs that the version has no field for
	Plan Plan
	// Err is why there is no plan. catalog.Errors means that the inputs do not fit the version as they
	// are; others are those of Preview.
	Err error
}

// Chosen is one application that somebody wants to be upgraded.
type Chosen struct {
	App  AppKey
	Seen Submission // Seen, Reason and Key; the draft is made by the service
}

// Upgraded is what became of one Chosen: a change, or why there is none. The errors are those of Submit.
type Upgraded struct {
	App    AppKey
	Change Change
	Err    error
}

// Behind lists the applications that run an older version than to, and that who may change. It is
// ordered by target and name.
func (s *Service) Behind(ctx context.Context, who policy.Subject, to catalog.TemplateID) ([]Application, error) {
	all, err := s.Applications(ctx, who)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(a Application) bool {
		return a.Template.Name != to.Name || a.Revision == 0 ||
			catalog.CompareVersions(a.Template.Version, to.Version) >= 0 ||
			s.May(who, policy.SubmitChange, policy.Resource{Target: a.Target}) != nil
	}), nil
}

// PlanUpgrade works out what taking an application to the version would do. What goes wrong stands in the
// Upgrade: see its Err.
func (s *Service) PlanUpgrade(ctx context.Context, who policy.Subject, to catalog.TemplateID, app Application) Upgrade {
	u := Upgrade{App: app}
	u.Err = s.inSlot(ctx, func(ctx context.Context) error {
		d, gone, err := s.upgradeDraft(ctx, who, app.AppKey, to)
		if u.Gone = gone; err != nil {
			return err
		}
		u.Plan, err = s.Preview(ctx, who, d)
		return err
	})
	return u
}

// PlanUpgrades is PlanUpgrade for several, in the order of apps. What goes wrong with one touches no other.
func (s *Service) PlanUpgrades(ctx context.Context, who policy.Subject, to catalog.TemplateID, apps []Application) []Upgrade {
	out := make([]Upgrade, len(apps))
	var all sync.WaitGroup
	for i, a := range apps {
		all.Go(func() { out[i] = s.PlanUpgrade(ctx, who, to, a) })
	}
	all.Wait()
	return out
}

// SubmitUpgrades submits each of the chosen in a transaction of its own. One that fails touches no other; posting
// all of it again gives the same changes, by their keys.
func (s *Service) SubmitUpgrades(ctx context.Context, who policy.Subject, from audit.Request, to catalog.TemplateID, chosen []Chosen) []Upgraded {
	out := make([]Upgraded, len(chosen))
	var all sync.WaitGroup
	for i, c := range chosen {
		all.Go(func() {
			out[i] = Upgraded{App: c.App}
			out[i].Err = s.inSlot(ctx, func(ctx context.Context) (err error) {
				sub := c.Seen
				if sub.Draft, _, err = s.upgradeDraft(ctx, who, c.App, to); err == nil {
					out[i].Change, err = s.Submit(ctx, who, from, sub)
				}
				return err
			})
		})
	}
	all.Wait()
	return out
}

// inSlot does one upgrade when there is room for it, and gives it its time.
func (s *Service) inSlot(ctx context.Context, do func(context.Context) error) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	within, cancel := context.WithTimeoutCause(ctx, upgradeTime, ErrTooSlow)
	defer cancel()
	err := do(within)
	if err != nil && errors.Is(context.Cause(within), ErrTooSlow) {
		return errors.Join(ErrTooSlow, err)
	}
	return err
}

// upgradeDraft is an application with its inputs as they fit another version of its template.
func (s *Service) upgradeDraft(ctx context.Context, who policy.Subject, app AppKey, to catalog.TemplateID) (Draft, []catalog.Gone, error) {
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: app.Target}); err != nil {
		return Draft{}, nil, err
	}
	t, err := s.Templates.Template(to)
	if err != nil {
		return Draft{}, nil, err
	}
	if t.Broken != nil {
		return Draft{}, nil, &Refusal{Reason: "Version " + to.Version + " is broken and cannot be used."}
	}
	id, inputs, err := s.Inputs(ctx, who, app)
	if err != nil {
		return Draft{}, nil, err
	}
	if id.Name != to.Name {
		return Draft{}, nil, &Refusal{Reason: "It is made from template " + id.Name + " by now."}
	}
	fit, gone := t.Fit(inputs)
	return Draft{Kind: Update, App: app, Template: to, Inputs: fit}, gone, nil
}
