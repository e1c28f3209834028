package handlers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// auditLimit is how many entries a page of the log shows.
const auditLimit = 50

func (s *server) auditPage(c echo.Context) error {
	d := templates.AuditData{
		Query: c.QueryParams(), Teams: s.teamsOf(who(c)), Environments: s.environmentsOf(who(c)), CanExport: len(who(c).Visible()) > 0,
	}
	f, problems := s.filter(c)
	if len(problems) > 0 {
		d.Problem = problems[0].Message
		return s.drawAudit(c, http.StatusUnprocessableEntity, d)
	}
	before, err := number(c.QueryParam("before"))
	if err != nil {
		return change.ErrNotFound
	}
	if d.Open, err = number(c.QueryParam("entry")); err != nil {
		return change.ErrNotFound
	}
	if d.Page, err = s.Audit.Entries(c.Request().Context(), f, before, auditLimit); err != nil {
		return err
	}
	if d.Settled, err = s.settled(c.Request().Context(), f.Visible, d.Page.Entries); err != nil {
		return err
	}
	return s.drawAudit(c, http.StatusOK, d)
}

// settled finds how ended what entries of a page announce: by the number of the intent, on the page or later.
func (s *server) settled(ctx context.Context, visible []policy.Target, page []audit.Entry) (map[int64]audit.Entry, error) {
	found := map[int64]audit.Entry{}
	for _, e := range page {
		if e.Outcome != audit.Intent {
			continue
		}
		if end, ok := settling(e, page); ok {
			found[e.Seq] = end
			continue
		}
		f := e.Settling()
		f.Visible = visible
		later, err := s.Audit.Entries(ctx, f, 0, auditLimit)
		if err != nil {
			return nil, err
		}
		if end, ok := settling(e, later.Entries); ok {
			found[e.Seq] = end
		}
	}
	return found, nil
}

// settling is the first entry that settles e; those that are given begin with the newest.
func settling(e audit.Entry, among []audit.Entry) (audit.Entry, bool) {
	for _, other := range slices.Backward(among) {
		if e.SettledBy(other) {
			return other, true
		}
	}
	return audit.Entry{}, false
}

func (s *server) drawAudit(c echo.Context, code int, d templates.AuditData) error {
	return s.draw(c, code, templates.Audit(s.page(c, templates.NavAudit, "Audit"), d))
}

// number reads a positive number; nothing is 0.
func number(q string) (int64, error) {
	if q == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q, 10, 64)
	if err == nil && n < 1 {
		err = strconv.ErrRange
	}
	return n, err
}

// filter reads the filters and limits them to what the person may see.
func (s *server) filter(c echo.Context) (audit.Filter, []audit.Problem) {
	f, problems := audit.ParseFilter(c.QueryParams(), time.Now())
	if me := who(c); !me.SeesAll() {
		f.Visible = me.Visible()
	}
	return f, problems
}

func (s *server) exportCSV(c echo.Context) error {
	return s.export(c, "csv", "text/csv; charset=utf-8; header=present", audit.NewCSV)
}

func (s *server) exportJSONLines(c echo.Context) error {
	return s.export(c, "jsonl", "application/jsonl; charset=utf-8", audit.NewJSONLines)
}

// writeTime is how long a client may take for each part of an export.
const writeTime = time.Minute

// export streams the entries that the filters choose, oldest first, in constant memory. That it was
// done is recorded before the first byte.
func (s *server) export(c echo.Context, ext, mediaType string, encoder func(io.Writer) audit.Encoder) error {
	f, problems := s.filter(c)
	if len(problems) > 0 {
		return &echo.HTTPError{Code: http.StatusBadRequest, Message: problems[0].Message}
	}
	ctx := c.Request().Context()
	if err := s.recordExport(ctx, c, fmt.Sprintf("As %s, filtered by: %s", ext, f.Query().Encode())); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, mediaType)
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="slipway-audit-%s.%s"`, time.Now().UTC().Format("20060102T150405Z"), ext))
	c.Response().WriteHeader(http.StatusOK)
	enc, n := encoder(c.Response()), 0
	rc := http.NewResponseController(c.Response())
	err := s.Audit.Each(ctx, f, func(e audit.Entry) error {
		if n++; n%1000 == 1 {
			_ = rc.SetWriteDeadline(time.Now().Add(writeTime)) // not every connection has one
		}
		return enc.Encode(e)
	})
	if err == nil {
		err = enc.Flush()
	}
	if err != nil {
		// The status is sent; only a connection that breaks off tells the client that this is not all.
		s.Log.ErrorContext(ctx, "an export broke off", "id", c.Get(requestIDKey), "entries", n, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
