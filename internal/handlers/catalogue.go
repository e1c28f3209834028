package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

func (s *server) catalogue(c echo.Context) error {
	apps, err := s.Changes.Applications(c.Request().Context(), who(c))
	if err != nil {
		return err
	}
	d := templates.CatalogueData{
		Drafts:  s.drafts(c),
		Entries: s.entries(apps), Targets: s.targets(who(c), policy.SubmitChange),
		Chosen: c.QueryParam("template"), Query: strings.TrimSpace(c.QueryParam("q")),
	}
	return s.draw(c, http.StatusOK, templates.Catalogue(s.page(c, templates.NavCatalogue, "Catalogue"), d))
}

// entries are the templates in the order that they ask for, else by name.
func (s *server) entries(apps []change.Application) []templates.CatalogueEntry {
	var out []templates.CatalogueEntry
	for _, t := range s.Catalog.Templates() {
		out = append(out, s.entry(t, apps))
	}
	slices.SortStableFunc(out, func(a, b templates.CatalogueEntry) int { return cmp.Compare(a.About.Order, b.About.Order) })
	return out
}

func (s *server) admin(c echo.Context) error {
	if !who(c).HasAnywhere(policy.Admin) {
		return &change.Refusal{Reason: "Only platform admins can see this page."}
	}
	d := s.Setup
	health := map[string]templates.ClusterHealth{}
	for _, h := range s.Clusters() {
		health[h.Name] = h
	}
	d.Clusters = append([]templates.AdminCluster(nil), d.Clusters...)
	for i := range d.Clusters {
		one := &d.Clusters[i]
		one.ClusterHealth = health[one.Name]
		if one.Answers {
			one.Version = s.Changes.ClusterVersion(c.Request().Context(), one.Name)
		}
	}
	d.Templates = s.entries(nil)
	d.Sources = s.Sources()
	return s.draw(c, http.StatusOK, templates.Admin(s.page(c, templates.NavAdmin, "Admin"), d))
}

func (s *server) signIn(c echo.Context) error {
	d := s.Auth.SignInPage(c.Request())
	p := s.barePage(c)
	p.Title = "Sign in"
	return s.draw(c, http.StatusOK, templates.SignIn(p, templates.SignInData{
		Next: d.Next, Provider: d.Provider, Problem: d.Problem, Ended: d.Ended, Portal: c.Request().Host, Version: s.Setup.Version,
	}))
}
