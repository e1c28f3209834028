package change

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Draft is what a person wants, before it is a change.
type Draft struct {
	Kind     Kind
	App      AppKey
	Template catalog.TemplateID // Create, Update
	Inputs   catalog.Inputs     // Create, Update
	Revision int                // Rollback: to which revision
	// Source is where Inputs were taken over from, as whoever sends them says; nil for nowhere. A plan says
	// it only if it is so, see Promotion.
	Source  *Source
	Restart PodRestart     // RestartPods
	Pods    map[string]int // ScalePods: numbers of pods, by the path of the catalog.Dial
}

// NamePath is the FieldError.Path of the application's name, which is not one of the template's fields.
const NamePath = "name"

// prepared is a draft with all that is worked out from it.
type prepared struct {
	Draft
	place    manifest.Place
	base     int
	former   catalog.Inputs     // of the base revision
	made     catalog.TemplateID // what the base revision was made from
	runs     []byte             // the base revision's objects
	set      manifest.Set
	rendered []byte
	prune    []manifest.Ref
	judged   bool           // whether somebody will read the plan's warnings
	taken    []clash        // addresses that something else serves
	unknown  []string       // hosts of which that cannot be told
	undone   []manifest.Ref // gates whose work a roll back leaves as it is
	promoted *Promotion
	plan     Plan
}

// Preview works out what a draft would do. Nothing is stored, nothing is written to the cluster.
//
// It returns catalog.Errors for inputs that will not do, ErrNameTaken, ErrNotFound, a *Refusal, or
// ErrClusterAway. That the cluster would refuse an object is no error but stands in the plan.
func (s *Service) Preview(ctx context.Context, who policy.Subject, d Draft) (Plan, error) {
	p, err := s.prepare(ctx, who, policy.PreviewChange, d)
	if err != nil {
		return Plan{}, err
	}
	err = s.dryRun(ctx, &p, policy.Acting{Team: d.App.Team, Requester: who.Person})
	return p.plan, err
}

// Render makes the objects of a draft without asking the cluster about them.
func (s *Service) Render(ctx context.Context, who policy.Subject, d Draft) (catalog.Rendered, error) {
	place, err := s.allowed(who, policy.PreviewChange, d.App)
	if err != nil {
		return catalog.Rendered{}, err
	}
	t, err := s.Templates.Template(d.Template)
	if err != nil {
		return catalog.Rendered{}, err
	}
	return s.render(ctx, t, d, place, 0)
}

// Release is what a template is rendered for, for those who ask a template about its lines.
func (s *Service) Release(ctx context.Context, app AppKey, base int) (catalog.Release, error) {
	place, ok := s.Places[app.Target]
	if !ok {
		return catalog.Release{}, ErrNoTarget
	}
	v, err := s.Cluster.Version(ctx, place.Cluster)
	if err != nil {
		return catalog.Release{}, err
	}
	return catalog.Release{
		App: app.Name, Target: app.Target, Place: place, Revision: base + 1,
		KubeVersion: v.Kube, APIVersions: v.APIs,
		Domains: DomainsOf(app.Target, s.Domains, s.Copies), ClusterScoped: s.ClusterScoped[app.Target],
	}, nil
}

func (s *Service) allowed(who policy.Subject, a policy.Action, app AppKey) (manifest.Place, error) {
	place, ok := s.Places[app.Target]
	if !ok {
		return place, ErrNoTarget
	}
	return place, s.May(who, a, policy.Resource{Target: app.Target})
}

func (s *Service) prepare(ctx context.Context, who policy.Subject, a policy.Action, d Draft) (prepared, error) {
	place, err := s.allowed(who, a, d.App)
	if err != nil {
		return prepared{}, err
	}
	p, err := s.prepareAt(ctx, place, d, func(t policy.Target) bool {
		return policy.Decide(who, policy.ViewTarget, policy.Resource{Target: t}).Allowed
	})
	if err == nil {
		p.promoted, err = s.promoted(ctx, who, &p)
	}
	return p, err
}

// prepareAt is prepare of what may be done. What serves an address already is named only if may is true of
// its target; nil stands for none.
func (s *Service) prepareAt(ctx context.Context, place manifest.Place, d Draft, may func(policy.Target) bool) (prepared, error) {
	p := prepared{Draft: d, place: place, judged: true}
	if err := s.prepareBase(ctx, &p); err != nil {
		return p, err
	}
	if err := s.prepareSet(ctx, &p); err != nil {
		return p, err
	}
	err := s.allowedToday(&p)
	if err != nil {
		return p, err
	}
	if p.rendered, err = p.set.YAML(); err != nil {
		return p, fmt.Errorf("change: write the objects: %w", err)
	}
	have, err := s.Store.Inventory(ctx, d.App)
	if err != nil {
		return p, err
	}
	p.prune = without(have, p.set.RefsIn(p.place.Namespace))
	p.taken, p.unknown = s.clashes(&p, may)
	if len(p.taken) > 0 && (p.Kind == Create || p.Kind == Update) {
		return p, s.clashErrors(&p)
	}
	return p, nil
}

