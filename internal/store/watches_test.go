package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/store"
)

// watched makes an application at revision 2 whose second change is being watched.
func watched(t *testing.T, s *store.Store) change.Change {
	t.Helper()
	api := key(staging, "api")
	apply(t, s, create(t, s, draft(change.Create, api, change.Approved)).ID)
	d := draft(change.Update, api, change.Approved)
	d.Base, d.Watch = 1, &change.Watch{State: change.Asked}
	made := create(t, s, d)
	if made.Watch == nil || made.Watch.State != change.Asked {
		t.Fatalf("made with the watch %+v", made.Watch)
	}
	if _, err := s.ClaimWatch(t.Context(), "w", time.Minute); !errors.Is(err, change.ErrNothingToDo) {
		t.Fatalf("watched before it is applied: %v", err)
	}
	claim(t, s, "w")
	c, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
		c.State, c.Finished = change.Applied, c.Submitted.Add(time.Minute)
		c.Watch.State, c.Watch.Since = change.Watching, c.Finished
		return change.Commit{Revision: true, Holder: "w"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func undoOf(c change.Change) *change.Change {
	d := draft(change.Rollback, c.App, change.Approved)
	d.Base, d.Undoes, d.Tokens = c.Revision, c.ID, []manifest.Token{"slipway:secret:undo"}
	return &d
}

// takeBack ends the watch with a change that takes c back.
func takeBack(s *store.Store, t *testing.T, c change.Change, holder string) (change.Change, error) {
	return s.Update(t.Context(), c.ID, func(c *change.Change) (change.Commit, error) {
		c.Watch.State, c.Watch.Ended, c.Watch.Why = change.RolledBack, c.Finished.Add(time.Minute), "api cannot start."
		return change.Commit{
			Watcher: holder, Undo: undoOf(*c), UndoAudit: []audit.Entry{entry(audit.SubmitChange, c.App)},
			Audit: []audit.Entry{entry(audit.WatchChange, c.App)},
		}, nil
	})
}

func watch(t *testing.T, s *store.Store, holder string) change.Change {
	t.Helper()
	c, err := s.ClaimWatch(t.Context(), holder, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWatchIsOnesAndEndsWithTheChangeThatTakesItBack(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		made := watched(t, s)
		got := watch(t, s, "w")
		if got.ID != made.ID || got.Watch == nil || *got.Watch != *made.Watch || got.Watch.State != change.Watching || len(got.Rendered) == 0 {
			t.Fatalf("watches #%d with %+v, want #%d with %+v", got.ID, got.Watch, made.ID, made.Watch)
		}
		if _, err := s.ClaimWatch(t.Context(), "other", time.Minute); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("another one watches it too: %v", err)
		}
		if _, err := takeBack(s, t, got, "other"); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("taken back by somebody who does not watch it: %v", err)
		}
		after, err := takeBack(s, t, got, "w")
		if err != nil || after.Watch.Undone == 0 {
			t.Fatalf("%+v, %v", after.Watch, err)
		}
		stored, err := s.Change(t.Context(), made.ID)
		if err != nil || *stored.Watch != *after.Watch || stored.Undoes != 0 {
			t.Errorf("stored %+v, %v; returned %+v", stored.Watch, err, after.Watch)
		}
		undo, err := s.Change(t.Context(), after.Watch.Undone)
		if err != nil || undo.Undoes != made.ID || undo.State != change.Approved || undo.Kind != change.Rollback || undo.Watch != nil {
			t.Errorf("it was taken back by %+v, %v", undo, err)
		}
		if n := len(entries(t, s, audit.Filter{Change: undo.ID})); n != 1 {
			t.Errorf("%d entries for the change that takes it back", n)
		}
		if n := len(entries(t, s, audit.Filter{Change: made.ID, Action: audit.WatchChange})); n != 1 {
			t.Errorf("%d entries for the end of the watch", n)
		}
		if used, err := s.TokensInUse(t.Context(), made.Place); err != nil || len(used) != 1 {
			t.Errorf("tokens in use %v, %v", used, err)
		}
		list, err := s.Changes(t.Context(), change.Query{})
		if err != nil || len(list) != 3 || list[0].Undoes != made.ID || list[1].Watch == nil || list[1].Watch.Undone != undo.ID || list[2].Watch != nil {
			t.Errorf("in the list: %+v, %v", list, err)
		}
		if _, err := takeBack(s, t, got, "w"); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("taken back twice: %v", err)
		}
		if _, err := s.ClaimWatch(t.Context(), "w", time.Minute); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("a watch that has ended is claimed: %v", err)
		}
	})
}

