package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

// draftKey names the draft of a form.
func (f *flow) draftKey() change.DraftKey {
	k := change.DraftKey{Target: f.draft.App.Target, Template: f.template.ID.Name}
	if f.draft.Kind == change.Update {
		k.App = f.draft.App.Name
	}
	return k
}

// keep saves what was typed, with tokens in place of secrets. That it cannot is told, and stops nothing.
func (s *server) keep(c echo.Context, f *flow) {
	form := f.reading.View.Form()
	if name := f.form.Get(formName); name != "" {
		form.Set(formName, name)
	}
	if f.draft.Source != nil {
		form.Set(formSource, f.draft.Source.String())
	}
	saved, err := s.Changes.SaveDraft(c.Request().Context(), who(c), change.SavedDraft{DraftKey: f.draftKey(), Version: f.template.ID.Version, Form: form})
	switch {
	case err == nil:
		f.kept.At = saved.Saved
	case errors.Is(err, change.ErrDraftTooLarge):
		f.kept.Problem = "This form is too large to be kept while you are away."
	case c.Request().Context().Err() != nil: // nobody waits for the answer any more
	default:
		f.kept.Problem = "What you typed cannot be kept at the moment. Do not leave this page."
		s.Log.ErrorContext(c.Request().Context(), "a draft could not be kept", "id", c.Get(requestIDKey), "err", err)
	}
}

// resumeDraft takes up the draft of a form, if there is one.
func (s *server) resumeDraft(c echo.Context, f *flow) {
	d, err := s.Changes.Draft(c.Request().Context(), who(c), f.draftKey())
	if err != nil {
		return // without it the form is as it would be anyway
	}
	f.form = d.Form
	f.draft.Source = change.ReadSource(f.draft.App.Team, d.Form.Get(formSource))
	if f.draft.Source != nil && c.QueryParam(formVersion) == "" {
		s.resumeVersion(f, d.Version) // the version is one of the things that were taken over
	}
	f.kept = templates.Kept{At: d.Saved, Returned: true}
	if d.Version != f.template.ID.Version {
		f.kept.Version = d.Version
	}
	if f.draft.Kind == change.Create {
		f.draft.App.Name = strings.TrimSpace(d.Form.Get(formName))
	}
}

// resumeVersion draws the form with the version that it was begun with, where that can be used.
func (s *server) resumeVersion(f *flow, version string) {
	t, err := s.versionFor(f.template.ID, version)
	if err != nil {
		return
	}
	f.template, f.draft.Template = t, t.ID
	if f.draft.Kind == change.Update {
		f.draft.Inputs, _ = t.Fit(f.former)
	}
}

func (s *server) discardNew(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.discard(c, f)
}

func (s *server) discardEdit(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.discard(c, f)
}

// discard drops a draft and goes back to where that was asked.
func (s *server) discard(c echo.Context, f *flow) error {
	if err := s.Changes.DropDraft(c.Request().Context(), who(c), f.draftKey()); err != nil {
		return err
	}
	to := f.action
	switch f.form.Get("to") {
	case "catalogue":
		to = "/catalogue"
	case "applications":
		to = "/applications"
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// drafts are the forms that a person has begun, for the pages that list what there is.
func (s *server) drafts(c echo.Context) []templates.DraftRow {
	list, err := s.Changes.Drafts(c.Request().Context(), who(c))
	if err != nil {
		return nil // the page is of something else
	}
	var out []templates.DraftRow
	for _, d := range list {
		at := targetPath(d.Target) + "/new/" + url.PathEscape(d.Template)
		if d.App != "" {
			at = appPath(change.AppKey{Target: d.Target, Name: d.App}) + "/edit"
		}
		out = append(out, templates.DraftRow{Target: d.Target, Template: d.Template, App: d.App, Saved: d.Saved, URL: at})
	}
	return out
}

// stage puts the secrets that were typed aside, so that only tokens go back to the page. Where that
// fails the values are gone, and the form says so.
func (s *server) stage(c echo.Context, f *flow) error {
	if len(f.reading.Secrets) == 0 || s.Stage == nil {
		return nil
	}
	return s.Stage(c.Request().Context(), who(c), auth.From(c), f.draft.App, f.reading.Secrets)
}

// withoutTyped reads the form again without the secret values that could not be put aside.
func (s *server) withoutTyped(c echo.Context, f *flow) {
	form := f.template.Keepable(f.form)
	for name, values := range f.form {
		if !strings.HasPrefix(name, catalog.FormPrefix+"/") && !strings.HasPrefix(name, catalog.FormFile+"/") && name != catalog.FormGenerate {
			form[name] = values
		}
	}
	f.form = form
	f.reading = f.template.Untouched(f.form, s.around(c, f))
}
