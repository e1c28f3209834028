package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Names in the form of upgrades. The digest and the key of a row stand under these words, a space, and
// the row's name: "digest payments/staging/api".
const (
	formApp     = "app"
	formVersion = "version"
	formPage    = "page"
)

// What one page of upgrades lists. Where a page plans all of its rows before it answers, it has fewer.
const (
	upgradesShown   = 50
	upgradesPlanned = 10
)

// upgrade lists the applications behind the newest version. Each row fetches its plan when it is there, so that
// one that is slow or broken holds up no other; without script "plan" asks for the plans of a page at once.
func (s *server) upgrade(c echo.Context) error {
	return s.showUpgrades(c, http.StatusOK, c.QueryParams(), "")
}

func (s *server) showUpgrades(c echo.Context, code int, form url.Values, problem string) error {
	t, err := s.usable(c.Param("template"))
	if err != nil {
		return err
	}
	behind, err := s.Changes.Behind(c.Request().Context(), who(c), t.ID)
	if err != nil {
		return err
	}
	planned := form.Get(formPlan) != ""
	d := templates.UpgradeData{
		To: t.ID, Title: t.About.Title, Submit: templates.TemplateURL(t.ID.Name, "upgrade", "submit"),
		Problem: problem, Reason: form.Get(formReason), Total: len(behind), Planned: planned,
	}
	size := upgradesShown
	if planned {
		size = upgradesPlanned
	}
	behind, d.Page, d.Pages = pageOf(behind, size, form.Get(formPage))
	if planned {
		for _, u := range s.Changes.PlanUpgrades(c.Request().Context(), who(c), t.ID, behind) {
			d.Rows = append(d.Rows, s.upgradeRow(c, u))
		}
	} else {
		for _, a := range behind {
			d.Rows = append(d.Rows, templates.NewPendingRow(a))
		}
	}
	p := s.page(c, templates.NavCatalogue, "Upgrade "+t.ID.Name)
	p.Crumbs = upgradeCrumbs(t.ID.Name)
	return s.draw(c, code, templates.Upgrade(p, d))
}

// usable is the newest version of a template.
func (s *server) usable(name string) (*catalog.Template, error) {
	t, err := s.Catalog.Newest(name)
	if err == nil && t.Broken != nil {
		err = &change.Refusal{Reason: "This template is broken and cannot be used: " + t.Broken.Error()}
	}
	return t, err
}

// pageOf cuts the page of that number, from 1, out of a list. Of a number that there is not it is the first.
func pageOf[T any](all []T, size int, asked string) (rows []T, page, pages int) {
	pages = max(1, (len(all)+size-1)/size)
	page, err := strconv.Atoi(asked)
	if err != nil || page < 1 || page > pages {
		page = 1
	}
	from := (page - 1) * size
	return all[from:min(from+size, len(all))], page, pages
}

// planUpgrade answers with one row, planned.
func (s *server) planUpgrade(c echo.Context) error {
	t, err := s.usable(c.Param("template"))
	if err != nil {
		return err
	}
	key, ok := rowKey(c.QueryParam(formApp))
	if !ok {
		return change.ErrNotFound
	}
	app, err := s.Changes.Application(c.Request().Context(), who(c), key)
	if err != nil {
		return err
	}
	if app.Template.Name != t.ID.Name {
		return change.ErrNotFound
	}
	row := s.upgradeRow(c, s.Changes.PlanUpgrade(c.Request().Context(), who(c), t.ID, app))
	return s.draw(c, http.StatusOK, templates.UpgradePlanned(s.barePage(c), templates.UpgradeData{To: t.ID}, row))
}

func (s *server) upgradeRow(c echo.Context, u change.Upgrade) templates.UpgradeRow {
	row := templates.NewUpgradeRow(u, rand.Text())
	if u.Err != nil && row.Why != "" && !row.Form {
		row.Why = sentenceOf(u.Err)
		if ctx := c.Request().Context(); statusOf(u.Err) == http.StatusInternalServerError && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "an upgrade could not be planned", "id", c.Get(requestIDKey), "application", u.App.Name, "err", u.Err)
		}
	}
	return row
}

