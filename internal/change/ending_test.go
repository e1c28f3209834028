package change_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var preview = policy.Target{Team: "payments", Environment: "preview"}

const days = 24 * time.Hour

// copies makes preview an environment for copies that get a week old at most.
func copies(h *house) *house {
	h.service.Copies = map[string]change.CopyRule{"preview": {MaxAge: 7 * days, Domain: "preview.example.com"}}
	h.service.Places[preview] = manifest.Place{Cluster: "local", Namespace: "payments-preview"}
	return h
}

// lives submits an application of preview that is to live so long.
func (h *house) lives(t *testing.T, who policy.Subject, lives time.Duration) (change.Change, error) {
	t.Helper()
	d := draft(preview, change.Create, "one", "a", "b")
	plan, err := h.service.Preview(t.Context(), who, d)
	if err != nil {
		t.Fatalf("preview: %v", err)
	}
	return h.service.Submit(t.Context(), who, audit.Request{ID: "r"}, change.Submission{Draft: d, Seen: plan.Digest, Reason: "to try it", Key: "copy", Lives: lives})
}

// copied has an application of preview that was made so long ago, to live for a day.
func (h *house) copied(t *testing.T, ago time.Duration) change.Application {
	t.Helper()
	h.service.Now = func() time.Time { return time.Now().Add(-ago) }
	c, err := h.lives(t, petra, days)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Now = time.Now
	if c.State == change.Pending {
		h.service.Now = func() time.Time { return c.Submitted }
		h.sign(t, c)
		h.service.Now = time.Now
	}
	h.work(t, c.ID) // whose worker looks for nothing that ends
	app, err := h.store.Application(t.Context(), c.App)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func endingTiming() change.Timing {
	timing := watchTiming()
	timing.Ending = change.EndingTiming{Every: 10 * time.Millisecond, Retry: 30 * time.Millisecond, Longest: 100 * time.Millisecond}
	return timing
}

// deletions are the changes that delete an application, the newest first.
func (h *house) deletions(t *testing.T, key change.AppKey) []change.Change {
	t.Helper()
	all, err := h.store.Changes(t.Context(), change.Query{App: &key})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(c change.Change) bool { return c.Kind != change.Delete })
}

// gone tells whether an application is there no more.
func (h *house) gone(t *testing.T, key change.AppKey) bool {
	t.Helper()
	_, err := h.store.Application(t.Context(), key)
	if err != nil && !errors.Is(err, change.ErrNotFound) {
		t.Fatal(err)
	}
	return err != nil
}

func TestLifetimesOfAnEnvironment(t *testing.T) {
	for most, want := range map[time.Duration]string{
		time.Minute:    "[1m0s], 1m0s",
		time.Hour:      "[1h0m0s], 1h0m0s",
		5 * time.Hour:  "[1h0m0s 4h0m0s 5h0m0s], 5h0m0s",
		7 * days:       "[1h0m0s 4h0m0s 24h0m0s 72h0m0s 168h0m0s], 24h0m0s",
		90 * 24 * days: "[1h0m0s 4h0m0s 24h0m0s 72h0m0s 168h0m0s 336h0m0s 720h0m0s 51840h0m0s], 24h0m0s",
	} {
		r := change.CopyRule{MaxAge: most}
		if got := fmt.Sprintf("%v, %v", r.Choices(), r.Usual()); got != want {
			t.Errorf("%s: %s, want %s", most, got, want)
		}
	}
}

