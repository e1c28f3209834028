package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// planNotes is what a plan page says of the last try to submit.
type planNotes struct {
	moved   bool
	problem string
}

// showPlan draws the plan of a form, with the form's values going along.
func (s *server) showPlan(c echo.Context, code int, f *flow, plan change.Plan, n planNotes) error {
	d := s.planData(c, f.draft, plan, n)
	d.Diff = viewOf(f.form)
	d.Diff.Post, d.Diff.Hidden = f.action, f.hidden()
	d.Submit, d.Back, d.BackPost = f.action+"/submit", f.action, true
	d.Missing = missing(f)
	d.Undo = s.undoData(c, f.draft, plan, f.form)
	d.Ends = endsData(plan, f.form)
	d.Key, d.Reason = keyOf(f.form), f.form.Get(formReason)
	nav := templates.NavApplications
	if f.draft.Kind == change.Create { // it came from there, and so say the crumbs
		nav = templates.NavCatalogue
	}
	p := s.page(c, nav, d.Title+", plan")
	p.Crumbs = append(f.crumbs(), templates.Crumb{Label: "Plan"})
	return s.draw(c, code, templates.Plan(p, d))
}

// missing are the secrets of a form that have no value yet.
func missing(f *flow) []templates.MissingValue {
	var out []templates.MissingValue
	for _, use := range f.template.Secrets(f.draft.Inputs) {
		if use.Token == manifest.Unset {
			out = append(out, templates.MissingValue{Title: use.Title, Name: catalog.FormPrefix + use.Path})
		}
	}
	return out
}

func (s *server) planData(c echo.Context, draft change.Draft, plan change.Plan, n planNotes) templates.PlanData {
	d := templates.PlanData{
		Kind: draft.Kind, App: draft.App, Template: plan.Template, Revision: draft.Revision,
		Title: change.Title(draft, plan), Plan: plan, Requester: who(c).Person,
		Moved: n.moved, Problem: n.problem, MaySubmit: true,
	}
	var err error
	if d.Failed, err = s.Changes.Resumable(c.Request().Context(), who(c), draft.App); err != nil {
		s.Log.WarnContext(c.Request().Context(), "which changes could be resumed is not known", "err", err)
	}
	d.Environment, d.Departures = plan.Environment(), s.draftDepartures(c, draft)
	if err := s.Changes.May(who(c), policy.SubmitChange, policy.Resource{Target: draft.App.Target}); err != nil {
		d.MaySubmit, d.WhyNot = false, sentence(err)
	}
	return d
}

// undoData offers to have a plan rolled back by itself: as the person chose, else as it was chosen for the
// application's last version.
func (s *server) undoData(c echo.Context, draft change.Draft, plan change.Plan, form url.Values) templates.UndoData {
	can, why := plan.CanRollBack(draft.Kind)
	d := templates.UndoData{Offer: can || why != "", WhyNot: why}
	switch {
	case !can:
	case form.Has(formRollBack):
		d.On = slices.Contains(form[formRollBack], "true")
	default:
		d.On = s.Changes.RolledBackBefore(c.Request().Context(), who(c), draft.App)
	}
	return d
}

// keyOf is the key of the submission: the one that was sent before, else a new one.
func keyOf(form url.Values) string {
	if k := form.Get(formKey); k != "" && len(k) <= 64 {
		return k
	}
	return rand.Text()
}

// viewOf reads how the differences are to be shown.
func viewOf(q url.Values) templates.DiffView {
	return templates.DiffView{Split: q.Get("diff") == "split", All: q.Get("all"), Unchanged: q.Get("unchanged") != ""}
}

func (s *server) submitNew(c echo.Context) error {
	f, err := s.newFlow(c)
	if err != nil {
		return err
	}
	return s.submitForm(c, f)
}

func (s *server) submitEdit(c echo.Context) error {
	f, err := s.editFlow(c)
	if err != nil {
		return err
	}
	return s.submitForm(c, f)
}

func (s *server) submitForm(c echo.Context, f *flow) error {
	view, errs := s.decode(c, f)
	if len(errs) > 0 || len(f.nameErrors()) > 0 {
		return s.showForm(c, http.StatusUnprocessableEntity, f, view, f.nameErrors())
	}
	if err := s.stage(c, f); err != nil {
		return s.notStaged(c, f, err)
	}
	ch, err := s.Changes.Submit(c.Request().Context(), who(c), auth.From(c), submission(f.draft, f.form))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, changePath(ch.ID))
	}
	if plan, notes, ok := planOf(err); ok {
		return s.showPlan(c, statusOf(err), f, plan, notes)
	}
	if errors.Is(err, change.ErrNothingChanges) {
		return s.formNothing(c, f, view, err)
	}
	return s.formProblem(c, f, view, err)
}

func (s *server) formNothing(c echo.Context, f *flow, view catalog.View, err error) error {
	return s.showForm(c, statusOf(err), f, view, err)
}

func submission(d change.Draft, form url.Values) change.Submission {
	lives, _ := time.ParseDuration(form.Get(formLives)) // what is none is as good as none
	return change.Submission{
		Lives: lives,
		Draft: d, Seen: manifest.Digest(form.Get(formDigest)), Reason: form.Get(formReason), Key: form.Get(formKey),
		RollBack: slices.Contains(form[formRollBack], "true"),
	}
}

