package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// CopyPlace is a target in which a copy of an application can be made.
type CopyPlace struct {
	Target policy.Target
	Rule   CopyRule
	There  int    // how many applications are there
	Name   string // for the copy, free there at present
}

// Copied is what the form of a copy begins with.
type Copied struct {
	Draft Draft
	Hosts []catalog.Rehosted
	Texts int      // how many other values name the new hosts instead of the old ones
	Asked []string // titles of the secrets for which the form asks
}

// CopyPlaces lists where who may make a copy of an application: in its team's environments for copies, the
// emptiest first.
func (s *Service) CopyPlaces(ctx context.Context, who policy.Subject, app Application) ([]CopyPlace, error) {
	var out []CopyPlace
	for t := range s.Places {
		if rule, ok := s.CopyRule(t); ok && t.Team == app.Team && s.mayPreview(who, t) {
			out = append(out, CopyPlace{Target: t, Rule: rule})
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	all, err := s.Store.Applications(ctx, who.Visible())
	if err != nil {
		return nil, err
	}
	for i := range out {
		taken := map[string]bool{}
		for _, a := range all {
			if a.Target == out[i].Target {
				taken[a.Name] = true
			}
		}
		out[i].There, out[i].Name = len(taken), copyName(app.Name, taken)
	}
	slices.SortFunc(out, func(a, b CopyPlace) int {
		return cmp.Or(cmp.Compare(a.There, b.There), cmp.Compare(a.Target.Environment, b.Target.Environment))
	})
	return out, nil
}

var copySuffix = regexp.MustCompile(`-copy(-[0-9]+)?$`)

// copyName is the first of NAME-copy, NAME-copy-2 and so on that is free, cut to fit.
func copyName(name string, taken map[string]bool) string {
	name = copySuffix.ReplaceAllString(name, "")
	for n := 1; ; n++ {
		end := "-copy"
		if n > 1 {
			end = fmt.Sprintf("-copy-%d", n)
		}
		if one := strings.TrimRight(name[:min(len(name), NameLimit-len(end))], "-") + end; !taken[one] {
			return one
		}
	}
}

// Copy makes the draft of a copy of an application's current revision, in a target for copies and under a name.
// Nothing is stored. Its secrets have no values, and its hosts are below the domain of the environment; where
// that has none they are left out.
//
// It returns ErrNotFound for a target that is not one for copies of its team, catalog.Errors at NamePath,
// ErrNameTaken, or a *Refusal where there is nothing to copy.
func (s *Service) Copy(ctx context.Context, who policy.Subject, from AppKey, to policy.Target, name string) (Copied, error) {
	rule, ok := s.CopyRule(to)
	if !ok || to.Team != from.Team {
		return Copied{}, ErrNotFound
	}
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: to}); err != nil {
		return Copied{}, err
	}
	app, err := s.Application(ctx, who, from)
	if err != nil {
		return Copied{}, err
	}
	key := AppKey{Target: to, Name: name}
	if errs := CheckName(name); len(errs) > 0 {
		return Copied{}, errs
	}
	switch _, err := s.Store.Application(ctx, key); {
	case err == nil:
		return Copied{}, ErrNameTaken
	case !errors.Is(err, ErrNotFound):
		return Copied{}, err
	case app.Revision == 0:
		return Copied{}, &Refusal{Reason: "Nothing of " + app.Name + " is applied yet, so there is nothing to copy."}
	}
	r, err := s.Store.Revision(ctx, from, app.Revision)
	if err != nil {
		return Copied{}, err
	}
	t, err := s.comparable(r.Template)
	if err != nil {
		return Copied{}, err
	}
	in := withoutValues(t, r.Inputs)
	c := Copied{Draft: Draft{Kind: Create, App: key, Template: t.ID, Source: &Source{App: from, Revision: app.Revision}}}
	c.Draft.Inputs, c.Hosts, c.Texts = t.Rehost(in, copyHosts(name, rule.Domain))
	for _, use := range t.Secrets(c.Draft.Inputs) {
		if use.Token == manifest.Unset {
			c.Asked = append(c.Asked, use.Title)
		}
	}
	return c, nil
}

// withoutValues are inputs that ask for each secret value that they hold.
func withoutValues(t *catalog.Template, in catalog.Inputs) catalog.Inputs {
	side := catalog.Side{Inputs: in}
	differs, _ := t.Compare(side, catalog.Side{})
	paths := make([]string, len(differs))
	for i, d := range differs {
		paths[i] = d.Path
	}
	return t.TakeOver(side, catalog.Side{}, paths)
}

// copyHosts names the hosts of a copy: the first one as the copy, any other one after its own first label too.
func copyHosts(name, domain string) func(host string) string {
	taken := map[string]bool{}
	return func(host string) string {
		if domain == "" {
			return ""
		}
		host, every := strings.CutPrefix(host, "*.")
		label, _, _ := strings.Cut(strings.ToLower(host), ".")
		one := name
		for n := 1; taken[one]; n++ {
			end := ""
			if n > 1 {
				end = fmt.Sprintf("-%d", n)
			}
			one = strings.Trim((label + "-" + name)[:min(len(label)+1+len(name), 63-len(end))], "-") + end
		}
		taken[one] = true
		if every {
			one = "*." + one
		}
		return one + "." + domain
	}
}
