package handlers

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// live is an application's page. Without JavaScript it is the snapshot of the moment.
func (s *server) live(c echo.Context) error {
	d, err := s.liveData(c)
	if err != nil {
		return err
	}
	if h, err := s.Changes.Handles(c.Request().Context(), who(c), d.App.AppKey); err == nil && d.CanChange { // else the page is true without
		d.CanRestart, d.CanScale = len(h.Workloads) > 0, len(h.Dials) > 0
	}
	p := s.page(c, templates.NavApplications, d.App.Name+", "+string(d.Snapshot.Verdict))
	p.Crumbs = []templates.Crumb{{Label: "Applications", URL: "/applications"}, {Label: d.App.Name}}
	return s.draw(c, http.StatusOK, templates.Live(p, d))
}

func (s *server) liveData(c echo.Context) (templates.LiveData, error) {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	app, err := s.Changes.Application(ctx, me, key)
	if err != nil {
		return templates.LiveData{}, err
	}
	d := templates.LiveData{
		App: app, Snapshot: s.snapshot(app), List: c.QueryParam("view") == "list",
		CanChange: s.Changes.May(me, policy.SubmitChange, policy.Resource{Target: key.Target}) == nil,
		Promote:   s.promoteWord(me, app),
		CanCopy:   s.canCopy(me, app),
		Stream:    appPath(key) + "/stream",
	}
	d.Usage = s.usage(ctx, keyFor(app))
	if d.List {
		d.Stream += "?view=list"
	}
	if err := s.liveChanges(ctx, me, &d); err != nil {
		return d, err
	}
	return d, nil
}

// recentChanges is how many changes of an application its page tells of.
const recentChanges = 20

// liveChanges adds what is under way, what failed last, and who made the current revision.
func (s *server) liveChanges(ctx context.Context, me policy.Subject, d *templates.LiveData) error {
	recent, err := s.Changes.Changes(ctx, me, change.Query{App: &d.App.AppKey, Limit: recentChanges + 1})
	if err != nil {
		return err
	}
	d.MoreHistory = len(recent) > recentChanges
	recent = recent[:min(len(recent), recentChanges)]
	d.History = recent
	for i, ch := range recent {
		if ch.State.Open() || ch.State == change.Failed && i == 0 {
			d.Changes = append(d.Changes, ch)
		}
	}
	if d.App.Revision == 0 {
		return nil
	}
	rev, err := s.Changes.Revision(ctx, me, d.App.AppKey, d.App.Revision)
	if err != nil {
		return err
	}
	d.By, d.Change = rev.By.Name, rev.Change
	d.Newest, err = s.newest(ctx, me, rev.Change, recent)
	return err
}

// newest is the change that made the current revision, where it is one to say something about.
func (s *server) newest(ctx context.Context, me policy.Subject, id int64, recent []change.Change) (*change.Change, error) {
	i := slices.IndexFunc(recent, func(ch change.Change) bool { return ch.ID == id })
	if i >= 0 && recent[i].Watch == nil {
		return &recent[i], nil
	}
	ch, err := s.Changes.Change(ctx, me, id) // with its plan whole: until when it is watched stands there
	return &ch, err
}

func (s *server) revisions(c echo.Context) error {
	ctx, me, key := c.Request().Context(), who(c), appOf(c)
	app, err := s.Changes.Application(ctx, me, key)
	if err != nil {
		return err
	}
	d := templates.RevisionsData{App: app, CanRollBack: s.Changes.May(me, policy.SubmitChange, policy.Resource{Target: key.Target}) == nil}
	if d.Revisions, err = s.Changes.Revisions(ctx, me, key); err != nil {
		return err
	}
	d.Failed, err = s.Changes.Changes(ctx, me, change.Query{
		App: &key, States: []change.State{change.Failed, change.Stale, change.Rejected, change.Withdrawn, change.Expired},
	})
	if err != nil {
		return err
	}
	applied, err := s.Changes.Changes(ctx, me, change.Query{App: &key, States: []change.State{change.Applied}})
	if err != nil {
		return err
	}
	d.Titles = make(map[int64]string, len(applied))
	for _, ch := range applied {
		d.Titles[ch.ID] = ch.Title
	}
	p := s.page(c, templates.NavApplications, key.Name+", history")
	p.Crumbs = append(appCrumbs(key), templates.Crumb{Label: "History"})
	return s.draw(c, http.StatusOK, templates.Revisions(p, d))
}