func TestHowLongACopyLives(t *testing.T) {
	h := copies(newHouse(t))
	for _, lives := range []time.Duration{0, -days, time.Second, 2 * days, 999 * days} {
		_, err := h.lives(t, petra, lives)
		var bad *change.BadLifetime
		if !errors.As(err, &bad) || bad.Plan.Digest == "" || bad.Rule.MaxAge != 7*days {
			t.Errorf("%s: %v", lives, err)
		}
	}
	c, err := h.lives(t, petra, 7*days)
	if err != nil {
		t.Fatal(err)
	}
	if want := c.Submitted.Add(7 * days); !c.Plan.Until.Equal(want) || c.Plan.Until.Location() != time.UTC {
		t.Errorf("it lives until %s, want %s", c.Plan.Until, want)
	}
	again, err := h.service.Submit(t.Context(), petra, audit.Request{ID: "r"}, change.Submission{
		Draft: draft(preview, change.Create, "one", "a", "b"), Seen: c.Plan.Digest, Key: "copy", Lives: 7 * days,
	})
	if err != nil || again.ID != c.ID || !again.Plan.Until.Equal(c.Plan.Until) {
		t.Errorf("sent twice: #%d until %s, %v", again.ID, again.Plan.Until, err)
	}
	for _, e := range h.log(t) {
		if e.Action == audit.SubmitChange && e.Outcome == audit.Done && !strings.Contains(e.Detail, "Ends by itself at "+c.Plan.Until.Format("2006-01-02 15:04:05 UTC")) {
			t.Errorf("the entry says %q", e.Detail)
		}
	}
	// Elsewhere nothing ends, whatever a form says.
	d := draft(staging, change.Create, "one", "a")
	plan, _ := h.service.Preview(t.Context(), petra, d)
	stays, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest, Lives: time.Hour})
	if err != nil || !stays.Plan.Until.IsZero() {
		t.Errorf("until %s, %v", stays.Plan.Until, err)
	}
}

func TestACopyWaitsForApprovalNoLongerThanItLives(t *testing.T) {
	h := copies(newHouse(t))
	h.service.Rules = append(h.service.Rules, policy.Rule{Name: "preview needs one approval", Environment: "preview", Approvals: 1})
	h.service.Now = func() time.Time { return time.Now().Add(-2 * days) }
	c, err := h.lives(t, petra, days)
	if err != nil || c.State != change.Pending || !c.Expires.Equal(c.Plan.Until) {
		t.Fatalf("%s, expires %s, lives until %s, %v", c.State, c.Expires, c.Plan.Until, err)
	}
	h.service.Now = time.Now
	if err := h.service.ExpireOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err = h.store.Change(t.Context(), c.ID); err != nil || c.State != change.Expired || !h.gone(t, c.App) {
		t.Errorf("%s, %v", c.State, err)
	}
}

func TestACopyEndsByItself(t *testing.T) {
	h := copies(newHouse(t))
	h.service.Rules = append(h.service.Rules, policy.Rule{Name: "preview needs one approval", Environment: "preview", Approvals: 1})
	app := h.copied(t, 2*days)
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
	if got := h.cluster.names(); len(got) != 0 {
		t.Errorf("the cluster has %v", got)
	}
	all := h.deletions(t, app.AppKey)
	if len(all) != 1 || !all[0].Plan.Over.Equal(app.Ending.Until) || all[0].Requester.Identity != petra.Identity || all[0].State != change.Applied || len(all[0].Approvals) != 0 {
		t.Fatalf("deleted by %+v", all)
	}
	found := false
	for _, e := range h.log(t) {
		if e.Change == all[0].ID && e.Action == audit.SubmitChange {
			found = e.Actor.Portal && e.Actor.Identity == petra.Identity && strings.Contains(e.Detail, "By itself. Its time is over") && strings.Contains(e.Detail, fmt.Sprintf("Agreed to with change %d", app.Ending.Made))
		}
	}
	if !found {
		t.Error("the log does not say that the portal did it, for whom and why")
	}
	for _, as := range h.cluster.calls {
		if as.Team != "payments" {
			t.Errorf("the cluster was asked as %+v", as)
		}
	}
}

// What was made for a time stays so through a new version, and where its environment is one for copies no more.
func TestWhatBecomesOfACopyDoesNotKeepIt(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, 2*days)
	h.work(t, h.submit(t, petra, draft(preview, change.Update, "two", "a", "c"), "update").ID)
	h.service.Copies = nil
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
	if got := h.cluster.names(); len(got) != 0 || len(h.deletions(t, app.AppKey)) != 1 {
		t.Errorf("the cluster has %v", got)
	}
}

// What failed while it was made has its time too: something of it may be in the cluster.
func TestACopyThatWasMadeInPartEnds(t *testing.T) {
	h := copies(newHouse(t))
	h.cluster.breaks = map[string]*manifest.Problem{"b": {Sentence: "It is full."}}
	h.service.Now = func() time.Time { return time.Now().Add(-2 * days) }
	c, err := h.lives(t, petra, days)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Now = time.Now
	if c = h.work(t, c.ID); c.State != change.Failed || len(h.cluster.names()) == 0 {
		t.Fatalf("%s, the cluster has %v", c.State, h.cluster.names())
	}
	h.cluster.breaks = nil
	h.workEnding(t, "gone", func() bool { return h.gone(t, c.App) })
	if got := h.cluster.names(); len(got) != 0 {
		t.Errorf("the cluster has %v", got)
	}
}

