package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

// Of a request of htmx: the element that the answer goes to, and the one that holds all fields of a form.
const (
	headerTarget = "HX-Target"
	fieldsTarget = "div#fields"
)

func (s *server) newForm(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.openForm(c, f)
}

func (s *server) editForm(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.openForm(c, f)
}

// openForm shows a form as it was left, or as it begins.
func (s *server) openForm(c echo.Context, f *flow) error {
	s.resumeDraft(c, f)
	if f.form == nil {
		return s.showForm(c, http.StatusOK, f, f.template.View(f.former, s.around(c, f)), nil)
	}
	_, errs := s.decode(c, f)
	f.incomplete = len(errs) > 0
	return s.showForm(c, http.StatusOK, f, f.template.Untouched(f.form, s.around(c, f)).View, nil)
}

func (s *server) postNew(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.postForm(c, f)
}

func (s *server) postEdit(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.postForm(c, f)
}

// postForm answers the form's buttons. Whatever they do, all that was typed comes back: of secrets the
// tokens, since their values have been put aside.
func (s *server) postForm(c echo.Context, f *flow) error {
	if f.reshapes() {
		return s.reshape(c, f)
	}
	view, errs := s.decode(c, f)
	if err := s.stage(c, f); err != nil {
		return s.notStaged(c, f, err)
	}
	s.keep(c, f)
	switch {
	case f.form.Has(formLine):
		s.findLine(c, f)
		return s.showForm(c, http.StatusOK, f, view, nil)
	case len(errs) > 0 || len(f.nameErrors()) > 0:
		f.focus = f.form.Get(formMend)
		return s.showForm(c, http.StatusUnprocessableEntity, f, view, f.nameErrors())
	case f.form.Get(formDo) == "preview", f.form.Has(formMend):
		return s.showForm(c, http.StatusOK, f, view, nil)
	}
	plan, err := s.Changes.Preview(c.Request().Context(), who(c), f.draft)
	if err != nil {
		return s.formProblem(c, f, view, err)
	}
	return s.showPlan(c, http.StatusOK, f, plan.Warned(f.reading.Odd), planNotes{})
}

// nameErrors is what is wrong with the name. It is told together with what is wrong with the inputs, so
// that nobody learns of one error after the other.
func (f *flow) nameErrors() catalog.Errors {
	if f.draft.Kind != change.Create {
		return nil
	}
	return change.CheckName(f.draft.App.Name)
}

// formProblem shows what the service found wrong beside the field that it is about.
func (s *server) formProblem(c echo.Context, f *flow, view catalog.View, err error) error {
	var fields catalog.Errors
	var broken *catalog.TemplateError
	switch {
	case errors.As(err, &fields), errors.Is(err, change.ErrNameTaken), errors.As(err, &broken):
		return s.showForm(c, statusOf(err), f, view, err)
	}
	return err
}

// showForm draws the form with the manifests beside it, or its fields alone where a button asks for them: the
// page follows with a preview.
func (s *server) showForm(c echo.Context, code int, f *flow, view catalog.View, problem error) error {
	d := s.formData(f, view, problem)
	d.Posted = f.form != nil && (code != http.StatusOK || len(d.View.Errors) > 0)
	d.Answers = s.answers(c, f, d)
	if c.Request().Header.Get(headerTarget) == fieldsTarget {
		return s.draw(c, code, templates.Fields(s.barePage(c), d))
	}
	d.Manifests = s.pane(c, f, d)
	if d.NameError != "" { // it is told above with the others, and counts with them
		d.Manifests.Errors++
	}
	title := "New " + f.template.ID.Name
	nav := templates.NavCatalogue
	if f.draft.Kind == change.Update {
		title, nav = f.draft.App.Name+", new version", templates.NavApplications
	}
	p := s.page(c, nav, title)
	p.Crumbs = f.crumbs()
	return s.draw(c, code, templates.Form(p, d))
}

func (f *flow) crumbs() []templates.Crumb {
	if f.draft.Kind == change.Create {
		return []templates.Crumb{
			{Label: "Catalogue", URL: "/catalogue"},
			{Label: f.template.ID.String(), URL: "/catalogue?template=" + url.QueryEscape(f.template.ID.Name)}, {Label: "New"},
		}
	}
	return append(appCrumbs(f.draft.App), templates.Crumb{Label: "New version"})
}

func appCrumbs(k change.AppKey) []templates.Crumb {
	return []templates.Crumb{{Label: "Applications", URL: "/applications"}, {Label: k.Name, URL: appPath(k)}}
}

func (s *server) formData(f *flow, view catalog.View, problem error) templates.FormData {
	place, _ := s.Changes.Place(f.draft.App.Target)
	d := templates.FormData{
		Kind: f.draft.Kind, App: f.draft.App, Place: place, Template: f.template.ID, About: f.template.About,
		View: view, Name: f.draft.App.Name, Revision: f.base, Action: f.action,
	}
	d.Version, d.Source = s.versionChoice(f), f.draft.Source
	d.Carried = f.carried()
	d.Presets, d.Kept, d.Focus, d.Notice, d.Filled = f.template.Presets, f.kept, f.focus, f.notice, f.filled
	if f.form != nil && f.draft.Kind == change.Create {
		d.Name = f.form.Get(formName)
	}
	attach(&d, problem)
	return d
}

// attach puts what is wrong beside the field that it is about.
func attach(d *templates.FormData, problem error) {
	var fields catalog.Errors
	switch {
	case errors.Is(problem, change.ErrNameTaken):
		d.NameError = "There is an application of this name here already. Take another name."
	case errors.As(problem, &fields):
		for _, e := range fields {
			if e.Path == change.NamePath {
				d.NameError = e.Message
				continue
			}
			d.View.Errors = append(d.View.Errors, e)
		}
	case problem != nil:
		d.Problem = sentence(problem)
	}
}
