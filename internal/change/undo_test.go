package change_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

// runs is a template with a workload, and with a Job whose name is an input.
var runs = fstest.MapFS{
	"runs/Chart.yaml":         {Data: []byte("apiVersion: v2\nname: runs\nversion: 1.0.0\n")},
	"runs/values.yaml":        {Data: []byte("image: \"\"\njob: \"\"\n")},
	"runs/values.schema.json": {Data: []byte(`{"type": "object", "properties": {"image": {"type": "string", "title": "Image"}, "job": {"type": "string", "title": "Job"}}}`)},
	"runs/templates/all.yaml": {Data: []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec: {template: {spec: {containers: [{name: c, image: {{ .Values.image | quote }}}]}}}
{{- with .Values.job }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: {{ . }}}
spec: {template: {spec: {containers: [{name: c, image: x}]}}}
{{- end }}
`)},
}

var deployment = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}

// health is what a cluster would say: an image whose tag is bad cannot be pulled.
func (f *folder) health(manifest.Place, string) change.Health {
	f.mu.Lock()
	defer f.mu.Unlock()
	live, there := f.read(deployment)
	if !there {
		return change.Health{Known: !f.away}
	}
	bad := strings.Contains(live, ":bad")
	return change.Health{Known: !f.away, Conditions: []change.Condition{{Ref: deployment, Ready: !bad, Failed: bad, Why: "cannot start: its image cannot be pulled"}}}
}

func running(t *testing.T, h *house) *house {
	t.Helper()
	cat, err := catalog.Open(runs)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates, h.service.Health = cat, h.cluster.health
	return h
}

func run(to policy.Target, kind change.Kind, image, job string) change.Draft {
	return change.Draft{
		Kind: kind, App: change.AppKey{Target: to, Name: "api"}, Template: catalog.TemplateID{Name: "runs", Version: "1.0.0"},
		Inputs: catalog.Inputs{"image": image, "job": job},
	}
}

// submitWatched submits as a person does who ticks the box.
func (h *house) submitWatched(t *testing.T, who policy.Subject, d change.Draft, key string) change.Change {
	t.Helper()
	plan, err := h.service.Preview(t.Context(), who, d)
	if err != nil {
		t.Fatalf("preview: %v", err)
	}
	c, err := h.service.Submit(t.Context(), who, audit.Request{ID: "r"}, change.Submission{Draft: d, Seen: plan.Digest, Reason: "because", Key: key, RollBack: true})
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return c
}

func watchTiming() change.Timing {
	return change.Timing{
		Lease: 600 * time.Millisecond, Poll: 20 * time.Millisecond, Expire: time.Hour, Away: 300 * time.Millisecond, Parallel: 2,
		Watch: change.WatchTiming{Every: 5 * time.Millisecond, Settle: 150 * time.Millisecond, Grace: 60 * time.Millisecond, Blind: time.Hour},
	}
}

// workUntil lets a worker run until ok is content with the change.
func (h *house) workUntil(t *testing.T, id int64, what string, ok func(change.Change) bool) change.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	w := change.NewWorker(h.service, slog.New(slog.DiscardHandler))
	w.Timing = watchTiming()
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		c, err := h.store.Change(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if ok(c) {
			return c
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("never %s: %s, watch %+v", what, c.State, c.Watch)
		}
	}
}

func ended(c change.Change) bool { return c.Watch != nil && !c.Watch.Ended.IsZero() }

func applied(c change.Change) bool { return c.State == change.Applied }

func (h *house) image(t *testing.T) string {
	t.Helper()
	live, _ := h.cluster.read(deployment)
	_, rest, _ := strings.Cut(live, `"image":"`)
	image, _, _ := strings.Cut(rest, `"`)
	return image
}

// begun brings an application to revision 1 in a target.
func (h *house) begun(t *testing.T, to policy.Target, job string) {
	t.Helper()
	c := h.submitWatched(t, petra, run(to, change.Create, "x:good", job), "create")
	if c.Watch != nil {
		t.Error("a new application has nothing to go back to, and is to be watched all the same")
	}
	if c.State == change.Pending {
		h.sign(t, c)
	}
	h.workUntil(t, c.ID, "applied", applied)
}

func TestAChangeThatCannotStartIsTakenBackByItself(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, production, "")
	c := h.submitWatched(t, petra, run(production, change.Update, "x:bad", ""), "update")
	if c.Watch == nil || c.Watch.State != change.Asked || c.State != change.Pending {
		t.Fatalf("%s, watch %+v", c.State, c.Watch)
	}
	h.sign(t, c)
	c = h.workUntil(t, c.ID, "taken back", ended)
	if c.Watch.State != change.RolledBack || c.Watch.Undone == 0 || c.Watch.Why != "api cannot start: its image cannot be pulled." {
		t.Fatalf("the watch ended as %+v", c.Watch)
	}
	// Nobody approves it: that was done together with the change that it takes back.
	undo := h.workUntil(t, c.Watch.Undone, "applied", applied)
	if undo.Kind != change.Rollback || undo.Undoes != c.ID || undo.Revision != 3 || undo.Requester.Identity != petra.Identity || undo.Watch != nil {
		t.Errorf("taken back by %+v", undo)
	}
	if h.image(t) != "x:good" {
		t.Errorf("the cluster runs %s", h.image(t))
	}
	var log []string
	for _, e := range h.log(t) {
		if e.Change == c.ID || e.Change == undo.ID {
			log = append(log, fmt.Sprintf("%d %s %s portal=%t", e.Change-c.ID, e.Action, e.Outcome, e.Actor.Portal))
		}
		if e.Change == c.ID && e.Action == audit.SubmitChange && !strings.Contains(e.Detail, "rolled back by itself") {
			t.Errorf("the entry of the submission says %q", e.Detail)
		}
		if e.Change == undo.ID && e.Action == audit.SubmitChange && (!strings.Contains(e.Detail, "image cannot be pulled") || !strings.Contains(e.Detail, fmt.Sprintf("change %d", c.ID))) {
			t.Errorf("the entry of the roll back says %q", e.Detail)
		}
	}
	for _, want := range []string{"0 watch change failed portal=true", "1 submit change done portal=true", "1 apply change done portal=true"} {
		if !slices.Contains(log, want) {
			t.Errorf("no entry %q in %q", want, log)
		}
	}
}