func TestTheLeaseOfAWatch(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		made := watched(t, s)
		if _, err := s.ClaimWatch(t.Context(), "dies", 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := s.RenewWatch(t.Context(), made.ID, "dies", time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // the first lease would be over
		if _, err := s.ClaimWatch(t.Context(), "early", time.Minute); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("claimed while it is held: %v", err)
		}
		if err := s.RenewWatch(t.Context(), made.ID, "dies", time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		watch(t, s, "heir")
		if err := s.RenewWatch(t.Context(), made.ID, "dies", time.Minute); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the former holder renews: %v", err)
		}
		if _, err := takeBack(s, t, made, "dies"); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the former holder ends it: %v", err)
		}
		if err := s.RenewWatch(t.Context(), made.ID, "heir", 0); err != nil {
			t.Errorf("giving back: %v", err)
		}
		watch(t, s, "third")
	})
}

func TestNothingIsTakenBackOverAnotherChange(t *testing.T) {
	cases := map[string]func(t *testing.T, s *store.Store, c change.Change){
		"about to be applied": func(t *testing.T, s *store.Store, c change.Change) {
			create(t, s, draft(change.Update, c.App, change.Approved))
		},
		"being applied": func(t *testing.T, s *store.Store, c change.Change) {
			create(t, s, draft(change.Update, c.App, change.Approved))
			claim(t, s, "w2")
		},
		"applied": func(t *testing.T, s *store.Store, c change.Change) {
			apply(t, s, create(t, s, draft(change.Update, c.App, change.Approved)).ID)
		},
		"deleted": func(t *testing.T, s *store.Store, c change.Change) {
			apply(t, s, create(t, s, draft(change.Delete, c.App, change.Approved)).ID)
		},
	}
	for name, then := range cases {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, c store.Config) {
				s := open(t, c)
				made := watched(t, s)
				watch(t, s, "w")
				then(t, s, made)
				before, err := s.Changes(t.Context(), change.Query{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := takeBack(s, t, made, "w"); !errors.Is(err, change.ErrSuperseded) {
					t.Errorf("taken back: %v", err)
				}
				after, err := s.Changes(t.Context(), change.Query{})
				if err != nil || len(after) != len(before) {
					t.Errorf("%d changes, then %d, %v", len(before), len(after), err)
				}
				if got, _ := s.Change(t.Context(), made.ID); got.Watch.State != change.Watching {
					t.Errorf("the watch is %s", got.Watch.State)
				}
			})
		})
	}
}

func TestOneOfManyTakesAChangeBack(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		stores := []*store.Store{open(t, c), open(t, c)} // as two processes
		made := watched(t, stores[0])
		var claimed, done atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			s, holder := stores[i%2], name(i)
			all.Go(func() {
				switch _, err := s.ClaimWatch(t.Context(), holder, time.Minute); {
				case err == nil:
					claimed.Add(1)
				case !errors.Is(err, change.ErrNothingToDo):
					t.Error(err)
				}
				switch _, err := takeBack(s, t, made, holder); {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, change.ErrLeaseLost):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if claimed.Load() != 1 || done.Load() != 1 {
			t.Errorf("claimed by %d, taken back by %d", claimed.Load(), done.Load())
		}
		if list, err := stores[0].Changes(t.Context(), change.Query{}); err != nil || len(list) != 3 {
			t.Errorf("%d changes, %v", len(list), err)
		}
		if err := stores[0].Verify(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestTheWishIsNotChangedAfterwards(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		plain := create(t, s, draft(change.Create, key(staging, "plain"), change.Pending))
		made := watched(t, s)
		for what, change := range map[string]func() error{
			"put in": func() error {
				_, err := s.Update(t.Context(), plain.ID, func(c *change.Change) (change.Commit, error) {
					c.Watch = &change.Watch{State: change.Asked}
					return change.Commit{}, nil
				})
				return err
			},
			"taken out": func() error {
				_, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
					c.Watch = nil
					return change.Commit{}, nil
				})
				return err
			},
			"asked again": func() error {
				_, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
					c.Watch.State = change.Asked
					return change.Commit{}, nil
				})
				return err
			},
		} {
			if err := change(); err == nil {
				t.Errorf("%s: it was stored", what)
			}
		}
	})
}
