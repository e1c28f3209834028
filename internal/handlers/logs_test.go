package handlers

import (
	"errors"
	"slices"
	"testing"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/templates"
)

func deployment(name string) manifest.Ref {
	return manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: name}
}

func TestSourcesOfLogs(t *testing.T) {
	pod := func(workload, short string, restarts int32, containers ...string) status.Pod {
		p := status.Pod{Name: workload + "-" + short, Namespace: "pay", Workload: deployment(workload)}
		for _, c := range containers {
			p.Containers = append(p.Containers, status.Container{Name: c, Restarts: restarts, Init: c == "migrate"})
		}
		return p
	}
	snap := status.Snapshot{
		Synced: true, Tree: []status.Node{{Ref: deployment("api")}, {Ref: deployment("idle")}, {Ref: deployment("worker")}},
		Pods: []status.Pod{pod("api", "1", 0, "migrate", "app", "proxy"), pod("api", "2", 2, "migrate", "app", "proxy"), pod("worker", "3", 0, "app")},
	}
	for name, tc := range map[string]struct {
		ask  templates.LogAsk
		want []string // label of pod and container; nil for not found
	}{
		"all":                       {templates.LogAsk{}, []string{"api-1/app", "api-1/proxy", "api-2/app", "api-2/proxy", "worker-3"}},
		"a workload":                {templates.LogAsk{Workload: "Deployment/api"}, []string{"1/app", "1/proxy", "2/app", "2/proxy"}},
		"a container":               {templates.LogAsk{Workload: "Deployment/api", Container: "app"}, []string{"1", "2"}},
		"an init container":         {templates.LogAsk{Pod: "api-1", Container: "migrate"}, []string{""}},
		"a pod":                     {templates.LogAsk{Pod: "worker-3"}, []string{""}},
		"a pod of two containers":   {templates.LogAsk{Pod: "api-1"}, []string{"app", "proxy"}},
		"before the last restart":   {templates.LogAsk{Previous: true}, []string{"api-2/app", "api-2/proxy"}},
		"a workload without pods":   {templates.LogAsk{Workload: "Deployment/idle"}, []string{}},
		"a foreign pod":             {templates.LogAsk{Pod: "till-1"}, nil},
		"a foreign workload":        {templates.LogAsk{Workload: "Deployment/till"}, nil},
		"a pod of another workload": {templates.LogAsk{Workload: "Deployment/api", Pod: "worker-3"}, nil},
		"no such container":         {templates.LogAsk{Container: "none"}, nil},
		"a path":                    {templates.LogAsk{Pod: "../../pods/till-1"}, nil},
	} {
		got, err := logView{ask: tc.ask}.sources(snap)
		if tc.want == nil {
			if !errors.Is(err, change.ErrNotFound) || got != nil {
				t.Errorf("%s: %v, %v; wanted not found", name, got, err)
			}
			continue
		}
		labels := []string{}
		for _, s := range got {
			labels = append(labels, s.Label)
			if s.Previous != tc.ask.Previous || s.Namespace != "pay" {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if err != nil || !slices.Equal(labels, tc.want) {
			t.Errorf("%s: %q, %v; wanted %q", name, labels, err, tc.want)
		}
	}
	// While nothing is known yet, nothing can be told to be missing.
	if got, err := (logView{ask: templates.LogAsk{Pod: "api-1"}}).sources(status.Snapshot{}); err != nil || len(got) > 0 {
		t.Errorf("before the cluster was seen: %v, %v", got, err)
	}
}

func TestCursor(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 0, 0, 123456789, time.UTC)
	if got := fromCursor("", cursor(at)); !got.Equal(at) {
		t.Errorf("%s became %s", at, got)
	}
	newer := at.Add(time.Second)
	if got := fromCursor(cursor(newer), cursor(at)); !got.Equal(newer) {
		t.Errorf("the browser's own cursor %s lost to %s", newer, got)
	}
	for _, s := range []string{"", "x", "-5", "0", "99999999999999999999999"} {
		if got := fromCursor(s); !got.IsZero() {
			t.Errorf("%q is the cursor %s", s, got)
		}
	}
}

func TestFollowsAreCounted(t *testing.T) {
	s, ada, ben := &server{}, policy.Person{Identity: policy.Identity{Issuer: "i", Subject: "ada"}}, policy.Person{Identity: policy.Identity{Issuer: "i", Subject: "ben"}}
	var ends []func()
	for range followMost {
		done, ok := s.followsMore(ada)
		if !ok {
			t.Fatal("refused too early")
		}
		ends = append(ends, done)
	}
	if _, ok := s.followsMore(ada); ok {
		t.Error("one more is followed than is allowed")
	}
	if _, ok := s.followsMore(ben); !ok {
		t.Error("another person is refused")
	}
	ends[0]()
	if _, ok := s.followsMore(ada); !ok {
		t.Error("what was closed still counts")
	}
}

func TestLogFileLine(t *testing.T) {
	if got, want := lineOf(logs.Line{Time: time.Date(2026, 11, 21, 14, 0, 0, 5e6, time.UTC), From: "1/app", Text: "hello", Cut: 12}), "2026-11-21T14:00:00.005Z [1/app] hello… 12 bytes left out\n"; got != want {
		t.Errorf("%q, wanted %q", got, want)
	}
}
