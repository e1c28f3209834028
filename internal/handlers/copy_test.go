package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// newCopying is newPromoting with an environment for copies, and api there as a copy that was made an hour ago.
func newCopying(t *testing.T) (promoting, change.Application) {
	t.Helper()
	p := newPromoting(t)
	at := policy.Target{Team: "payments", Environment: "preview"}
	p.Changes.Feed = change.NewFeed()
	p.Changes.Places[at] = manifest.Place{Cluster: "local", Namespace: "preview"}
	p.Changes.Copies = map[string]change.CopyRule{"preview": {MaxAge: 7 * 24 * time.Hour}}
	made := time.Now().Add(-time.Hour)
	c, err := p.Changes.Store.Create(t.Context(), change.Change{
		App: change.AppKey{Target: at, Name: "api"}, Place: p.Changes.Places[at], Kind: change.Create, State: change.Approved, Title: "Create api",
		Requester: p.petra.Person, Submitted: made, Expires: made.Add(24 * time.Hour), Plan: change.Plan{Until: made.Add(24 * time.Hour)},
		Template: catalog.TemplateID{Name: "maps", Version: "1.1.0"}, Inputs: catalog.Inputs{"image": "a:3"}, Rendered: []byte("{}\n"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	app, err := p.Changes.Store.Application(t.Context(), c.App)
	if err != nil {
		t.Fatal(err)
	}
	return p, app
}

func TestACopyFillsInTheForm(t *testing.T) {
	p, _ := newCopying(t)
	page := p.ask(t, p.copy, "staging", "", nil).Body.String()
	for _, want := range []string{"preview, 1 application there, at most 7 days", `value="api-copy"`, `name="environment" value="preview"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for typed, want := range map[string]string{"": "Give it a name", "A b": "Use small letters", "api": "of this name there already"} {
		w := p.ask(t, p.makeCopy, "staging", "", url.Values{"environment": {"preview"}, "name": {typed}})
		if body := w.Body.String(); w.Code < 400 || w.Code >= 500 || !strings.Contains(body, want) || !strings.Contains(body, `value="`+typed+`"`) {
			t.Errorf("%q was answered by %d", typed, w.Code)
		}
	}
	for _, environment := range []string{"", "production", "nowhere", "../search/preview"} {
		if _, err := p.try(t, p.makeCopy, "staging", "", url.Values{"environment": {environment}, "name": {"x"}}); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("into %q: %v", environment, err)
		}
	}
	w := p.ask(t, p.makeCopy, "staging", "", url.Values{"environment": {"preview"}, "name": {" api-copy "}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/targets/payments/preview/new/maps?version=1.1.0" {
		t.Fatalf("it answered %d and led to %q", w.Code, got)
	}
	if page = p.ask(t, p.copy, "staging", "", nil).Body.String(); !strings.Contains(page, "You began a form of maps in preview") {
		t.Error("the page does not say that a form was begun there")
	}
	kept, err := p.Changes.Draft(t.Context(), p.petra, change.DraftKey{Target: policy.Target{Team: "payments", Environment: "preview"}, Template: "maps"})
	if err != nil || kept.Form.Get("name") != "api-copy" || kept.Form.Get("source") != "staging/api/1" || kept.Form.Get("in/image") != "a:2" {
		t.Errorf("the form is %v, %v", kept.Form, err)
	}
	p.Changes.Copies = nil
	if page = p.ask(t, p.copy, "staging", "", nil).Body.String(); !strings.Contains(page, "There is nowhere to copy it to") {
		t.Error("where there is no environment for copies the page does not say so")
	}
}

func TestPuttingOffByTheForm(t *testing.T) {
	p, app := newCopying(t)
	page := p.ask(t, p.extend, "preview", "", nil).Body.String()
	seen := templates.ExtendSeen(app.Ending)
	for _, want := range []string{`name="seen" value="` + seen + `"`, `value="72h0m0s"`, `value="0s"`, "as long as may be"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for name, tc := range map[string]struct {
		form url.Values
		code int
		says string
	}{
		"none":        {url.Values{"seen": {seen}, "lives": {"-1h"}}, http.StatusUnprocessableEntity, "It cannot live so long"},
		"beyond all":  {url.Values{"seen": {seen}, "lives": {"23976h"}}, http.StatusUnprocessableEntity, "at most"},
		"less":        {url.Values{"seen": {seen}, "lives": {"1h0m0s"}}, http.StatusUnprocessableEntity, "Nothing was put off"},
		"another end": {url.Values{"seen": {"1"}, "lives": {"72h0m0s"}}, http.StatusConflict, "no longer the one that you saw"},
	} {
		if w := p.ask(t, p.putOff, "preview", "", tc.form); w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for _, form := range []url.Values{{}, {"seen": {seen}}, {"seen": {"soon"}, "lives": {"1h"}}, {"seen": {seen}, "lives": {"999d"}}} {
		if _, err := p.try(t, p.putOff, "preview", "", form); !errors.Is(err, errForm) {
			t.Errorf("%v: %v", form, err)
		}
	}
	good := url.Values{"seen": {seen}, "lives": {"72h0m0s"}}
	if w := p.ask(t, p.putOff, "preview", "", good); w.Code != http.StatusSeeOther {
		t.Errorf("put off: %d", w.Code)
	}
	if w := p.ask(t, p.putOff, "preview", "", good); w.Code != http.StatusConflict {
		t.Errorf("sent twice: %d", w.Code)
	}
	after, err := p.Changes.Store.Application(t.Context(), app.AppKey)
	if err != nil || after.Ending.Until.Sub(app.Ending.Until) < 48*time.Hour || after.Ending.Until.Sub(app.Ending.Until) > 50*time.Hour {
		t.Errorf("it ends at %v, %v", after.Ending, err)
	}
	// What stays, and what is another team's, has no such page.
	if _, err := p.try(t, p.extend, "staging", "", nil); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("what stays: %v", err)
	}
	p.petra.Bindings = []policy.Binding{{Role: policy.Developer, Team: "search", Environment: policy.Any}}
	if _, err := p.try(t, p.putOff, "preview", "", good); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team's: %v", err)
	}
	if _, err := p.try(t, p.copy, "preview", "", nil); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("a copy of another team's: %v", err)
	}
}