func TestTheEndWaitsForACluster(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, 2*days)
	h.cluster.away = true
	h.workEnding(t, "tried three times", func() bool {
		got, err := h.store.Application(t.Context(), app.AppKey)
		return err == nil && got.Ending.Tries >= 3 && got.Ending.Why == "The cluster does not answer."
	})
	noted := 0
	for _, e := range h.log(t) {
		if e.Action == audit.EndCopy && e.Outcome == audit.Failed && e.Actor.Portal && e.Detail == "The cluster does not answer." {
			noted++
		}
	}
	if noted != 1 || len(h.deletions(t, app.AppKey)) != 0 {
		t.Errorf("noted %d times, %d deletions", noted, len(h.deletions(t, app.AppKey)))
	}
	h.cluster.away = false
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
}

func TestAnEndThatFailedIsGoneOnWith(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, 2*days)
	h.cluster.breaks = map[string]*manifest.Problem{"b": {Sentence: "A finalizer holds it."}}
	h.workEnding(t, "failed twice", func() bool {
		all := h.deletions(t, app.AppKey)
		return len(all) == 1 && all[0].State == change.Failed && all[0].Attempt >= 2
	})
	h.cluster.breaks = nil
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
	if all := h.deletions(t, app.AppKey); len(all) != 1 {
		t.Errorf("%d deletions", len(all))
	}
}

func TestTheEndOfWhatHasMovedIsForPeople(t *testing.T) {
	for name, move := range map[string]func(*house){
		"gone from the configuration": func(h *house) { delete(h.service.Places, preview) },
		"another namespace": func(h *house) {
			h.service.Places[preview] = manifest.Place{Cluster: "local", Namespace: "elsewhere"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := copies(newHouse(t))
			app := h.copied(t, 2*days)
			move(h)
			h.workEnding(t, "said", func() bool {
				got, err := h.store.Application(t.Context(), app.AppKey)
				return err == nil && strings.Contains(got.Ending.Why, "target")
			})
			if len(h.cluster.names()) == 0 {
				t.Error("it is deleted all the same")
			}
		})
	}
}

// Two portals on one database, and one deletion.
func TestTwoPortalsEndACopyOnce(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, 2*days)
	other := copies(&house{store: h.store, cluster: h.cluster, service: newService(t, h.store, h.cluster, time.Now)})
	stop := other.startEnding(t)
	defer stop()
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
	if all := h.deletions(t, app.AppKey); len(all) != 1 || all[0].Attempt != 1 {
		t.Errorf("%d deletions", len(all))
	}
}

func TestPuttingOffAnEnd(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, time.Hour)
	extend := func(who policy.Subject, key change.AppKey, seen time.Time, lives time.Duration) (change.Application, error) {
		return h.service.Extend(t.Context(), who, audit.Request{ID: "r"}, key, seen, lives)
	}
	until := app.Ending.Until
	var refusal *change.Refusal
	if _, err := extend(sam, app.AppKey, until, 3*days); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("by another team: %v", err)
	}
	if _, err := extend(anne, app.AppKey, until, 3*days); !errors.As(err, &refusal) {
		t.Errorf("by an approver: %v", err)
	}
	for _, lives := range []time.Duration{-days, time.Second, time.Hour, 2 * days, 7 * days, 999 * days} {
		if _, err := extend(petra, app.AppKey, until, lives); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "at most") {
			t.Errorf("for %s: %v", lives, err)
		}
	}
	if _, err := extend(petra, app.AppKey, until.Add(time.Second), 3*days); !errors.Is(err, change.ErrEndingMoved) {
		t.Errorf("from an end that nobody saw: %v", err)
	}
	got, err := extend(petra, app.AppKey, until, 3*days)
	if err != nil || got.Ending.Until.Before(until.Add(2*days)) {
		t.Fatalf("%+v, %v", got.Ending, err)
	}
	if _, err := extend(petra, app.AppKey, until, 3*days); !errors.Is(err, change.ErrEndingMoved) {
		t.Errorf("sent twice: %v", err)
	}
	got, err = extend(petra, app.AppKey, got.Ending.Until, 0)
	if err != nil || !got.Ending.Until.Equal(app.Created.Add(7*days)) {
		t.Fatalf("as long as may be: %+v, %v", got.Ending, err)
	}
	if _, err := extend(petra, app.AppKey, got.Ending.Until, 0); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "as old as") {
		t.Errorf("longer than may be: %v", err)
	}
	done, refused := 0, 0
	for _, e := range h.log(t) {
		switch {
		case e.Action == audit.ExtendCopy && e.Outcome == audit.Done:
			done++
		case e.Action == audit.ExtendCopy && e.Outcome == audit.Refused:
			refused++
		}
	}
	if done != 2 || refused != 9 {
		t.Errorf("the log has %d and %d that were refused", done, refused)
	}
}

