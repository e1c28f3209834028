package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

var openStates = []change.State{change.Pending, change.Approved, change.Applying}

// queueLimit is how many changes a page of the queue shows.
const queueLimit = 50

// changes is the queue: what waits for me, what I submitted, what is under way, all.
func (s *server) changes(c echo.Context) error {
	d, err := s.queue(c)
	if err != nil {
		return err
	}
	if q := c.QueryParam("review"); q != "" {
		ch, err := s.changeAt(c, q)
		if err != nil {
			return err
		}
		d.Review = s.review(c, ch)
	}
	return s.draw(c, http.StatusOK, templates.Queue(s.page(c, templates.NavChanges, "Changes"), d))
}

func (s *server) queue(c echo.Context) (templates.QueueData, error) {
	ctx, me := c.Request().Context(), who(c)
	waiting, err := s.Changes.ForMe(ctx, me)
	if err != nil {
		return templates.QueueData{}, err
	}
	d := templates.QueueData{View: queueView(c.QueryParam("view"), me)}
	if err := s.queueCounts(ctx, me, &d); err != nil {
		return d, err
	}
	d.Counts.Waiting = len(waiting)
	q := change.Query{Limit: queueLimit, App: appAsked(c)}
	if q.App != nil {
		d.View, d.App = templates.ViewAll, q.App
	}
	if b, err := strconv.ParseInt(c.QueryParam("before"), 10, 64); err == nil && b > 0 {
		q.Before = b
	}
	switch d.View {
	case templates.ViewWaiting:
		d.Changes = waiting
		d.Own, err = s.Changes.Changes(ctx, me, change.Query{By: me.Identity, States: []change.State{change.Pending}, Limit: queueLimit})
		return d, err
	case templates.ViewMine:
		q.By = me.Identity
	case templates.ViewOpen:
		q.States = openStates
	}
	if d.Changes, err = s.Changes.Changes(ctx, me, q); err == nil && len(d.Changes) == queueLimit {
		d.Older = d.Changes[queueLimit-1].ID
	}
	return d, err
}

// appAsked is the application whose changes alone are asked for; nil for those of all.
func appAsked(c echo.Context) *change.AppKey {
	key := change.AppKey{Target: policy.Target{Team: c.QueryParam("team"), Environment: c.QueryParam("environment")}, Name: c.QueryParam("application")}
	if key.Team == "" || key.Environment == "" || key.Name == "" {
		return nil
	}
	return &key
}

func (s *server) queueCounts(ctx context.Context, me policy.Subject, d *templates.QueueData) error {
	open, err := s.Changes.Changes(ctx, me, change.Query{States: openStates, Limit: 1000})
	for _, ch := range open {
		d.Counts.Open++
		if ch.Requester.Identity == me.Identity {
			d.Counts.Mine++
		}
	}
	return err
}

// queueView is the view that was asked for, else the one that fits the person.
func queueView(q string, me policy.Subject) string {
	views := []string{templates.ViewWaiting, templates.ViewMine, templates.ViewOpen, templates.ViewAll}
	switch {
	case slices.Contains(views, q):
		return q
	case me.HasAnywhere(policy.Approver):
		return templates.ViewWaiting
	case me.HasAnywhere(policy.Developer):
		return templates.ViewMine
	}
	return templates.ViewAll
}

func (s *server) changeAt(c echo.Context, id string) (change.Change, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 {
		return change.Change{}, change.ErrNotFound
	}
	return s.Changes.Change(c.Request().Context(), who(c), n)
}

func (s *server) review(c echo.Context, ch change.Change) *templates.ReviewData {
	d := &templates.ReviewData{
		Change: ch, Can: s.can(who(c), ch), Diff: viewOf(c.QueryParams()),
		Environment: ch.Plan.Environment(), Departures: s.departures(ch.Kind, ch.Template, ch.Inputs),
	}
	list := templates.QueueData{View: cmp.Or(c.QueryParam("view"), templates.ViewWaiting), App: appAsked(c)}
	d.Diff.URL = list.URL("review", strconv.FormatInt(ch.ID, 10))
	return d
}

// can says what a person may do with a change as it is.
func (s *server) can(me policy.Subject, ch change.Change) templates.Can {
	r := policy.Resource{Target: ch.App.Target, Requester: ch.Requester.Identity}
	ok := func(a policy.Action) bool { return policy.Decide(me, a, r).Allowed }
	can := templates.Can{
		Approve:  ch.State == change.Pending && ok(policy.ApproveChange) && !ch.SignedBy(me.Identity),
		Reject:   ch.State.CanBecome(change.Rejected) && ok(policy.RejectChange),
		Withdraw: ch.State.CanBecome(change.Withdrawn) && ok(policy.WithdrawChange),
		Resume:   ch.State == change.Failed && ok(policy.ResumeChange),
		Change:   ok(policy.SubmitChange),
	}
	switch {
	case ch.State != change.Pending || can.Approve:
	case ch.SignedBy(me.Identity):
		can.WhyNot = "You have approved it. Another person must approve too."
	default:
		can.WhyNot = policy.Decide(me, policy.ApproveChange, r).Reason
	}
	return can
}

