package change

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Worker applies approved changes. Several may run, in one process or in many: a change is held by a
// lease, so it is applied by one at a time, and when its worker dies another continues it as soon as
// the lease has run out. Continuing is safe because server-side apply is idempotent.
type Worker struct {
	service *Service
	log     *slog.Logger
	Timing  Timing
	places  *places // made by Run
}

// Timing is how patient a Worker is.
type Timing struct {
	Lease    time.Duration // how long a change stays with a worker that no longer renews; default 10 s
	Poll     time.Duration // how often to look for work that nobody announced; default 1 s
	Expire   time.Duration // how often to look for changes that waited too long; default 1 min
	Away     time.Duration // how long to wait for a cluster that does not answer; default 2 min
	Parallel int           // changes applied at once; default 4. Those that wait for a gate do not count, see places
	Tidy     time.Duration // how often to look for secret values that nobody needs; default 1 h, 0 for never
	Watch    WatchTiming
	Ending   EndingTiming
}

// NewWorker makes a Worker with the default Timing.
func NewWorker(s *Service, log *slog.Logger) *Worker {
	return &Worker{service: s, log: log, Timing: Timing{
		Lease: 10 * time.Second, Poll: time.Second, Expire: time.Minute, Away: 2 * time.Minute, Parallel: 4, Tidy: time.Hour,
		Ending: EndingTiming{Every: 5 * time.Second, Retry: time.Minute, Longest: time.Hour},
		Watch:  WatchTiming{Every: time.Second, Settle: time.Minute, Grace: 30 * time.Second, Blind: 24 * time.Hour},
	}}
}

// Run works until ctx ends, and returns when what was under way has come to a stop. A change that is
// interrupted stays Applying and is continued by whoever claims it next.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	w.places = newPlaces(w.Timing.Parallel)
	all.Go(func() { w.claim(ctx, &all) })
	all.Go(func() { w.expire(ctx) })
	if w.Timing.Tidy > 0 {
		all.Go(func() { w.tidy(ctx) })
	}
	if w.Timing.Ending.Every > 0 {
		all.Go(func() { w.endings(ctx) })
	}
	if w.service.Health != nil {
		all.Go(func() { w.watches(ctx) })
	}
	all.Wait()
}

// claim takes what is to be applied, as long as there is a place for it.
func (w *Worker) claim(ctx context.Context, all *sync.WaitGroup) {
	news, stop := w.service.Feed.Subscribe(AnyChange)
	defer stop()
	for {
		place, ok := w.places.take(ctx)
		if !ok {
			return
		}
		// A name for each claim: if its lease is lost, not even another claim of this worker passes for it.
		holder := rand.Text()
		c, err := w.service.Store.Claim(ctx, holder, w.Timing.Lease, intent)
		if err == nil {
			all.Go(func() {
				defer place.leave()
				w.handle(ctx, c, holder, place)
				if c.Kind == Delete && w.Timing.Tidy > 0 {
					w.dropUnused(ctx, c.App.Target)
				}
			})
			continue
		}
		place.leave()
		if !errors.Is(err, ErrNothingToDo) && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "looking for changes to apply", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-news:
		case <-time.After(w.Timing.Poll):
		}
	}
}

func (w *Worker) expire(ctx context.Context) {
	for {
		if err := w.service.ExpireOverdue(ctx); err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "ending changes that waited too long", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(w.Timing.Expire):
		}
	}
}

// tidy removes secret values that nobody needs, at the start and then from time to time.
func (w *Worker) tidy(ctx context.Context) {
	for {
		for t := range w.service.Places {
			w.dropUnused(ctx, t)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(w.Timing.Tidy):
		}
	}
}

// dropUnused removes those of one target. What cannot be removed now is tried again next time.
func (w *Worker) dropUnused(ctx context.Context, t policy.Target) {
	switch n, err := w.service.DropUnused(ctx, t); {
	case ctx.Err() != nil:
	case err != nil:
		w.log.WarnContext(ctx, "secret values that nobody needs could not be removed; it is tried again", "target", t.String(), "err", err)
	case n > 0:
		w.log.InfoContext(ctx, "secret values that nobody needs were removed", "target", t.String(), "values", n)
	}
}

// handle applies one claimed change, keeping the lease meanwhile.
func (w *Worker) handle(ctx context.Context, c Change, holder string, at *place) {
	w.service.Feed.Publish(c.ID, c.App)
	held, release := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keepLease(held, w.service.Store.Renew, c.ID, holder, release) })
	defer keeper.Wait()
	defer release(nil)

	r := run{w: w, s: w.service, c: c, holder: holder, at: at, log: w.log.With("change", c.ID, "application", c.App.Name, "attempt", c.Attempt)}
	err := r.do(held)
	if err == nil {
		return
	}
	if ctx.Err() != nil { // shutting down: let another worker have it at once
		if err := w.service.Store.Renew(context.WithoutCancel(ctx), c.ID, holder, 0); err != nil {
			r.log.WarnContext(ctx, "the lease could not be given back", "err", err)
		}
		return
	}
	r.log.ErrorContext(ctx, "a change was left as it is; it is continued when its lease has run out",
		"err", err, "cause", context.Cause(held))
	w.pause(ctx)
}

