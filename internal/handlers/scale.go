package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

// scale asks how many pods each workload shall have, and shows the plan.
func (s *server) scale(c echo.Context) error { return s.scaleOf(c, queryOf(c)) }

// scaleAgain is scale of numbers that were submitted before and did not fit: what was written for those who
// approve is posted along.
func (s *server) scaleAgain(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	return s.scaleOf(c, form)
}

func (s *server) scaleOf(c echo.Context, form url.Values) error {
	page, h, err := s.scaling(c)
	if err != nil {
		return err
	}
	if form.Get(formPlan) == "" || len(h.Dials) == 0 {
		return s.showScale(c, http.StatusOK, page, h, form, nil)
	}
	draft, errs := scaleDraft(c, h, form)
	if len(errs) == 0 && !moves(h, draft) {
		errs = sameNumber(h)
	}
	if len(errs) == 0 {
		err := s.planPage(c, draft, form)
		if !errors.As(err, &errs) {
			return err
		}
	}
	return s.showScale(c, http.StatusUnprocessableEntity, page, h, form, errs)
}

func (s *server) scaling(c echo.Context) (templates.ScaleData, change.Handles, error) {
	d, h, err := s.acting(c)
	page := templates.ScaleData{ActionData: d, NoTemplate: errors.Is(h.NoDials, catalog.ErrUnknownTemplate)}
	if err == nil && !page.NoTemplate {
		err = h.NoDials
	}
	return page, h, err
}

func (s *server) showScale(c echo.Context, code int, page templates.ScaleData, h change.Handles, form url.Values, errs catalog.Errors) error {
	page.Rows, page.Reason = scaleRows(h, form), form.Get(formReason)
	for _, e := range errs {
		i := slices.IndexFunc(page.Rows, func(r templates.ScaleRow) bool { return r.Dials[0].Path == e.Path })
		switch {
		case i >= 0:
			page.Rows[i].Error = e.Message
		case e.Title == "":
			page.Errors = append(page.Errors, e.Message)
		default: // about another field, which the number has to fit
			page.Errors = append(page.Errors, e.Title+": "+e.Message)
		}
	}
	p := s.page(c, templates.NavApplications, "Pods of "+page.App.Name)
	p.Crumbs = append(appCrumbs(page.App.AppKey), templates.Crumb{Label: "Pods"})
	return s.draw(c, code, templates.Scale(p, page))
}

// scaleRows are the fields of the page. One that decides the pods of several workloads is there once.
func scaleRows(h change.Handles, form url.Values) []templates.ScaleRow {
	var rows []templates.ScaleRow
	for _, dial := range h.Dials {
		i := slices.IndexFunc(rows, func(r templates.ScaleRow) bool { return r.Dials[0].Path == dial.Path })
		if i >= 0 {
			rows[i].Dials = append(rows[i].Dials, dial)
			continue
		}
		row := templates.ScaleRow{Dials: []catalog.Dial{dial}, Name: catalog.FormPrefix + dial.Path, Value: strconv.Itoa(dial.Now)}
		if v, typed := form[row.Name]; typed {
			row.Value = v[0]
		}
		rows = append(rows, row)
	}
	return rows
}

// scaleDraft reads the numbers. What is no field of the page is passed over; a field that is left out stays.
func scaleDraft(c echo.Context, h change.Handles, form url.Values) (change.Draft, catalog.Errors) {
	d := change.Draft{Kind: change.ScalePods, App: appOf(c), Pods: map[string]int{}}
	var errs catalog.Errors
	for _, row := range scaleRows(h, form) {
		typed, ok := form[row.Name]
		if !ok {
			continue
		}
		dial := row.Dials[0]
		n, err := strconv.Atoi(strings.TrimSpace(typed[0]))
		if err != nil {
			errs = append(errs, catalog.FieldError{Path: dial.Path, Title: dial.Field.Title, Message: "Write a whole number, such as 3."})
			continue
		}
		d.Pods[dial.Path] = n
	}
	return d, errs
}

// moves tells whether one of the numbers is another than now.
func moves(h change.Handles, d change.Draft) bool {
	for _, dial := range h.Dials {
		if n, ok := d.Pods[dial.Path]; ok && n != dial.Now {
			return true
		}
	}
	return false
}

func sameNumber(h change.Handles) catalog.Errors {
	return catalog.Errors{{Path: h.Dials[0].Path, Message: "It is this number already. Take another one."}}
}

// submitScale submits the numbers of a plan. Where they do not fit any more, because the application has
// changed since the plan, or never did, the page of the numbers says so beside all that was sent.
func (s *server) submitScale(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	page, h, err := s.scaling(c)
	if err != nil {
		return err
	}
	d, errs := scaleDraft(c, h, form)
	if len(errs) == 0 && len(d.Pods) == 0 && len(h.Dials) > 0 {
		errs = catalog.Errors{{Message: "What was sent sets none of these numbers. They are as the application has them now."}}
	}
	if len(errs) == 0 {
		err := s.submitPlanPage(c, d, form)
		if errors.Is(err, change.ErrNothingChanges) {
			errs = sameNumber(h)
		} else if !errors.As(err, &errs) {
			return err
		}
	}
	return s.showScale(c, http.StatusUnprocessableEntity, page, h, form, errs)
}
