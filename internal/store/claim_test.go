package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/store"
)

func nothingToDo(t *testing.T, s *store.Store) {
	t.Helper()
	if c, err := s.Claim(t.Context(), "nobody", time.Minute, nil); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("claimed #%d (%v), want nothing to do", c.ID, err)
	}
}

func TestClaimTakesTheOldestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		nothingToDo(t, s)
		create(t, s, draft(change.Create, key(staging, "waits"), change.Pending))
		first := create(t, s, draft(change.Create, key(staging, "a"), change.Approved))
		second := create(t, s, draft(change.Create, key(staging, "b"), change.Approved))
		got := claim(t, s, "w")
		if got.ID != first.ID || got.State != change.Applying || got.Attempt != 1 || got.Holder != "w" || got.Started.IsZero() {
			t.Errorf("claimed %+v, want #%d", got, first.ID)
		}
		if left := time.Until(got.Lease); left < 50*time.Second || left > 70*time.Second {
			t.Errorf("the lease ends in %v, want a minute", left)
		}
		if stored, _ := s.Change(t.Context(), got.ID); stored.Version != got.Version || string(stored.Rendered) != string(got.Rendered) {
			t.Error("Claim returns another change than it stored")
		}
		if c := claim(t, s, "w"); c.ID != second.ID {
			t.Errorf("claimed #%d, want #%d", c.ID, second.ID)
		}
		nothingToDo(t, s)
	})
}

func TestOneChangeOfAnApplicationAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		first := create(t, s, draft(change.Create, api, change.Approved))
		second := create(t, s, draft(change.Update, api, change.Approved))
		claim(t, s, "w")
		nothingToDo(t, s)
		become(t, s, first.ID, change.Failed, change.Commit{Holder: "w"})
		if c := claim(t, s, "w"); c.ID != second.ID {
			t.Fatalf("claimed #%d, want #%d", c.ID, second.ID)
		}
		become(t, s, first.ID, change.Applying, change.Commit{}) // resumed while the second is applied
		nothingToDo(t, s)
		become(t, s, second.ID, change.Applied, change.Commit{Revision: true, Holder: "w"})
		if c := claim(t, s, "w"); c.ID != first.ID || c.Attempt != 2 {
			t.Errorf("claimed #%d in attempt %d, want #%d in attempt 2", c.ID, c.Attempt, first.ID)
		}
	})
}

func TestHalfwayGoesBeforeApproved(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		first := create(t, s, draft(change.Create, api, change.Approved))
		second := create(t, s, draft(change.Update, api, change.Approved))
		claim(t, s, "w")
		become(t, s, first.ID, change.Failed, change.Commit{})
		claim(t, s, "w")
		if err := s.Renew(t.Context(), second.ID, "w", 0); err != nil {
			t.Fatal(err)
		}
		become(t, s, first.ID, change.Applying, change.Commit{})
		// Both are half-way now and neither is held: the older one goes first.
		if c := claim(t, s, "w"); c.ID != first.ID {
			t.Errorf("claimed #%d, want #%d", c.ID, first.ID)
		}
		nothingToDo(t, s)
	})
}

func TestLease(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		made := create(t, s, draft(change.Create, key(staging, "api"), change.Approved))
		if _, err := s.Claim(t.Context(), "dies", 20*time.Millisecond, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Renew(t.Context(), made.ID, "dies", time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // the first lease would be over
		nothingToDo(t, s)
		if err := s.Renew(t.Context(), made.ID, "dies", time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if c := claim(t, s, "heir"); c.ID != made.ID || c.Attempt != 2 {
			t.Errorf("after the lease: #%d, attempt %d", c.ID, c.Attempt)
		}
		if err := s.Renew(t.Context(), made.ID, "dies", time.Minute); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the former holder renews: %v", err)
		}
		_, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
			c.State = change.Applied
			return change.Commit{Holder: "dies", Revision: true, Audit: []audit.Entry{entry(audit.ApplyChange, c.App)}}, nil
		})
		if !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the former holder commits: %v", err)
		}
		if n := len(entries(t, s, audit.Filter{Action: audit.ApplyChange})); n != 0 {
			t.Errorf("the former holder left %d audit entries", n)
		}
		if err := s.Renew(t.Context(), made.ID, "heir", 0); err != nil {
			t.Errorf("giving back: %v", err)
		}
		if c := claim(t, s, "third"); c.Attempt != 3 {
			t.Errorf("after giving back: attempt %d", c.Attempt)
		}
	})
}

func TestEachChangeIsClaimedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		const apps, each, workers = 20, 3, 8
		stores := []*store.Store{open(t, c), open(t, c)} // as two processes
		for i := range apps {
			create(t, stores[0], draft(change.Create, key(staging, name(i)), change.Approved))
			for range each - 1 {
				create(t, stores[0], draft(change.Update, key(staging, name(i)), change.Approved))
			}
		}
		var mu sync.Mutex
		claimed, busy := map[int64]int{}, map[string]bool{}
		take := func(c change.Change) {
			mu.Lock()
			defer mu.Unlock()
			claimed[c.ID]++
			if busy[c.App.Name] {
				t.Errorf("two changes of %s at once", c.App.Name)
			}
			busy[c.App.Name] = true
		}
		give := func(c change.Change) {
			mu.Lock()
			defer mu.Unlock()
			busy[c.App.Name] = false
		}
		deadline := time.Now().Add(30 * time.Second)
		done := func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(claimed) == apps*each || time.Now().After(deadline)
		}
		var all sync.WaitGroup
		for w := range workers {
			s, holder := stores[w%2], name(w)
			all.Go(func() {
				for !done() {
					c, err := s.Claim(t.Context(), holder, time.Minute, nil)
					if errors.Is(err, change.ErrNothingToDo) {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					take(c)
					give(c)
					if _, err := s.Update(t.Context(), c.ID, func(c *change.Change) (change.Commit, error) {
						c.State = change.Applied
						return change.Commit{Revision: true, Holder: holder, Audit: []audit.Entry{entry(audit.ApplyChange, c.App)}}, nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if len(claimed) != apps*each {
			t.Errorf("%d changes were claimed, want %d", len(claimed), apps*each)
		}
		for id, n := range claimed {
			if n != 1 {
				t.Errorf("#%d was claimed %d times", id, n)
			}
		}
		if err := stores[0].Verify(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestTwoUpdatesAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		stores := []*store.Store{open(t, c), open(t, c)}
		made := create(t, stores[0], draft(change.Create, key(staging, "api"), change.Pending))
		const signers = 8
		var all sync.WaitGroup
		for i := range signers {
			all.Go(func() {
				_, err := stores[i%2].Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
					by := approver
					by.Subject = name(i)
					c.Approvals = append(c.Approvals, change.Approval{By: by, Digest: c.Plan.Digest})
					return change.Commit{Audit: []audit.Entry{entry(audit.ApproveChange, c.App)}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := stores[0].Change(t.Context(), made.ID)
		if err != nil || len(got.Approvals) != signers || got.Version != signers+1 {
			t.Errorf("%d approvals, version %d (%v)", len(got.Approvals), got.Version, err)
		}
	})
}

func TestSameFormTwiceAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		stores := []*store.Store{open(t, c), open(t, c)}
		d := draft(change.Create, key(staging, "api"), change.Pending)
		d.Idempotency = "form"
		ids := make([]int64, 8)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				c, err := stores[i%2].Create(t.Context(), d, []audit.Entry{entry(audit.SubmitChange, d.App)})
				if err != nil {
					t.Error(err)
				}
				ids[i] = c.ID
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("the form made the changes %v", ids)
			}
		}
		if n := len(entries(t, stores[0], audit.Filter{})); n != 1 {
			t.Errorf("%d audit entries, want 1", n)
		}
	})
}