// planOf takes the plan out of an error that carries the plan of now.
func planOf(err error) (change.Plan, planNotes, bool) {
	var moved *change.PlanChanged
	var blocked *change.Blocked
	var lifetime *change.BadLifetime
	switch {
	case errors.As(err, &lifetime):
		return lifetime.Plan, planNotes{problem: sentence(err)}, true
	case errors.As(err, &moved):
		return moved.Plan, planNotes{moved: true}, true
	case errors.As(err, &blocked):
		return blocked.Plan, planNotes{problem: sentence(err)}, true
	}
	return change.Plan{}, planNotes{}, false
}

func changePath(id int64) string { return fmt.Sprintf("/changes/%d", id) }

// rollbackDraft reads which revision to go back to.
func rollbackDraft(c echo.Context, revision string) (change.Draft, error) {
	n, err := strconv.Atoi(revision)
	if err != nil || n < 1 {
		return change.Draft{}, change.ErrNotFound
	}
	return change.Draft{Kind: change.Rollback, App: appOf(c), Revision: n}, nil
}

func (s *server) rollback(c echo.Context) error {
	d, err := rollbackDraft(c, c.QueryParam("revision"))
	if err != nil {
		return err
	}
	return s.planPage(c, d, queryOf(c))
}

func (s *server) delete(c echo.Context) error {
	return s.planPage(c, change.Draft{Kind: change.Delete, App: appOf(c)}, queryOf(c))
}

// queryOf is what the address asks for. What belongs to a submission only a post says: an address that somebody
// is sent must not choose the reason that will stand under their name, nor the key that another one has.
func queryOf(c echo.Context) url.Values {
	q := maps.Clone(c.QueryParams())
	q.Del(formKey)
	q.Del(formReason)
	return q
}

// planPage shows the plan of something that has no form of a template; form is what was sent for it.
func (s *server) planPage(c echo.Context, d change.Draft, form url.Values) error {
	plan, err := s.Changes.Preview(c.Request().Context(), who(c), d)
	if err != nil {
		return err
	}
	return s.drawPlanPage(c, http.StatusOK, d, plan, planNotes{}, form)
}

func (s *server) drawPlanPage(c echo.Context, code int, draft change.Draft, plan change.Plan, n planNotes, form url.Values) error {
	verb := string(draft.Kind)
	d := s.planData(c, draft, plan, n)
	d.Diff = viewOf(form)
	d.Diff.URL, d.Back = appPath(draft.App)+"/"+verb, appPath(draft.App)
	if d.Diff.Hidden = addressed(draft); len(d.Diff.Hidden) > 0 {
		q := url.Values{}
		for _, f := range d.Diff.Hidden {
			q.Add(f.Name, f.Value)
		}
		d.Diff.URL += "?" + q.Encode()
		if q.Del(formPlan); draft.Kind == change.ScalePods || len(draft.Restart.Only) > 0 {
			d.Back += "/" + verb + "?" + q.Encode()
		}
	}
	d.Submit = appPath(draft.App) + "/" + verb + "/submit"
	d.Key, d.Reason = keyOf(form), form.Get(formReason)
	p := s.page(c, templates.NavApplications, d.Title+", plan")
	p.Crumbs = append(appCrumbs(draft.App), templates.Crumb{Label: d.Title}, templates.Crumb{Label: "Plan"})
	return s.draw(c, code, templates.Plan(p, d))
}

// addressed are the values of a page's address that say which plan it is of.
func addressed(d change.Draft) []templates.HiddenField {
	var out []templates.HiddenField
	add := func(name, value string) { out = append(out, templates.HiddenField{Name: name, Value: value}) }
	switch d.Kind {
	case change.Rollback:
		add("revision", strconv.Itoa(d.Revision))
	case change.RestartPods:
		add(formTime, manifest.RestartTime(d.Restart.At))
		for _, ref := range d.Restart.Only {
			add(formOnly, ref.Path())
		}
		add(formPlan, "1")
	case change.ScalePods:
		for _, path := range slices.Sorted(maps.Keys(d.Pods)) {
			add(catalog.FormPrefix+path, strconv.Itoa(d.Pods[path]))
		}
		add(formPlan, "1")
	}
	return out
}

func (s *server) submitRollback(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	d, err := rollbackDraft(c, form.Get("revision"))
	if err != nil {
		return err
	}
	return s.submitPlanPage(c, d, form)
}

func (s *server) submitDelete(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	return s.submitPlanPage(c, change.Draft{Kind: change.Delete, App: appOf(c)}, form)
}

func (s *server) submitPlanPage(c echo.Context, d change.Draft, form url.Values) error {
	ch, err := s.Changes.Submit(c.Request().Context(), who(c), auth.From(c), submission(d, form))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, changePath(ch.ID))
	}
	if plan, notes, ok := planOf(err); ok {
		return s.drawPlanPage(c, statusOf(err), d, plan, notes, form)
	}
	return err
}
