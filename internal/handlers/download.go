package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/bundle"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// formFile is the form's value that says which file of a plan is wanted.
const formFile = "_file"

// bundleFile is the whole folder as one file.
const bundleFile = "bundle.zip"

// routesOfDownloads are the files of applications and changes. Each has its own address, below the page
// that it is about; the files of a plan that nobody has submitted yet answer a post of its form, or stand
// below the address of a plan that has one.
func (s *server) routesOfDownloads(g, app *echo.Group) {
	for _, file := range []string{bundleFile, bundle.Manifests, bundle.Inputs} {
		app.GET("/"+file, s.revisionFile(file))
		g.GET("/changes/:id/"+file, s.changeFile(file))
		app.GET("/restart/"+file, s.restartFile(file))
		app.GET("/scale/"+file, s.scaleFile(file))
		app.GET("/rollback/"+file, s.rollbackFile(file))
		app.GET("/delete/"+file, s.deleteFile(file))
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
		b := bundleOf(ch)
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
		b := bundleOf(ch)
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
	ch, err := s.Changes.Prospect(c.Request().Context(), who(c), f.draft)
	if err != nil {
		return s.formProblem(c, f, view, err)
	}
	return s.sendPlan(c, ch, f.action, f.form.Get(formFile))
}

// restartFile, scaleFile, rollbackFile and deleteFile send files of plans whose addresses say all that they are of.
func (s *server) restartFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		_, h, err := s.acting(c)
		if err != nil {
			return err
		}
		d, err := s.restartDraft(c, h, c.QueryParams())
		if err != nil {
			return err
		}
		return s.planFile(c, d, file)
	}
}

func (s *server) scaleFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, h, err := s.scaling(c)
		if err != nil {
			return err
		}
		d, errs := scaleDraft(c, h, c.QueryParams())
		if len(errs) == 0 {
			if err := s.planFile(c, d, file); !errors.As(err, &errs) {
				return err
			}
		}
		return s.showScale(c, http.StatusUnprocessableEntity, page, h, queryOf(c), errs)
	}
}

func (s *server) rollbackFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := rollbackDraft(c, c.QueryParam("revision"))
		if err != nil {
			return err
		}
		return s.planFile(c, d, file)
	}
}

func (s *server) deleteFile(file string) echo.HandlerFunc {
	return func(c echo.Context) error {
		return s.planFile(c, change.Draft{Kind: change.Delete, App: appOf(c)}, file)
	}
}

func (s *server) planFile(c echo.Context, d change.Draft, file string) error {
	ch, err := s.Changes.Prospect(c.Request().Context(), who(c), d)
	if err != nil {
		return err
	}
	return s.sendPlan(c, ch, c.Request().URL.RequestURI(), file)
}

// sendPlan sends a file of a change that nobody has submitted; path is where it is planned.
func (s *server) sendPlan(c echo.Context, ch change.Change, path, file string) error {
	b := bundleOf(ch)
	b.Name = ch.App.Name + "-plan"
	b.Title = ch.Title + ", a plan"
	b.From = s.address(c, path)
	return sendFile(c, b, file)
}

func bundleOf(ch change.Change) bundle.Bundle {
	b := bundle.Bundle{
		Document: change.Document{
			Template: ch.Template.Name, Version: ch.Template.Version,
			Team: ch.App.Team, Environment: ch.App.Environment, Name: ch.App.Name, Inputs: ch.Inputs,
		},
		Place: ch.Plan.Place, Rendered: ch.Rendered, Digest: ch.Plan.Digest,
	}
	for _, o := range ch.Plan.Objects {
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
