package change_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var migrateRef = manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "migrate"}

// gated is a cluster in which the application api has a gate that somebody else opens.
type gated struct {
	*folder
	open   chan manifest.OutcomeState // how the gate's Job ends
	waits  chan struct{}              // once for each Apply that waits
	before manifest.Op                // what applying the Job did
}

func (g *gated) Apply(ctx context.Context, as policy.Acting, p manifest.Place, app string, set manifest.Set, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) ([]manifest.Outcome, error) {
	if app != "api" {
		return g.folder.Apply(ctx, as, p, app, set, prune, seen, report)
	}
	o := manifest.Outcome{Ref: migrateRef, Stage: manifest.StageGates, Op: g.before, State: manifest.Awaited}
	for _, o.Note = range []string{"its pod is starting", "1 pod runs"} {
		if err := report(o); err != nil {
			return nil, err
		}
	}
	g.waits <- struct{}{}
	select {
	case o.State = <-g.open:
	case <-ctx.Done():
		return []manifest.Outcome{o}, ctx.Err()
	}
	o.Note = ""
	if o.State == manifest.Broken {
		o.Problem = &manifest.Problem{Kind: manifest.GateFailed, Sentence: "Its process ends with exit code 3."}
		err := report(o)
		return []manifest.Outcome{o, {Ref: manifest.Ref{Kind: "Deployment", Name: "api"}, State: manifest.Skipped}}, err
	}
	if err := report(o); err != nil {
		return nil, err
	}
	g.before = manifest.Unchanged
	out, err := g.folder.Apply(ctx, as, p, app, set, prune, seen, report)
	return append([]manifest.Outcome{o}, out...), err
}

func gatedHouse(t *testing.T) (*house, *gated) {
	t.Helper()
	h := open(t, t.TempDir(), nil)
	g := &gated{folder: h.cluster, open: make(chan manifest.OutcomeState), waits: make(chan struct{}, 10), before: manifest.Create}
	if err := os.Mkdir(h.cluster.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h.service = newService(t, h.store, g, nil)
	return h, g
}

// starts lets a worker of one place run until the test ends, or it is stopped.
func (h *house) starts(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := change.NewWorker(h.service, slog.New(slog.DiscardHandler))
	w.Timing = change.Timing{Lease: 600 * time.Millisecond, Poll: 20 * time.Millisecond, Expire: time.Hour, Away: 300 * time.Millisecond, Parallel: 1}
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (h *house) becomes(t *testing.T, id int64, want change.State) change.Change {
	t.Helper()
	return h.stored(t, id, string(want), func(c change.Change) bool { return c.State == want })
}

// stored waits until a change stands in the database as ok wants it: reports are stored a moment after they are made.
func (h *house) stored(t *testing.T, id int64, what string, ok func(change.Change) bool) change.Change {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := h.store.Change(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if ok(c) {
			return c
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s; change %d is %s, %s, with %+v", what, id, c.State, c.Failure, c.Outcomes)
		}
	}
}

func waits(t *testing.T, g *gated) {
	t.Helper()
	select {
	case <-g.waits:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing waits at the gate")
	}
}

func TestAChangeThatWaitsForAGateHoldsUpNoOther(t *testing.T) {
	h, g := gatedHouse(t)
	slow := h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID
	h.starts(t)
	waits(t, g)
	other := draft(staging, change.Create, "one", "b")
	other.App.Name = "web"
	h.becomes(t, h.submit(t, petra, other, "2").ID, change.Applied)
	h.stored(t, slow, "what is waited for", func(c change.Change) bool {
		return c.State == change.Applying && slices.ContainsFunc(c.Outcomes, func(o manifest.Outcome) bool { return o.State == manifest.Awaited && o.Note == "1 pod runs" })
	})
	g.open <- manifest.Succeeded
	h.becomes(t, slow, change.Applied)
}

func TestAGateIsOnceInTheAudit(t *testing.T) {
	h, g := gatedHouse(t)
	id := h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID
	stop := h.starts(t)
	waits(t, g)
	for end := time.Now().Add(20 * time.Second); entriesOf(h.log(t), migrateRef) != "done"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("while it is waited for: %q", entriesOf(h.log(t), migrateRef))
		}
	}
	stop() // the portal ends, and another one goes on
	g.before = manifest.Unchanged
	h.starts(t)
	waits(t, g)
	g.open <- manifest.Succeeded
	h.becomes(t, id, change.Applied)
	if got := entriesOf(h.log(t), migrateRef); got != "done" {
		t.Errorf("in the end: %q", got)
	}
}

