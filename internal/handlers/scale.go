package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/web/templates"
)

// scale asks how many pods each workload shall have, and shows the plan.
func (s *server) scale(c echo.Context) error {
	d, h, err := s.acting(c)
	if err != nil {
		return err
	}
	page := templates.ScaleData{ActionData: d, NoTemplate: errors.Is(h.NoDials, catalog.ErrUnknownTemplate)}
	if h.NoDials != nil && !page.NoTemplate {
		return h.NoDials
	}
	q := c.QueryParams()
	draft, errs := scaleDraft(c, h, q)
	if q.Get(formPlan) != "" && len(h.Dials) > 0 {
		if len(errs) == 0 && !moves(h, draft) {
			errs = catalog.Errors{{Path: h.Dials[0].Path, Message: "It is this number already. Take another one."}}
		}
		if len(errs) == 0 {
			err := s.planPage(c, draft)
			if !errors.As(err, &errs) {
				return err
			}
		}
		return s.showScale(c, http.StatusUnprocessableEntity, page, h, q, errs)
	}
	return s.showScale(c, http.StatusOK, page, h, q, nil)
}

func (s *server) showScale(c echo.Context, code int, page templates.ScaleData, h change.Handles, form url.Values, errs catalog.Errors) error {
	for _, dial := range h.Dials {
		row := templates.ScaleRow{Dial: dial, Name: catalog.FormPrefix + dial.Path, Value: strconv.Itoa(dial.Now)}
		if v, typed := form[row.Name]; typed {
			row.Value = v[0]
		}
		page.Rows = append(page.Rows, row)
	}
	for _, e := range errs {
		placed := false
		for i := range page.Rows {
			if page.Rows[i].Dial.Path == e.Path {
				page.Rows[i].Error, placed = e.Message, true
			}
		}
		if !placed { // about another field, which the number has to fit
			page.Errors = append(page.Errors, e.Title+": "+e.Message)
		}
	}
	p := s.page(c, templates.NavApplications, "Pods of "+page.App.Name)
	p.Crumbs = append(appCrumbs(page.App.AppKey), templates.Crumb{Label: "Pods"})
	return s.draw(c, code, templates.Scale(p, page))
}

// scaleDraft reads the numbers. What is no field of the page is passed over; a field that is left out stays.
func scaleDraft(c echo.Context, h change.Handles, form url.Values) (change.Draft, catalog.Errors) {
	d := change.Draft{Kind: change.ScalePods, App: appOf(c), Pods: map[string]int{}}
	var errs catalog.Errors
	for _, dial := range h.Dials {
		typed, ok := form[catalog.FormPrefix+dial.Path]
		if !ok {
			continue
		}
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

func (s *server) submitScale(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	h, err := s.Changes.Handles(c.Request().Context(), who(c), appOf(c))
	if err != nil {
		return err
	}
	d, errs := scaleDraft(c, h, form)
	if len(errs) > 0 {
		return errForm // the plan page holds numbers only
	}
	return s.submitPlanPage(c, d, form)
}