// prepareBase looks up what the draft builds on, and that the draft fits it.
func (s *Service) prepareBase(ctx context.Context, p *prepared) error {
	if errs := CheckName(p.App.Name); len(errs) > 0 {
		return errs
	}
	app, err := s.Store.Application(ctx, p.App)
	if p.Kind == Create {
		if err == nil {
			return ErrNameTaken
		}
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	if err != nil {
		return err
	}
	if app.Place != p.place {
		return &Refusal{Reason: fmt.Sprintf("It runs in namespace %s of cluster %s, and the target has moved to %s of %s since. Ask your platform team to move it back, or to move the application.",
			app.Place.Namespace, app.Place.Cluster, p.place.Namespace, p.place.Cluster)}
	}
	p.base = app.Revision
	r, err := s.current(ctx, app)
	if err != nil {
		return err
	}
	p.former, p.made, p.runs = r.Inputs, r.Template, r.Rendered
	switch p.Kind {
	case Delete, RestartPods:
		p.Template, p.Inputs = r.Template, r.Inputs
	case ScalePods:
		p.Template = r.Template
		p.Inputs, err = s.scaled(ctx, app, r, p.Pods)
	}
	return err
}

// prepareSet makes the objects that the draft asks for.
func (s *Service) prepareSet(ctx context.Context, p *prepared) error {
	switch p.Kind {
	case Delete:
		return nil
	case Rollback:
		return s.fromRevision(ctx, p)
	case RestartPods:
		return s.restart(p)
	}
	t, err := s.Templates.Template(p.Template)
	if err != nil {
		return err
	}
	r, err := s.render(ctx, t, p.Draft, p.place, p.base)
	if err != nil {
		return err
	}
	p.set = r.Set
	if p.Kind == ScalePods {
		if err := p.noOtherGates(); err != nil {
			return err
		}
	}
	return keepRestarts(p.set, p.runs, p.place.Namespace)
}

// fromRevision takes the objects as they were applied, so that a roll back does not depend on what
// the template has become. Gates are left out, see withoutGates.
func (s *Service) fromRevision(ctx context.Context, p *prepared) error {
	r, err := s.Store.Revision(ctx, p.App, p.Revision)
	if err != nil {
		return err
	}
	if r.Kind == Delete {
		return ErrNotFound
	}
	p.Template, p.Inputs = r.Template, r.Inputs
	if p.set, err = decodeSet(r.Rendered); err != nil {
		return err
	}
	return p.withoutGates()
}

func (s *Service) render(ctx context.Context, t *catalog.Template, d Draft, place manifest.Place, base int) (catalog.Rendered, error) {
	rel, err := s.Release(ctx, d.App, base)
	if err != nil {
		return catalog.Rendered{}, err
	}
	rel.Place = place
	r, err := t.Render(ctx, d.Inputs, rel)
	if err != nil {
		return r, err
	}
	return r, s.dropClaims(ctx, d, r.Set)
}

// dryRun asks the cluster and completes the plan.
func (s *Service) dryRun(ctx context.Context, p *prepared, as policy.Acting) error {
	start := s.now()
	facts := s.learn(ctx, p, as)
	objects, err := s.Cluster.DryRun(ctx, as, p.place, p.App.Name, p.set, p.prune)
	known := <-facts
	if err != nil {
		return err
	}
	blockTaken(objects, p.taken)
	p.plan = Plan{
		At: start, Took: s.now().Sub(start), Place: p.place, Template: p.Template, From: p.made, Base: p.base, Objects: objects,
		Promoted:  p.promoted,
		Effects:   Effects(objects),
		Unchecked: append(unchecked(objects), uncheckedHosts(p.unknown)...),
		Demands:   policy.Demands(s.Rules, p.App.Target),
		Digest: manifest.NewDigest(manifest.DigestInput{
			Cluster: p.place.Cluster, Namespace: p.place.Namespace,
			Template: p.Template.Name, Version: p.Template.Version,
			Rendered: p.rendered, Prune: p.prune, Objects: objects,
		}),
	}
	if rule, ok := s.CopyRule(p.App.Target); ok && p.Kind == Create {
		p.plan.Copies = &rule
	}
	if t, err := s.Templates.Template(p.Template); err == nil && p.Kind != Delete {
		p.plan.Inputs = inputChanges(t.Fields, p.former, p.Inputs)
	}
	s.advise(ctx, p, known)
	return nil
}

var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// NameLimit is the most characters of an application's name: Helm's limit for a release, so that
// what charts append still fits a DNS label.
const NameLimit = 53

// CheckName tells what is wrong with the name of a new application. The only error is at NamePath.
func CheckName(name string) catalog.Errors {
	msg := ""
	switch {
	case name == "":
		msg = "Give it a name, such as “api”."
	case len(name) > NameLimit:
		msg = fmt.Sprintf("Take %d characters or fewer; this has %d.", NameLimit, len(name))
	case !dnsLabel.MatchString(name):
		msg = "Use small letters, digits and “-”, begin with a letter and do not end with “-”, such as “partner-api”."
	default:
		return nil
	}
	return catalog.Errors{{Path: NamePath, Title: "Name", Message: msg}}
}

// without gives the refs of have that are not in want.
func without(have, want []manifest.Ref) []manifest.Ref {
	return slices.DeleteFunc(slices.Clone(have), func(r manifest.Ref) bool {
		return slices.ContainsFunc(want, r.Same)
	})
}
