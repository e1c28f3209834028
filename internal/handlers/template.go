package handlers

import (
	"errors"
	"maps"
	"net/http"

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
	behind, err := s.Changes.Behind(c.Request().Context(), who(c), newest.ID)
	if err != nil {
		return err
	}
	d := templates.TemplateData{
		Entry: s.entry(shown, apps), Origin: shown.Origin, Allows: shown.Allows(), Newest: newest.ID,
		Versions: versions(s.Catalog.Versions(name), name, apps), Targets: s.targets(who(c), policy.SubmitChange),
		Behind: len(behind),
	}
	p := s.page(c, templates.NavCatalogue, "Template "+name)
	p.Crumbs = []templates.Crumb{{Label: "Catalogue", URL: "/catalogue"}, {Label: name}}
	return s.draw(c, http.StatusOK, templates.Template(p, d))
}

// entry is a template with the applications, of those given, that use any version of it.
func (s *server) entry(t *catalog.Template, apps []change.Application) templates.CatalogueEntry {
	e := templates.CatalogueEntry{ID: t.ID, About: t.About}
	if t.Outside() {
		e.Takes = map[policy.Target]bool{}
		maps.Copy(e.Takes, s.Changes.ClusterScoped)
	}
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

// versionFor is the version of a template that an application's form is drawn with: the one that is
// asked for, else the one that runs, else, if no source has that any more, the newest.
func (s *server) versionFor(made catalog.TemplateID, asked string) (*catalog.Template, error) {
	if asked != "" {
		made.Version = asked
	}
	t, err := s.Catalog.Template(made)
	if errors.Is(err, catalog.ErrUnknownTemplate) && asked == "" {
		t, err = s.Catalog.Newest(made.Name)
	}
	if err == nil && t.Broken != nil {
		err = &change.Refusal{Reason: "Version " + t.ID.Version + " of " + t.ID.Name + " is broken and cannot be used: " + t.Broken.Error()}
	}
	return t, err
}

// versionChoice says which versions a form stands between.
func (s *server) versionChoice(f *flow) templates.VersionChoice {
	if f.draft.Kind != change.Update {
		v := f.template.ID.Version
		return templates.VersionChoice{Runs: v, Form: v} // the form stays with it, whatever comes meanwhile
	}
	v := templates.VersionChoice{Runs: f.made.Version, Form: f.template.ID.Version}
	if _, err := s.Catalog.Template(f.made); err != nil {
		v.Lost = true
	}
	if t, err := s.Catalog.Newest(f.template.ID.Name); err == nil && t.Broken == nil &&
		catalog.CompareVersions(t.ID.Version, v.Form) > 0 {
		v.Newer = t.ID.Version
	}
	return v
}