func TestAChangeThatGetsReadyStays(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, staging, "")
	c := h.workUntil(t, h.submitWatched(t, petra, run(staging, change.Update, "x:better", ""), "update").ID, "settled", ended)
	if c.Watch.State != change.Settled || c.Watch.Undone != 0 || h.image(t) != "x:better" {
		t.Errorf("%+v, the cluster runs %s", c.Watch, h.image(t))
	}
}

// The way back leads to a revision that does not start either: that is for people.
func TestItGoesBackOnceOnly(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, staging, "")
	h.workUntil(t, h.submit(t, petra, run(staging, change.Update, "y:bad", ""), "unwatched").ID, "applied", applied)
	c := h.workUntil(t, h.submitWatched(t, petra, run(staging, change.Update, "x:bad", ""), "watched").ID, "taken back", ended)
	undo := h.workUntil(t, c.Watch.Undone, "applied", applied)
	quiet := time.Now().Add(400 * time.Millisecond)
	h.workUntil(t, undo.ID, "quiet", func(change.Change) bool { return time.Now().After(quiet) })
	all, err := h.store.Changes(t.Context(), change.Query{})
	if err != nil || len(all) != 4 || h.image(t) != "y:bad" {
		t.Errorf("%d changes, %v; the cluster runs %s", len(all), err, h.image(t))
	}
}

func TestSomebodyElsesChangeEndsTheWatch(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, staging, "")
	h.service.Health = func(manifest.Place, string) change.Health { return change.Health{Known: true} } // on its way
	c := h.workUntil(t, h.submitWatched(t, petra, run(staging, change.Update, "x:slow", ""), "1").ID, "watched", applied)
	h.service.Health = h.cluster.health
	h.submit(t, paula, run(staging, change.Update, "x:other", ""), "2")
	c = h.workUntil(t, c.ID, "superseded", ended)
	if c.Watch.State != change.Superseded || c.Watch.Undone != 0 {
		t.Errorf("%+v", c.Watch)
	}
}

