package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Names in the form of a comparison.
const (
	formTo       = "to"       // templates.PromoteValue of the other application
	formTake     = "take"     // catalog.Difference.Path, once for each that is ticked
	formRevision = "revision" // that was seen of the first one
	formBase     = "base"     // and of the other
	formSource   = change.SourcePath
)

// promote compares an application with that of another environment.
func (s *server) promote(c echo.Context) error {
	d, err := s.promoteData(c, c.QueryParam(formTo), 0)
	if err != nil {
		return err
	}
	for _, x := range d.Comparison.Differs {
		d.Ticked[x.Path] = x.Usual()
	}
	d.Version = catalog.CompareVersions(d.Comparison.Made.Version, d.Comparison.Runs.Version) > 0
	return s.showPromote(c, http.StatusOK, d)
}

func (s *server) showPromote(c echo.Context, code int, d templates.PromoteData) error {
	p := s.page(c, templates.NavApplications, d.App.Name+", promote")
	p.Crumbs = append(appCrumbs(d.App.AppKey), templates.Crumb{Label: "Promote"})
	return s.draw(c, code, templates.Promote(p, d))
}

// promoteData compares the application of the address, at a revision (0 for the current one), with the one
// that is named, or with the first one that has its name.
func (s *server) promoteData(c echo.Context, to string, revision int) (templates.PromoteData, error) {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	d := templates.PromoteData{Ticked: map[string]bool{}}
	var err error
	if d.App, err = s.Changes.Application(ctx, me, key); err != nil {
		return d, err
	}
	others, err := s.Changes.Counterparts(ctx, me, d.App)
	if err != nil {
		return d, err
	}
	at := slices.IndexFunc(others, func(o change.Counterpart) bool {
		return templates.PromoteValue(o.App) == to || to == "" && o.App.Name == key.Name
	})
	if at < 0 && to != "" {
		return d, change.ErrNotFound
	}
	for i, o := range others {
		d.Others = append(d.Others, templates.PromoteChoice{Value: templates.PromoteValue(o.App), Label: templates.PromoteLabel(o, key), Chosen: i == at})
	}
	if at < 0 {
		d.Why = "No application there has its name. Choose the one to compare it with."
		return d, nil
	}
	d.To, d.May = others[at].App, others[at].May
	d.Comparison, err = s.Changes.Compare(ctx, me, change.Source{App: key, Revision: revision}, d.To)
	var refusal *change.Refusal
	if errors.As(err, &refusal) {
		d.Why = refusal.Reason
		return d, nil
	}
	s.begunThere(c, &d)
	return d, err
}

// begunThere looks whether the person has begun a form of the other application.
func (s *server) begunThere(c echo.Context, d *templates.PromoteData) {
	k := change.DraftKey{Target: d.To.Target, Template: d.App.Template.Name}
	at := templates.NewURL(d.To.Target, k.Template)
	if d.Comparison.Exists {
		k.App = d.To.Name
		at = templates.AppURL(d.To, "edit")
	}
	if draft, err := s.Changes.Draft(c.Request().Context(), who(c), k); err == nil {
		d.Begun, d.BegunURL = draft.Saved, at
	}
}

// takeOver fills what is ticked into the form of the other application, as a form that was begun.
func (s *server) takeOver(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	revision, err1 := strconv.Atoi(form.Get(formRevision))
	base, err2 := strconv.Atoi(form.Get(formBase))
	if err1 != nil || err2 != nil || revision < 1 || form.Get(formTo) == "" {
		return errForm
	}
	d, err := s.promoteData(c, form.Get(formTo), revision)
	if err != nil {
		return err
	}
	for _, path := range form[formTake] {
		d.Ticked[path] = true
	}
	d.Version = form.Has(formVersion)
	switch {
	case d.Why != "":
		return s.showPromote(c, http.StatusUnprocessableEntity, d)
	case d.Comparison.Base != base:
		d.Problem = d.To.Name + " in " + d.To.Environment + " has changed since. This is how it differs now; look at it, and take over what you still want."
		return s.showPromote(c, http.StatusConflict, d)
	case len(form[formTake]) == 0 && !d.Version:
		d.Problem = "Nothing is ticked. Tick what is to go over."
		return s.showPromote(c, http.StatusUnprocessableEntity, d)
	}
	draft, gone, err := s.Changes.TakeOver(who(c), d.Comparison, versionTaken(d.Comparison, form), form[formTake])
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		d.Problem = goneInWords(draft.Template, gone)
		return s.showPromote(c, http.StatusUnprocessableEntity, d)
	}
	return s.fillForm(c, d, draft)
}

// versionTaken is the version of the template that the other application gets.
func versionTaken(c change.Comparison, form url.Values) string {
	if !c.Exists || form.Get(formVersion) != "" {
		return cmp.Or(form.Get(formVersion), c.Made.Version)
	}
	return c.Runs.Version
}

// goneInWords says which fields a version has not.
func goneInWords(id catalog.TemplateID, gone []catalog.Gone) string {
	var names []string
	for _, g := range gone[:min(len(gone), 5)] {
		names = append(names, strings.TrimPrefix(g.Path, "/"))
	}
	return id.String() + " has no field for " + strings.Join(names, ", ") + ". Tick the template’s version too, or leave these."
}

// fillForm keeps the draft as a form of the person's, and leads there.
func (s *server) fillForm(c echo.Context, d templates.PromoteData, draft change.Draft) error {
	at, err := s.begin(c, draft, d.Comparison.Base)
	if errors.Is(err, change.ErrDraftTooLarge) {
		d.Problem = "It is too large for a form. Take over less."
		return s.showPromote(c, http.StatusUnprocessableEntity, d)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, at)
}

// promoteWord is what the way from an application to its comparison is called, "" where there is none.
func (s *server) promoteWord(me policy.Subject, app change.Application) string {
	word := ""
	for t := range s.Changes.Places {
		if _, ends := s.Changes.CopyRule(t); ends || t.Team != app.Team || t.Environment == app.Environment || app.Revision == 0 {
			continue
		}
		switch {
		case s.Changes.May(me, policy.PreviewChange, policy.Resource{Target: t}) == nil:
			return "Promote…"
		case s.Changes.May(me, policy.ViewTarget, policy.Resource{Target: t}) == nil:
			word = "Compare…"
		}
	}
	return word
}
