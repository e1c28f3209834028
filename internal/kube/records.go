package kube

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

const (
	// recordWithin is how long a record is waited for. Evaluations go on without it.
	recordWithin = 2 * time.Second
	// recordFresh is how old a record may be by which somebody is told that something is gone. Another
	// replica of the portal may have changed it since, which is not told here.
	recordFresh = time.Second
	// recordAgain is how soon a record is asked for again when there was no answer, and while something is
	// gone: another replica may be about to bring it back, or have taken it off the record.
	recordAgain = 5 * time.Second
)

// records remembers what is on record of applications.
type records struct {
	ask func(context.Context, status.Key) (status.Record, error)

	mu    sync.Mutex
	byKey map[status.Key]remembered
}

// remembered is an answer. The zero value is none.
type remembered struct {
	record  status.Record
	asked   time.Time // zero if it has to be asked for
	touched int       // how often it was told that there may be another answer
}

func newRecords(ask func(context.Context, status.Key) (status.Record, error)) *records {
	return &records{ask: ask, byKey: map[status.Key]remembered{}}
}

// of gives what is on record of an application, and whether it is so right now.
func (r *records) of(ctx context.Context, k status.Key) (rec status.Record, fresh bool) {
	r.mu.Lock()
	had := r.byKey[k]
	r.mu.Unlock()
	if had.asked.IsZero() {
		return r.anew(ctx, k), true
	}
	return had.record, time.Since(had.asked) < recordFresh
}

// anew asks. Without an answer it gives what was known, as something that nothing can be concluded from.
func (r *records) anew(ctx context.Context, k status.Key) status.Record {
	if r.ask == nil {
		return status.Record{}
	}
	r.mu.Lock()
	had := r.byKey[k]
	r.mu.Unlock()
	soon, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	asked := time.Now()
	rec, err := r.ask(soon, k)
	if err != nil {
		rec, asked = had.record, asked.Add(recordAgain-recordFresh)
		rec.Settled = false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.byKey[k]
	if now.touched != had.touched { // while it was answered
		asked = time.Time{}
	}
	r.byKey[k] = remembered{record: rec, asked: asked, touched: now.touched}
	return rec
}

// touch makes the next question about an application one that is asked.
func (r *records) touch(k status.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.byKey[k]
	r.byKey[k] = remembered{record: had.record, touched: had.touched + 1}
}

func (r *records) forget(k status.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.byKey[k].asked.IsZero() { // else it was touched meanwhile
		delete(r.byKey, k)
	}
}

// known lists the applications of which something was asked or is to be.
func (r *records) known() []status.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.byKey))
}

// Touch tells that what is on record of an application may have changed. It returns at once; the
// application is evaluated soon.
func (w *Watcher) Touch(k status.Key) {
	if !w.places[manifest.Place{Cluster: k.Cluster, Namespace: k.Namespace}] {
		return
	}
	w.records.touch(k)
	w.mark(k)
}

// extend watches the kinds of extensions of which the application has objects, where it has them.
func (w *Watcher) extend(ctx context.Context, f *feed, k status.Key, rec status.Record) {
	spots := map[spot]bool{}
	for _, ref := range rec.Refs {
		if f.ofExtension(ref) {
			spots[spotOf(k, ref)] = true
		}
	}
	f.extensions.use(ctx, k, spots, func(ctx context.Context, at spot) *extension {
		e := &extension{spot: at, users: map[status.Key]bool{}}
		e.ctx, e.cancel = context.WithCancel(ctx)
		e.tell = func() { w.markUsers(f, e) }
		e.table = newTable(at.GroupVersionKind, func(u manifest.Object) string { return w.home(f.name, u) },
			func(ns, app string) { w.mark(status.Key{Cluster: f.name, Namespace: ns, App: app}) },
			func() { e.note(func() { e.everSaw = true }) })
		return e
	})
}

// begin starts the watch of an extension.
func (w *Watcher) begin(f *feed, c *cluster, e *extension) {
	src, err := e.source(c, f.link, f.extensions.again)
	if err != nil {
		c.log.Error("a kind of an extension cannot be watched", "kind", e.Kind, "group", e.Group, "namespace", e.namespace, "err", err)
		return
	}
	r := cache.NewReflectorWithOptions(src, nil, e.table, cache.ReflectorOptions{
		Name: c.name + "/" + e.namespace + "/" + e.GroupKind().String(), TypeDescription: e.Kind, Logger: &w.log, Backoff: patiently(),
	})
	w.begun.Go(func() { r.RunWithContext(e.ctx) })
}

// markUsers has the applications evaluated for which an extension is watched.
func (w *Watcher) markUsers(f *feed, e *extension) {
	f.extensions.mu.Lock()
	users := slices.Collect(maps.Keys(e.users))
	f.extensions.mu.Unlock()
	for _, k := range users {
		w.mark(k)
	}
}

// ofExtension tells whether an object is of a kind that is watched only where it is used. Secrets are not
// looked at.
func (f *feed) ofExtension(ref manifest.Ref) bool {
	if t := f.tables[ref.Kind]; t != nil && t.gvk.Group == ref.Group {
		return false
	}
	return ref.Group != "" || ref.Kind != "Secret"
}

func spotOf(k status.Key, ref manifest.Ref) spot {
	at := spot{ref.GVK(), ref.Namespace}
	if at.namespace == "" {
		at.namespace = k.Namespace
	}
	return at
}

// expect adds what the application is to have: what would be seen if it were there, and what cannot be seen.
func (f *feed) expect(in *status.Input, rec status.Record) {
	for _, ref := range rec.Refs {
		if !f.ofExtension(ref) {
			if t := f.tables[ref.Kind]; t != nil && rec.Settled && t.seen.Load() {
				in.Expected = append(in.Expected, ref)
			}
			continue
		}
		why := status.NotListed
		if e := f.extensions.at(spotOf(in.Key, ref)); e != nil {
			why = e.blind()
		}
		switch {
		case why == "" && rec.Settled:
			in.Expected = append(in.Expected, ref)
		case why == status.NoSuchKind && !rec.Settled:
			in.Unseen = append(in.Unseen, status.Unseen{Ref: ref, Why: status.NotListed})
		case why != "":
			in.Unseen = append(in.Unseen, status.Unseen{Ref: ref, Why: why})
		}
	}
}
