package change_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// folder is a change.Cluster that keeps its objects as files, so that it outlives a killed process.
// What a real API server adds is tested in package kube; here only the order of things matters.
type folder struct {
	dir string

	mu     sync.Mutex
	away   bool
	refuse map[string]*manifest.Problem // by object name
	breaks map[string]*manifest.Problem // by object name: not refused by a dry run, but when it is applied
	taken  map[string]string            // by object name: whose it is by now
	staged map[manifest.Token]manifest.Staged
	uids   map[string]string // by object name: which one it is, "1" where nothing is said
	seen   manifest.UIDs     // what the last Apply was told
	now    func() time.Time  // when something is staged
	calls  []policy.Acting
}

func (f *folder) path(r manifest.Ref) string { return filepath.Join(f.dir, r.Kind+"."+r.Name) }

func (f *folder) read(r manifest.Ref) (string, bool) {
	raw, err := os.ReadFile(f.path(r))
	return string(raw), err == nil
}

// put writes an object whole or not at all, as an API server does.
func (f *folder) put(o manifest.Object) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	part := f.path(manifest.RefOf(o)) + ".part"
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, f.path(manifest.RefOf(o)))
}

func (f *folder) names() []string {
	entries, _ := os.ReadDir(f.dir)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func (f *folder) DryRun(_ context.Context, as policy.Acting, _ manifest.Place, _ string, set manifest.Set, prune []manifest.Ref) ([]manifest.DryRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, as)
	if f.away {
		return nil, change.ErrClusterAway
	}
	var out []manifest.DryRun
	for _, o := range set {
		raw, _ := json.Marshal(o)
		d := manifest.DryRun{Ref: manifest.RefOf(o), Op: manifest.Create, After: string(raw), Problem: f.refuse[o.GetName()]}
		if live, ok := f.read(d.Ref); ok {
			d.Before, d.Op, d.UID = live, manifest.Unchanged, cmp.Or(f.uids[o.GetName()], "1")
			if live != string(raw) {
				d.Op = manifest.Change
				d.Fields = []manifest.FieldChange{{Path: ".data", From: live, To: string(raw), Op: manifest.Change}}
			}
		}
		out = append(out, d)
	}
	for _, r := range prune {
		d := manifest.DryRun{Ref: r, Op: manifest.Unchanged}
		live, ok := f.read(r)
		switch {
		case ok && f.taken[r.Name] != "":
			d.Left = f.taken[r.Name]
		case ok:
			d.Op, d.Before, d.UID = manifest.Delete, live, cmp.Or(f.uids[r.Name], "1")
		}
		out = append(out, d)
	}
	return out, nil
}

func (f *folder) Apply(ctx context.Context, as policy.Acting, _ manifest.Place, _ string, set manifest.Set, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) ([]manifest.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, as)
	f.seen = seen
	if f.away {
		return nil, change.ErrClusterAway
	}
	var out []manifest.Outcome
	failed := false
	step := func(r manifest.Ref, op manifest.Op, do func() error) error {
		o := manifest.Outcome{Ref: r, Op: op, State: manifest.Succeeded, Stage: manifest.StageOfKind(r)}
		switch p := cmp.Or(f.refuse[r.Name], f.breaks[r.Name]); {
		case ctx.Err() != nil:
			return ctx.Err()
		case failed:
			o.State = manifest.Skipped
		case p != nil:
			o.State, o.Problem, failed = manifest.Broken, p, true
		default:
			if err := do(); err != nil {
				return err
			}
		}
		out = append(out, o)
		return report(o)
	}
	for _, o := range set {
		if manifest.IsGate(o) {
			if err := report(manifest.Outcome{Ref: manifest.RefOf(o), Op: manifest.Create, State: manifest.Awaited, Stage: manifest.Stage(o)}); err != nil {
				return out, err
			}
		}
		if err := step(manifest.RefOf(o), manifest.Change, func() error { return f.put(o) }); err != nil {
			return out, err
		}
	}
	for _, r := range prune {
		err := step(r, manifest.Delete, func() error {
			if err := os.Remove(f.path(r)); !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (f *folder) Stage(_ context.Context, as policy.Acting, _ manifest.Place, values manifest.Secrets) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, as)
	if f.away {
		return change.ErrClusterAway
	}
	if f.staged == nil {
		f.staged = map[manifest.Token]manifest.Staged{}
	}
	for t := range values {
		f.staged[t] = manifest.Staged{Token: t, At: f.now(), Name: manifest.StagedName(t)}
	}
	return nil
}

func (f *folder) Staged(context.Context, policy.Acting, manifest.Place) ([]manifest.Staged, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []manifest.Staged
	for _, s := range f.staged {
		out = append(out, s)
	}
	return out, nil
}

func (f *folder) Unstage(_ context.Context, _ policy.Acting, _ manifest.Place, which []manifest.Staged) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range which {
		delete(f.staged, s.Token)
	}
	return nil
}

func (*folder) Version(context.Context, string) (manifest.ClusterVersion, error) {
	return manifest.ClusterVersion{Kube: "v1.37.1", APIs: []string{"v1"}}, nil
}
