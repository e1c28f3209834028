package handlers

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

var (
	webPods  = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"}
	mailPods = manifest.Ref{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "mail"}
)

// sampleHandles are two workloads, one of them with a number of pods and one with an autoscaler.
func sampleHandles() change.Handles {
	field := &catalog.Field{Kind: catalog.Number, Title: "Pods"}
	return change.Handles{Workloads: []manifest.Ref{webPods, mailPods}, Dials: []catalog.Dial{
		{Workload: webPods, Measure: catalog.ExactPods, Path: "/replicas", Field: field, Now: 3},
		{Workload: mailPods, Measure: catalog.MostPods, Path: "/autoscale/max", Field: field, Now: 6},
	}}
}

func emptyRequest() echo.Context {
	c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
	c.SetParamNames("team", "env", "app")
	c.SetParamValues("payments", "staging", "shop")
	return c
}

func TestRestartDraft(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := &server{Config: Config{Changes: change.NewService(change.Config{Now: func() time.Time { return now }})}}
	web, mail := webPods.Path(), mailPods.Path()
	for name, tc := range map[string]struct {
		form string
		at   time.Time
		only []manifest.Ref
		err  error
	}{
		"nothing":           {"", now, nil, nil},
		"a minute ago":      {"at=2026-03-04T05:05:07Z", now.Add(-time.Minute), nil, nil},
		"in another zone":   {"at=2026-03-04T06:05:07%2B01:00", now.Add(-time.Minute), nil, nil},
		"yesterday":         {"at=2026-03-03T05:06:07Z", now, nil, nil},
		"next year":         {"at=2027-03-03T05:06:07Z", now, nil, nil},
		"no time":           {"at=now", now, nil, nil},
		"one":               {"only=" + web, now, []manifest.Ref{webPods}, nil},
		"one, twice":        {"only=" + web + "&only=" + web, now, []manifest.Ref{webPods}, nil},
		"both":              {"only=" + web + "&only=" + mail, now, []manifest.Ref{webPods, mailPods}, nil},
		"one that is not":   {"only=apps/v1/Deployment/db", now, nil, change.ErrNotFound},
		"one elsewhere":     {"only=namespaces/kube-system/" + web, now, nil, change.ErrNotFound},
		"what names no one": {"only=..%2F..", now, nil, change.ErrNotFound},
	} {
		form, err := url.ParseQuery(tc.form)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.restartDraft(emptyRequest(), sampleHandles(), form)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (!d.Restart.At.Equal(tc.at) || !slices.Equal(d.Restart.Only, tc.only) || d.App.Name != "shop") {
			t.Errorf("%s: %+v", name, d)
		}
	}
	single := sampleHandles()
	single.Workloads = single.Workloads[:1]
	if d, err := s.restartDraft(emptyRequest(), single, url.Values{"only": {web}}); err != nil || d.Restart.Only != nil {
		t.Errorf("a single one by its name: %+v, %v", d, err)
	}
}

// The address of a plan leads to the same plan.
func TestPlansHaveAddresses(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := &server{Config: Config{Changes: change.NewService(change.Config{Now: func() time.Time { return now }})}}
	form := func(d change.Draft) url.Values {
		q := url.Values{}
		for _, f := range addressed(d) {
			q.Add(f.Name, f.Value)
		}
		return q
	}
	want := change.Draft{Kind: change.RestartPods, Restart: change.PodRestart{At: now.Add(-time.Minute), Only: []manifest.Ref{mailPods}}}
	got, err := s.restartDraft(emptyRequest(), sampleHandles(), form(want))
	if err != nil || !got.Restart.At.Equal(want.Restart.At) || !slices.Equal(got.Restart.Only, want.Restart.Only) {
		t.Errorf("%+v, %v", got, err)
	}
	want = change.Draft{Kind: change.ScalePods, Pods: map[string]int{"/replicas": 0, "/autoscale/max": 9}}
	got, errs := scaleDraft(emptyRequest(), sampleHandles(), form(want))
	if len(errs) > 0 || len(got.Pods) != 2 || got.Pods["/replicas"] != 0 || got.Pods["/autoscale/max"] != 9 {
		t.Errorf("%+v, %v", got, errs)
	}
}

func TestScaleDraft(t *testing.T) {
	for form, want := range map[string]struct {
		pods  map[string]int
		wrong int
		moves bool
	}{
		"":                                       {map[string]int{}, 0, false},
		"in/replicas=3":                          {map[string]int{"/replicas": 3}, 0, false},
		"in/replicas=+4+":                        {map[string]int{"/replicas": 4}, 0, true},
		"in/replicas=-1":                         {map[string]int{"/replicas": -1}, 0, true},
		"in/replicas=":                           {map[string]int{}, 1, false},
		"in/replicas=1e3":                        {map[string]int{}, 1, false},
		"in/replicas=3.5&in/image=x":             {map[string]int{}, 1, false},
		"in/image=7":                             {map[string]int{}, 0, false},
		"in/replicas=5&in/autoscale/max=":        {map[string]int{"/replicas": 5}, 1, true},
		"in/replicas=99999999999999999999999999": {map[string]int{}, 1, false},
	} {
		q, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		d, errs := scaleDraft(emptyRequest(), sampleHandles(), q)
		if len(errs) != want.wrong || len(d.Pods) != len(want.pods) || d.Pods["/replicas"] != want.pods["/replicas"] || moves(sampleHandles(), d) != want.moves {
			t.Errorf("%q: %v, %v, moves %v", form, d.Pods, errs, moves(sampleHandles(), d))
		}
	}
}
