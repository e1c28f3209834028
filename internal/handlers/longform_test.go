package handlers

import (
	"fmt"
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

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
	"slipway.dev/slipway/web/templates"
)

// choir is a chart with a list of objects, each of which makes an object of 60 lines.
var choir = fstest.MapFS{
	"choir/Chart.yaml": {Data: []byte("apiVersion: v2\nname: choir\nversion: 1.0.0\n")},
	"choir/values.schema.json": {Data: []byte(`{"type": "object", "properties": {"parts": {"type": "array", "title": "Parts", "items": {
		"type": "object", "required": ["name"], "properties": {
			"name": {"type": "string", "title": "Name", "pattern": "^[a-z0-9-]+$"}, "song": {"type": "string", "title": "Song", "default": "la"}}}}}}`)},
	"choir/templates/all.yaml": {Data: []byte(`{{- range .Values.parts }}
---
kind: ConfigMap
apiVersion: v1
metadata: {name: {{ .name }}}
data:
{{- $song := .song }}
{{- range until 50 }}
  line{{ . }}: {{ $song }}
{{- end }}
{{- end }}
`)},
}

func newChoir(t *testing.T) promoting {
	t.Helper()
	all, err := catalog.Open(choir)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "portal.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	places := map[policy.Target]manifest.Place{{Team: "payments", Environment: "staging"}: {Cluster: "local", Namespace: "staging"}}
	return promoting{
		petra: policy.Subject{
			Person:   policy.Person{Identity: policy.Identity{Issuer: "https://idp", Subject: "petra"}, Name: "Petra"},
			Bindings: []policy.Binding{{Role: policy.Developer, Team: "payments", Environment: policy.Any}},
		},
		server: &server{Config: Config{
			Changes: change.NewService(change.Config{Store: st, Cluster: taking{}, Templates: all, Places: places, Feed: change.NewFeed(), Expiry: time.Hour, Log: slog.New(slog.DiscardHandler)}),
			Catalog: all, Clusters: func() []templates.ClusterHealth { return nil }, Log: slog.New(slog.DiscardHandler),
		}},
	}
}

// sing posts the form of a new choir of n parts; "in/parts/3/name" of more takes the place of what is there.
func (p promoting) sing(t *testing.T, h echo.HandlerFunc, n int, target string, more url.Values) *httptest.ResponseRecorder {
	t.Helper()
	form := url.Values{"name": {"sunday"}}
	for i := range n {
		form.Set(fmt.Sprintf("in/parts/%d/name", i), fmt.Sprintf("voice-%d", i))
	}
	for name, values := range more {
		form[name] = values
	}
	r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), p.petra), http.MethodPost, "/x", strings.NewReader(form.Encode()))
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	r.Header.Set(headerTarget, target)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("team", "env", "template")
	c.SetParamValues("payments", "staging", "choir")
	if err := h(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func holds(t *testing.T, body string, want map[string]bool) {
	t.Helper()
	for text, there := range want {
		if strings.Contains(body, text) != there {
			t.Errorf("that it holds %s is %t", text, !there)
		}
	}
}

// A row of a long list is opened by a button that posts the form; the answer to a script is the fields alone.
func TestRowsOfLongListsOpen(t *testing.T) {
	p := newChoir(t)
	w := p.sing(t, p.postNew, 30, "", url.Values{catalog.FormOpen: {"in/parts/7"}})
	holds(t, w.Body.String(), map[string]bool{
		`id="in-parts-7-name" name="in/parts/7/name" value="voice-7"`: true, `name="_opened" value="in/parts/7"`: true,
		`type="hidden" name="in/parts/8/name" value="voice-8"`: true, `in/parts/8/song`: false, `id="manifests"`: true,
	})
	if got := strings.Count(w.Body.String(), "autofocus"); got != 1 {
		t.Errorf("%d fields get the focus", got)
	}
	w = p.sing(t, p.postNew, 30, fieldsTarget, url.Values{catalog.FormOpened: {"in/parts/7"}, catalog.FormRemove: {"in/parts/0"}})
	holds(t, w.Body.String(), map[string]bool{`id="in-parts-6-name" name="in/parts/6/name" value="voice-7"`: true, `id="manifests"`: false, "<h1": false})
	if w := p.sing(t, p.postNew, 30, "", url.Values{catalog.FormOpen: {"in/parts/99"}}); w.Code != http.StatusOK {
		t.Errorf("a row that is not there answers %d", w.Code)
	}
}

// What is wrong stays said when somebody goes from one row to the next, and nothing is planned by that.
func TestMendingOneRowAfterTheOther(t *testing.T) {
	p := newChoir(t)
	wrong := url.Values{formMend: {"in/parts/28/name"}}
	for i := range 29 {
		wrong.Set(fmt.Sprintf("in/parts/%d/name", i), "No Name")
	}
	w := p.sing(t, p.postNew, 30, "", wrong)
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "29 fields need another value") {
		t.Errorf("it answered %d", w.Code)
	}
	holds(t, w.Body.String(), map[string]bool{`id="in-parts-28-name"`: true, `id="in-parts-27-name"`: false, `value="in/parts/27/name"`: true})
	if w := p.sing(t, p.postNew, 30, "", url.Values{formMend: {"in/parts/3/name"}}); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Nothing has happened yet") {
		t.Errorf("with nothing to mend it answered %d", w.Code)
	}
}

// The pane shows the lines of the row that somebody works on, and of what is asked for.
func TestPaneShowsTheRow(t *testing.T) {
	p := newChoir(t)
	body := p.sing(t, p.previewNew, 60, "", url.Values{formRow: {"in/parts/50"}, formShow: {"ConfigMap/voice-58"}, catalog.FormOpened: {"in/parts/50"}}).Body.String()
	holds(t, body, map[string]bool{
		`name="_show" value="ConfigMap/voice-0"`: false, `name="_show" value="ConfigMap/voice-50"`: false, `name="_show" value="ConfigMap/voice-49"`: true,
		`name="_show" value="ConfigMap/voice-58"`: false, `name="_object" value="ConfigMap/voice-58"`: true,
	})
	body = p.sing(t, p.postNew, 60, "", url.Values{formShow: {"ConfigMap/voice-58"}}).Body.String()
	holds(t, body, map[string]bool{`name="_object" value="ConfigMap/voice-58"`: true, `name="_show" value="ConfigMap/voice-50"`: true, "Nothing has happened yet": false})
}
