package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// Source is the revision from which inputs were taken over into another environment of the same team.
type Source struct {
	App      AppKey `json:"app"`
	Revision int    `json:"revision"`
}

// String is how a form carries it: "staging/shop/12". The team is that of the form's target.
func (s Source) String() string {
	return s.App.Environment + "/" + s.App.Name + "/" + strconv.Itoa(s.Revision)
}

// ReadSource reads what String writes; nil for anything else.
func ReadSource(team, text string) *Source {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return nil
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 1 {
		return nil
	}
	return &Source{App: AppKey{Target: policy.Target{Team: team, Environment: parts[0]}, Name: parts[1]}, Revision: n}
}

// Promotion is what a plan says of the source of its inputs. The portal has looked it up: the revision
// is there, and the requester may see it.
type Promotion struct {
	Source
	Template catalog.TemplateID `json:"template"` // what that revision was made from
	// Apart are the titles of the fields that differ from there though the schema does not say that they
	// belong to the environment, at most apartLimit of them. That a value looks as if it did excuses nothing:
	// the requester chose it. Of secrets only whether they are there is compared. More are those beyond.
	Apart []string `json:"apart,omitempty"`
	More  int      `json:"more,omitempty"`
}

const apartLimit = 20

// Words say where the inputs come from, seen from an application: "staging revision 12".
func (p Promotion) Words(to AppKey) string {
	if p.App.Name != to.Name {
		return fmt.Sprintf("%s of %s, revision %d", p.App.Name, p.App.Environment, p.Revision)
	}
	return fmt.Sprintf("%s revision %d", p.App.Environment, p.Revision)
}

// Claim is Words for titles and the audit log, which must not say more than is so: "staging revision 12
// (3 fields differ)".
func (p Promotion) Claim(to AppKey) string {
	switch n := len(p.Apart) + p.More; n {
	case 0:
		return p.Words(to)
	case 1:
		return p.Words(to) + " (1 field differs)"
	default:
		return fmt.Sprintf("%s (%d fields differ)", p.Words(to), n)
	}
}

// Verb says how the inputs came: "Promoted", or "Copied" into an environment for copies.
func (p Promotion) Verb(plan Plan) string {
	if plan.Copies != nil {
		return "Copied"
	}
	return "Promoted"
}

// Comparison is an application beside another one of the same team and template.
type Comparison struct {
	From    Source
	To      AppKey
	Exists  bool // To is there; if not, all that From sets differs
	Base    int  // the revision of To; 0 where nothing of it is applied, and what was submitted last is compared
	Made    catalog.TemplateID
	Runs    catalog.TemplateID // what To was made from; zero where it is not there
	Fields  catalog.TemplateID // the version whose fields are compared
	Stored  int                // secret values that both have: they cannot be compared, and stay
	Differs []catalog.Difference

	template *catalog.Template
	sides    [2]catalog.Side
}

// Counterpart is an application that another one can be compared with, or the place of one.
type Counterpart struct {
	App    AppKey
	Exists bool
	May    bool // the person may change it, or make it
}

// Counterparts lists what an application can be compared with: those of the same template in the team's
// other environments, and, where its name is free, who may use it and things stay, its own name there. It is ordered by
// environment, its own name first.
func (s *Service) Counterparts(ctx context.Context, who policy.Subject, app Application) ([]Counterpart, error) {
	all, err := s.Store.Applications(ctx, who.Visible())
	if err != nil {
		return nil, err
	}
	var out []Counterpart
	taken := map[AppKey]bool{}
	for _, a := range all {
		taken[a.AppKey] = true
		if a.Team == app.Team && a.Environment != app.Environment && a.Template.Name == app.Template.Name {
			out = append(out, Counterpart{App: a.AppKey, Exists: true, May: s.mayPreview(who, a.Target)})
		}
	}
	for t := range s.Places {
		key := AppKey{Target: t, Name: app.Name}
		if _, ends := s.CopyRule(t); ends {
			continue // where copies are made, see CopyPlaces
		}
		if t.Team == app.Team && t.Environment != app.Environment && !taken[key] && s.mayPreview(who, t) {
			out = append(out, Counterpart{App: key, May: true})
		}
	}
	slices.SortFunc(out, func(a, b Counterpart) int {
		rank := func(c Counterpart) string {
			if c.App.Name == app.Name {
				return c.App.Environment + "/"
			}
			return c.App.Environment + "/" + c.App.Name
		}
		return strings.Compare(rank(a), rank(b))
	})
	return out, nil
}

func (s *Service) mayPreview(who policy.Subject, t policy.Target) bool {
	return s.May(who, policy.PreviewChange, policy.Resource{Target: t}) == nil
}

