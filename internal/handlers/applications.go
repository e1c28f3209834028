package handlers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/templates"
)

func (s *server) applications(c echo.Context) error {
	d, err := s.applicationsData(c)
	if err != nil {
		return err
	}
	d.Drafts = s.drafts(c)
	p := s.page(c, templates.NavApplications, "Applications")
	p.Search = d.Query
	return s.draw(c, http.StatusOK, templates.Applications(p, d))
}

// applicationsData lists what the person may see, what needs somebody first.
func (s *server) applicationsData(c echo.Context) (templates.ApplicationsData, error) {
	ctx, me := c.Request().Context(), who(c)
	d := templates.ApplicationsData{
		Team: c.QueryParam("team"), Environment: c.QueryParam("environment"),
		Status: status.Word(c.QueryParam("status")), Query: strings.TrimSpace(c.QueryParam("q")),
		Teams: s.teamsOf(me), Environments: s.environmentsOf(me), Counts: map[status.Word]int{},
		CanCreate: len(s.targets(me, policy.SubmitChange)) > 0, At: time.Now(),
		Stream: "/applications/stream?" + c.QueryString(),
	}
	rows, err := s.rows(ctx, me)
	if err != nil {
		return d, err
	}
	d.Total = len(rows)
	for _, r := range rows {
		d.Counts[r.Word]++
		if shows(d, r) {
			d.Rows = append(d.Rows, r)
		}
	}
	slices.SortStableFunc(d.Rows, func(a, b templates.ApplicationRow) int {
		return cmp.Or(worseFirst(a.Word, b.Word), cmp.Compare(a.App.Name, b.App.Name), cmp.Compare(a.App.Target.String(), b.App.Target.String()))
	})
	return d, nil
}

// shows tells whether a row passes the list's filters.
func shows(d templates.ApplicationsData, r templates.ApplicationRow) bool {
	q := strings.ToLower(d.Query)
	return (d.Team == "" || d.Team == r.App.Team) && (d.Environment == "" || d.Environment == r.App.Environment) &&
		(d.Status == "" || d.Status == r.Word) &&
		(q == "" || strings.Contains(r.App.Name+" "+r.App.Target.String()+" "+r.App.Template.String(), q))
}

func (s *server) rows(ctx context.Context, me policy.Subject) ([]templates.ApplicationRow, error) {
	apps, err := s.Changes.Applications(ctx, me)
	if err != nil {
		return nil, err
	}
	open, err := s.Changes.Changes(ctx, me, change.Query{
		States: []change.State{change.Pending, change.Approved, change.Applying, change.Failed}, Limit: 1000,
	})
	if err != nil {
		return nil, err
	}
	newest := map[change.AppKey]change.Change{}
	for _, ch := range open {
		if ch.ID > newest[ch.App].ID {
			newest[ch.App] = ch
		}
	}
	rows := make([]templates.ApplicationRow, 0, len(apps))
	for _, a := range apps {
		rows = append(rows, s.row(a, newest[a.AppKey]))
	}
	return rows, nil
}

// row says how an application does, or what it waits for where nothing of it runs yet.
func (s *server) row(a change.Application, ch change.Change) templates.ApplicationRow {
	snap := s.snapshot(a)
	r := templates.ApplicationRow{
		App: a, Word: snap.Verdict, Reason: snap.Sentence, Ready: snap.PodsReady, Want: snap.PodsWant, Synced: snap.Synced,
	}
	if ch.State.Open() || ch.State == change.Failed && ch.Submitted.After(a.Changed) {
		r.Change, r.ChangeState = ch.ID, ch.State
	}
	if a.Revision == 0 && snap.Objects == 0 {
		r.Word, r.Reason = firstWord(ch.State)
		if r.Change > 0 { // the change says it already
			r.Reason = ""
		}
	}
	return r
}

// firstWord is the status of an application that has nothing in the cluster yet.
func firstWord(state change.State) (status.Word, string) {
	switch state {
	case change.Pending:
		return status.Pending, "waits for its first approval"
	case change.Approved, change.Applying:
		return status.Progressing, "is being applied for the first time"
	case change.Failed:
		return status.Failed, "its first change failed"
	}
	return status.Unknown, "was never applied"
}

// snapshot is the newest state of an application, or one that says that it was not seen yet.
func (s *server) snapshot(a change.Application) status.Snapshot {
	if f, ok := s.Hub.Latest(keyFor(a)); ok {
		return f.Snapshot
	}
	return s.unseen(a)
}

func (s *server) unseen(a change.Application) status.Snapshot {
	snap := status.Snapshot{Key: keyFor(a), At: time.Now(), Verdict: status.Unknown, Sentence: "Not seen yet"}
	for _, h := range s.Clusters() {
		if h.Name == a.Place.Cluster && h.Known && h.Answers {
			snap.Synced = true
			snap.Sentence = "Nothing of it is in the cluster"
		}
	}
	return snap
}

func keyFor(a change.Application) status.Key {
	return status.Key{Cluster: a.Place.Cluster, Namespace: a.Place.Namespace, App: a.Name}
}

func worseFirst(a, b status.Word) int {
	switch {
	case a == b:
		return 0
	case status.Worse(a, b) == a:
		return -1
	}
	return 1
}