func TestAClusterThatIsAwayIsWaitedFor(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, staging, "")
	c := h.submitWatched(t, petra, run(staging, change.Update, "x:bad", ""), "1")
	calls := 0
	h.service.Health = func(p manifest.Place, app string) change.Health {
		if calls++; calls == 2 { // it was seen to fail once, and to see it for long enough takes a second look
			h.cluster.mu.Lock()
			h.cluster.away = true
			h.cluster.mu.Unlock()
		}
		return h.cluster.health(p, app)
	}
	h.workUntil(t, c.ID, "looked at", func(change.Change) bool { h.cluster.mu.Lock(); defer h.cluster.mu.Unlock(); return h.cluster.away })
	h.cluster.away = false
	h.service.Health = h.cluster.health
	if c = h.workUntil(t, c.ID, "taken back", ended); c.Watch.State != change.RolledBack {
		t.Errorf("%+v", c.Watch)
	}
}

func TestAClusterThatIsAwayForTooLongEndsTheWatch(t *testing.T) {
	h := running(t, newHouse(t))
	now := time.Now()
	h.service.Now = func() time.Time { return now }
	h.begun(t, staging, "")
	c := h.workUntil(t, h.submitWatched(t, petra, run(staging, change.Update, "x:bad", ""), "1").ID, "applied", applied)
	h.service.Health = func(manifest.Place, string) change.Health { return change.Health{} }
	now = now.Add(2 * time.Hour)
	if c = h.workUntil(t, c.ID, "given up", ended); c.Watch.State != change.GivenUp || !strings.Contains(c.Watch.Why, "has not answered") {
		t.Errorf("%+v", c.Watch)
	}
}

func TestWhatIsNotDoneUnasked(t *testing.T) {
	cases := []struct {
		name, job, jobAfter string
		break_              func(h *house)
		why                 string
	}{
		{"the cluster would not take it", "", "", func(h *house) {
			h.cluster.refuse = map[string]*manifest.Problem{"api": {Kind: manifest.Admission, Sentence: "The policy says no."}}
		}, "The policy says no."},
		{"the target has moved", "", "", func(h *house) {
			h.service.Places[staging] = manifest.Place{Cluster: "local", Namespace: "elsewhere"}
		}, "has moved"},
		{"the target is no more", "", "", func(h *house) { delete(h.service.Places, staging) }, "does not have this target"},
		{"a Job is gone by now that it would run once more", "once", "once", func(h *house) {
			_ = os.Remove(h.cluster.path(manifest.Ref{Kind: "Job", Name: "once"}))
		}, "Going back would run Job once once more"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			h := running(t, newHouse(t))
			h.begun(t, staging, tc.job)
			h.service.Health = func(manifest.Place, string) change.Health { return change.Health{Known: true} }
			c := h.workUntil(t, h.submitWatched(t, petra, run(staging, change.Update, "x:bad", tc.jobAfter), "1").ID, "applied", applied)
			h.service.Health = h.cluster.health
			tc.break_(h)
			c = h.workUntil(t, c.ID, "given up", ended)
			if c.Watch.State != change.GivenUp || c.Watch.Undone != 0 || !strings.Contains(c.Watch.Why, tc.why) || !strings.Contains(c.Watch.Why, "cannot be pulled") {
				t.Errorf("%+v", c.Watch)
			}
			if h.image(t) != "x:bad" {
				t.Errorf("the cluster runs %s", h.image(t))
			}
		})
	}
}

func TestTheBoxCountsOnlyWhereGoingBackIsPossible(t *testing.T) {
	h := running(t, newHouse(t))
	h.begun(t, staging, "first")
	for name, d := range map[string]change.Draft{
		"a Job would run once more": run(staging, change.Update, "x:bad", "second"),
		"a roll back":               {Kind: change.Rollback, App: change.AppKey{Target: staging, Name: "api"}, Revision: 1},
		"a deletion":                {Kind: change.Delete, App: change.AppKey{Target: staging, Name: "api"}},
	} {
		if c := h.submitWatched(t, petra, d, name); c.Watch != nil {
			t.Errorf("%s is watched: %+v", name, c.Watch)
		}
		if _, err := h.service.Withdraw(t.Context(), petra, audit.Request{}, h.newest(t).ID, ""); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *house) newest(t *testing.T) change.Change {
	t.Helper()
	list, err := h.store.Changes(t.Context(), change.Query{Limit: 1})
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list[0]
}

// Two portals share the database; each has workers, and hears nothing of the other's commits.
func TestTwoPortalsTakeAChangeBackOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/cluster", 0o700); err != nil {
		t.Fatal(err)
	}
	one, two := running(t, open(t, dir, nil)), running(t, open(t, dir, nil))
	one.begun(t, staging, "")
	id := one.submitWatched(t, petra, run(staging, change.Update, "x:bad", ""), "1").ID
	var both sync.WaitGroup
	for _, h := range []*house{one, two} {
		both.Go(func() {
			h.workUntil(t, id, "taken back and done", func(c change.Change) bool {
				if !ended(c) {
					return false
				}
				undo, err := h.store.Change(t.Context(), c.Watch.Undone)
				return err == nil && applied(undo)
			})
		})
	}
	both.Wait()
	takenBack(t, one, id)
}

