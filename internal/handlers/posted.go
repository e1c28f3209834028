package handlers

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
)

// FormLimit is the most bytes of a posted form of a template. It is above what any one field takes, so
// that a value that is too large is told of at its field, and what else was typed comes back.
const FormLimit = 6 << 20

// formRoutes are the ends of the routes that take forms of templates.
var formRoutes = []string{"/new/:template", "/edit"}

// bodyLimit is the most bytes that a route takes.
func bodyLimit(route string) int64 {
	for _, part := range formRoutes {
		if strings.Contains(route+"/", part+"/") {
			return FormLimit
		}
	}
	return BodyLimit
}

// posted reads a form: in the plain encoding or, where files go along, as multipart/form-data. What a
// file holds becomes a value under the file's name in the form; how it is called on the person's disk
// is nobody's business here.
func posted(c echo.Context) (url.Values, error) {
	r := c.Request()
	kind, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if kind != echo.MIMEMultipartForm {
		err := readable(r.ParseForm())
		return r.PostForm, err
	}
	return parts(r)
}

// formValues is the most values of a posted form: as many as net/url takes in the plain encoding.
const formValues = 10_000

// parts reads multipart/form-data (RFC 7578). It does so itself because net/http takes a thousand parts
// at most, which is fewer than a form of many rows has. All of it stays in memory: the body's limit is
// what bounds it, and nothing that was typed is written to a disk.
func parts(r *http.Request) (url.Values, error) {
	all, err := r.MultipartReader()
	if err != nil {
		return nil, errForm
	}
	form := url.Values{}
	for range formValues {
		part, err := all.NextPart()
		if err == io.EOF { //nolint:errorlint // one that is wrapped means that the form is cut off
			return form, nil
		}
		if err != nil {
			return nil, readable(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, readable(err)
		}
		// Where no file was chosen browsers post an empty one.
		if name := part.FormName(); name != "" && (len(text) > 0 || !isFile(part)) {
			form.Add(name, string(text))
		}
	}
	return nil, errForm
}

func isFile(p *multipart.Part) bool {
	return p.FileName() != "" || p.Header.Get(echo.HeaderContentType) != ""
}

// readable keeps the one error that is the person's to know; all others are that the form is no form.
func readable(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return large
	case err != nil:
		return errForm
	}
	return nil
}

// document takes the one application out of a file that fits the form.
func (f *flow) document(text string) (change.Document, error) {
	all, err := change.ReadDocuments(strings.NewReader(text))
	if err != nil {
		return change.Document{}, err
	}
	var fit []change.Document
	for _, d := range all {
		if d.Template == f.template.ID.Name && (f.draft.Kind == change.Create || d.Name == f.draft.App.Name) {
			fit = append(fit, d)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case len(fit) > 1:
		return change.Document{}, change.DocumentErrors{{Message: "several applications of " + f.template.ID.Name + " are in the file; take a file with one"}}
	case f.draft.Kind == change.Update:
		return change.Document{}, change.DocumentErrors{{Message: "there is no " + f.draft.App.Name + " of " + f.template.ID.Name + " in the file"}}
	}
	return change.Document{}, change.DocumentErrors{{Message: "there is no application of " + f.template.ID.Name + " in the file"}}
}