func TestAGateThatFailsFailsTheChangeAndIsResumed(t *testing.T) {
	h, g := gatedHouse(t)
	id := h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID
	h.starts(t)
	waits(t, g)
	g.open <- manifest.Broken
	c := h.becomes(t, id, change.Failed)
	if !strings.HasPrefix(c.Failure, "Job migrate did not succeed, so the rollout has not begun: what runs is as it was.") || len(h.cluster.names()) != 0 {
		t.Errorf("%s, and the cluster has %v", c.Failure, h.cluster.names())
	}
	if got := entriesOf(h.log(t), migrateRef); got != "done failed: Its process ends with exit code 3." {
		t.Errorf("the audit says %q", got)
	}
	if _, err := h.service.Resume(t.Context(), petra, audit.Request{ID: "r"}, id); err != nil {
		t.Fatal(err)
	}
	waits(t, g)
	g.open <- manifest.Succeeded
	h.becomes(t, id, change.Applied)
}

// entriesOf lists the outcomes that the audit has of an object, with their details.
func entriesOf(all []audit.Entry, ref manifest.Ref) string {
	var out []string
	for _, e := range all {
		if e.Object != ref.String() {
			continue
		}
		s := string(e.Outcome)
		if e.Detail != "" {
			s += ": " + e.Detail
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// Going back runs no migration, and says of which one the work stays.
func TestRollbackRunsNoGateAndSaysWhatItDoesNotUndo(t *testing.T) {
	h := open(t, t.TempDir(), nil)
	if err := os.Mkdir(h.cluster.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, d := range []change.Draft{
		draft(staging, change.Create, "one", "a", "migrate-1"),
		draft(staging, change.Update, "two", "a", "migrate-1", "try-2"),
		draft(staging, change.Update, "three", "a", "migrate-3", "try-3"),
	} {
		if c := h.work(t, h.submit(t, petra, d, string(rune('a'+i))).ID); c.State != change.Applied {
			t.Fatalf("%s: %s", c.State, c.Failure)
		}
	}
	for revision, want := range map[int]string{1: "Job `migrate-3`", 2: "Job `migrate-3`", 3: ""} {
		back := change.Draft{Kind: change.Rollback, App: change.AppKey{Target: staging, Name: "api"}, Revision: revision}
		plan, err := h.service.Preview(t.Context(), petra, back)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, w := range plan.Warnings {
			if strings.Contains(w.Sentence, "going back does not undo") {
				said = append(said, w.Sentence)
			}
		}
		if want == "" && len(said) > 0 || want != "" && (len(said) != 1 || !strings.HasPrefix(said[0], want)) {
			t.Errorf("to revision %d: %q", revision, said)
		}
		for _, o := range plan.Objects {
			if o.Ref.Kind == "Job" && o.Op != manifest.Delete {
				t.Errorf("to revision %d: %s of %s", revision, o.Op, o.Ref)
			}
		}
	}
	id := h.submit(t, petra, change.Draft{Kind: change.Rollback, App: change.AppKey{Target: staging, Name: "api"}, Revision: 1}, "back").ID
	if c := h.work(t, id); c.State != change.Applied || !slices.Equal(h.cluster.names(), []string{"ConfigMap.a", "ConfigMap.slipway-api"}) {
		t.Errorf("%s %s, and the cluster has %v", c.State, c.Failure, h.cluster.names())
	}
}
