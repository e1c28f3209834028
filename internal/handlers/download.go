package handlers

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/bundle"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// formFile is the form's value that says which file of a plan is wanted.
const formFile = "_file"

// bundleFile is the whole folder as one file.
const bundleFile = "bundle.zip"

// routesOfDownloads are the files of applications and changes. Each has its own address, below the page
// that it is about; the files of a plan that nobody has submitted yet answer a post of its form.
func (s *server) routesOfDownloads(g, app *echo.Group) {
	for _, file := range []string{bundleFile, bundle.Manifests, bundle.Inputs} {
		app.GET("/"+file, s.revisionFile(file))
		g.GET("/changes/:id/"+file, s.changeFile(file))
	}
	g.POST(target+"/new/:template/download", s.downloadNew)
	app.POST("/edit/download", s.downloadEdit)
}

func (s *server) revisionFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, me, key := c.Request().Context(), who(c), appOf(c)
		app, err := s.Changes.Application(ctx, me, key)
		if err != nil {
			return err
		}
		number := app.Revision
		if q := c.QueryParam("revision"); q != "" {
			if number, err = strconv.Atoi(q); err != nil {
				return change.ErrNotFound
			}
		}
		rev, err := s.Changes.Revision(ctx, me, key, number)
		if err != nil {
			return err
		}
		ch, err := s.Changes.Change(ctx, me, rev.Change)
		if err != nil {
			return err
		}
		b := bundleOf(ch.App, rev.Template, rev.Inputs, ch.Plan, rev.Rendered)
		b.Name = fmt.Sprintf("%s-r%d", key.Name, number)
		b.Title = fmt.Sprintf("%s, revision %d", key.Name, number)
		b.From = s.address(c, appPath(key)+"/revisions")
		return sendFile(c, b, file)
	}
}

func (s *server) changeFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ch, err := s.changeAt(c, c.Param("id"))
		if err != nil {
			return err
		}
		b := bundleOf(ch.App, ch.Template, ch.Inputs, ch.Plan, ch.Rendered)
		b.Name = ch.App.Name + "-change-" + strconv.FormatInt(ch.ID, 10)
		b.Title = fmt.Sprintf("Change #%d: %s", ch.ID, ch.Title)
		b.From = s.address(c, changePath(ch.ID))
		return sendFile(c, b, file)
	}
}

func (s *server) downloadNew(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.downloadPlan(c, f)
}

func (s *server) downloadEdit(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.downloadPlan(c, f)
}

// downloadPlan sends a file of what a form would become. A form that has errors is shown with them.
func (s *server) downloadPlan(c echo.Context, f *flow) error {
	view, errs := s.decode(c, f)
	if len(errs) > 0 || len(f.nameErrors()) > 0 {
		return s.showForm(c, http.StatusUnprocessableEntity, f, view, f.nameErrors())
	}
	plan, rendered, err := s.Changes.PreviewRendered(c.Request().Context(), who(c), f.draft)
	if err != nil {
		return s.formProblem(c, f, view, err)
	}
	b := bundleOf(f.draft.App, f.draft.Template, f.draft.Inputs, plan, rendered)
	b.Name = f.draft.App.Name + "-plan"
	b.Title = change.Title(f.draft, plan) + ", a plan"
	b.From = s.address(c, f.action)
	return sendFile(c, b, f.form.Get(formFile))
}

func bundleOf(app change.AppKey, t catalog.TemplateID, in catalog.Inputs, plan change.Plan, rendered []byte) bundle.Bundle {
	b := bundle.Bundle{
		Document: change.Document{
			Template: t.Name, Version: t.Version, Team: app.Team, Environment: app.Environment, Name: app.Name, Inputs: in,
		},
		Place: plan.Place, Rendered: rendered, Digest: plan.Digest,
	}
	for _, o := range plan.Objects {
		if o.Op == manifest.Delete {
			b.Deleted = append(b.Deleted, o.Ref)
		}
	}
	return b
}

// address is a page's address as the person sees it.
func (s *server) address(c echo.Context, path string) string {
	u := url.URL{Scheme: "http", Host: c.Request().Host}
	if s.Secure {
		u.Scheme = "https"
	}
	return u.String() + path
}

// sendFile answers with one file, or with all of them as one.
func sendFile(c echo.Context, b bundle.Bundle, file string) error {
	var data []byte
	var err error
	name, kind := b.Name+"-"+file, "application/yaml; charset=utf-8"
	switch file {
	case bundle.Manifests:
		name = b.Name + ".yaml"
		data, err = b.Manifests()
	case bundle.Inputs:
		data, err = b.Inputs()
	case bundleFile:
		var out bytes.Buffer
		err = b.Zip(&out)
		data, name, kind = out.Bytes(), b.Name+".zip", "application/zip"
	default:
		return change.ErrNotFound
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+url.PathEscape(name)+`"`)
	return c.Blob(http.StatusOK, kind, data)
}
