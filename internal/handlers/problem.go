package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// statusOf is the one place that says which status an error becomes.
func statusOf(err error) int {
	var (
		refusal *change.Refusal
		blocked *change.Blocked
		lives   *change.BadLifetime
		moved   *change.PlanChanged
		wrong   *change.WrongState
		fields  catalog.Errors
		large   *http.MaxBytesError
		broken  *catalog.TemplateError
		not     *manifest.NotStaged
		httpErr *echo.HTTPError
	)
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, change.ErrUnavailable):
		return http.StatusServiceUnavailable
	case errors.As(err, &refusal), errors.Is(err, errCrossSite):
		return http.StatusForbidden
	case errors.Is(err, change.ErrNotFound), errors.Is(err, catalog.ErrUnknownTemplate):
		return http.StatusNotFound
	case errors.Is(err, change.ErrClusterAway):
		return http.StatusServiceUnavailable
	case errors.As(err, &moved), errors.As(err, &wrong), errors.Is(err, change.ErrDigest), errors.Is(err, change.ErrNameTaken),
		errors.Is(err, change.ErrSuperseded), errors.Is(err, change.ErrEndingMoved):
		return http.StatusConflict
	case errors.As(err, &blocked), errors.As(err, &lives), errors.As(err, &fields), errors.As(err, &broken), errors.As(err, &not),
		errors.Is(err, change.ErrNothingChanges), errors.Is(err, errForm):
		return http.StatusUnprocessableEntity
	case errors.As(err, &httpErr):
		return httpErr.Code
	}
	return http.StatusInternalServerError
}

// fail answers a request whose handler returned an error.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx, code := c.Request().Context(), statusOf(err)
	if code == http.StatusMethodNotAllowed {
		err, code = change.ErrNotFound, http.StatusNotFound // which methods a page has is nobody's business
	}
	if code >= http.StatusInternalServerError && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "a request failed", "id", c.Get(requestIDKey), "path", c.Request().URL.Path, "err", err)
	}
	s.noteRefusal(c, err)
	if ctx.Err() != nil {
		return
	}
	if rerr := s.draw(c, code, s.problemPage(c, code, err)); rerr != nil {
		s.Log.ErrorContext(ctx, "an error page could not be drawn", "id", c.Get(requestIDKey), "err", rerr)
	}
}

// turnedAway answers a request that the session's middleware stopped: 401 where nobody is signed in
// any more, 503 where the session cannot be read.
func (s *server) turnedAway(c echo.Context, code int) {
	p := s.barePage(c)
	p.Title = "Sign in again"
	page := templates.SessionEnded(p)
	if code == http.StatusServiceUnavailable {
		p.Title = "The database does not answer"
		page = templates.DatabaseAway(p, templates.ProblemData{Request: c.Response().Header().Get(echo.HeaderXRequestID), Retry: retryPath(c)})
	}
	if err := s.draw(c, code, page); err != nil {
		s.Log.ErrorContext(c.Request().Context(), "an error page could not be drawn", "err", err)
	}
}

// noteRefusal records that somebody asked for another's thing by its address, for a page that is not
// for them, or posted from another site. What a service has recorded is not recorded twice.
func (s *server) noteRefusal(c echo.Context, err error) {
	var foreign *change.Foreign
	var refusal *change.Refusal
	var t policy.Target
	var detail string
	asked := "Asked for " + c.Request().Method + " " + c.Path()
	ctx, me := context.WithoutCancel(c.Request().Context()), who(c)
	switch {
	case errors.As(err, &foreign) && !foreign.Recorded:
		t, detail = foreign.Target, asked+", which is not there for this person."
	case errors.As(err, &refusal) && !refusal.Recorded:
		t, detail = targetOf(c), asked+". "+refusal.Reason
	case errors.Is(err, errCrossSite):
		me, _, _ = s.Auth.Current(ctx, c.Request()) // it is refused before anybody looks at the session
		detail = "A form was posted from another site."
	}
	if detail == "" || me.IsZero() {
		return
	}
	if err := s.Changes.RecordRefusal(ctx, me, auth.From(c), t, detail); err != nil {
		s.Log.ErrorContext(ctx, "a refusal could not be recorded", "id", c.Get(requestIDKey), "err", err)
	}
}

