package change_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/store"
)

// startEnding lets a worker run that deletes what is over; stop ends it.
func (h *house) startEnding(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := change.NewWorker(h.service, slog.New(slog.DiscardHandler))
	w.Timing = endingTiming()
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return func() { cancel(); <-done }
}

// workEnding lets a worker run until ok.
func (h *house) workEnding(t *testing.T, what string, ok func() bool) {
	t.Helper()
	defer h.startEnding(t)()
	for until := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never %s", what)
		}
	}
}

// The portal is killed, for real, at each step of ending a copy. Whatever the moment, it is deleted once.
func TestKilledWhileACopyEnds(t *testing.T) {
	if dir := os.Getenv("SLIPWAY_CRASH_DIR"); dir != "" {
		dieEnding(t, dir)
		return
	}
	for step := 1; ; step++ {
		dir, survived := t.TempDir(), false
		if !t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) { survived = crashEnding(t, dir, step) }) {
			return // more steps would say the same
		}
		if survived {
			if step < 8 {
				t.Errorf("there are only %d steps, so something is not counted", step)
			}
			return
		}
	}
}

func crashEnding(t *testing.T, dir string, step int) (survived bool) {
	if err := os.Mkdir(dir+"/cluster", 0o700); err != nil {
		t.Fatal(err)
	}
	h := copies(open(t, dir, nil))
	app := h.copied(t, 2*days)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileACopyEnds$") //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), "SLIPWAY_CRASH_DIR="+dir, "SLIPWAY_CRASH_STEP="+strconv.Itoa(step))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("the child ended otherwise: %v\n%s", err, out)
	}
	h.workEnding(t, "gone", func() bool { return h.gone(t, app.AppKey) })
	if all := h.deletions(t, app.AppKey); len(all) != 1 || all[0].State != change.Applied {
		t.Errorf("deleted by %d changes: %+v", len(all), all)
	}
	if got := h.cluster.names(); len(got) != 0 {
		t.Errorf("the cluster has %v", got)
	}
	var v audit.Verifier
	for _, e := range h.log(t) {
		if err := v.Add(e); err != nil {
			t.Errorf("the chain: %v", err)
		}
	}
	return err == nil
}

func dieEnding(t *testing.T, dir string) {
	step, _ := strconv.Atoi(os.Getenv("SLIPWAY_CRASH_STEP"))
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: dir + "/portal.db", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fate := &fate{}
	fate.left.Store(int64(step))
	h := &house{store: st, cluster: &folder{dir: dir + "/cluster", now: time.Now}}
	h.service = newService(t, mortalEnding{mortalStore{st, fate}}, mortalCluster{h.cluster, fate}, time.Now)
	key := change.AppKey{Target: preview, Name: "api"}
	copies(h).workEnding(t, "gone", func() bool { return h.gone(t, key) })
}

type mortalEnding struct{ mortalStore }

func (m mortalEnding) ClaimEnding(ctx context.Context, pause func(int) time.Duration) (change.Application, error) {
	app, err := m.Store.ClaimEnding(ctx, pause)
	if err == nil {
		m.fate.step()
	}
	return app, err
}

func (m mortalEnding) End(ctx context.Context, app change.Application, c change.Change, entries []audit.Entry) (change.Change, error) {
	m.fate.step()
	defer m.fate.step()
	return m.Store.End(ctx, app, c, entries)
}
