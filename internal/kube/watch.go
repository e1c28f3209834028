package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

const (
	// evaluateEvery is the least time between two evaluations of one application. The first event after
	// a silence is evaluated at once; what comes in a burst is taken together.
	evaluateEvery = 100 * time.Millisecond
	// evaluators is how many applications are evaluated at once.
	evaluators = 2
)

// Watcher follows the live objects of all applications and publishes a status.Snapshot whenever one
// of them changed. It keeps one watch a kind and cluster, however many applications and browsers
// there are. Watches that are cut heal by themselves; until then the snapshots say so (Synced).
type Watcher struct {
	hub    *status.Hub
	feeds  map[string]*feed
	places map[manifest.Place]bool
	queue  workqueue.TypedDelayingInterface[status.Key]
	log    logr.Logger

	records *records
	begun   sync.WaitGroup // watches of extensions

	mu   sync.Mutex
	last map[status.Key]time.Time // when it was evaluated
}

// feed is what is watched in one cluster.
type feed struct {
	name       string
	link       *link
	tables     map[string]*table // by kind
	extensions *extensions
	events     *events
	reflectors []*cache.Reflector
}

// NewWatcher prepares to watch the places and to publish to hub. Nothing is asked before Run. The
// portal's own account needs get, list and watch on the kinds in all namespaces, Secrets excepted.
//
// record tells what is on record of an application; nil if nothing is. It is asked when an application is
// evaluated and its answer is not known or was touched, see Touch; an error keeps what was known before.
func (cs *Clusters) NewWatcher(hub *status.Hub, places []manifest.Place, record func(context.Context, status.Key) (status.Record, error)) (*Watcher, error) {
	w := &Watcher{
		records: newRecords(record),
		hub:     hub, feeds: map[string]*feed{}, places: map[manifest.Place]bool{}, last: map[status.Key]time.Time{},
		queue: workqueue.NewTypedDelayingQueue[status.Key](),
		log:   logr.FromSlogHandler(cs.log.Handler()),
	}
	for _, p := range places {
		w.places[p] = true
		if w.feeds[p.Cluster] != nil {
			continue
		}
		c, err := cs.cluster(p.Cluster)
		if err != nil {
			return nil, err
		}
		if w.feeds[p.Cluster], err = w.newFeed(c); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *Watcher) newFeed(c *cluster) (*feed, error) {
	f := &feed{name: c.name, tables: map[string]*table{}}
	f.link = newLink(c.ready, func() {
		synced, _, err := f.link.state()
		c.log.Info("what is known of the cluster", "upToDate", synced, "err", err)
		w.markAll(f)
	})
	for _, k := range watchedKinds {
		t := newTable(k.gv.WithKind(k.kind), func(u manifest.Object) string { return w.home(c.name, u) },
			func(ns, app string) { w.mark(status.Key{Cluster: c.name, Namespace: ns, App: app}) },
			func() {
				if !k.optional {
					f.link.hasListed(k.kind)
				}
			})
		f.tables[k.kind] = t
		if k.kind == "Ingress" {
			if err := indexHosts(t); err != nil {
				return nil, err
			}
		}
		if err := w.follow(f, c, k, t); err != nil {
			return nil, err
		}
	}
	f.extensions = &extensions{again: extensionAgain, watched: map[spot]*extension{}, begin: func(e *extension) { w.begin(f, c, e) }}
	f.events = newEvents(
		func(ns string) bool { return w.places[manifest.Place{Cluster: c.name, Namespace: ns}] },
		func(a about) { w.markObject(f, a) },
		func() { f.link.hasListed("Event") })
	return f, w.follow(f, c, watchedKind{gv: corev1.SchemeGroupVersion, kind: "Event", resource: "events", example: &corev1.Event{}}, f.events)
}

// follow adds a reflector, which lists and watches a kind into store.
func (w *Watcher) follow(f *feed, c *cluster, k watchedKind, store cache.ReflectorStore) error {
	choose := labelled
	switch k.kind {
	case "Event":
		choose = ownEvents
	case "Ingress": // of everybody: a host that anybody serves is taken, see Serving
		choose = unlabelled
	}
	src, err := c.source(k, choose)
	if err != nil {
		return err
	}
	watched := ungated(src, f.link)
	if !k.optional {
		f.link.expect(k.kind)
		watched = gated(src, k.kind, f.link)
	}
	f.reflectors = append(f.reflectors, cache.NewReflectorWithOptions(watched, nil, store, cache.ReflectorOptions{
		Name: c.name + "/" + k.resource, TypeDescription: k.kind, Logger: &w.log, Backoff: patiently(),
	}))
	return nil
}

// patiently is how soon a list or watch that failed is tried again.
func patiently() *wait.Backoff {
	return &wait.Backoff{Duration: 200 * time.Millisecond, Cap: 5 * time.Second, Steps: 10, Factor: 2, Jitter: 0.5}
}

// Run watches until ctx ends, and returns when all that it started has ended.
func (w *Watcher) Run(ctx context.Context) error {
	ctx = klog.NewContext(ctx, w.log)
	var all sync.WaitGroup
	for _, f := range w.feeds {
		all.Go(func() { f.link.run(ctx) })
		for _, r := range f.reflectors {
			all.Go(func() { r.RunWithContext(ctx) })
		}
	}
	for range evaluators {
		all.Go(func() { w.evaluate(ctx) })
	}
	<-ctx.Done()
	w.queue.ShutDown()
	all.Wait() // those who begin watches among them
	w.begun.Wait()
	return nil
}

// Healthy tells whether what is known of a cluster is up to date, since when that is so or not so, and
// if the cluster cannot be reached or watched, why. A cluster that is merely still being listed is
// not healthy and has no error.
func (w *Watcher) Healthy(cluster string) (healthy bool, since time.Time, err error) {
	f := w.feeds[cluster]
	if f == nil {
		return false, time.Time{}, fmt.Errorf("kube: the cluster %q is not watched", cluster)
	}
	return f.link.state()
}

// home is the namespace of the application that an object belongs to: the object's own, but for one that
// the application has made elsewhere, which LabelPartOf tells.
func (w *Watcher) home(cluster string, u manifest.Object) string {
	labels := u.GetLabels()
	app, set := labels[manifest.LabelApp], labels[manifest.LabelPartOf]
	if app == "" || set == "" || set == manifest.ApplySetID(app, u.GetNamespace()) {
		return u.GetNamespace()
	}
	for p := range w.places {
		if p.Cluster == cluster && set == manifest.ApplySetID(app, p.Namespace) {
			return p.Namespace
		}
	}
	return u.GetNamespace()
}

// mark has an application evaluated, soon.
func (w *Watcher) mark(k status.Key) {
	if k.App == "" || !w.places[manifest.Place{Cluster: k.Cluster, Namespace: k.Namespace}] {
		return
	}
	w.queue.AddAfter(k, w.rest(k)) // at once if not positive; of several waits the shortest counts
}

// rest is how long it is until an application may be evaluated again.
func (w *Watcher) rest(k status.Key) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.last[k].Add(evaluateEvery))
}

