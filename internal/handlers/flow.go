package handlers

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Names of the form's own values; the template's inputs begin with catalog.FormPrefix.
const (
	formDo       = "_do"    // plan, preview, edit
	formFocus    = "_focus" // catalog.Field.Path of the field in focus, for the lines that it decides
	formName     = "name"
	formDigest   = "digest"
	formReason   = "reason"
	formKey      = "key"
	formLives    = "lives"     // how long a copy lives, as time.Duration writes it
	formRollBack = "rollback"  // "true" among its values: roll back by itself
	formLine     = "_line"     // "3:12": the field that decides line 12 of the 4th object gets the focus
	formShow     = "_show"     // an object whose lines are to be shown in the pane
	formObject   = "_object"   // objects whose lines were to be shown before
	formRow      = "_row"      // the row of a long list in which the focus is
	formMend     = "_mend"     // the name of a control with an error that gets the focus
	formAt       = "_at"       // the name of the control that gets the focus
	formShape    = "_shape"    // templates.FormData.Shape of what the page shows
	formTyped    = "_typed"    // set once somebody has typed something
	formDocument = "_document" // an application's file to fill the form from
)

// flow is one form on its way: of a new application or of one that exists.
type flow struct {
	draft    change.Draft
	template *catalog.Template
	action   string
	base     int
	former   catalog.Inputs     // what is deployed; nil for a new application
	made     catalog.TemplateID // what it was made from; zero for a new application
	form     url.Values         // as posted; nil for a GET
	reading  catalog.Reading
	kept     templates.Kept
	focus    string // the name of the control that gets the focus
	// incomplete is a form that is shown without its errors, though it has some.
	incomplete bool
	notice     string // what came of pressing a button, in a sentence
	filled     string // from which file the form was filled
}

func (s *server) newFlow(c echo.Context) (*flow, error) {
	if err := s.Changes.May(who(c), policy.PreviewChange, policy.Resource{Target: targetOf(c)}); err != nil {
		return nil, err
	}
	newest, err := s.Catalog.Newest(c.Param("template"))
	if err != nil {
		return nil, err
	}
	f := &flow{action: targetPath(targetOf(c)) + "/new/" + url.PathEscape(newest.ID.Name)}
	f.draft = change.Draft{Kind: change.Create, App: change.AppKey{Target: targetOf(c)}}
	if err := f.read(c); err != nil {
		return nil, err
	}
	asked := cmp.Or(f.form.Get(formVersion), c.QueryParam(formVersion), newest.ID.Version)
	f.template, err = s.versionFor(newest.ID, asked)
	if errors.Is(err, catalog.ErrUnknownTemplate) { // no source has it any more, and what was typed is not lost
		f.template, err = s.versionFor(newest.ID, newest.ID.Version)
	}
	if err != nil {
		return nil, err
	}
	f.draft.Template = f.template.ID
	return f, nil
}

func (s *server) editFlow(c echo.Context) (*flow, error) {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	app, err := s.Changes.Application(ctx, me, key)
	if err != nil {
		return nil, err
	}
	if err := s.Changes.May(me, policy.PreviewChange, policy.Resource{Target: key.Target}); err != nil {
		return nil, err
	}
	id, inputs, err := s.Changes.Inputs(ctx, me, key)
	if err != nil {
		return nil, err
	}
	f := &flow{action: appPath(key) + "/edit", base: app.Revision, former: inputs, made: id}
	f.draft = change.Draft{Kind: change.Update, App: key, Inputs: inputs}
	if err := f.read(c); err != nil {
		return nil, err
	}
	if f.template, err = s.versionFor(id, cmp.Or(f.form.Get(formVersion), c.QueryParam(formVersion))); err != nil {
		return nil, err
	}
	f.draft.Template = f.template.ID
	f.draft.Inputs, _ = f.template.Fit(inputs)
	return f, nil
}

// read takes what was posted.
func (f *flow) read(c echo.Context) error {
	if c.Request().Method != http.MethodPost {
		return nil
	}
	form, err := posted(c)
	f.form = form
	if f.draft.Kind == change.Create {
		f.draft.App.Name = strings.TrimSpace(form.Get(formName))
	}
	f.draft.Source = change.ReadSource(f.draft.App.Team, form.Get(formSource))
	return err
}

// around is what the form is read and drawn in. While the cluster's version is not known the form can
// be filled in all the same.
func (s *server) around(c echo.Context, f *flow) catalog.Around {
	rel, err := s.Changes.Release(c.Request().Context(), f.draft.App, f.base)
	if err != nil {
		place, _ := s.Changes.Place(f.draft.App.Target)
		rel = catalog.Release{App: f.draft.App.Name, Target: f.draft.App.Target, Place: place, Revision: f.base + 1}
	}
	a := catalog.Around{Release: rel, Deployed: f.former}
	if s.Seal != nil {
		a.Seal = s.Seal(f.draft.App.Target)
	}
	return a
}

// decode reads the inputs. The view holds all that was typed.
func (s *server) decode(c echo.Context, f *flow) (catalog.View, catalog.Errors) {
	f.reading = f.template.Decode(f.form, s.around(c, f))
	f.draft.Inputs = f.reading.Inputs
	return f.reading.View, f.reading.Errors
}

// hidden is what the plan page carries along, so that nothing typed is lost: tokens in place of secrets.
func (f *flow) hidden() []templates.HiddenField {
	form := f.reading.View.Form()
	for _, name := range []string{formName, formVersion, formSource} {
		if f.form.Has(name) {
			form.Set(name, f.form.Get(name))
		}
	}
	var out []templates.HiddenField
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, v := range form[name] {
			out = append(out, templates.HiddenField{Name: name, Value: v})
		}
	}
	return out
}

// carried is what the form carries along of the plan page that somebody came back from.
func (f *flow) carried() []templates.HiddenField {
	var out []templates.HiddenField
	for _, name := range []string{formReason, formRollBack, formLives} {
		for _, v := range f.form[name] {
			out = append(out, templates.HiddenField{Name: name, Value: v})
		}
	}
	return out
}

func targetPath(t policy.Target) string {
	return "/targets/" + url.PathEscape(t.Team) + "/" + url.PathEscape(t.Environment)
}

func appPath(k change.AppKey) string {
	return targetPath(k.Target) + "/apps/" + url.PathEscape(k.Name)
}