func (s *server) problemPage(c echo.Context, code int, err error) templ.Component {
	p := s.barePage(c)
	id, _ := c.Get(requestIDKey).(string)
	retry := retryPath(c)
	var refusal *change.Refusal
	switch {
	case code == http.StatusNotFound:
		p.Title = "Not found"
		p.Target, p.Crumbs = policy.Target{}, nil
		return templates.NotFound(p)
	case errors.As(err, &refusal):
		p.Title = "Not allowed"
		return templates.Refused(p, templates.RefusedData{Reason: refusal.Reason, Request: id})
	case errors.Is(err, errCrossSite):
		p.Title = "Not allowed"
		return templates.Refused(p, templates.RefusedData{Reason: "This form was sent from another site, so nothing was done. Open the page here and send it again.", Request: id})
	case code == http.StatusRequestEntityTooLarge:
		p.Title = "Too large"
		return templates.TooLarge(p, templates.TooLargeData{Limit: bodyLimit(c.Path()), Back: retry})
	case errors.Is(err, change.ErrClusterAway):
		p.Title = "The cluster does not answer"
		return templates.ClusterAway(p, s.awayData(c, retry, id))
	case errors.Is(err, change.ErrUnavailable):
		p.Title = "The database does not answer"
		return templates.DatabaseAway(p, templates.ProblemData{Request: id, Retry: retry})
	case code < http.StatusInternalServerError:
		p.Title = "It was not done"
		return templates.NotDone(p, templates.RefusedData{Reason: sentence(err), Back: retry, Request: id})
	}
	p.Title = "It did not work"
	return templates.Failed(p, templates.ProblemData{Request: id, Retry: retry})
}

// sentence says an expected error in the user's words.
func sentence(err error) string {
	var (
		refusal *change.Refusal
		wrong   *change.WrongState
		blocked *change.Blocked
		fields  catalog.Errors
		broken  *catalog.TemplateError
	)
	switch {
	case errors.As(err, &broken):
		return "The template cannot make manifests of these inputs: " + broken.Err.Error()
	case errors.As(err, &refusal):
		return refusal.Reason
	case errors.As(err, &wrong):
		return "It is " + string(wrong.Change.State) + " by now, so it cannot be " + wrong.Wanted + "."
	case errors.Is(err, change.ErrDigest):
		return "The digest is not the one of this change. Look at the plan again before you sign."
	case errors.Is(err, change.ErrSuperseded):
		return "It was not resumed: another change of the application was applied since. Submit a new one to see what it would do now."
	case errors.Is(err, change.ErrNothingChanges):
		return "Nothing would change, so there is nothing to submit."
	case errors.Is(err, change.ErrNameTaken):
		return "There is an application of this name already. Take another name, or open that one."
	case errors.As(err, &blocked):
		return "The cluster would not take this, so it was not submitted. The plan says what to change."
	case errors.As(err, new(*change.BadLifetime)):
		return "Choose from the list how long it lives."
	case errors.As(err, &fields):
		return fields.Error()
	case errors.Is(err, errForm):
		return "What was sent is not a form of this page. Open the page again."
	}
	return "The request cannot be understood. Open the page again."
}

// errForm means that what was posted is not a form.
var errForm = errors.New("handlers: not a form")

func retryPath(c echo.Context) string {
	if c.Request().Method == http.MethodGet {
		return c.Request().URL.RequestURI()
	}
	if ref, err := url.Parse(c.Request().Referer()); err == nil && ref.Host == c.Request().Host {
		return ref.RequestURI()
	}
	return "/"
}

func (s *server) awayData(c echo.Context, retry, id string) templates.ClusterAwayData {
	d := templates.ClusterAwayData{Retry: retry, Request: id}
	if place, ok := s.Changes.Place(targetOf(c)); ok {
		d.Cluster = place.Cluster
	}
	for _, h := range s.Clusters() {
		switch {
		case h.Answers:
			d.Others = append(d.Others, h.Name)
		case d.Cluster == "" || d.Cluster == h.Name:
			d.Cluster, d.Since = h.Name, h.Since // why is for admins: it names addresses
		}
	}
	if t := targetOf(c); t.Team != "" {
		d.Waiting, _ = s.Changes.Changes(c.Request().Context(), who(c), change.Query{
			States: []change.State{change.Pending, change.Approved, change.Applying}, Limit: 10,
		}) // the page is about something else; without this list it is still true
	}
	return d
}

func (s *server) recordExport(ctx context.Context, c echo.Context, detail string) error {
	return s.Changes.Store.Record(ctx, audit.Entry{
		Actor: audit.Actor{Person: who(c).Person}, Action: audit.ExportAudit, Outcome: audit.Done, Detail: detail, Request: auth.From(c),
	})
}