func upgradeCrumbs(name string) []templates.Crumb {
	return []templates.Crumb{
		{Label: "Catalogue", URL: "/catalogue"}, {Label: name, URL: templates.TemplateURL(name)}, {Label: "Upgrade"},
	}
}

// submitUpgrades submits the rows that were ticked, each with the digest of the plan that was seen and
// with a key, so that posting twice makes no second change.
func (s *server) submitUpgrades(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	to := catalog.TemplateID{Name: c.Param("template"), Version: form.Get(formVersion)}
	if _, err := s.Catalog.Template(to); err != nil {
		return err
	}
	chosen, ok := chosenOf(form)
	switch {
	case !ok:
		return errForm
	case len(chosen) == 0:
		return s.showUpgrades(c, http.StatusUnprocessableEntity, form, "No application is ticked. Tick those that you want to take to the new version.")
	}
	d := templates.UpgradedData{To: to, Back: templates.TemplateURL(to.Name, "upgrade")}
	for _, u := range s.Changes.SubmitUpgrades(c.Request().Context(), who(c), auth.From(c), to, chosen) {
		d.Rows = append(d.Rows, s.upgraded(c, u))
	}
	p := s.page(c, templates.NavCatalogue, "Upgrade "+to.Name)
	p.Crumbs = upgradeCrumbs(to.Name)
	return s.draw(c, http.StatusOK, templates.Upgraded(p, d))
}

// chosenOf reads the rows that were ticked.
func chosenOf(form url.Values) ([]change.Chosen, bool) {
	var out []change.Chosen
	seen := map[string]bool{}
	for _, id := range form[formApp] {
		key, ok := rowKey(id)
		if !ok || len(out) == upgradesShown {
			return nil, false
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		out = append(out, change.Chosen{App: key, Seen: change.Submission{
			Seen: manifest.Digest(form.Get(formDigest + " " + id)), Reason: form.Get(formReason), Key: form.Get(formKey + " " + id),
		}})
	}
	return out, true
}

// rowKey is the application that a row is of, by the row's name.
func rowKey(id string) (change.AppKey, bool) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return change.AppKey{}, false
	}
	return change.AppKey{Target: policy.Target{Team: parts[0], Environment: parts[1]}, Name: parts[2]}, true
}

// upgraded says what became of one row.
func (s *server) upgraded(c echo.Context, u change.Upgraded) templates.UpgradedRow {
	r := templates.UpgradedRow{App: u.App, Change: u.Change}
	if u.Err == nil {
		return r
	}
	r.Why = sentenceOf(u.Err)
	var fields catalog.Errors
	var moved *change.PlanChanged
	switch {
	case errors.As(u.Err, &fields):
		r.Form = true
	case errors.As(u.Err, &moved):
		r.Why = "The plan is no longer the one that you saw. Plan it again and look at it."
	case errors.Is(u.Err, change.ErrTooSlow):
		r.Why = "The cluster took too long to answer. Whether it was submitted shows on the page of changes; sending the same form again makes no second change."
	case statusOf(u.Err) >= http.StatusInternalServerError:
		s.Log.ErrorContext(c.Request().Context(), "an upgrade could not be submitted", "id", c.Get(requestIDKey), "application", u.App.Name, "err", u.Err)
	}
	s.noteRefusal(c, u.Err)
	return r
}

// sentenceOf says why a row did not go, for those errors too that fill a page elsewhere.
func sentenceOf(err error) string {
	switch {
	case errors.Is(err, change.ErrTooSlow):
		return "The cluster took too long to answer. Plan it again in a moment."
	case errors.Is(err, change.ErrClusterAway):
		return "The cluster does not answer. Try again when it does."
	case errors.Is(err, change.ErrUnavailable):
		return "The database does not answer. Whether it was submitted shows on the page of changes; sending the same form again makes no second change."
	case errors.Is(err, change.ErrNotFound), errors.Is(err, catalog.ErrUnknownTemplate):
		return "There is no such application any more."
	case statusOf(err) == http.StatusInternalServerError:
		return "It did not work. The portal’s log says why."
	}
	return sentence(err)
}
