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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

// The worker is killed, for real, before and after each thing that it does to the database or the
// cluster. Whatever the moment, the next worker brings the change to its one true end.
func TestKilledAtEachStep(t *testing.T) {
	if dir := os.Getenv("SLIPWAY_CRASH_DIR"); dir != "" {
		dieAt(t, dir)
		return
	}
	for step := 1; ; step++ {
		dir := t.TempDir()
		died := t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) { crashAt(t, dir, step) })
		if !died {
			return // it failed; more steps would say the same
		}
		if _, err := os.Stat(dir + "/survived"); err == nil {
			if step < 10 {
				t.Errorf("there are only %d steps, so something is not counted", step)
			}
			return
		}
	}
}

func crashAt(t *testing.T, dir string, step int) {
	if err := os.Mkdir(dir+"/cluster", 0o700); err != nil {
		t.Fatal(err)
	}
	id := prepareCrash(t, dir)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledAtEachStep$") //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), "SLIPWAY_CRASH_DIR="+dir, "SLIPWAY_CRASH_STEP="+strconv.Itoa(step), "SLIPWAY_CRASH_CHANGE="+strconv.FormatInt(id, 10))
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
	continued(t, dir, id)
}

func prepareCrash(t *testing.T, dir string) int64 {
	h := open(t, dir, nil)
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a", "b"), "1").ID)
	id := h.submit(t, petra, draft(staging, change.Update, "two", "a", "c", "migrate-2"), "2").ID
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	return id
}

func continued(t *testing.T, dir string, id int64) {
	h := open(t, dir, nil)
	c := h.work(t, id)
	if c.State != change.Applied || c.Revision != 2 {
		t.Fatalf("%s, revision %d: %s", c.State, c.Revision, c.Failure)
	}
	if got := h.cluster.names(); !slices.Equal(got, []string{"ConfigMap.a", "ConfigMap.c", "ConfigMap.slipway-api", "Job.migrate-2"}) {
		t.Errorf("the cluster has %v", got)
	}
	var v audit.Verifier
	intent, done := 0, 0
	for _, e := range h.log(t) {
		if err := v.Add(e); err != nil {
			t.Errorf("the chain: %v", err)
		}
		if e.Change != id || e.Action != audit.ApplyChange {
			continue
		}
		switch e.Outcome {
		case audit.Intent:
			intent++
		case audit.Done:
			done++
		}
	}
	if intent == 0 || done != 1 {
		t.Errorf("%d intents, %d outcomes", intent, done)
	}
	revs, err := h.store.Revisions(t.Context(), c.App)
	if err != nil || len(revs) != 2 {
		t.Errorf("%d revisions, %v", len(revs), err)
	}
	have, err := h.store.Inventory(t.Context(), c.App)
	if err != nil || len(have) != 4 {
		t.Errorf("inventory %v, %v", have, err)
	}
}

// dieAt is the child: a worker whose world counts what it is asked, and kills the process when the
// count is reached.
func dieAt(t *testing.T, dir string) {
	step, _ := strconv.Atoi(os.Getenv("SLIPWAY_CRASH_STEP"))
	id, _ := strconv.ParseInt(os.Getenv("SLIPWAY_CRASH_CHANGE"), 10, 64)
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: dir + "/portal.db", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fate := &fate{}
	fate.left.Store(int64(step))
	h := &house{store: st, cluster: &folder{dir: dir + "/cluster", now: time.Now}}
	h.service = newService(t, mortalStore{st, fate}, mortalCluster{h.cluster, fate}, time.Now)
	h.work(t, id)
}

type fate struct{ left atomic.Int64 }

func (f *fate) step() {
	if f.left.Add(-1) == 0 {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}
}

type mortalStore struct {
	change.Store
	fate *fate
}

func (m mortalStore) Claim(ctx context.Context, holder string, lease time.Duration, note func(change.Change) []audit.Entry) (change.Change, error) {
	c, err := m.Store.Claim(ctx, holder, lease, note)
	if err == nil {
		m.fate.step()
	}
	return c, err
}

func (m mortalStore) Update(ctx context.Context, id int64, fn func(*change.Change) (change.Commit, error)) (change.Change, error) {
	m.fate.step()
	defer m.fate.step()
	return m.Store.Update(ctx, id, fn)
}

type mortalCluster struct {
	*folder
	fate *fate
}

func (m mortalCluster) Apply(ctx context.Context, as policy.Acting, p manifest.Place, app string, set manifest.Set, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) ([]manifest.Outcome, error) {
	return m.folder.Apply(ctx, as, p, app, set, prune, seen, func(o manifest.Outcome) error {
		m.fate.step()
		return report(o)
	})
}
