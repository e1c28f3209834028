package change

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// EndingTiming is how applications whose time is over are deleted.
type EndingTiming struct {
	Every time.Duration // how often to look for them; default 5 s, 0 for never
	// Retry is after how long it is tried again for the first time, and Longest the longest pause between two
	// tries, of which each is twice the one before; default 1 min and 1 h.
	Retry, Longest time.Duration
}

// pause is how long to wait after so many tries, of which the last has just begun.
func (t EndingTiming) pause(tries int) time.Duration {
	d := t.Retry
	for range tries - 1 {
		if d *= 2; d >= t.Longest {
			return t.Longest
		}
	}
	return d
}

// endings deletes applications whose time is over, until ctx ends. A claim says when the next one may be, so
// that it is lease and back-off in one: whoever dies with it loses nothing but that time.
func (w *Worker) endings(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, w.Timing.Parallel) // one cluster that hangs must not hold up the others
	for ctx.Err() == nil {
		app, err := w.service.Store.ClaimEnding(ctx, w.Timing.Ending.pause)
		if err == nil {
			select {
			case room <- struct{}{}:
				all.Go(func() {
					defer func() { <-room }()
					w.end(ctx, app)
				})
			case <-ctx.Done():
			}
			continue
		}
		if !errors.Is(err, ErrNothingToDo) && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "looking for applications whose time is over", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.Timing.Ending.Every):
		}
	}
}

// endTime is how long one try may take.
const endTime = 5 * time.Minute

func (w *Worker) end(ctx context.Context, app Application) {
	log := w.log.With("application", app.Name, "target", app.Target.String())
	soon, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	err := w.service.endOf(soon, app)
	switch {
	case err == nil, ctx.Err() != nil:
		return
	case errors.Is(err, ErrSuperseded):
		log.InfoContext(ctx, "something came between an application and its end", "err", err)
		return
	}
	log.WarnContext(ctx, "an application whose time is over could not be deleted; it is tried again", "tries", app.Ending.Tries, "err", err)
	if err := w.service.noteStuck(ctx, app, whyStuck(err)); err != nil && !errors.Is(err, ErrSuperseded) && ctx.Err() == nil {
		log.ErrorContext(ctx, "that it could not be deleted could not be stored", "err", err)
	}
}

// endOf makes the change that deletes an application whose time is over, or goes on with the one that was
// made before and failed. While another change is being applied, or is about to be, there is nothing to do.
func (s *Service) endOf(ctx context.Context, app Application) error {
	recent, err := s.Store.Changes(ctx, Query{App: &app.AppKey, States: []State{Pending, Approved, Applying, Failed}, Limit: 100})
	if err != nil {
		return err
	}
	for _, c := range recent {
		switch {
		case c.State == Approved, c.State == Applying:
			return nil
		case c.State == Pending && c.Kind == Create && app.Revision == 0:
			return nil // it expires, and with it the application
		case c.ID == app.Ending.By && c.State == Failed && !app.left(c):
			return s.goOnEnding(ctx, c)
		}
	}
	c, e, err := s.ending(ctx, app)
	if err != nil {
		return err
	}
	made, err := s.Store.End(ctx, app, c, []audit.Entry{e})
	if err == nil {
		s.Feed.Publish(made.ID, made.App)
	}
	return err
}

// ending plans the change that deletes app, on behalf of who made it, whether or not that person may still
// submit: whoever agreed to the copy agreed to its end.
func (s *Service) ending(ctx context.Context, app Application) (Change, audit.Entry, error) {
	made, err := s.Store.Change(ctx, app.Ending.Made)
	if err != nil {
		return Change{}, audit.Entry{}, err
	}
	place, ok := s.Places[app.Target]
	if !ok {
		return Change{}, audit.Entry{}, &Refusal{Reason: "The portal's configuration does not have this target any more."}
	}
	sub := Submission{
		Draft:  Draft{Kind: Delete, App: app.AppKey},
		Reason: "Its time is over: it was to live until " + momentInWords(app.Ending.Until) + ".",
	}
	p, err := s.prepareAt(ctx, place, sub.Draft, nil)
	if err == nil {
		err = s.dryRun(ctx, &p, policy.Acting{Team: app.Team, Requester: made.Requester, Change: made.ID})
	}
	if err != nil {
		return Change{}, audit.Entry{}, err
	}
	if o := p.plan.problem(); o != nil {
		return Change{}, audit.Entry{}, &Refusal{Reason: "The cluster would not delete " + o.Ref.String() + ": " + problemOf(*o)}
	}
	p.plan.Demands = nil // agreed to with the change that made it
	out := s.newChange(p, made.Requester, sub)
	out.Plan.Over = app.Ending.Until
	e := out.entry(audit.SubmitChange, audit.Done)
	e.RanAs = ""
	e.Detail = fmt.Sprintf("By itself. %s Agreed to with change %d, which made it.", out.Reason, made.ID)
	return out, e, nil
}

// goOnEnding resumes a deletion that failed, as a person would.
func (s *Service) goOnEnding(ctx context.Context, c Change) error {
	after, err := s.Store.Update(ctx, c.ID, func(c *Change) (Commit, error) {
		if c.State != Failed {
			return Commit{}, ErrSuperseded
		}
		c.State, c.Failure = Applying, ""
		c.Holder, c.Lease = "", s.now() // anybody may claim it now
		e := c.entry(audit.ResumeChange, audit.Done)
		e.RanAs, e.Detail = "", "By itself. Its time is over."
		return Commit{Audit: []audit.Entry{e}, AtBase: true}, nil
	})
	if err == nil {
		s.Feed.Publish(after.ID, after.App)
	}
	return err
}

// noteStuck stores why an application is still there, and records it where that is news. What is news only the
// database knows: a try may take longer than its claim, and then another one is under way.
func (s *Service) noteStuck(ctx context.Context, app Application, why string) error {
	made, err := s.Store.Change(ctx, app.Ending.Made)
	if err != nil {
		return err
	}
	entry := audit.Entry{
		Actor: audit.Actor{Person: made.Requester, Portal: true}, Action: audit.EndCopy, Outcome: audit.Failed,
		Target: app.Target, Application: app.Name, Change: made.ID, Detail: why,
	}
	err = s.Store.Stuck(ctx, app, why, []audit.Entry{entry})
	if err == nil {
		s.Feed.Publish(app.Ending.Made, app.AppKey)
	}
	return err
}

// whyStuck says in a sentence why an application could not be deleted.
func whyStuck(err error) string {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Reason
	case errors.Is(err, ErrClusterAway), errors.Is(err, context.DeadlineExceeded):
		return "The cluster does not answer."
	case errors.Is(err, ErrUnavailable):
		return "The database does not answer."
	}
	return "Slipway could not work out how to delete it; its own log says why."
}
