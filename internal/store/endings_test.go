package store_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func never(int) time.Duration { return time.Hour }

// copyOf makes an application at revision 1 that ends at a moment.
func copyOf(t *testing.T, s *store.Store, name string, until time.Time) change.Application {
	t.Helper()
	d := draft(change.Create, key(staging, name), change.Approved)
	d.Base, d.Plan.Until = 0, until
	apply(t, s, create(t, s, d).ID)
	app, err := s.Application(t.Context(), d.App)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// endOf is the Delete that ends an application.
func endOf(app change.Application) change.Change {
	d := draft(change.Delete, app.AppKey, change.Approved)
	d.Base, d.Plan.Over = app.Revision, app.Ending.Until
	return d
}

func end(s *store.Store, t *testing.T, app change.Application) (change.Change, error) {
	return s.End(t.Context(), app, endOf(app), []audit.Entry{entry(audit.SubmitChange, app.AppKey)})
}

func yesterday() time.Time { return time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Microsecond) }

func TestEndsArePartOfApplications(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		until := yesterday().Add(48 * time.Hour)
		app := copyOf(t, s, "copy", until)
		apply(t, s, create(t, s, draft(change.Create, key(staging, "stays"), change.Approved)).ID)
		if app.Ending == nil || !app.Ending.Until.Equal(until) || app.Ending.Until.Location() != time.UTC || app.Ending.Made == 0 || app.Ending.By != 0 {
			t.Fatalf("the end is %+v", app.Ending)
		}
		for _, visible := range [][]policy.Target{nil, {staging}, {{Team: policy.Any, Environment: "staging"}}} {
			all, err := s.Applications(t.Context(), visible)
			if err != nil || len(all) != 2 || all[0].Ending == nil || *all[0].Ending != *app.Ending || all[1].Ending != nil {
				t.Errorf("%v: %+v, %v", visible, all, err)
			}
		}
		made, err := s.Change(t.Context(), app.Ending.Made)
		if err != nil || !made.Plan.Until.Equal(until) {
			t.Errorf("the change says %v, %v", made.Plan.Until, err)
		}
		if _, err := s.ClaimEnding(t.Context(), never); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("claimed before its time: %v", err)
		}
	})
}

func TestAnEndIsMadeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		app := copyOf(t, s, "copy", yesterday())
		var claimed, made atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				got, err := s.ClaimEnding(t.Context(), never)
				switch {
				case err == nil && got.AppKey == app.AppKey && got.Ending.Tries == 1:
					claimed.Add(1)
				case !errors.Is(err, change.ErrNothingToDo):
					t.Errorf("claimed %+v, %v", got, err)
				}
			})
		}
		all.Wait()
		for range 8 { // as if a claim had run out while its holder went on
			all.Go(func() {
				switch _, err := end(s, t, app); {
				case err == nil:
					made.Add(1)
				case !errors.Is(err, change.ErrSuperseded):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if claimed.Load() != 1 || made.Load() != 1 {
			t.Fatalf("claimed %d times, made %d times", claimed.Load(), made.Load())
		}
		app, err := s.Application(t.Context(), app.AppKey)
		if err != nil || app.Ending.By == 0 || app.Ending.Next.Before(time.Now().Add(30*time.Minute)) {
			t.Fatalf("%+v, %v", app.Ending, err)
		}
		log := entries(t, s, audit.Filter{Change: app.Ending.By})
		if len(log) != 1 || log[0].Action != audit.SubmitChange {
			t.Errorf("the log has %+v", log)
		}
		apply(t, s, app.Ending.By)
		if _, err := s.Application(t.Context(), app.AppKey); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
		// Another one of its name has nothing of it.
		apply(t, s, create(t, s, draft(change.Create, app.AppKey, change.Approved)).ID)
		if next, err := s.Application(t.Context(), app.AppKey); err != nil || next.Ending != nil {
			t.Errorf("%+v, %v", next.Ending, err)
		}
		if _, err := s.ClaimEnding(t.Context(), func(int) time.Duration { return 0 }); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("claimed once more: %v", err)
		}
	})
}

func TestAClaimOfAnEndRunsOut(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		copyOf(t, s, "later", yesterday().Add(time.Hour))
		copyOf(t, s, "first", yesterday())
		var got []string
		var tries []int
		for range 3 {
			app, err := s.ClaimEnding(t.Context(), func(n int) time.Duration { return time.Duration(n-1) * time.Hour })
			if err != nil {
				t.Fatal(err)
			}
			got, tries = append(got, app.Name), append(tries, app.Ending.Tries)
		}
		if !slices.Equal(got, []string{"first", "first", "later"}) || !slices.Equal(tries, []int{1, 2, 1}) {
			t.Errorf("claimed %v, tries %v", got, tries)
		}
	})
}