func TestWhatCannotBePutOff(t *testing.T) {
	h := copies(newHouse(t))
	app := h.copied(t, 2*days)
	var refusal *change.Refusal
	if _, err := h.service.Extend(t.Context(), petra, audit.Request{}, app.AppKey, app.Ending.Until, 0); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "time is over") {
		t.Errorf("one whose time is over: %v", err)
	}
	h.service.Now = func() time.Time { return time.Now().Add(-40 * time.Hour) }
	h.service.Copies = nil
	if _, err := h.service.Extend(t.Context(), petra, audit.Request{}, app.AppKey, app.Ending.Until, 0); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "not one for copies any more") {
		t.Errorf("in an environment that is no longer one for copies: %v", err)
	}
	stays := h.submit(t, petra, draft(staging, change.Create, "one", "s"), "stays")
	if _, err := h.service.Extend(t.Context(), petra, audit.Request{}, stays.App, time.Time{}, 0); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("what stays: %v", err)
	}
}

// keeps is a template whose StatefulSet makes claims.
var keeps = fstest.MapFS{
	"keeps/Chart.yaml":         {Data: []byte("apiVersion: v2\nname: keeps\nversion: 1.0.0\n")},
	"keeps/values.yaml":        {Data: []byte("names: []\nvalue: \"\"\n")},
	"keeps/values.schema.json": {Data: []byte(`{"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}, "value": {"type": "string"}}}`)},
	"keeps/templates/all.yaml": {Data: []byte(`apiVersion: apps/v1
kind: StatefulSet
metadata: {name: {{ .Release.Name }}}
spec:
  persistentVolumeClaimRetentionPolicy: {whenScaled: Retain, whenDeleted: Retain}
  template: {spec: {containers: [{name: c, image: {{ .Values.value | quote }}}]}}
  volumeClaimTemplates: [{metadata: {name: data}}]
`)},
}

// Kubernetes keeps the claims of a StatefulSet that is deleted, unless it says otherwise.
func TestWhatEndsLeavesNoClaims(t *testing.T) {
	for target, want := range map[policy.Target]string{preview: "whenDeleted: Delete", staging: "whenDeleted: Retain"} {
		t.Run(target.Environment, func(t *testing.T) {
			h := copies(newHouse(t))
			cat, err := catalog.Open(keeps)
			if err != nil {
				t.Fatal(err)
			}
			h.service.Templates = cat
			d := draft(target, change.Create, "x:1")
			d.Template.Name = "keeps"
			plan, err := h.service.Preview(t.Context(), petra, d)
			if err != nil {
				t.Fatal(err)
			}
			c, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest, Lives: days})
			if err != nil || !strings.Contains(string(c.Rendered), want) || !strings.Contains(string(c.Rendered), "whenScaled: Retain") {
				t.Errorf("%v\n%s", err, c.Rendered)
			}
			if c = h.work(t, c.ID); c.State != change.Applied {
				t.Fatalf("%s, %s", c.State, c.Failure)
			}
			h.service.Copies = nil // what was made for a time stays so
			d.Kind, d.Inputs["value"] = change.Update, "x:2"
			if c = h.submit(t, petra, d, "update"); !strings.Contains(string(c.Rendered), want) {
				t.Errorf("updated:\n%s", c.Rendered)
			}
		})
	}
}
