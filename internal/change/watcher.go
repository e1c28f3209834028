package change

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"slipway.dev/slipway/internal/audit"
)

// watches has each watch that goes on and is nobody's watched here, until ctx ends. A watch takes minutes
// in which it mostly waits, so there is no limit to their number.
func (w *Worker) watches(ctx context.Context) {
	news, stop := w.service.Feed.Subscribe(AnyChange)
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for ctx.Err() == nil {
		holder := rand.Text()
		c, err := w.service.Store.ClaimWatch(ctx, holder, w.Timing.Lease)
		if err == nil {
			all.Go(func() { w.watch(ctx, c, holder) })
			continue
		}
		if !errors.Is(err, ErrNothingToDo) && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "looking for changes to watch", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-news:
		case <-time.After(w.Timing.Poll):
		}
	}
}

// watch watches one change, keeping the lease meanwhile. What it saw is lost with it: whoever watches
// next begins to count anew.
func (w *Worker) watch(ctx context.Context, c Change, holder string) {
	held, release := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keepLease(held, w.service.Store.RenewWatch, c.ID, holder, release) })
	defer keeper.Wait()
	defer release(nil)

	o := watching{w: w, s: w.service, c: c, holder: holder}
	err := o.do(held)
	switch {
	case err == nil:
	case ctx.Err() != nil: // shutting down: let another one have it at once
		if err := w.service.Store.RenewWatch(context.WithoutCancel(ctx), c.ID, holder, 0); err != nil {
			w.log.WarnContext(ctx, "the lease of a watch could not be given back", "change", c.ID, "err", err)
		}
	default:
		w.log.ErrorContext(ctx, "a watch was left; it is taken up when its lease has run out", "change", c.ID, "err", err, "cause", context.Cause(held))
	}
}

// watching is one watch while somebody has its lease.
type watching struct {
	w      *Worker
	s      *Service
	c      Change
	holder string
}

// do watches until the watch has ended. It returns an error if that could not be stored or looked up, or
// the lease is lost.
func (o *watching) do(ctx context.Context) error {
	news, stop := o.s.Feed.SubscribeApp(o.c.App)
	defer stop()
	timing := o.w.Timing.Watch
	v := newVigil(o.c, timing)
	seen := o.c.Watch.Since
	for {
		gone, err := o.superseded(ctx)
		if err != nil {
			return err
		}
		if gone {
			return o.end(ctx, Superseded, superseded, nil)
		}
		now, h := o.s.now(), o.s.Health(o.c.Place, o.c.App.Name)
		verdict, why := v.see(now, h)
		switch {
		case h.Known:
			seen = now
		case now.Sub(seen) >= timing.Blind:
			return o.end(ctx, GivenUp, "Whether it got ready is not known: the cluster has not answered for too long.", nil)
		}
		switch verdict {
		case Settled:
			return o.end(ctx, Settled, why, nil)
		case RolledBack:
			if err := o.takeBack(ctx, why); !errors.Is(err, ErrClusterAway) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-news:
		case <-time.After(timing.Every):
		}
	}
}

const superseded = "Another change of the application came."

// superseded tells whether somebody is at the application since the change was applied.
func (o *watching) superseded(ctx context.Context) (bool, error) {
	app, err := o.s.Store.Application(ctx, o.c.App)
	switch {
	case errors.Is(err, ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case app.Revision != o.c.Revision:
		return true, nil
	}
	others, err := o.s.Store.Changes(ctx, Query{App: &o.c.App, States: []State{Approved, Applying}, Limit: 1})
	return len(others) > 0, err
}

// takeBack ends the watch with the change that takes this one back, or with why there is none. A cluster
// that is away is waited for.
func (o *watching) takeBack(ctx context.Context, why string) error {
	undo, entry, err := o.s.undo(ctx, o.c, why)
	var not *cannotUndo
	switch {
	case errors.As(err, &not):
		return o.end(ctx, GivenUp, why+" "+not.why, nil)
	case err != nil:
		return err
	}
	err = o.end(ctx, RolledBack, why, &Commit{Undo: &undo, UndoAudit: []audit.Entry{entry}})
	if errors.Is(err, ErrSuperseded) {
		return o.end(ctx, Superseded, superseded, nil)
	}
	return err
}

// end stores how the watch ended, with the change that follows from it, and tells who looks on.
func (o *watching) end(ctx context.Context, to WatchState, why string, with *Commit) error {
	after, err := o.s.Store.Update(ctx, o.c.ID, func(c *Change) (Commit, error) {
		if c.Watch == nil {
			return Commit{}, ErrLeaseLost
		}
		c.Watch.State, c.Watch.Ended, c.Watch.Why = to, o.s.now(), why
		e := c.entry(audit.WatchChange, audit.Done)
		e.RanAs, e.Detail = "", why
		if to == RolledBack || to == GivenUp {
			e.Outcome = audit.Failed
		}
		commit := Commit{}
		if with != nil {
			commit = *with
		}
		commit.Watcher, commit.Audit = o.holder, []audit.Entry{e}
		return commit, nil
	})
	if err != nil {
		return err
	}
	o.s.Feed.Publish(after.ID, after.App)
	if after.Watch.Undone != 0 {
		o.s.Feed.Publish(after.Watch.Undone, after.App)
	}
	return nil
}
