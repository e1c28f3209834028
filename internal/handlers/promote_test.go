package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
	"slipway.dev/slipway/web/templates"
)

// onlyVersion is a cluster that says its version and is asked for nothing else.
type onlyVersion struct{ change.Cluster }

func (onlyVersion) Version(context.Context, string) (manifest.ClusterVersion, error) {
	return manifest.ClusterVersion{Kube: "v1.34.0", APIs: []string{"v1"}}, nil
}

// promoting is a server with two versions of a template: of the newer one runs api in staging, of the older
// one api in production.
type promoting struct {
	*server
	petra policy.Subject
}

func newPromoting(t *testing.T) promoting {
	t.Helper()
	files := fstest.MapFS{}
	for folder, schema := range map[string]string{
		"1.0.0": `{"type": "object", "properties": {"image": {"type": "string", "title": "Image"}, "old": {"type": "string", "title": "Old"}}}`,
		"1.1.0": `{"type": "object", "properties": {"image": {"type": "string", "title": "Image"}, "new": {"type": "string", "title": "New"}}}`,
	} {
		files["maps-"+folder+"/Chart.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v2\nname: maps\nversion: " + folder + "\n")}
		files["maps-"+folder+"/values.schema.json"] = &fstest.MapFile{Data: []byte(schema)}
		files["maps-"+folder+"/templates/maps.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")}
	}
	all, err := catalog.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "portal.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	p := promoting{petra: policy.Subject{
		Person:   policy.Person{Identity: policy.Identity{Issuer: "https://idp", Subject: "petra"}, Name: "Petra"},
		Bindings: []policy.Binding{{Role: policy.Developer, Team: "payments", Environment: policy.Any}},
	}}
	places := map[policy.Target]manifest.Place{}
	for environment, made := range map[string]struct {
		version string
		inputs  catalog.Inputs
	}{
		"staging": {"1.1.0", catalog.Inputs{"image": "a:2", "new": "yes"}}, "production": {"1.0.0", catalog.Inputs{"image": "a:1", "old": "yes"}},
	} {
		at := policy.Target{Team: "payments", Environment: environment}
		places[at] = manifest.Place{Cluster: "local", Namespace: environment}
		c, err := st.Create(t.Context(), change.Change{
			App: change.AppKey{Target: at, Name: "api"}, Place: places[at], Kind: change.Create, State: change.Approved, Title: "Create api",
			Requester: p.petra.Person, Submitted: time.Now(), Expires: time.Now().Add(time.Hour),
			Template: catalog.TemplateID{Name: "maps", Version: made.version}, Inputs: made.inputs, Rendered: []byte("{}\n"),
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range []change.State{change.Applying, change.Applied} {
			if _, err := st.Update(t.Context(), c.ID, func(c *change.Change) (change.Commit, error) {
				c.State = state
				return change.Commit{Revision: state == change.Applied, Audit: []audit.Entry{}}, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.server = &server{Config: Config{
		Changes: change.NewService(change.Config{Store: st, Cluster: onlyVersion{}, Templates: all, Places: places, Log: slog.New(slog.DiscardHandler)}),
		Catalog: all, Clusters: func() []templates.ClusterHealth { return nil }, Log: slog.New(slog.DiscardHandler),
	}}
	return p
}

// ask calls a handler as petra, for api of an environment.
func (p promoting) ask(t *testing.T, h echo.HandlerFunc, environment, query string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	w, err := p.try(t, h, environment, query, form)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// try is ask where an error may be the answer.
func (p promoting) try(t *testing.T, h echo.HandlerFunc, environment, query string, form url.Values) (*httptest.ResponseRecorder, error) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), p.petra), method, "/x?"+query, strings.NewReader(form.Encode()))
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("team", "env", "app")
	c.SetParamValues("payments", environment, "api")
	return w, h(c)
}

// The version of the template is one of the differences: taken over, it stays the form's however that is
// found again; left, the form is of the version that runs.
func TestPromoteTakesTheVersion(t *testing.T) {
	p := newPromoting(t)
	page := p.ask(t, p.promote, "staging", "", nil).Body.String()
	for _, want := range []string{"3 values differ", `name="version" value="1.1.0" checked`, `value="/image" checked`, `value="/new" checked`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	form := url.Values{"to": {"production/api"}, "revision": {"1"}, "base": {"1"}, "take": {"/image", "/new"}}
	if w := p.ask(t, p.takeOver, "staging", "", form); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "maps 1.0.0 has no field for new") {
		t.Errorf("a field that the version has not: %d", w.Code)
	}
	form.Set("version", "1.1.0")
	w := p.ask(t, p.takeOver, "staging", "", form)
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/targets/payments/production/apps/api/edit?version=1.1.0" {
		t.Fatalf("it answered %d and led to %q", w.Code, got)
	}
	for name, query := range map[string]string{"at once": "version=1.1.0", "found again": ""} {
		body := p.ask(t, p.editForm, "production", query, nil).Body.String()
		for _, want := range []string{"Taken over from staging revision 1", `name="source" value="staging/api/1"`, `name="version" value="1.1.0"`, `name="in/new" value="yes"`, `value="a:2"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the form has no %s", name, want)
			}
		}
	}
	// From the newer version to the older one nobody goes unless they tick it.
	page = p.ask(t, p.promote, "production", "", nil).Body.String()
	if !strings.Contains(page, `name="version" value="1.0.0"`) || strings.Contains(page, `name="version" value="1.0.0" checked`) {
		t.Error("an older version is ticked, or not offered")
	}
	form = url.Values{"to": {"staging/api"}, "revision": {"1"}, "base": {"1"}, "take": {"/image"}}
	if got := p.ask(t, p.takeOver, "production", "", form).Header().Get("Location"); got != "/targets/payments/staging/apps/api/edit?version=1.1.0" {
		t.Errorf("without its version it led to %q", got)
	}
}

// A difference that is none, which no page offers, is answered before the form that was begun is replaced.
func TestForgedDifferencesReplaceNothing(t *testing.T) {
	p := newPromoting(t)
	begun := change.SavedDraft{
		DraftKey: change.DraftKey{Target: policy.Target{Team: "payments", Environment: "production"}, Template: "maps", App: "api"},
		Version:  "1.0.0", Form: url.Values{"in/image": {"begun:1"}},
	}
	if _, err := p.Changes.SaveDraft(t.Context(), p.petra, begun); err != nil {
		t.Fatal(err)
	}
	for _, take := range [][]string{{"/nothing"}, {""}, {"/image", "/nothing"}, {"/image/x"}} {
		form := url.Values{"to": {"production/api"}, "revision": {"1"}, "base": {"1"}, "take": take}
		if _, err := p.try(t, p.takeOver, "staging", "", form); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("%q was answered by %v", take, err)
		}
		if kept, err := p.Changes.Draft(t.Context(), p.petra, begun.DraftKey); err != nil || kept.Form.Get("in/image") != "begun:1" {
			t.Errorf("%q left %v of the form, %v", take, kept.Form, err)
		}
	}
}

// What waits does not run, and is not called so.
func TestComparedWithWhatWaits(t *testing.T) {
	p := newPromoting(t)
	at := policy.Target{Team: "payments", Environment: "qa"}
	p.Changes.Places[at] = manifest.Place{Cluster: "local", Namespace: "qa"}
	if _, err := p.Changes.Store.Create(t.Context(), change.Change{
		App: change.AppKey{Target: at, Name: "api"}, Place: p.Changes.Places[at], Kind: change.Create, State: change.Pending, Title: "Create api",
		Requester: p.petra.Person, Submitted: time.Now(), Expires: time.Now().Add(time.Hour),
		Template: catalog.TemplateID{Name: "maps", Version: "1.1.0"}, Inputs: catalog.Inputs{"image": "a:3", "new": "yes"}, Rendered: []byte("{}\n"),
	}, nil); err != nil {
		t.Fatal(err)
	}
	page := p.ask(t, p.promote, "staging", "to=qa/api", nil).Body.String()
	for _, want := range []string{"1 value differs between revision 1 of staging and what was submitted for api in qa, which has no revision yet.", ">qa, submitted<"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "qa now") {
		t.Error("the page says of what waits that it is so now")
	}
}