func TestWhatComesBetweenAnApplicationAndItsEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		app := copyOf(t, s, "copy", yesterday())
		update := draft(change.Update, app.AppKey, change.Approved)
		update.Base = 1
		id := create(t, s, update).ID
		if _, err := end(s, t, app); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("ended while a change is about to be applied: %v", err)
		}
		apply(t, s, id)
		if _, err := end(s, t, app); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("ended from a revision that is not the last one: %v", err)
		}
		app.Revision = 2
		later := app.Ending.Until.Add(48 * time.Hour)
		note := []audit.Entry{entry(audit.ExtendCopy, app.AppKey)}
		if err := s.Extend(t.Context(), app.AppKey, app.Ending.Until, later, note); err != nil {
			t.Fatal(err)
		}
		if err := s.Extend(t.Context(), app.AppKey, app.Ending.Until, later.Add(time.Hour), note); !errors.Is(err, change.ErrEndingMoved) {
			t.Errorf("put off twice from the same end: %v", err)
		}
		if n := len(entries(t, s, audit.Filter{Action: audit.ExtendCopy})); n != 1 {
			t.Errorf("%d entries", n)
		}
		if _, err := end(s, t, app); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("ended though it was put off: %v", err)
		}
		if err := s.Stuck(t.Context(), app, "because", nil); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("stuck though it was put off: %v", err)
		}
		if err := s.Extend(t.Context(), key(staging, "none"), later, later, note); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("put off what is not there: %v", err)
		}
	})
}

func TestAnEndThatIsUnderWayIsNotPutOff(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		app := copyOf(t, s, "copy", yesterday())
		if err := s.Stuck(t.Context(), app, "The cluster\x00 does not answer.", []audit.Entry{entry(audit.EndCopy, app.AppKey)}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Application(t.Context(), app.AppKey); err != nil || got.Ending.Why != "The cluster\uFFFD does not answer." {
			t.Fatalf("%+v, %v", got.Ending, err)
		}
		made, err := end(s, t, app)
		if err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour)
		try := func() error { return s.Extend(t.Context(), app.AppKey, app.Ending.Until, later, nil) }
		if err := try(); !errors.Is(err, change.ErrEndingMoved) {
			t.Errorf("while it is approved: %v", err)
		}
		claim(t, s, "w")
		become(t, s, made.ID, change.Failed, change.Commit{Holder: "w"})
		if err := try(); !errors.Is(err, change.ErrEndingMoved) {
			t.Errorf("while it can be resumed: %v", err)
		}
		got, err := s.Application(t.Context(), app.AppKey)
		if err != nil || got.Ending.Why != "" || got.Ending.By != made.ID {
			t.Errorf("%+v, %v", got.Ending, err)
		}
	})
}

// Tries that take longer than their claims overlap: what they say is recorded when it is news, and not at all once
// the application is being deleted.
func TestWhatHoldsUpAnEndIsNotedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		app := copyOf(t, s, "copy", yesterday())
		stuck := func(why string) error {
			return s.Stuck(t.Context(), app, why, []audit.Entry{entry(audit.EndCopy, app.AppKey)})
		}
		for _, why := range []string{"The cluster does not answer.", "The cluster does not answer.", "It may not be deleted."} {
			if err := stuck(why); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(entries(t, s, audit.Filter{Action: audit.EndCopy})); n != 2 {
			t.Errorf("%d entries, want one for each reason", n)
		}
		if _, err := end(s, t, app); err != nil {
			t.Fatal(err)
		}
		if err := stuck("The cluster does not answer."); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("by a try from before it was deleted: %v", err)
		}
		if got, err := s.Application(t.Context(), app.AppKey); err != nil || got.Ending.Why != "" {
			t.Errorf("%+v, %v", got.Ending, err)
		}
	})
}

// What waits for approval beyond its own end was never made, and has no end either.
func TestACopyThatWasNeverMadeDoesNotEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		d := draft(change.Create, key(staging, "copy"), change.Pending)
		d.Base, d.Plan.Until = 0, yesterday()
		become(t, s, create(t, s, d).ID, change.Expired, change.Commit{})
		if _, err := s.ClaimEnding(t.Context(), never); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("claimed: %v", err)
		}
	})
}
