package handlers

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
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
	formRollBack = "rollback"  // "true" among its values: roll back by itself
	formLine     = "_line"     // "3:12": the field that decides line 12 of the 4th object gets the focus
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
	form := formOf(f.reading.View)
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
	for _, name := range []string{formReason, formRollBack} {
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
		return s.showForm(c, http.StatusUnprocessableEntity, f, view, f.nameErrors())
	case f.form.Get(formDo) == "preview":
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

// showForm draws the form with the manifests beside it.
func (s *server) showForm(c echo.Context, code int, f *flow, view catalog.View, problem error) error {
	d := s.formData(f, view, problem)
	d.Posted = f.form != nil && (code != http.StatusOK || len(d.View.Errors) > 0)
	d.Answers = s.answers(c, f, view)
	d.Manifests = s.manifests(c, f, d.View.Errors)
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
	return d
}

// manifests renders the pane. That it cannot is never a reason not to show the form.
func (s *server) manifests(c echo.Context, f *flow, errs catalog.Errors) templates.ManifestsData {
	d := templates.ManifestsData{Errors: len(errs), Notice: f.notice}
	if len(errs) > 0 || f.incomplete {
		d.Problem = "The manifests appear when the fields are filled in."
		return d
	}
	if f.form == nil && f.former == nil {
		d.Problem = "The manifests appear here while you fill in the form."
		return d
	}
	draft := f.draft
	if draft.App.Name == "" {
		draft.App.Name = "name"
	}
	start := time.Now()
	r, err := s.Changes.Render(c.Request().Context(), who(c), draft)
	d.Took = time.Since(start)
	if err != nil {
		d.Problem = s.renderProblem(c, err)
		return d
	}
	marks := s.marks(c, f, draft)
	for i, o := range r.Set {
		raw, err := manifest.YAML(manifest.Mask(o))
		if err != nil {
			d.Problem = "The manifests cannot be written."
			return d
		}
		d.Objects = append(d.Objects, templates.ManifestObject{Ref: manifest.RefOf(o), Index: i, YAML: string(raw), By: marks[i]})
	}
	place, _ := s.Changes.Place(draft.App.Target)
	d.Environment = change.DraftEnvironment(r.Set, place)
	slices.SortStableFunc(d.Objects, func(a, b templates.ManifestObject) int {
		return cmp.Compare(change.ReadingRank(a.Ref), change.ReadingRank(b.Ref))
	})
	return d
}

func (s *server) renderProblem(c echo.Context, err error) string {
	var fields catalog.Errors
	switch {
	case errors.As(err, &fields):
		return "The manifests appear when the fields are filled in."
	case errors.Is(err, change.ErrClusterAway):
		return "The cluster does not answer, so its version is not known and nothing can be shown here. You can go on typing."
	}
	var broken *catalog.TemplateError
	if errors.As(err, &broken) {
		return sentence(err)
	}
	if ctx := c.Request().Context(); ctx.Err() == nil { // else nobody waits for them any more
		s.Log.ErrorContext(ctx, "the manifests could not be shown", "id", c.Get(requestIDKey), "err", err)
	}
	return "The manifests cannot be shown at the moment. You can go on typing."
}

// marks tells which lines the field in focus decides, by object and line.
func (s *server) marks(c echo.Context, f *flow, draft change.Draft) map[int]map[int]templates.MarkedBy {
	path := f.form.Get(formFocus)
	if path == "" {
		return nil
	}
	rel, err := s.Changes.Release(c.Request().Context(), draft.App, f.base)
	if err != nil {
		return nil
	}
	found, err := f.template.Marks(c.Request().Context(), draft.Inputs, rel, f.reading.Own(f.template, strings.TrimPrefix(path, catalog.FormPrefix)))
	if err != nil {
		return nil // the marks are a courtesy
	}
	out := map[int]map[int]templates.MarkedBy{}
	for _, m := range found {
		if out[m.Object] == nil {
			out[m.Object] = map[int]templates.MarkedBy{}
		}
		out[m.Object][m.Line] = templates.MarkedBy{Path: m.Path, Title: f.template.TitleOf(m.Path)}
	}
	return out
}

func (s *server) previewNew(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.preview(c, f)
}

func (s *server) previewEdit(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.preview(c, f)
}

// preview answers with the pane and the messages, while somebody types, and with the fields too where
// other ones are there now. Secrets that are typed and not sent yet are not in it.
func (s *server) preview(c echo.Context, f *flow) error {
	posted := f.form
	form := f.template.Keepable(posted)
	for _, name := range []string{formName, formFocus, formVersion, formSource} {
		form.Set(name, posted.Get(name))
	}
	f.form = form
	view, errs := s.decode(c, f)
	if posted.Get(formTyped) != "" {
		s.keep(c, f)
	}
	d := s.formData(f, view, nil)
	d.Answers = s.answers(c, f, view)
	d.Reshaped = posted.Has(formShape) && posted.Get(formShape) != d.Shape()
	d.Typed = posted.Get(formTyped) != ""
	d.Manifests = s.manifests(c, f, errs)
	return s.draw(c, http.StatusOK, templates.PreviewFragments(s.barePage(c), d))
}
