package change

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Templates is the part of the catalogue that changes need.
type Templates interface {
	// Template returns catalog.ErrUnknownTemplate for one that it has not.
	Template(id catalog.TemplateID) (*catalog.Template, error)
}

// Config is what a Service needs.
type Config struct {
	Store     Store
	Cluster   Cluster
	Templates Templates
	// Sealer makes the tokens of secret values; nil takes none.
	Sealer *manifest.Sealer
	Rules  []policy.Rule
	Places map[policy.Target]manifest.Place
	// Domains are, by team, the host names that its applications may have, with all below them. A team
	// that is not in it may use any.
	Domains map[string][]string
	// Facts looks up what a plan is judged by; nil if nobody knows the cluster. It takes seconds at most.
	Facts func(ctx context.Context, as policy.Acting, place manifest.Place, wanted manifest.Wanted) manifest.Facts
	// Serving tells what a cluster serves at a host, and whether that is up to date; nil if nobody knows.
	Serving func(cluster, host string) ([]manifest.Served, bool)
	// Health tells how an application does; nil if nobody knows, and then nothing is rolled back by itself.
	Health func(place manifest.Place, app string) Health
	// ClusterScoped are the targets that take templates which make objects outside the namespace.
	ClusterScoped map[policy.Target]bool
	// Copies are, by name, the environments in which whatever is made ends by itself.
	Copies map[string]CopyRule
	Expiry time.Duration // how long a change waits for approval; 0 means 7 days
	Feed   *Feed
	Log    *slog.Logger
	Now    func() time.Time // nil means time.Now
}

// Service is what people can do with changes. Every method takes the Subject who asks and decides by
// package policy; what the Subject may not see is ErrNotFound. It is safe for concurrent use.
type Service struct {
	Config
	known handlesMemo
	slots chan struct{} // of upgrades that are planned or submitted
}

