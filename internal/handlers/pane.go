package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/web/templates"
)

// paneLines is how many lines of manifests the pane shows before it folds objects away.
const paneLines = 1500

// pane is what stands beside a form: its manifests, those of the row with the focus first where there are more
// than the pane shows. That it cannot be drawn is never a reason not to show the form.
func (s *server) pane(c echo.Context, f *flow, d templates.FormData) templates.ManifestsData {
	m := s.manifests(c, f, d.View.Errors)
	asked := append(slices.Clone(f.form[formObject]), f.form[formShow]...)
	m.Fold(paneLines, asked, d.RowTitle(cmp.Or(f.form.Get(catalog.FormOpen), f.form.Get(formRow))))
	return m
}

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
	draft := f.nameless()
	start := time.Now()
	r, err := s.Changes.Render(c.Request().Context(), who(c), draft)
	d.Took = time.Since(start)
	if err != nil {
		d.Problem = s.renderProblem(c, err)
		return d
	}
	if d.Objects, err = paneObjects(r.Set, s.marks(c, f, draft)); err != nil {
		d.Problem = "The manifests cannot be written."
		return d
	}
	place, _ := s.Changes.Place(draft.App.Target)
	d.Environment = change.DraftEnvironment(r.Set, place)
	return d
}

// nameless is the draft, with a name that stands for one that is still missing.
func (f *flow) nameless() change.Draft {
	draft := f.draft
	draft.App.Name = cmp.Or(draft.App.Name, "name")
	return draft
}

// paneObjects writes objects for people, in the order in which they are read.
func paneObjects(set manifest.Set, marks map[int]map[int]templates.MarkedBy) ([]templates.ManifestObject, error) {
	var all []templates.ManifestObject
	for i, o := range set {
		raw, err := manifest.YAML(manifest.Mask(o))
		if err != nil {
			return all, err
		}
		all = append(all, templates.ManifestObject{Ref: manifest.RefOf(o), Index: i, YAML: string(raw), By: marks[i]})
	}
	slices.SortStableFunc(all, func(a, b templates.ManifestObject) int {
		return cmp.Compare(change.ReadingRank(a.Ref), change.ReadingRank(b.Ref))
	})
	return all, nil
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
	for _, name := range []string{formName, formFocus, formRow, formVersion, formSource} {
		form.Set(name, posted.Get(name))
	}
	for _, name := range []string{catalog.FormOpened, formObject, formShow} {
		form[name] = posted[name]
	}
	f.form = form
	view, _ := s.decode(c, f)
	if posted.Get(formTyped) != "" {
		s.keep(c, f)
	}
	d := s.formData(f, view, nil)
	d.Answers = s.answers(c, f, d)
	d.Reshaped = posted.Has(formShape) && posted.Get(formShape) != d.Shape()
	d.Typed = posted.Get(formTyped) != ""
	d.Manifests = s.pane(c, f, d)
	return s.draw(c, http.StatusOK, templates.PreviewFragments(s.barePage(c), d))
}

// findLine gives the focus to the field that decides a line of the manifests.
func (s *server) findLine(c echo.Context, f *flow) {
	at, line, _ := strings.Cut(f.form.Get(formLine), ":")
	object, err1 := strconv.Atoi(at)
	number, err2 := strconv.Atoi(line)
	if err1 != nil || err2 != nil || object < 0 || number < 1 {
		return
	}
	draft := f.nameless()
	f.notice = fmt.Sprintf("No field decides line %d: the template writes it.", number)
	rel, err := s.Changes.Release(c.Request().Context(), draft.App, f.base)
	if err != nil {
		f.notice = "The cluster does not answer, so nothing can be said of this line."
		return
	}
	paths, err := f.template.FieldsOf(c.Request().Context(), draft.Inputs, rel, object, number)
	if err != nil || len(paths) == 0 {
		return
	}
	f.focus = catalog.FormPrefix + f.reading.Posted(f.template, paths[0])
	f.notice = ""
}
