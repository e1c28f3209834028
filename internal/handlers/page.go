package handlers

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/static"
	"slipway.dev/slipway/web/templates"
)

func staticFiles() http.Handler { return static.Handler() }

// page is what stands around the content: it asks the store how many changes wait.
func (s *server) page(c echo.Context, nav templates.Nav, title string) templates.Page {
	p := s.barePage(c)
	p.Nav, p.Title = nav, title
	if n, err := s.Changes.Waiting(c.Request().Context(), who(c)); err == nil {
		p.Waiting = n // a page without this number is better than none
	}
	return p
}

// barePage needs no database, so that errors can be shown on it.
func (s *server) barePage(c echo.Context) templates.Page {
	nonce, _ := c.Request().Context().Value(nonceKey{}).(string)
	me := who(c)
	p := templates.Page{
		Person: me.Person, Nonce: nonce, Now: time.Now(), Teams: s.teamsOf(me), Targets: s.targetLinks(me),
		Admin: me.HasAnywhere(policy.Admin), CanAudit: len(me.Visible()) > 0, Clusters: s.Clusters(),
		Assets: templates.Assets{
			CSS: static.URL("app.css"), JS: static.URL("app.js"),
			Font: static.URL("slipway-ui.woff2"), Favicon: static.URL("favicon.svg"),
		},
	}
	if t := targetOf(c); t.Team != "" && policy.Decide(me, policy.ViewTarget, policy.Resource{Target: t}).Visible {
		s.about(&p, t)
	}
	return p
}

// about says which target a page is about.
func (s *server) about(p *templates.Page, t policy.Target) {
	if place, ok := s.Changes.Place(t); ok {
		p.Target, p.Cluster = t, place.Cluster
	}
}

// targets are the configured targets at which a person may do a: by team, and within it those first
// where fewer people must approve, since that is where one tries things.
func (s *server) targets(me policy.Subject, a policy.Action) []policy.Target {
	var out []policy.Target
	for t := range s.Changes.Places {
		if policy.Decide(me, a, policy.Resource{Target: t}).Allowed {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b policy.Target) int {
		need := func(t policy.Target) int { return policy.ApprovalsNeeded(policy.Demands(s.Changes.Rules, t)) }
		return cmp.Or(cmp.Compare(a.Team, b.Team), cmp.Compare(need(a), need(b)), cmp.Compare(a.Environment, b.Environment))
	})
	return out
}

func (s *server) targetLinks(me policy.Subject) []templates.TargetLink {
	var out []templates.TargetLink
	for _, t := range s.targets(me, policy.ViewTarget) {
		out = append(out, templates.TargetLink{Target: t, Cluster: s.Changes.Places[t].Cluster})
	}
	return out
}

func (s *server) teamsOf(me policy.Subject) []string {
	var out []string
	for _, t := range s.targets(me, policy.ViewTarget) {
		if !slices.Contains(out, t.Team) {
			out = append(out, t.Team)
		}
	}
	return out
}

func (s *server) environmentsOf(me policy.Subject) []string {
	var out []string
	for _, t := range s.targets(me, policy.ViewTarget) {
		if !slices.Contains(out, t.Environment) {
			out = append(out, t.Environment)
		}
	}
	slices.Sort(out)
	return out
}

// draw renders a page whole and then writes it.
func (s *server) draw(c echo.Context, code int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	return c.HTMLBlob(code, b.Bytes())
}