// takenBack is what must be so in the end, whatever happened on the way.
func takenBack(t *testing.T, h *house, id int64) {
	t.Helper()
	all, err := h.store.Changes(t.Context(), change.Query{})
	if err != nil || len(all) != 3 || all[0].Undoes != id || all[0].State != change.Applied || all[0].Revision != 3 {
		t.Errorf("%d changes, %v: %+v", len(all), err, all)
	}
	if h.image(t) != "x:good" {
		t.Errorf("the cluster runs %s", h.image(t))
	}
	var v audit.Verifier
	ends, submitted := 0, 0
	for _, e := range h.log(t) {
		if err := v.Add(e); err != nil {
			t.Errorf("the chain: %v", err)
		}
		if e.Action == audit.WatchChange {
			ends++
		}
		if e.Action == audit.SubmitChange && e.Actor.Portal {
			submitted++
		}
	}
	if ends != 1 || submitted != 1 {
		t.Errorf("%d ends of the watch and %d roll backs are in the log", ends, submitted)
	}
}

// The portal is killed, for real, before and after each step of a change that is taken back.
func TestKilledWhileItIsTakenBack(t *testing.T) {
	if dir := os.Getenv("SLIPWAY_UNDO_DIR"); dir != "" {
		dieTakingBack(t, dir)
		return
	}
	for step := 1; ; step++ {
		dir := t.TempDir()
		if !t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) { killTakingBack(t, dir, step) }) {
			return // it failed; more steps would say the same
		}
		if _, err := os.Stat(dir + "/survived"); err == nil {
			if step < 14 {
				t.Errorf("there are only %d steps, so something is not counted", step)
			}
			return
		}
	}
}

func killTakingBack(t *testing.T, dir string, step int) {
	if err := os.Mkdir(dir+"/cluster", 0o700); err != nil {
		t.Fatal(err)
	}
	h := running(t, open(t, dir, nil))
	h.begun(t, staging, "")
	id := h.submitWatched(t, petra, run(staging, change.Update, "x:bad", ""), "1").ID
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileItIsTakenBack$") //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), "SLIPWAY_UNDO_DIR="+dir, "SLIPWAY_UNDO_STEP="+strconv.Itoa(step), "SLIPWAY_UNDO_CHANGE="+strconv.FormatInt(id, 10))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		if err := os.WriteFile(dir+"/survived", nil, 0o600); err != nil {
			t.Fatal(err)
		}
	case !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
		t.Fatalf("the child ended otherwise: %v\n%s", err, out)
	}
	h = running(t, open(t, dir, nil))
	c := h.workUntil(t, id, "taken back", ended)
	h.workUntil(t, c.Watch.Undone, "applied", applied)
	takenBack(t, h, id)
}

func dieTakingBack(t *testing.T, dir string) {
	step, _ := strconv.Atoi(os.Getenv("SLIPWAY_UNDO_STEP"))
	id, _ := strconv.ParseInt(os.Getenv("SLIPWAY_UNDO_CHANGE"), 10, 64)
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: dir + "/portal.db", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fate := &fate{}
	fate.left.Store(int64(step))
	h := &house{store: st, cluster: &folder{dir: dir + "/cluster", now: time.Now}}
	h.service = newService(t, mortalWatches{mortalStore{st, fate}}, mortalCluster{h.cluster, fate}, time.Now)
	running(t, h)
	c := h.workUntil(t, id, "taken back", ended)
	h.workUntil(t, c.Watch.Undone, "applied", applied)
}

// mortalWatches is a mortalStore in which claiming a watch is a step too.
type mortalWatches struct{ mortalStore }

func (m mortalWatches) ClaimWatch(ctx context.Context, holder string, lease time.Duration) (change.Change, error) {
	c, err := m.mortalStore.ClaimWatch(ctx, holder, lease)
	if err == nil {
		m.fate.step()
	}
	return c, err
}