// intent is what is recorded when a change is claimed: before anything is asked of the cluster.
func intent(c Change) []audit.Entry {
	e := c.entry(audit.ApplyChange, audit.Intent)
	if c.Attempt > 1 {
		e.Detail = fmt.Sprintf("Attempt %d.", c.Attempt)
	}
	return []audit.Entry{e}
}

// renewal prolongs a lease: Store.Renew or Store.RenewWatch.
type renewal func(ctx context.Context, id int64, holder string, lease time.Duration) error

// pause keeps a change that cannot be stored from being tried in a tight loop.
func (w *Worker) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(w.Timing.Poll):
	}
}

func (w *Worker) keepLease(ctx context.Context, renew renewal, id int64, holder string, lost context.CancelCauseFunc) {
	tick := time.NewTicker(w.Timing.Lease / 3)
	defer tick.Stop()
	good := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := renew(ctx, id, holder, w.Timing.Lease)
		switch {
		case err == nil:
			good = time.Now()
		case errors.Is(err, ErrLeaseLost), time.Since(good) > w.Timing.Lease*2/3:
			lost(err)
			return
		}
	}
}

// run is one attempt at one change.
type run struct {
	w   *Worker
	s   *Service
	c   Change
	log *slog.Logger

	holder string
	at     *place
	set    manifest.Set
	del    []manifest.Ref     // what is to be deleted
	not    []manifest.Ref     // what was to be deleted, and is gone or somebody else's by now
	left   []manifest.Outcome // of those that are somebody else's
	seen   manifest.UIDs      // of what the plan was made again against
}

// do returns an error only if the state of the change could not be stored, or the lease is lost; the
// change then stays Applying.
func (r *run) do(ctx context.Context) error {
	moved, err := r.s.baseMoved(ctx, r.c)
	if err != nil {
		return err
	}
	if moved {
		return r.stale(ctx, "Another change of the application was applied after this was planned, so what was agreed to is not what this would do now.")
	}
	plan, err := r.planAgain(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrUnavailable):
		return err
	case err != nil:
		r.log.WarnContext(ctx, "planning again failed", "err", err)
		return r.fail(ctx, whyNotPlanned(err))
	case plan.problem() != nil:
		o := plan.problem()
		return r.fail(ctx, "Before applying, the cluster was asked again, and it would not take "+o.Ref.String()+": "+problemOf(*o))
	}
	if what := beyond(r.c.Plan, plan); what != "" {
		return r.stale(ctx, "The cluster has changed since this was planned, so that this would now do what nobody agreed to: "+what)
	}
	r.divide(plan)
	r.seen = manifest.UIDsOf(plan.Objects)
	if err := r.intend(ctx); err != nil {
		return err
	}
	return r.apply(ctx)
}

func whyNotPlanned(err error) string {
	if errors.Is(err, ErrClusterAway) {
		return "The cluster could not be asked what this would do now, so nothing further was applied. Resume it when the cluster answers."
	}
	return "Slipway could not work out what this would do now, so nothing further was applied; its own log says why. Tell your platform team, or submit a new change."
}

// planAgain makes the plan once more from the stored bytes. It waits for a cluster that is away.
func (r *run) planAgain(ctx context.Context) (Plan, error) {
	var p prepared
	p.Draft = Draft{Kind: r.c.Kind, App: r.c.App, Template: r.c.Template}
	p.place, p.rendered = r.c.Place, r.c.Rendered
	var err error
	if p.set, err = decodeSet(r.c.Rendered); err != nil {
		return Plan{}, err
	}
	r.set = p.set
	have, err := r.s.Store.Inventory(ctx, r.c.App)
	if err != nil {
		return Plan{}, errors.Join(ErrUnavailable, err)
	}
	p.prune = without(have, p.set.RefsIn(p.place.Namespace))
	p.taken, _ = r.s.clashes(&p, nil)
	until := time.Now().Add(r.w.Timing.Away)
	for {
		err = r.s.dryRun(ctx, &p, r.acting())
		if !errors.Is(err, ErrClusterAway) || time.Now().After(until) || ctx.Err() != nil {
			return p.plan, err
		}
		r.w.pause(ctx)
	}
}

func (r *run) acting() policy.Acting { return r.c.acting() }

func (c Change) acting() policy.Acting {
	return policy.Acting{Team: c.App.Team, Requester: c.Requester, Change: c.ID}
}

// problem is the first object that the cluster would not take.
func (p Plan) problem() *manifest.DryRun {
	for i, o := range p.Objects {
		if o.Problem != nil || len(o.Conflicts) > 0 {
			return &p.Objects[i]
		}
	}
	return nil
}

func problemOf(o manifest.DryRun) string {
	if o.Problem != nil {
		return o.Problem.Sentence
	}
	c := o.Conflicts[0]
	return "its field " + c.Field + " belongs to " + c.Manager + "."
}