// NewService makes a Service.
func NewService(c Config) *Service {
	if c.Expiry == 0 {
		c.Expiry = 7 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c, slots: make(chan struct{}, upgradesAtOnce)}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Place is where a target's applications are; false for a target that is not configured.
func (s *Service) Place(t policy.Target) (manifest.Place, bool) {
	p, ok := s.Places[t]
	return p, ok
}

// May asks the policy. It returns nil, ErrNotFound where the resource must not be seen or is not
// configured (a *Foreign in the first case), or a *Refusal.
func (s *Service) May(who policy.Subject, a policy.Action, r policy.Resource) error {
	d := policy.Decide(who, a, r)
	if _, ok := s.Places[r.Target]; !ok {
		return ErrNoTarget
	}
	if !d.Visible {
		return &Foreign{Target: r.Target}
	}
	if !d.Allowed {
		return &Refusal{Reason: d.Reason}
	}
	return nil
}

// Change gives one change.
func (s *Service) Change(ctx context.Context, who policy.Subject, id int64) (Change, error) {
	c, err := s.Store.Change(ctx, id)
	if err != nil {
		return Change{}, err
	}
	if err := s.May(who, policy.ViewTarget, policy.Resource{Target: c.App.Target}); err != nil {
		return Change{}, err
	}
	return c, nil
}

// Changes lists changes, without their large parts. What q says of visibility is replaced by what who may see.
func (s *Service) Changes(ctx context.Context, who policy.Subject, q Query) ([]Change, error) {
	q.Visible = who.Visible()
	return s.Store.Changes(ctx, q)
}

// ForMe lists the changes that wait for who to approve or reject, oldest first.
func (s *Service) ForMe(ctx context.Context, who policy.Subject) ([]Change, error) {
	if !who.HasAnywhere(policy.Approver) {
		return nil, nil
	}
	all, err := s.Store.Changes(ctx, Query{
		Visible: who.Visible(), States: []State{Pending}, NotBy: who.Identity, Oldest: true, Limit: 500,
	})
	if err != nil {
		return nil, err
	}
	var mine []Change
	for _, c := range all {
		r := policy.Resource{Target: c.App.Target, Requester: c.Requester.Identity}
		if policy.Decide(who, policy.ApproveChange, r).Allowed && !c.SignedBy(who.Identity) {
			mine = append(mine, c)
		}
	}
	return mine, nil
}

// Waiting is how many changes wait for who to approve or reject.
func (s *Service) Waiting(ctx context.Context, who policy.Subject) (int, error) {
	mine, err := s.ForMe(ctx, who)
	return len(mine), err
}

// Application gives one living application.
func (s *Service) Application(ctx context.Context, who policy.Subject, key AppKey) (Application, error) {
	if err := s.May(who, policy.ViewTarget, policy.Resource{Target: key.Target}); err != nil {
		return Application{}, err
	}
	return s.Store.Application(ctx, key)
}

// Applications lists the living applications that who may see.
func (s *Service) Applications(ctx context.Context, who policy.Subject) ([]Application, error) {
	return s.Store.Applications(ctx, who.Visible())
}

// Revision gives one revision of an application.
func (s *Service) Revision(ctx context.Context, who policy.Subject, key AppKey, number int) (Revision, error) {
	if err := s.May(who, policy.ViewTarget, policy.Resource{Target: key.Target}); err != nil {
		return Revision{}, err
	}
	return s.Store.Revision(ctx, key, number)
}

// Revisions lists an application's revisions, newest first, without inputs and objects.
func (s *Service) Revisions(ctx context.Context, who policy.Subject, key AppKey) ([]Revision, error) {
	if err := s.May(who, policy.ViewTarget, policy.Resource{Target: key.Target}); err != nil {
		return nil, err
	}
	return s.Store.Revisions(ctx, key)
}

// Inputs gives the inputs that the application has now, with the template that they are for: those
// of its newest revision, or of its newest change while it has no revision.
func (s *Service) Inputs(ctx context.Context, who policy.Subject, key AppKey) (catalog.TemplateID, catalog.Inputs, error) {
	app, err := s.Application(ctx, who, key)
	if err != nil {
		return catalog.TemplateID{}, nil, err
	}
	r, err := s.current(ctx, app)
	return r.Template, r.Inputs, err
}

// current is the application's newest revision. While it has none it is what the newest change asks for,
// without objects: nothing of it need be in the cluster.
func (s *Service) current(ctx context.Context, app Application) (Revision, error) {
	if app.Revision > 0 {
		return s.Store.Revision(ctx, app.AppKey, app.Revision)
	}
	newest, err := s.Store.Changes(ctx, Query{Visible: []policy.Target{app.Target}, App: &app.AppKey, Limit: 1})
	if err != nil || len(newest) == 0 {
		return Revision{Template: app.Template}, err
	}
	c, err := s.Store.Change(ctx, newest[0].ID)
	return Revision{Template: c.Template, Inputs: c.Inputs}, err
}

// ClusterVersion is what a cluster says its version is, or "" if it cannot be asked.
func (s *Service) ClusterVersion(ctx context.Context, cluster string) string {
	v, err := s.Cluster.Version(ctx, cluster)
	if err != nil {
		return ""
	}
	return v.Kube
}

// RecordRefusal puts into the audit log that who was refused something which is no change.
func (s *Service) RecordRefusal(ctx context.Context, who policy.Subject, from audit.Request, t policy.Target, detail string) error {
	return s.Store.Record(ctx, audit.Entry{
		Actor: audit.Actor{Person: who.Person}, Action: audit.Access, Outcome: audit.Refused,
		Target: t, Detail: detail, Request: from,
	})
}

// refuse records a refusal of an action on a change and returns err. A refusal that cannot be
// recorded is still a refusal.
func (s *Service) refuse(ctx context.Context, e audit.Entry, err error) error {
	e.Outcome, e.Detail = audit.Refused, reasonOf(err)
	var foreign *Foreign
	var refusal *Refusal
	switch {
	case errors.As(err, &foreign):
		foreign.Recorded = true
	case errors.As(err, &refusal):
		refusal.Recorded = true
	}
	if rerr := s.Store.Record(ctx, e); rerr != nil {
		s.Log.ErrorContext(ctx, "a refusal could not be recorded", "action", e.Action, "err", rerr)
		return fmt.Errorf("%w (and it could not be recorded: %w)", err, rerr)
	}
	return err
}

// SignedBy tells whether who has approved c.
func (c Change) SignedBy(who policy.Identity) bool {
	for _, a := range c.Approvals {
		if a.By.Identity == who {
			return true
		}
	}
	return false
}
