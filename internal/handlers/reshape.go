package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// reshapers are the buttons that change a form without leaving it.
var reshapers = []string{
	catalog.FormAdd, catalog.FormRemove, catalog.FormUp, catalog.FormDown, catalog.FormGenerate, catalog.FormPreset,
	catalog.FormOpen, catalog.FormShut, formShow,
}

// reshapes tells whether a form was posted to be changed, as opposed to be judged.
func (f *flow) reshapes() bool {
	do := f.form.Get(formDo)
	return do == "edit" || do == "update" || do == "read" || f.form.Has(formAt) || slices.ContainsFunc(reshapers, f.form.Has)
}

// reshape shows the form after a button has changed it. Nobody asked for a judgement, so it tells only of
// what could not be kept.
func (s *server) reshape(c echo.Context, f *flow) error {
	if f.form.Get(formDo) == "read" {
		return s.fill(c, f)
	}
	_, _ = s.decode(c, f) // for the manifests; nobody asked for a judgement
	if at, ok := strings.CutPrefix(f.form.Get(formAt), catalog.FormPrefix); ok {
		// A plan names the field as it stands in its inputs; the rows of the form may stand in another order.
		f.focus = catalog.FormPrefix + f.reading.Posted(f.template, at)
	}
	f.reading = f.template.Untouched(f.form, s.around(c, f))
	if row := f.form.Get(catalog.FormOpen); row != "" {
		f.focus = f.reading.View.First(row)
	}
	if err := s.stage(c, f); err != nil {
		return s.notStaged(c, f, err)
	}
	// The buttons changed the form after it was read, so its inputs are those of what is shown now.
	shown := f.template.Decode(f.reading.View.Form(), s.around(c, f))
	f.draft.Inputs = shown.Inputs
	f.incomplete = len(shown.Errors) > 0
	s.keep(c, f)
	return s.showForm(c, http.StatusOK, f, f.reading.View, nil)
}

// notStaged says that secret values could not be put aside. They are not kept, and all else is.
func (s *server) notStaged(c echo.Context, f *flow, err error) error {
	if errors.Is(err, change.ErrUnavailable) {
		return err
	}
	s.Log.ErrorContext(c.Request().Context(), "secret values could not be put aside", "id", c.Get(requestIDKey), "err", err)
	why := "The cluster did not take the secret values, so they are not kept. Type them again in a moment."
	var refusal *change.Refusal
	var not *manifest.NotStaged
	switch {
	case errors.As(err, &not):
		why = "The secret values were not kept. " + not.Problem.Sentence
	case errors.As(err, &refusal):
		why = "The secret values were not kept. " + refusal.Reason
	case errors.Is(err, change.ErrClusterAway):
		why = "The cluster does not answer, so the secret values are not kept. Type them again when it does."
	}
	s.withoutTyped(c, f)
	f.incomplete = true
	return s.showForm(c, statusOf(err), f, f.reading.View, &change.Refusal{Reason: why})
}

// fill fills the form from an application's file.
func (s *server) fill(c echo.Context, f *flow) error {
	text := f.form.Get(formDocument)
	if text == "" {
		f.reading = f.template.Untouched(f.form, s.around(c, f))
		return s.showForm(c, http.StatusUnprocessableEntity, f, f.reading.View, &change.Refusal{Reason: "Choose a file first, then read it."})
	}
	doc, err := f.document(text)
	if err == nil {
		return s.filled(c, f, doc)
	}
	_, _ = s.decode(c, f) // for the manifests
	f.reading = f.template.Untouched(f.form, s.around(c, f))
	if err := s.stage(c, f); err != nil {
		return s.notStaged(c, f, err)
	}
	var wrong change.DocumentErrors
	if !errors.As(err, &wrong) {
		wrong = change.DocumentErrors{{Message: "it is not a file of an application"}}
	}
	return s.showForm(c, http.StatusUnprocessableEntity, f, f.reading.View, fileErrors(wrong))
}

// fileErrors says of each mistake in a file where it is.
func fileErrors(wrong change.DocumentErrors) catalog.Errors {
	var errs catalog.Errors
	for _, e := range wrong {
		where := "The file"
		if e.Line > 0 {
			where += ", line " + strconv.Itoa(e.Line)
		}
		if e.Field != "" {
			where += ", " + e.Field
		}
		errs = append(errs, catalog.FieldError{Title: where, Message: where + ": " + e.Message + "."})
	}
	return errs
}

// filled shows the form with what a document holds. What is wrong with it stands at its field, and names
// the line.
func (s *server) filled(c echo.Context, f *flow, doc change.Document) error {
	_, _ = s.decode(c, f) // for the secrets that were typed
	if err := s.stage(c, f); err != nil {
		return s.notStaged(c, f, err)
	}
	// A file has null for a secret: the value that is put aside here under the same name stays.
	doc.Inputs = f.template.WithStored(f.template.WithStored(doc.Inputs, f.reading.Inputs), f.former)
	if f.draft.Kind == change.Create {
		f.draft.App.Name = doc.Name
		f.form.Set(formName, doc.Name)
	}
	f.draft.Inputs = doc.Inputs
	around := s.around(c, f)
	view := f.template.View(doc.Inputs, around)
	name := f.form.Get(formName)
	f.form = view.Form()
	f.form.Set(formName, name)
	f.draft.Source = nil // what it holds is from the file now
	f.reading = f.template.Decode(f.form, around)
	for _, e := range f.template.Check(doc.Inputs, around.Release) {
		if !slices.ContainsFunc(f.reading.Errors, func(o catalog.FieldError) bool { return o.Path == e.Path }) {
			f.reading.View.Errors = append(f.reading.View.Errors, e)
		}
	}
	for i := range f.reading.View.Errors {
		e := &f.reading.View.Errors[i]
		if n := doc.Line(e.Path); n > 0 && e.Path != "" {
			e.Message = strings.TrimSuffix(e.Message, ".") + fmt.Sprintf(" (line %d of the file).", n)
		}
	}
	f.filled = fmt.Sprintf("Filled in from the file: %s of %s. Secret values are never in a file; those that are put aside here stay.", doc.Name, doc.Template)
	s.keep(c, f)
	code := http.StatusOK
	if len(f.reading.View.Errors) > 0 {
		code = http.StatusUnprocessableEntity
	}
	return s.showForm(c, code, f, f.reading.View, nil)
}
