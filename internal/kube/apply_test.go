package kube_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

const (
	service = `
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 80}]}`
	broken = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken}
spec:
  replicas: 1
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: broken}}
    spec: {containers: [{name: c, image: "example.com/c:1"}]}`
)

// reports notes what is reported, "Kind name: state", in order.
func reports(into *[]string) func(manifest.Outcome) error {
	return func(o manifest.Outcome) error {
		*into = append(*into, fmt.Sprintf("%s: %s", o.Ref, o.State))
		return nil
	}
}

func byName(out []manifest.Outcome) map[string]manifest.Outcome {
	m := map[string]manifest.Outcome{}
	for _, o := range out {
		m[o.Ref.String()] = o
	}
	return m
}

func TestApplyInStages(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", "{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}"))
	old := manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "old"}

	var said []string
	set := s.set("shop", api+"\n---\n"+service+"\n---\n"+settings)
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, []manifest.Ref{old}, nil, reports(&said))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ConfigMap settings: working", "ConfigMap settings: succeeded",
		"Service api: working", "Service api: succeeded",
		"Deployment api: working", "Deployment api: succeeded",
		"ConfigMap old: working", "ConfigMap old: succeeded",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("reports:\n%s", strings.Join(said, "\n"))
	}
	for _, o := range out {
		op := manifest.Create
		if o.Ref == old {
			op = manifest.Delete
		}
		if o.Op != op || o.State != manifest.Succeeded || o.Tries != 1 || o.UID == "" {
			t.Errorf("%+v", o)
		}
	}
	if s.exists(old) || !s.exists(settingsRef) {
		t.Error("the cluster does not hold what the outcomes say")
	}

	changed := s.set("shop", api+"\n---\n"+service+"\n---\n"+strings.Replace(settings, "blue", "red", 1))
	again := byName(s.apply("shop", changed, old))
	for name, op := range map[string]manifest.Op{"ConfigMap settings": manifest.Change, "Service api": manifest.Unchanged, "Deployment api": manifest.Unchanged, "ConfigMap old": manifest.Delete} {
		if again[name].Op != op {
			t.Errorf("%s the second time: %s, want %s", name, again[name].Op, op)
		}
	}
}

func TestApplyWritesTheBytesThatItIsGiven(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", settings))
	cm, err := s.admin.CoreV1().ConfigMaps(s.place.Namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(cm.Annotations) != 0 || len(cm.Labels) != 2 {
		t.Errorf("something was added: %v %v", cm.Annotations, cm.Labels)
	}
	if m := cm.ManagedFields; len(m) != 1 || m[0].Manager != manifest.FieldManager || m[0].Operation != metav1.ManagedFieldsOperationApply {
		t.Errorf("managed fields: %+v", m)
	}
}

func TestApplyStopsAfterAStageThatFailedAndIsResumed(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", api+"\n---\n"+broken+"\n---\n"+settings)
	var said []string
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, []manifest.Ref{{Version: "v1", Kind: "ConfigMap", Name: "x"}}, nil, reports(&said))
	if err != nil {
		t.Fatal(err)
	}
	got := byName(out)
	for name, state := range map[string]manifest.OutcomeState{
		"ConfigMap settings": manifest.Succeeded, "Deployment api": manifest.Succeeded, "Deployment broken": manifest.Broken, "ConfigMap x": manifest.Skipped,
	} {
		if got[name].State != state {
			t.Errorf("%s: %s, want %s", name, got[name].State, state)
		}
	}
	if p := got["Deployment broken"].Problem; p == nil || p.Kind != manifest.InvalidField || got["Deployment broken"].Tries != 1 {
		t.Errorf("%+v", got["Deployment broken"])
	}
	if last := said[len(said)-1]; last != "ConfigMap x: not tried" {
		t.Errorf("the last report: %s", last)
	}

	mended := s.set("shop", api+"\n---\n"+strings.Replace(broken, "app: other", "app: broken", 1)+"\n---\n"+settings)
	again := byName(s.apply("shop", mended))
	if again["Deployment broken"].Op != manifest.Create || again["ConfigMap settings"].Op != manifest.Unchanged {
		t.Errorf("resumed: %+v", again)
	}
}

func TestApplyForcesNobody(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", settings))
	s.adminDoes("kubectl-edit", "", strings.Replace(settings, "blue", "green", 1))
	set := s.set("shop", strings.Replace(settings, "blue", "red", 1))
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	p := out[0].Problem
	if out[0].State != manifest.Broken || p == nil || p.Kind != manifest.Conflicting || !strings.Contains(p.Sentence, ".data.colour belongs to kubectl-edit") {
		t.Errorf("%+v %+v", out[0], p)
	}
	cm, err := s.admin.CoreV1().ConfigMaps(s.place.Namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	if err != nil || cm.Data["colour"] != "green" {
		t.Errorf("the owner's value is now %v, %v", cm.Data, err)
	}
}

func TestApplyTakesNothingFromOthers(t *testing.T) {
	s := newStage(t)
	s.apply("stock", s.set("stock", settings))
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", s.set("shop", settings), nil, nil, func(manifest.Outcome) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if p := out[0].Problem; out[0].State != manifest.Broken || p == nil || p.Kind != manifest.NotOurs {
		t.Errorf("%+v", out[0])
	}
}

// What lost its labels is not deleted, and both the plan and the outcome say whose it is by now.
func TestDeletingLeavesWhatIsNotOursAnyMore(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", settings))
	s.adminDoes("kubectl-label", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, labels: {slipway.dev/team: ''}}}")
	const whose = "no application of this portal"
	if d := s.dryRun("shop", nil, settingsRef)[settingsRef.String()]; d.Op != manifest.Unchanged || d.Left != whose {
		t.Errorf("planned: %+v", d)
	}
	if o := s.apply("shop", nil, settingsRef)[0]; o.Op != manifest.Unchanged || o.Left != whose || o.State != manifest.Succeeded || !s.exists(settingsRef) {
		t.Errorf("deleted: %+v", o)
	}
}

func TestApplyWritesNothingThatCannotBeReported(t *testing.T) {
	s := newStage(t)
	full := errors.New("the disk is full")
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", s.set("shop", settings+"\n---\n"+api), nil, nil, func(manifest.Outcome) error { return full })
	if !errors.Is(err, full) || s.exists(settingsRef) {
		t.Errorf("err %v, outcomes %+v", err, out)
	}
}

// through puts a meddler between the portal and the API server.
func (s *stage) through() *meddler {
	s.t.Helper()
	m := newMeddler(s.t, s.world)
	s.cs = s.portal(s.t, s.kubeconfig(s.t, m.URL, m.ca()))
	return m
}

func TestApplyWhenTheAnswerIsLost(t *testing.T) {
	s := newStage(t)
	m := s.through()
	var swallowed atomic.Int32
	m.swallow = func(r *http.Request) bool { return isWrite(r) && swallowed.Add(1) == 1 }
	out := s.apply("shop", s.set("shop", settings))
	if swallowed.Load() < 1 || out[0].Op != manifest.Create || out[0].Tries != 2 {
		t.Errorf("swallowed %d: %+v", swallowed.Load(), out[0])
	}
	swallowed.Store(0)
	out = s.apply("shop", nil, settingsRef)
	if swallowed.Load() < 1 || out[0].Tries != 2 || s.exists(settingsRef) {
		t.Errorf("swallowed %d: %+v", swallowed.Load(), out[0])
	}
}

func TestApplyWhenNoAnswerEverComes(t *testing.T) {
	s := newStage(t)
	m := s.through()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var swallowed atomic.Int32
	m.swallow = func(r *http.Request) bool {
		if ctx.Err() != nil || !isWrite(r) {
			return false
		}
		if swallowed.Add(1) == 3 { // whoever applies loses patience, however long this took
			stop()
		}
		return true
	}
	out, err := s.cs.Apply(ctx, s.as, s.place, "shop", s.set("shop", settings), nil, nil, func(manifest.Outcome) error { return nil })
	if !errors.Is(err, context.Canceled) || out[0].State != manifest.Lost {
		t.Fatalf("%v %+v", err, out)
	}
	if out := s.apply("shop", s.set("shop", settings)); out[0].Op != manifest.Unchanged {
		t.Errorf("it had been written, and resuming says %+v", out[0])
	}
}

func TestApplyHonoursRetryAfter(t *testing.T) {
	s := newStage(t)
	m := s.through()
	var refused atomic.Int32
	var first, second atomic.Int64
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !isWrite(r) {
			return false
		}
		if refused.Add(1) == 1 {
			first.Store(time.Now().UnixMilli())
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return true
		}
		second.CompareAndSwap(0, time.Now().UnixMilli())
		return false
	}
	out := s.apply("shop", s.set("shop", settings))
	if out[0].Tries != 2 || second.Load()-first.Load() < 1000 {
		t.Errorf("tried again after %d ms: %+v", second.Load()-first.Load(), out[0])
	}
}

func TestClusterAway(t *testing.T) {
	s := newStage(t)
	w := newWire(t, s.world)
	file := s.kubeconfig(t, w.url(), nil)
	set := s.set("shop", settings)
	w.set(func() { w.cut = true })
	s.cs = s.portal(t, file)
	if _, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil); !errors.Is(err, manifest.ErrClusterAway) {
		t.Errorf("never reached: %v", err)
	}
	if _, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil }); !errors.Is(err, manifest.ErrClusterAway) {
		t.Errorf("never reached: %v", err)
	}
	w.set(func() { w.cut = false })
	s.eventually("the cluster", func() bool { _, err := s.cs.Version(t.Context(), "main"); return err == nil })

	w.set(func() { w.hole = true })
	start := time.Now()
	_, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil)
	if !errors.Is(err, manifest.ErrClusterAway) || time.Since(start) > 12*time.Second {
		t.Errorf("swallowed: %v after %v", err, time.Since(start))
	}
	if v, err := s.cs.Version(t.Context(), "main"); err != nil || !strings.HasPrefix(v.Kube, "v1.") || len(v.APIs) < 50 {
		t.Errorf("the version is no longer known: %v", err)
	}
	w.set(func() { w.hole = false })
	s.eventually("the cluster", func() bool {
		_, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil)
		return err == nil
	})
}

// Somebody makes an object of the same name between the look and the write. It is not adopted, whoever it is,
// and whatever fields it has; another application of the portal's is somebody too, though its fields have the
// same manager, which would let an apply take them over without a conflict.
func TestApplyAdoptsNothingThatComesInBetween(t *testing.T) {
	const theirs = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theirs: kept}"
	for name, tc := range map[string]struct {
		app, manager, theirs, ours string
	}{
		"a person's":            {"", "kubectl-create", theirs, settings},
		"another application's": {"other", manifest.FieldManager, theirs, settings},
		"of an extension":       {"", "kubectl-create", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: database, annotations: {theirs: kept}}\nspec: {refreshInterval: 1h}", filled},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			set := s.set("shop", tc.ours)
			if tc.ours == filled {
				s.extend()
				s.eventually("rights", func() bool { return s.dryRun("shop", set)["ExternalSecret database"].Problem == nil })
			}
			before := func(o manifest.Outcome) error {
				if o.State == manifest.Working {
					s.adminDoes(tc.manager, tc.app, tc.theirs)
				}
				return nil
			}
			out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, before)
			if err != nil {
				t.Fatal(err)
			}
			if o := out[0]; o.State != manifest.Broken || o.Problem == nil || o.Problem.Kind != manifest.NotOurs || o.Tries != 2 {
				t.Errorf("%+v, %+v", o, o.Problem)
			}
			u := s.object("", tc.theirs)
			r, err := s.resourceOf(u)
			if err != nil {
				t.Fatal(err)
			}
			live, err := r.Get(t.Context(), u.GetName(), metav1.GetOptions{})
			if err != nil || live.GetLabels()[manifest.LabelApp] != tc.app || len(live.GetManagedFields()) != 1 || live.GetManagedFields()[0].Manager != tc.manager {
				t.Errorf("it was adopted: %v, %v", live, err)
			}
		})
	}
}
