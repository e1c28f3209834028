package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
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
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/internal/store"
	"slipway.dev/slipway/web/templates"
)

// taking is a cluster that would take everything, as a change.
type taking struct{ onlyVersion }

func (taking) DryRun(_ context.Context, _ policy.Acting, _ manifest.Place, _ string, set manifest.Set, prune []manifest.Ref) ([]manifest.DryRun, error) {
	var out []manifest.DryRun
	for _, u := range set {
		out = append(out, manifest.DryRun{Ref: manifest.RefOf(u), Op: manifest.Change, PodsLive: 1, PodsWanted: 1})
	}
	for _, ref := range prune {
		out = append(out, manifest.DryRun{Ref: ref, Op: manifest.Delete})
	}
	return out, nil
}

// chorus is a chart in which one field decides the pods of two workloads, and an autoscaler those of a third.
var chorus = fstest.MapFS{
	"chorus/Chart.yaml": {Data: []byte("apiVersion: v2\nname: chorus\nversion: 1.0.0\n")},
	"chorus/values.schema.json": {Data: []byte(`{"type": "object", "properties": {
		"pods": {"type": "integer", "title": "Pods", "default": 2, "minimum": 0, "maximum": 9},
		"min": {"type": "integer", "title": "Fewest", "default": 3, "minimum": 1}, "max": {"type": "integer", "title": "Most", "default": 6}},
		"x-kubernetes-validations": [{"rule": "self.min <= self.max", "message": "Take no more than the most.", "fieldPath": ".min"}]}`)},
	"chorus/templates/all.yaml": {Data: []byte(`{{- range list "soprano" "alto" "tenor" }}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: {{ . }}}
spec:
  {{- if ne . "tenor" }}
  replicas: {{ $.Values.pods }}
  {{- end }}
  selector: {matchLabels: {a: {{ . }}}}
  template: {metadata: {labels: {a: {{ . }}}}, spec: {containers: [{name: c, image: x}]}}
{{- end }}
---
kind: HorizontalPodAutoscaler
apiVersion: autoscaling/v2
metadata: {name: tenor}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: tenor}, minReplicas: {{ .Values.min }}, maxReplicas: {{ .Values.max }}}
`)},
}

var chorusTarget = policy.Target{Team: "payments", Environment: "staging"}

// newChorus is a server with the application api of that chart in staging.
func newChorus(t *testing.T) promoting {
	t.Helper()
	all, err := catalog.Open(chorus)
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
	places := map[policy.Target]manifest.Place{chorusTarget: {Cluster: "local", Namespace: "staging"}}
	p.server = &server{Config: Config{
		Changes: change.NewService(change.Config{Store: st, Cluster: taking{}, Templates: all, Places: places, Feed: change.NewFeed(), Expiry: time.Hour, Log: slog.New(slog.DiscardHandler)}),
		Catalog: all, Clusters: func() []templates.ClusterHealth { return nil }, Hub: status.NewHub(), Log: slog.New(slog.DiscardHandler),
	}}
	p.becomes(t, change.Draft{Kind: change.Create, Template: catalog.TemplateID{Name: "chorus", Version: "1.0.0"}, Inputs: catalog.Inputs{}})
	return p
}

// becomes submits a draft of api in staging and has it applied.
func (p promoting) becomes(t *testing.T, d change.Draft) {
	t.Helper()
	p.apply(t, p.submitted(t, d))
}