// divide tells the deletions that are still to be done from those that are not, so that the inventory
// forgets the latter.
func (r *run) divide(now Plan) {
	for _, o := range now.Objects[len(r.set):] {
		if o.Op == manifest.Delete {
			r.del = append(r.del, o.Ref)
			continue
		}
		r.not = append(r.not, o.Ref)
		if o.Left != "" {
			r.left = append(r.left, manifest.Outcome{Ref: o.Ref, Stage: manifest.StageOfDeletion(o.Ref), Op: manifest.Unchanged, State: manifest.Succeeded, UID: o.UID, Left: o.Left})
		}
	}
}

// intend stores which objects may be in the cluster from now on, before the first one is written. That
// the change is applied stands in the audit log since it was claimed.
func (r *run) intend(ctx context.Context) error {
	return r.update(ctx, func(c *Change) (Commit, error) {
		left := slices.DeleteFunc(c.Outcomes, func(o manifest.Outcome) bool { return o.Left == "" }) // by an earlier attempt
		c.Outcomes = slices.Concat(waiting(r.set, r.c.Place.Namespace, r.del), left, r.left)
		if c.Started.IsZero() {
			c.Started = r.s.now()
		}
		return Commit{Mine: r.set.RefsIn(r.c.Place.Namespace), Gone: r.not}, nil
	})
}

func waiting(set manifest.Set, home string, del []manifest.Ref) []manifest.Outcome {
	out := make([]manifest.Outcome, 0, len(set)+len(del))
	for _, u := range set {
		out = append(out, manifest.Outcome{Ref: manifest.RefIn(u, home), Stage: manifest.Stage(u), State: manifest.Waiting})
	}
	for _, ref := range del {
		out = append(out, manifest.Outcome{Ref: ref, Stage: manifest.StageOfDeletion(ref), Op: manifest.Delete, State: manifest.Waiting})
	}
	return out
}

func (r *run) apply(ctx context.Context) error {
	rec := startRecorder(ctx, r)
	outcomes, err := r.s.Cluster.Apply(ctx, r.acting(), r.c.Place, r.c.App.Name, r.set, r.del, r.seen, func(o manifest.Outcome) error {
		if o.State == manifest.Awaited {
			r.at.lend()
		}
		return rec.report(o)
	})
	if rerr := rec.stop(); rerr != nil {
		return rerr
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		r.log.WarnContext(ctx, "applying stopped", "err", err)
		if !errors.Is(err, ErrClusterAway) {
			return r.fail(ctx, "Slipway could not go on; its own log says why. Resume goes on where it stopped.")
		}
		return r.fail(ctx, "The cluster stopped answering. Resume goes on where it stopped.")
	}
	if n := unfinished(outcomes); n > 0 {
		return r.fail(ctx, failureInWords(outcomes))
	}
	return r.done(ctx)
}

func (r *run) done(ctx context.Context) error {
	return r.update(ctx, func(c *Change) (Commit, error) {
		c.State, c.Failure, c.Finished = Applied, "", r.s.now()
		if c.Watch != nil {
			c.Watch.State, c.Watch.Since = Watching, c.Finished
		}
		e := r.entry(audit.ApplyChange, audit.Done)
		e.Detail = leftInWords(c.Left())
		return Commit{Audit: []audit.Entry{e}, Revision: true}, nil
	})
}

func (r *run) fail(ctx context.Context, why string) error {
	return r.update(ctx, func(c *Change) (Commit, error) {
		c.State, c.Failure, c.Finished = Failed, why, r.s.now()
		e := r.entry(audit.ApplyChange, audit.Failed)
		e.Detail = why
		return Commit{Audit: []audit.Entry{e}}, nil
	})
}

func (r *run) stale(ctx context.Context, why string) error {
	return r.update(ctx, func(c *Change) (Commit, error) {
		c.State, c.Finished = Stale, r.s.now()
		c.Closed = &Closing{At: r.s.now(), Comment: why}
		e := r.entry(audit.ApplyChange, audit.Refused)
		e.Detail = why
		return Commit{Audit: []audit.Entry{e}}, nil
	})
}

// update commits as long as the lease is held, and tells who watches.
func (r *run) update(ctx context.Context, fn func(*Change) (Commit, error)) error {
	c, err := r.s.Store.Update(ctx, r.c.ID, func(c *Change) (Commit, error) {
		commit, err := fn(c)
		commit.Holder = r.holder
		return commit, err
	})
	if err != nil {
		return err
	}
	r.c = c
	r.s.Feed.Publish(c.ID, c.App)
	return nil
}

func (r *run) entry(a audit.Action, o audit.Outcome) audit.Entry { return r.c.entry(a, o) }

// entry is an audit entry of what the portal does for the requester of c.
func (c Change) entry(a audit.Action, o audit.Outcome) audit.Entry {
	return audit.Entry{
		Actor: audit.Actor{Person: c.Requester, Portal: true}, Action: a, Outcome: o,
		Target: c.App.Target, Application: c.App.Name, Change: c.ID,
		Digest: string(c.Plan.Digest), RanAs: c.acting().User(),
	}
}
