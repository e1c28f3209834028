package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

// departures are what inputs set against the defaults of their template; none where the catalogue no longer has
// it, and none for what changes no version: a deletion, a restart, another number of pods.
func (s *server) departures(kind change.Kind, id catalog.TemplateID, in catalog.Inputs) []catalog.Departures {
	if kind == change.Delete || kind == change.RestartPods || kind == change.ScalePods {
		return nil
	}
	t, err := s.Catalog.Template(id)
	if err != nil {
		return nil
	}
	return t.Departures(in)
}

// draftDepartures are those of a draft; one to roll back to is described by its revision.
func (s *server) draftDepartures(c echo.Context, d change.Draft) []catalog.Departures {
	if d.Kind != change.Rollback {
		return s.departures(d.Kind, d.Template, d.Inputs)
	}
	r, err := s.Changes.Revision(c.Request().Context(), who(c), d.App, d.Revision)
	if err != nil {
		return nil // it explains the plan, and is not the plan
	}
	return s.departures(d.Kind, r.Template, r.Inputs)
}

// environment is the page of the variables that an application's containers find set.
func (s *server) environment(c echo.Context) error {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	app, err := s.Changes.Application(ctx, me, key)
	if err != nil {
		return err
	}
	d := templates.EnvironmentData{App: app}
	if d.Containers, err = s.Changes.Environment(ctx, me, key); err != nil {
		return err
	}
	p := s.page(c, templates.NavApplications, key.Name+", environment variables")
	p.Crumbs = append(appCrumbs(key), templates.Crumb{Label: "Environment variables"})
	return s.draw(c, http.StatusOK, templates.Environment(p, d))
}
