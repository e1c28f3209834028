package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// template shows one template: the newest version, or the one that the address names.
func (s *server) template(c echo.Context) error {
	name := c.Param("template")
	newest, err := s.Catalog.Newest(name)
	if err != nil {
		return err
	}
	shown := newest
	if v := c.QueryParam("version"); v != "" {
		if shown, err = s.Catalog.Template(catalog.TemplateID{Name: name, Version: v}); err != nil {
			return err
		}
	}
	apps, err := s.Changes.Applications(c.Request().Context(), who(c))
	if err != nil {
		return err
	}
	d := templates.TemplateData{
		Entry: entry(shown, apps), Origin: shown.Origin, Newest: newest.ID,
		Versions: versions(s.Catalog.Versions(name), name, apps), Targets: s.targets(who(c), policy.SubmitChange),
		Behind: len(s.behind(c, newest, apps)),
	}
	p := s.page(c, templates.NavCatalogue, "Template "+name)
	p.Crumbs = []templates.Crumb{{Label: "Catalogue", URL: "/catalogue"}, {Label: name}}
	return s.draw(c, http.StatusOK, templates.Template(p, d))
}

// entry is a template with the applications, of those given, that use any version of it.
func entry(t *catalog.Template, apps []change.Application) templates.CatalogueEntry {
	e := templates.CatalogueEntry{ID: t.ID, About: t.About}
	if t.Broken != nil {
		e.Broken = t.Broken.Error()
	}
	for _, a := range apps {
		if a.Template.Name == t.ID.Name {
			e.UsedBy = append(e.UsedBy, a.AppKey)
		}
	}
	return e
}

// versions are those that there are, each with the applications that use it, and after them those that
// only applications still know.
func versions(all []*catalog.Template, name string, apps []change.Application) []templates.TemplateVersion {
	var out []templates.TemplateVersion
	at := map[string]int{}
	for _, t := range all {
		v := templates.TemplateVersion{ID: t.ID, Origin: t.Origin}
		if t.Broken != nil {
			v.Broken = t.Broken.Error()
		}
		at[t.ID.Version] = len(out)
		out = append(out, v)
	}
	for _, a := range apps {
		if a.Template.Name != name {
			continue
		}
		i, known := at[a.Template.Version]
		if !known {
			i = len(out)
			at[a.Template.Version] = i
			out = append(out, templates.TemplateVersion{ID: a.Template, Absent: true})
		}
		out[i].UsedBy = append(out[i].UsedBy, a.AppKey)
	}
	return out
}

// behind are the applications of a template that run an older version than its newest and that the person may
// change.
func (s *server) behind(c echo.Context, newest *catalog.Template, apps []change.Application) []change.Application {
	if newest.Broken != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(apps), func(a change.Application) bool {
		return a.Template.Name != newest.ID.Name || a.Revision == 0 ||
			catalog.CompareVersions(a.Template.Version, newest.ID.Version) >= 0 ||
			s.Changes.May(who(c), policy.SubmitChange, policy.Resource{Target: a.Target}) != nil
	})
}
