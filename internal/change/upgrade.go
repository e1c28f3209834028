package change

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// upgradesAtOnce is how many applications are planned or submitted side by side.
const upgradesAtOnce = 4

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

// PlanUpgrades works out, for each application, what taking it to the version would do. What goes wrong
// with one stands in its Upgrade and touches no other. The order is that of apps.
func (s *Service) PlanUpgrades(ctx context.Context, who policy.Subject, to catalog.TemplateID, apps []Application) []Upgrade {
	out := make([]Upgrade, len(apps))
	var g errgroup.Group
	g.SetLimit(upgradesAtOnce)
	for i, a := range apps {
		g.Go(func() error {
			u := Upgrade{App: a}
			d, gone, err := s.upgradeDraft(ctx, who, a.AppKey, to)
			u.Gone = gone
			if err == nil {
				u.Plan, err = s.Preview(ctx, who, d)
			}
			u.Err = err
			out[i] = u
			return nil
		})
	}
	_ = g.Wait() // no function of it returns an error
	return out
}

// SubmitUpgrades submits each of the chosen. One that fails touches no other; posting all of it again
// gives the same changes, by their keys.
func (s *Service) SubmitUpgrades(ctx context.Context, who policy.Subject, from audit.Request, to catalog.TemplateID, chosen []Chosen) []Upgraded {
	out := make([]Upgraded, len(chosen))
	var g errgroup.Group
	g.SetLimit(upgradesAtOnce)
	for i, c := range chosen {
		g.Go(func() error {
			out[i] = Upgraded{App: c.App}
			sub := c.Seen
			if sub.Draft, _, out[i].Err = s.upgradeDraft(ctx, who, c.App, to); out[i].Err == nil {
				out[i].Change, out[i].Err = s.Submit(ctx, who, from, sub)
			}
			return nil
		})
	}
	_ = g.Wait() // no function of it returns an error
	return out
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
