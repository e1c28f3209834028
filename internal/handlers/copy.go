package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Names in the forms of copies and of ends; see formLives too.
const (
	formEnvironment = "environment"
	formSeen        = "seen" // templates.ExtendSeen of the end that the page showed
)

// canCopy tells whether there is somewhere to make a copy of an application.
func (s *server) canCopy(me policy.Subject, app change.Application) bool {
	for t := range s.Changes.Places {
		if _, ok := s.Changes.CopyRule(t); ok && t.Team == app.Team && app.Revision > 0 &&
			s.Changes.May(me, policy.PreviewChange, policy.Resource{Target: t}) == nil {
			return true
		}
	}
	return false
}

// copy asks where a copy is to be made, and under which name.
func (s *server) copy(c echo.Context) error {
	d, err := s.copyData(c)
	if err != nil {
		return err
	}
	return s.showCopy(c, http.StatusOK, d)
}

func (s *server) copyData(c echo.Context) (templates.CopyData, error) {
	ctx, me := c.Request().Context(), who(c)
	app, err := s.Changes.Application(ctx, me, appOf(c))
	if err != nil {
		return templates.CopyData{}, err
	}
	d := templates.CopyData{App: app}
	if app.Revision == 0 {
		return d, nil // there is nothing to copy
	}
	if d.Places, err = s.Changes.CopyPlaces(ctx, me, app); err != nil {
		return d, err
	}
	for _, p := range d.Places {
		if _, err := s.Changes.Draft(ctx, me, change.DraftKey{Target: p.Target, Template: app.Template.Name}); err == nil {
			d.Begun = append(d.Begun, p.Target.Environment)
		}
	}
	id, inputs, err := s.Changes.Inputs(ctx, me, app.AppKey)
	if err != nil {
		return d, err
	}
	if t, err := s.Catalog.Template(id); err == nil { // else the post says what is the matter with it
		d.Hosts = t.Hosts(inputs)
	}
	return d, nil
}

func (s *server) showCopy(c echo.Context, code int, d templates.CopyData) error {
	p := s.page(c, templates.NavApplications, d.App.Name+", copy")
	p.Crumbs = append(appCrumbs(d.App.AppKey), templates.Crumb{Label: "Copy"})
	return s.draw(c, code, templates.Copy(p, d))
}

// makeCopy fills in the form of a copy, as a form that was begun, and leads there.
func (s *server) makeCopy(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	to := policy.Target{Team: targetOf(c).Team, Environment: form.Get(formEnvironment)}
	name := strings.TrimSpace(form.Get(formName))
	copied, err := s.Changes.Copy(c.Request().Context(), who(c), appOf(c), to, name)
	if err == nil {
		var at string
		if at, err = s.begin(c, copied.Draft, 0); err == nil {
			return c.Redirect(http.StatusSeeOther, at)
		}
	}
	var fields catalog.Errors
	var refusal *change.Refusal
	var nameError, problem string
	switch {
	case errors.As(err, &fields):
		nameError = fields[0].Message
	case errors.Is(err, change.ErrNameTaken):
		nameError = "There is an application of this name there already. Take another name."
	case errors.Is(err, change.ErrDraftTooLarge):
		problem = "It is too large for a form."
	case errors.As(err, &refusal) && s.Changes.May(who(c), policy.PreviewChange, policy.Resource{Target: to}) == nil:
		problem = refusal.Reason
	default:
		return err
	}
	d, away := s.copyData(c)
	if away != nil || len(d.Places) == 0 {
		return errors.Join(err, away)
	}
	d.Name, d.Chosen, d.NameError, d.Problem = name, to.Environment, nameError, problem
	return s.showCopy(c, max(statusOf(err), http.StatusConflict), d)
}

// endsData is how long a copy lives: as the person chose, else as usual.
func endsData(plan change.Plan, form url.Values) templates.EndsData {
	if plan.Copies == nil {
		return templates.EndsData{}
	}
	lives, err := time.ParseDuration(form.Get(formLives))
	if err != nil || !slices.Contains(plan.Copies.Choices(), lives) {
		lives = plan.Copies.Usual()
	}
	return templates.EndsData{Chosen: lives}
}

// extend asks for a later end.
func (s *server) extend(c echo.Context) error {
	d, err := s.extendData(c)
	if err != nil {
		return err
	}
	return s.showExtend(c, http.StatusOK, d)
}

func (s *server) extendData(c echo.Context) (templates.ExtendData, error) {
	me, key := who(c), appOf(c)
	if err := s.Changes.May(me, policy.SubmitChange, policy.Resource{Target: key.Target}); err != nil {
		return templates.ExtendData{}, err
	}
	app, err := s.Changes.Application(c.Request().Context(), me, key)
	if err != nil {
		return templates.ExtendData{}, err
	}
	if app.Ending == nil {
		return templates.ExtendData{}, change.ErrNotFound
	}
	d := templates.ExtendData{App: app, Laters: s.Changes.Laters(app)}
	if len(d.Laters) == 0 {
		d.WhyNot = s.Changes.WhyNotLater(app)
	}
	return d, nil
}

func (s *server) showExtend(c echo.Context, code int, d templates.ExtendData) error {
	p := s.page(c, templates.NavApplications, d.App.Name+", end")
	p.Crumbs = append(appCrumbs(d.App.AppKey), templates.Crumb{Label: "End"})
	return s.draw(c, code, templates.Extend(p, d))
}

// putOff puts an end off.
func (s *server) putOff(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	seen, err := strconv.ParseInt(form.Get(formSeen), 10, 64)
	if err != nil {
		return errForm
	}
	lives, err := time.ParseDuration(form.Get(formLives))
	if err != nil {
		return errForm
	}
	_, err = s.Changes.Extend(c.Request().Context(), who(c), auth.From(c), appOf(c), time.UnixMicro(seen), lives)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, appPath(appOf(c)))
	}
	var refusal *change.Refusal
	moved := errors.Is(err, change.ErrEndingMoved)
	if !moved && !errors.As(err, &refusal) {
		return err
	}
	d, no := s.extendData(c)
	if no != nil {
		return err // it is not for this person, or it is gone
	}
	if moved {
		d.Moved = true
		return s.showExtend(c, http.StatusConflict, d)
	}
	d.Problem = refusal.Reason
	return s.showExtend(c, http.StatusUnprocessableEntity, d)
}