// markObject has the application evaluated that an event is about.
func (w *Watcher) markObject(f *feed, a about) {
	for _, t := range f.tablesOf(a.kind) {
		home, app := t.app(a.namespace, a.name)
		w.mark(status.Key{Cluster: f.name, Namespace: home, App: app})
	}
}

// tablesOf are the tables of a kind, of whatever group.
func (f *feed) tablesOf(kind string) []*table {
	var out []*table
	if t := f.tables[kind]; t != nil {
		out = append(out, t)
	}
	for _, e := range f.extensions.all() {
		if e.Kind == kind {
			out = append(out, e.table)
		}
	}
	return out
}

// markAll has all applications of a cluster evaluated, because what can be said of them changed.
func (w *Watcher) markAll(f *feed) {
	keys := map[status.Key]bool{}
	for _, t := range f.tables {
		for _, o := range t.objects.List() {
			if u, ok := o.(manifest.Object); ok {
				keys[status.Key{Cluster: f.name, Namespace: t.home(u), App: u.GetLabels()[manifest.LabelApp]}] = true
			}
		}
	}
	for _, k := range w.records.known() {
		if k.Cluster == f.name {
			keys[k] = true
		}
	}
	for k := range keys {
		w.mark(k)
	}
}

// evaluate works on the queue until it is shut down. The queue gives an application to one worker at
// a time, so that its snapshots are published in order.
func (w *Watcher) evaluate(ctx context.Context) {
	for {
		k, down := w.queue.Get()
		if down {
			return
		}
		if wait := w.rest(k); wait > 0 { // it was marked while it was evaluated
			w.queue.AddAfter(k, wait)
		} else {
			w.publish(ctx, k)
		}
		w.queue.Done(k)
	}
}

func (w *Watcher) publish(ctx context.Context, k status.Key) {
	f := w.feeds[k.Cluster]
	if f == nil || !f.link.settled() {
		return // it is marked again when all kinds were listed
	}
	now := time.Now()
	w.mu.Lock()
	w.last[k] = now
	w.mu.Unlock()

	in, known := w.gather(ctx, f, k)
	if !known {
		return // it is marked again when more is known
	}
	in.Now = now
	in.Synced, in.Since, _ = f.link.state()
	snap := status.Evaluate(in)
	w.hub.Publish(snap)
	switch {
	case len(snap.Tree) == 0: // the application is gone
		w.hub.Forget(k)
		w.records.forget(k)
		w.mu.Lock()
		delete(w.last, k)
		w.mu.Unlock()
		return
	case !snap.Due.IsZero():
		w.queue.AddAfter(k, max(snap.Due.Sub(now), evaluateEvery))
	}
	if in.Lacks() {
		w.queue.AddAfter(k, recordAgain)
	}
}

// gather collects what is known of an application. known is false while all that is known is that there is
// more to look at.
func (w *Watcher) gather(ctx context.Context, f *feed, k status.Key) (in status.Input, known bool) {
	rec, fresh := w.records.of(ctx, k)
	w.extend(ctx, f, k, rec)
	in = f.gather(k, rec)
	if !fresh && in.Lacks() { // nobody is told that something is gone because of an old record
		rec = w.records.anew(ctx, k)
		w.extend(ctx, f, k, rec)
		in = f.gather(k, rec)
	}
	for _, e := range f.extensions.usedBy(k) {
		if len(in.Objects) == 0 && !e.known() {
			return in, false
		}
	}
	return in, true
}

// gather collects what is watched of an application.
func (f *feed) gather(k status.Key, rec status.Record) status.Input {
	in := status.Input{Key: k, Applied: rec.Applied}
	for _, kind := range watchedKinds {
		in.Objects = append(in.Objects, f.tables[kind.kind].of(k.Namespace, k.App)...)
	}
	for _, e := range f.extensions.usedBy(k) {
		if e.blind() == "" {
			in.Objects = append(in.Objects, e.table.of(k.Namespace, k.App)...)
		}
	}
	for _, u := range in.Objects {
		in.Events = append(in.Events, f.events.on(u)...)
	}
	f.expect(&in, rec)
	return in
}
