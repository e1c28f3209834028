package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Names in the forms of restarts and of numbers of pods.
const (
	formOnly = "only" // a workload to restart, as manifest.Ref's Path has it
	formTime = "at"   // the time of the restart, as manifest.RestartTime writes it
	formPlan = "plan" // set when the form asks for its plan
)

func (s *server) routesOfActions(app *echo.Group) {
	app.GET("/restart", s.restart)
	app.POST("/restart/submit", s.submitRestart)
	app.GET("/scale", s.scale)
	app.POST("/scale", s.scaleAgain)
	app.POST("/scale/submit", s.submitScale)
}

// acting is what the pages of a restart and of numbers of pods begin with: the application, and what of it
// they can be about.
func (s *server) acting(c echo.Context) (templates.ActionData, change.Handles, error) {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	d := templates.ActionData{}
	if err := s.Changes.May(me, policy.PreviewChange, policy.Resource{Target: key.Target}); err != nil {
		return d, change.Handles{}, err
	}
	app, err := s.Changes.Application(ctx, me, key)
	if err != nil {
		return d, change.Handles{}, err
	}
	d.App, d.Snapshot = app, s.snapshot(app)
	if d.Changes, err = s.Changes.Changes(ctx, me, change.Query{App: &key, States: openStates}); err != nil {
		return d, change.Handles{}, err
	}
	h, err := s.Changes.Handles(ctx, me, key)
	return d, h, err
}

// restart asks which workloads are meant, where there are several, and shows the plan.
func (s *server) restart(c echo.Context) error {
	d, h, err := s.acting(c)
	if err != nil {
		return err
	}
	q := queryOf(c)
	draft, err := s.restartDraft(c, h, q)
	if err != nil {
		return err
	}
	if len(h.Workloads) == 1 || q.Get(formPlan) != "" && len(q[formOnly]) > 0 {
		return s.planPage(c, draft, q)
	}
	page, code := templates.RestartData{ActionData: d, Others: h.Others}, http.StatusOK
	untouched := q.Get(formPlan) == "" && len(q[formOnly]) == 0
	for _, ref := range h.Workloads {
		page.Workloads = append(page.Workloads, templates.RestartRow{Ref: ref, Chosen: untouched || slices.ContainsFunc(draft.Restart.Only, ref.Same)})
	}
	if q.Get(formPlan) != "" && len(h.Workloads) > 0 {
		page.Error, code = "Tick at least one.", http.StatusUnprocessableEntity
	}
	p := s.page(c, templates.NavApplications, "Restart "+d.App.Name)
	p.Crumbs = append(appCrumbs(d.App.AppKey), templates.Crumb{Label: "Restart"})
	return s.draw(c, code, templates.Restart(p, page))
}

// restartDraft reads which workloads are to be restarted, and when. A single one needs no name.
func (s *server) restartDraft(c echo.Context, h change.Handles, form url.Values) (change.Draft, error) {
	d := change.Draft{Kind: change.RestartPods, App: appOf(c)}
	asked, _ := time.Parse(time.RFC3339, form.Get(formTime)) // what is no time is as good as none
	d.Restart.At = s.Changes.RestartAt(asked)
	for _, text := range form[formOnly] {
		ref, err := manifest.ParseRef(text)
		if err != nil || !slices.ContainsFunc(h.Workloads, ref.Same) {
			return d, change.ErrNotFound
		}
		if !slices.ContainsFunc(d.Restart.Only, ref.Same) {
			d.Restart.Only = append(d.Restart.Only, ref)
		}
	}
	if len(h.Workloads) == 1 {
		d.Restart.Only = nil
	}
	return d, nil
}

func (s *server) submitRestart(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	h, err := s.Changes.Handles(c.Request().Context(), who(c), appOf(c))
	if err != nil {
		return err
	}
	d, err := s.restartDraft(c, h, form)
	if err != nil {
		return err
	}
	ch, err := s.Changes.Submit(c.Request().Context(), who(c), auth.From(c), submission(d, form))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, changePath(ch.ID))
	}
	plan, notes, ok := planOf(err)
	if !ok {
		return err
	}
	if notes.moved && manifest.RestartTime(d.Restart.At) != form.Get(formTime) {
		notes = planNotes{problem: "The plan that you saw is more than an hour old. This is the plan of now; submit it if it is still what you want."}
	}
	return s.drawPlanPage(c, statusOf(err), d, plan, notes, form)
}
