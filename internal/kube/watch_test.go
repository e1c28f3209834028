package kube_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// watch starts to watch the stage's namespace, and ends it with the test.
func (s *stage) watch() (*status.Hub, interface {
	Healthy(string) (bool, time.Time, error)
}) {
	s.t.Helper()
	return s.watchWith(nil)
}

// watchWith is watch with what is on record of applications.
func (s *stage) watchWith(record func(context.Context, status.Key) (status.Record, error)) (*status.Hub, *kube.Watcher) {
	s.t.Helper()
	hub := status.NewHub()
	w, err := s.cs.NewWatcher(hub, []manifest.Place{s.place}, record)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			s.t.Errorf("the watcher ended with %v", err)
		}
	})
	s.t.Cleanup(func() {
		cancel()
		ended := make(chan struct{})
		go func() { running.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			s.t.Error("the watcher does not end")
		}
	})
	return hub, w
}

func (s *stage) key(app string) status.Key {
	return status.Key{Cluster: "main", Namespace: s.place.Namespace, App: app}
}

// awaitStatus waits for a state of the application "shop" that is as wanted.
func (s *stage) awaitStatus(hub *status.Hub, what string, ok func(status.Snapshot) bool) status.Snapshot {
	s.t.Helper()
	var last status.Snapshot
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		f, known := hub.Latest(s.key("shop"))
		if last = f.Snapshot; known && ok(last) {
			return last
		}
	}
	s.t.Fatalf("waited in vain for %s; the last state is %s, %q, synced %v, %d objects, %d of %d pods, %d events", what, last.Verdict, last.Sentence, last.Synced, last.Objects, last.PodsReady, last.PodsWant, len(last.Events))
	return last
}

func (s *stage) scale(to string) {
	s.t.Helper()
	_, err := s.admin.AppsV1().Deployments(s.place.Namespace).Patch(s.t.Context(), "api", types.MergePatchType, []byte(`{"spec":{"replicas":`+to+`}}`), metav1.PatchOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func ready(pods int32) func(status.Snapshot) bool {
	return func(n status.Snapshot) bool {
		return n.Synced && n.Verdict == status.Ready && n.PodsReady == pods && n.PodsWant == pods
	}
}

func TestWatchFollowsAnApplication(t *testing.T) {
	s := newStage(t)
	hub, w := s.watch()
	s.eventually("the first lists", func() bool { ok, _, _ := w.Healthy("main"); return ok })

	s.apply("shop", s.set("shop", settings+"\n---\n"+password+"\n---\n"+service+"\n---\n"+api))
	snap := s.awaitStatus(hub, "three pods", ready(3))
	if len(snap.Tree) == 0 || len(snap.Tree[0].Children) == 0 {
		t.Errorf("the Deployment owns nothing: %+v", snap.Tree)
	}
	snap = s.awaitStatus(hub, "an event", func(n status.Snapshot) bool { return len(n.Events) > 0 })
	if e := snap.Events[0]; e.Reason == "" || e.Object.Name == "" || e.Time.IsZero() {
		t.Errorf("%+v", e)
	}

	s.scale("1")
	s.awaitStatus(hub, "one pod", ready(1))

	for _, r := range s.set("shop", settings+"\n---\n"+password+"\n---\n"+service+"\n---\n"+api).Refs() {
		s.apply("shop", nil, r)
	}
	s.eventually("the end of the application", func() bool { _, known := hub.Latest(s.key("shop")); return !known })
}

func TestWatchIsCutAndHeals(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", api))
	cut := newWire(t, s.world)
	s.cs = s.portal(t, s.kubeconfig(t, cut.url(), nil))
	hub, w := s.watch()
	s.awaitStatus(hub, "three pods", ready(3))

	for _, c := range []struct {
		name        string
		away, again func()
		pods        string
		want        int32
		within      time.Duration
	}{
		{"the connection is refused", func() { cut.set(func() { cut.cut = true }); cut.drop() }, func() { cut.set(func() { cut.cut = false }) }, "1", 1, 5 * time.Second},
		{"nothing is answered", func() { cut.set(func() { cut.hole = true }) }, func() { cut.set(func() { cut.hole = false }) }, "2", 2, 10 * time.Second},
	} {
		c.away()
		start := time.Now()
		snap := s.awaitStatus(hub, "the news that "+c.name, func(n status.Snapshot) bool { return !n.Synced })
		if took := time.Since(start); took > c.within || snap.Since.Before(start) {
			t.Errorf("%s: noticed after %v, since %v", c.name, took, snap.Since)
		}
		if ok, _, err := w.Healthy("main"); ok || err == nil {
			t.Errorf("%s: healthy %v, %v", c.name, ok, err)
		}
		s.scale(c.pods) // while nobody sees it
		c.again()
		start = time.Now()
		s.awaitStatus(hub, "what happened meanwhile", ready(c.want))
		t.Logf("%s: healed after %v", c.name, time.Since(start))
	}
}

// TestWatchReadsNoSecrets: the account of the tests may not, so a watch of Secrets would never be synced.
func TestWatchReadsNoSecrets(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", settings+"\n---\n"+password))
	hub, w := s.watch()
	snap := s.awaitStatus(hub, "the ConfigMap", func(n status.Snapshot) bool { return n.Synced && n.Objects > 0 })
	if snap.Objects != 1 || len(snap.Tree) != 1 || len(snap.Tree[0].Children) != 1 || snap.Tree[0].Children[0].Ref != settingsRef {
		t.Errorf("%+v", snap.Tree)
	}
	if ok, _, err := w.Healthy("main"); !ok || err != nil {
		t.Errorf("healthy %v, %v", ok, err)
	}
	if ok, _, err := w.Healthy("other"); ok || err == nil || !strings.Contains(err.Error(), "not watched") {
		t.Errorf("an unknown cluster: %v, %v", ok, err)
	}
}