func (s *server) change(c echo.Context) error {
	ch, err := s.changeAt(c, c.Param("id"))
	if err != nil {
		return err
	}
	return s.drawChange(c, http.StatusOK, s.changeData(c, ch))
}

func (s *server) changeData(c echo.Context, ch change.Change) templates.ChangeData {
	d := templates.ChangeData{Change: ch, Can: s.can(who(c), ch)}
	if spent, err := s.Changes.Spent(c.Request().Context(), ch); err != nil {
		s.Log.WarnContext(c.Request().Context(), "whether a change can be resumed is not known", "change", ch.ID, "err", err)
	} else if spent { // else the button stays, and the worker looks once more
		d.Spent, d.Can.Resume = true, false
	}
	_, err := s.Changes.Application(c.Request().Context(), who(c), ch.App)
	d.NoApp = errors.Is(err, change.ErrNotFound)
	if ch.State.Open() || ch.State == change.Failed || ch.Watch != nil && ch.Watch.State == change.Watching {
		d.Live = changePath(ch.ID) + "/stream"
	}
	return d
}

func (s *server) drawChange(c echo.Context, code int, d templates.ChangeData) error {
	id := "#" + strconv.FormatInt(d.Change.ID, 10)
	p := s.page(c, templates.NavChanges, id+" "+d.Change.Title)
	s.about(&p, d.Change.App.Target)
	p.Crumbs = []templates.Crumb{{Label: "Changes", URL: "/changes"}, {Label: id}}
	return s.draw(c, code, templates.Change(p, d))
}

// changePlan is the plan as it was submitted: the proof of what was signed.
func (s *server) changePlan(c echo.Context) error {
	ch, err := s.changeAt(c, c.Param("id"))
	if err != nil {
		return err
	}
	d := templates.PlanData{
		Kind: ch.Kind, App: ch.App, Template: ch.Template, Title: ch.Title, Plan: ch.Plan,
		Requester: ch.Requester, Change: ch.ID, Reason: ch.Reason, Diff: viewOf(c.QueryParams()),
		Back: changePath(ch.ID), Environment: ch.Plan.Environment(), Departures: s.departures(ch.Kind, ch.Template, ch.Inputs),
	}
	d.Diff.URL = changePath(ch.ID) + "/plan"
	p := s.page(c, templates.NavChanges, ch.Title+", plan")
	s.about(&p, ch.App.Target)
	p.Crumbs = []templates.Crumb{{Label: "Changes", URL: "/changes"}, {Label: "#" + strconv.FormatInt(ch.ID, 10), URL: changePath(ch.ID)}, {Label: "Plan"}}
	return s.draw(c, http.StatusOK, templates.Plan(p, d))
}

func (s *server) approve(c echo.Context) error {
	return s.decide(c, func(ctx context.Context, id int64, digest manifest.Digest, comment string) (change.Change, error) {
		return s.Changes.Approve(ctx, who(c), auth.From(c), id, digest, comment)
	})
}

func (s *server) reject(c echo.Context) error {
	return s.decide(c, func(ctx context.Context, id int64, _ manifest.Digest, comment string) (change.Change, error) {
		return s.Changes.Reject(ctx, who(c), auth.From(c), id, comment)
	})
}

func (s *server) withdraw(c echo.Context) error {
	return s.decide(c, func(ctx context.Context, id int64, _ manifest.Digest, comment string) (change.Change, error) {
		return s.Changes.Withdraw(ctx, who(c), auth.From(c), id, comment)
	})
}

func (s *server) resume(c echo.Context) error {
	return s.decide(c, func(ctx context.Context, id int64, _ manifest.Digest, _ string) (change.Change, error) {
		return s.Changes.Resume(ctx, who(c), auth.From(c), id)
	})
}

// decide runs one of the buttons of a change and shows the change again: as it is now, or with why
// nothing was done and the comment as it was typed.
func (s *server) decide(c echo.Context, do func(context.Context, int64, manifest.Digest, string) (change.Change, error)) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return change.ErrNotFound
	}
	form, err := posted(c)
	if err != nil {
		return err
	}
	comment := strings.TrimSpace(form.Get("comment"))
	_, err = do(c.Request().Context(), id, manifest.Digest(form.Get(formDigest)), comment)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, changePath(id))
	}
	if code := statusOf(err); code == http.StatusForbidden || code == http.StatusConflict {
		return s.undecided(c, code, id, comment, err)
	}
	return err
}

func (s *server) undecided(c echo.Context, code int, id int64, comment string, why error) error {
	ch, err := s.Changes.Change(c.Request().Context(), who(c), id)
	if err != nil {
		return err
	}
	d := s.changeData(c, ch)
	d.Comment = comment
	var refusal *change.Refusal
	if errors.As(why, &refusal) && comment == "" && d.Can.Reject {
		d.CommentError = refusal.Reason
	} else {
		d.Problem = sentence(why)
	}
	if d.Live != "" { // or the stream's first fragments would take the answer away before it is read
		d.Live += "?" + streamAnswered + "=" + strconv.FormatInt(ch.Version, 10)
	}
	return s.drawChange(c, code, d)
}

// streamAnswered names, in the address of a stream, the version of the change whose decision the page
// has just answered with a message. The message stays until the change moves on.
const streamAnswered = "answered"