// Compare puts an application beside another one: from a revision of the first, 0 for the current one, to
// what the second has now. The second may be one that is not there yet. It returns ErrNotFound if one of
// them is not for who or they are of two teams, and a *Refusal if they cannot be compared.
func (s *Service) Compare(ctx context.Context, who policy.Subject, from Source, to AppKey) (Comparison, error) {
	c := Comparison{From: from, To: to}
	if from.App.Team != to.Team || from.App == to {
		return c, ErrNotFound
	}
	app, err := s.Application(ctx, who, from.App)
	if err != nil {
		return c, err
	}
	if c.From.Revision == 0 {
		c.From.Revision = app.Revision
	}
	if c.From.Revision == 0 {
		return c, &Refusal{Reason: "Nothing of " + app.Name + " is applied in " + app.Environment + " yet, so there is nothing to compare."}
	}
	r, err := s.Revision(ctx, who, from.App, c.From.Revision)
	if err != nil {
		return c, err
	}
	c.Made = r.Template
	var present catalog.Inputs
	other, err := s.Application(ctx, who, to)
	switch {
	case err == nil:
		now, err := s.current(ctx, other)
		if err != nil {
			return c, err
		}
		c.Runs, present = now.Template, now.Inputs
		c.Exists, c.Base = true, other.Revision
		if present == nil {
			present = catalog.Inputs{}
		}
	case !errors.Is(err, ErrNotFound) || errors.As(err, new(*Foreign)) || errors.Is(err, ErrNoTarget):
		return c, err
	}
	if c.Exists && c.Runs.Name != c.Made.Name {
		return c, &Refusal{Reason: fmt.Sprintf("%s is made from template %s in %s and from %s in %s, so their fields are not the same.",
			to.Name, c.Made.Name, from.App.Environment, c.Runs.Name, to.Environment)}
	}
	if c.template, err = s.comparable(c.Made, c.Runs); err != nil {
		return c, err
	}
	c.Fields = c.template.ID
	c.sides = [2]catalog.Side{s.side(from.App.Target, r.Inputs), s.side(to.Target, present)}
	c.Differs, c.Stored = c.template.Compare(c.sides[0], c.sides[1])
	return c, nil
}

func (s *Service) side(t policy.Target, in catalog.Inputs) catalog.Side {
	return catalog.Side{Inputs: in, Environment: t.Environment, Namespace: s.Places[t].Namespace}
}

// comparable is the first of the versions that can be used.
func (s *Service) comparable(versions ...catalog.TemplateID) (*catalog.Template, error) {
	for _, id := range versions {
		t, err := s.Templates.Template(id)
		if err == nil && t.Broken == nil {
			return t, nil
		}
		if err != nil && !errors.Is(err, catalog.ErrUnknownTemplate) {
			return nil, err
		}
	}
	return nil, &Refusal{Reason: "No source has a version of template " + versions[0].Name + " that these were made from and that can be used. Take the application to another version first."}
}

// TakeOver makes the draft that takes over those differences of c whose paths are named, into the version of
// the template that is asked for: one of Made and Runs. Nothing is stored. What that version has no field
// for is in the second answer.
//
// It returns ErrNotFound for a path that is no difference or one that cannot be taken over, and ErrNotFound
// or a *Refusal where who may not plan changes of the target, or the version cannot be used.
func (s *Service) TakeOver(who policy.Subject, c Comparison, version string, paths []string) (Draft, []catalog.Gone, error) {
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: c.To.Target}); err != nil {
		return Draft{}, nil, err
	}
	id := c.Made
	if c.Exists && version == c.Runs.Version {
		id = c.Runs
	}
	if version != id.Version {
		return Draft{}, nil, &Refusal{Reason: "Neither of the two runs version " + version + "."}
	}
	for _, path := range paths {
		if !slices.ContainsFunc(c.Differs, func(d catalog.Difference) bool { return d.Path == path && !d.Fixed }) {
			return Draft{}, nil, ErrNotFound
		}
	}
	t, err := s.comparable(id)
	if err != nil {
		return Draft{}, nil, err
	}
	fit, gone := t.Fit(c.template.TakeOver(c.sides[0], c.sides[1], paths))
	d := Draft{Kind: Create, App: c.To, Template: id, Inputs: fit, Source: &c.From}
	if c.Exists {
		d.Kind = Update
	}
	return d, gone, nil
}

// promoted looks up where the inputs of a draft come from. What is not there, or not for who, is not said
// of a plan; nobody is kept from submitting by it.
func (s *Service) promoted(ctx context.Context, who policy.Subject, p *prepared) (*Promotion, error) {
	src := p.Source
	if src == nil || p.Kind != Create && p.Kind != Update || src.App.Team != p.App.Team || src.App.Environment == p.App.Environment {
		return nil, nil
	}
	r, err := s.Revision(ctx, who, src.App, src.Revision)
	if errors.Is(err, ErrNotFound) || isRefusal(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t, err := s.Templates.Template(p.Template)
	if err != nil {
		return nil, err
	}
	if r.Kind == Delete || r.Template.Name != p.Template.Name {
		return nil, nil
	}
	found := &Promotion{Source: *src, Template: r.Template}
	differs, _ := t.Compare(s.side(src.App.Target, r.Inputs), s.side(p.App.Target, p.Inputs))
	for _, d := range differs {
		switch {
		case d.Environment && d.Why == "":
		case len(found.Apart) == apartLimit:
			found.More++
		default:
			found.Apart = append(found.Apart, d.Title)
		}
	}
	return found, nil
}
