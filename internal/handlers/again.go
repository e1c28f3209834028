package handlers

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

const formReplace = "replace" // set once somebody has agreed that a form which was begun is replaced

// again fills the inputs of a change that came to nothing into its form, as a form that was begun, and leads there.
func (s *server) again(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return change.ErrNotFound
	}
	draft, err := s.Changes.Again(c.Request().Context(), who(c), id)
	if code := statusOf(err); code == http.StatusForbidden || code == http.StatusConflict {
		return s.undecided(c, code, id, "", err)
	}
	if err != nil {
		return err
	}
	filled, err := s.filledForm(c, draft, 0)
	if err != nil {
		return err
	}
	begun, none := s.Changes.Draft(c.Request().Context(), who(c), filled.DraftKey)
	if none == nil && !form.Has(formReplace) && !maps.EqualFunc(begun.Form, filled.Form, slices.Equal) {
		return s.askReplace(c, id, draft, begun)
	}
	at, err := s.keepFilled(c, draft, filled)
	if errors.Is(err, change.ErrDraftTooLarge) {
		return s.undecided(c, http.StatusConflict, id, "", &change.Refusal{Reason: "It is too large for a form. Take its inputs as a file instead."})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, at)
}

// askReplace asks whether a form that the person has begun is to be replaced.
func (s *server) askReplace(c echo.Context, id int64, draft change.Draft, begun change.SavedDraft) error {
	name := "#" + strconv.FormatInt(id, 10)
	p := s.page(c, templates.NavChanges, name+", again")
	p.Crumbs = []templates.Crumb{{Label: "Changes", URL: "/changes"}, {Label: name, URL: changePath(id)}, {Label: "Edit and submit again"}}
	return s.draw(c, http.StatusConflict, templates.Again(p, templates.AgainData{Change: id, App: draft.App, Template: draft.Template.Name, Begun: begun.Saved, BegunURL: formOf(draft)}))
}

// formOf is where the form of a draft is.
func formOf(d change.Draft) string {
	if d.Kind == change.Update {
		return templates.AppURL(d.App, "edit")
	}
	return templates.NewURL(d.App.Target, d.Template.Name)
}

// filledForm is the form that a draft fills in. base is the revision of the application, 0 for a new one.
func (s *server) filledForm(c echo.Context, draft change.Draft, base int) (change.SavedDraft, error) {
	t, err := s.Catalog.Template(draft.Template)
	if err != nil {
		return change.SavedDraft{}, err
	}
	f := &flow{draft: draft, template: t, base: base}
	form := t.View(draft.Inputs, s.around(c, f)).Form()
	if draft.Kind == change.Create {
		form.Set(formName, draft.App.Name)
	}
	if draft.Source != nil {
		form.Set(formSource, draft.Source.String())
	}
	return change.SavedDraft{DraftKey: f.draftKey(), Version: t.ID.Version, Form: form}, nil
}

// keepFilled keeps the form that a draft filled in as one that the person has begun, in place of one that is there,
// and gives its address.
func (s *server) keepFilled(c echo.Context, draft change.Draft, filled change.SavedDraft) (string, error) {
	_, err := s.Changes.SaveDraft(c.Request().Context(), who(c), filled)
	return formOf(draft) + "?" + url.Values{formVersion: {filled.Version}}.Encode(), err
}

// begin fills the form of a draft in and keeps it. base is the revision of the application, 0 for a new one.
func (s *server) begin(c echo.Context, draft change.Draft, base int) (string, error) {
	filled, err := s.filledForm(c, draft, base)
	if err != nil {
		return "", err
	}
	return s.keepFilled(c, draft, filled)
}