func (p promoting) submitted(t *testing.T, d change.Draft) int64 {
	t.Helper()
	ctx := t.Context()
	d.App = change.AppKey{Target: chorusTarget, Name: "api"}
	plan, err := p.Changes.Preview(ctx, p.petra, d)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Changes.Submit(ctx, p.petra, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func (p promoting) apply(t *testing.T, id int64) {
	t.Helper()
	for _, state := range []change.State{change.Applying, change.Applied} {
		if _, err := p.Changes.Store.Update(t.Context(), id, func(c *change.Change) (change.Commit, error) {
			c.State = state
			return change.Commit{Revision: state == change.Applied}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	digestIn = regexp.MustCompile(`name="digest" value="([^"]+)"`)
	idsIn    = regexp.MustCompile(`\sid="([^"]*)"`)
)

// planned is the form of the plan that an address shows, as it would be posted.
func planned(t *testing.T, w *httptest.ResponseRecorder, form url.Values) url.Values {
	t.Helper()
	m := digestIn.FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || m == nil {
		t.Fatalf("no plan but %d", w.Code)
	}
	form.Set("digest", m[1])
	return form
}

// One field that decides the pods of two workloads is one field of the page, and scales both.
func TestScaleOfWorkloadsWithOneNumber(t *testing.T) {
	p := newChorus(t)
	page := p.ask(t, p.scale, "staging", "", nil).Body.String()
	if n := strings.Count(page, `name="in/pods"`); n != 1 || !strings.Contains(page, "alto and soprano") {
		t.Errorf("the field is there %d times, or does not name both", n)
	}
	seen := map[string]bool{}
	for _, m := range idsIn.FindAllStringSubmatch(page, -1) {
		if seen[m[1]] {
			t.Errorf("the id %q is there twice", m[1])
		}
		seen[m[1]] = true
	}
	form := url.Values{"in/pods": {"5"}}
	form = planned(t, p.ask(t, p.scale, "staging", "in/pods=5&plan=1", nil), form)
	w := p.ask(t, p.submitScale, "staging", "", form)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("submitted, it answered %d", w.Code)
	}
}

// What does not fit when it is submitted comes back at its field, with all that was typed, and tells nobody
// that they may not do it.
func TestScaleThatDoesNotFitComesBack(t *testing.T) {
	p := newChorus(t)
	form := planned(t, p.ask(t, p.scale, "staging", "in/min=5&in/max=6&plan=1", nil), url.Values{"in/min": {"5"}, "reason": {"the <rush> at noon"}})
	p.becomes(t, change.Draft{Kind: change.ScalePods, Pods: map[string]int{"/max": 3}})
	for name, tc := range map[string]struct {
		form url.Values
		want []string
	}{
		"another scaled meanwhile": {form, []string{`value="5"`, "Take no more than the most."}},
		"below zero":               {url.Values{"in/pods": {"-1"}, "reason": form["reason"]}, []string{`value="-1"`, "Take 0 or more"}},
		"words":                    {url.Values{"in/pods": {"many"}, "reason": form["reason"]}, []string{`value="many"`, "Write a whole number"}},
		"empty":                    {url.Values{"in/pods": {""}, "reason": form["reason"]}, []string{`name="in/pods" value=""`, "Write a whole number"}},
		"nothing":                  {url.Values{"reason": form["reason"]}, []string{`value="2"`, "sets none of these numbers"}},
	} {
		w := p.ask(t, p.submitScale, "staging", "", tc.form)
		body := w.Body.String()
		for _, want := range append(tc.want, `method="post"`, `name="reason" value="the &lt;rush&gt; at noon"`) {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page has no %s", name, want)
			}
		}
		if w.Code != http.StatusUnprocessableEntity || strings.Contains(body, "may not do this") {
			t.Errorf("%s: it answered %d, or said that it is forbidden", name, w.Code)
		}
	}
	again := p.ask(t, p.scaleAgain, "staging", "", url.Values{"in/min": {"2"}, "plan": {"1"}, "reason": form["reason"]})
	if body := again.Body.String(); again.Code != http.StatusOK || !strings.Contains(body, `name="reason" value="the &lt;rush&gt; at noon"`) {
		t.Errorf("with another number it answered %d, or lost the reason", again.Code)
	}
}

// What failed is not resumed by a page that was opened before another change was applied: it stays as it
// was, and the page says why nothing was done.
func TestResumeOfWhatCannotBeResumedAnyMoreIsRefused(t *testing.T) {
	p := newChorus(t)
	failed := p.fails(t, change.Draft{Kind: change.ScalePods, Pods: map[string]int{"/pods": 4}})
	p.becomes(t, change.Draft{Kind: change.ScalePods, Pods: map[string]int{"/pods": 5}})
	r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), p.petra), http.MethodPost, "/x", http.NoBody)
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("id")
	c.SetParamValues(strconv.FormatInt(failed, 10))
	if err := p.resume(c); err != nil {
		t.Fatal(err)
	}
	if body := w.Body.String(); w.Code != http.StatusConflict || !strings.Contains(body, "It was not resumed: another change") || strings.Contains(body, "/resume") {
		t.Errorf("it answered %d, does not say why, or offers it again", w.Code)
	}
	if after, err := p.Changes.Store.Change(t.Context(), failed); err != nil || after.State != change.Failed || after.Failure != "No." {
		t.Errorf("it is %s, %q; %v", after.State, after.Failure, err)
	}
}

// fails submits a draft of api in staging and has it fail.
func (p promoting) fails(t *testing.T, d change.Draft) int64 {
	t.Helper()
	id := p.submitted(t, d)
	for _, state := range []change.State{change.Applying, change.Failed} {
		if _, err := p.Changes.Store.Update(t.Context(), id, func(c *change.Change) (change.Commit, error) {
			c.State, c.Failure = state, "No."
			return change.Commit{}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// Neither the key nor the reason of a submission is taken from an address.
func TestAddressesSetNoKeyAndNoReason(t *testing.T) {
	p := newChorus(t)
	for name, tc := range map[string]struct {
		do    echo.HandlerFunc
		query string
	}{
		"restart":        {p.restart, "plan=1&only=" + url.QueryEscape("apps/v1/Deployment/alto")},
		"its choice":     {p.restart, ""},
		"scale":          {p.scale, "plan=1&in/pods=4"},
		"the scale form": {p.scale, ""},
		"delete":         {p.server.delete, ""},
	} {
		w := p.ask(t, tc.do, "staging", tc.query+"&key=AAAA&reason=MALLORY", nil)
		if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "AAAA") || strings.Contains(body, "MALLORY") {
			t.Errorf("%s: it answered %d, or took them from the address", name, w.Code)
		}
	}
}

// A form that is none has a page that says so, and not that it is forbidden.
func TestWhatIsNoFormIsNotForbidden(t *testing.T) {
	p := newPromoting(t)
	r := httptest.NewRequest(http.MethodPost, "/x", http.NoBody)
	w := httptest.NewRecorder()
	p.fail(errForm, echo.New().NewContext(r, w))
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || strings.Contains(body, "may not do this") || strings.Contains(body, "audit log") || !strings.Contains(body, "is not a form of this page") {
		t.Errorf("%d: %s", w.Code, body)
	}
}
