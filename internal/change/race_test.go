package change_test

import (
	"errors"
	"sync"
	"testing"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// rounds is how often each race is run: which of the two comes first is up to the scheduler.
const rounds = 8

// atOnce does two things at the same moment.
func atOnce(a, b func() error) (errA, errB error) {
	start := make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { <-start; errA = a() })
	both.Go(func() { <-start; errB = b() })
	close(start)
	both.Wait()
	return errA, errB
}

// count is how many entries about a change have the action and the outcome.
func (h *house) count(t *testing.T, id int64, a audit.Action, o audit.Outcome) int {
	t.Helper()
	n := 0
	for _, e := range h.log(t) {
		if e.Change == id && e.Action == a && e.Outcome == o {
			n++
		}
	}
	return n
}

func (h *house) approve(t *testing.T, who policy.Subject, c change.Change) func() error {
	return func() error {
		_, err := h.service.Approve(t.Context(), who, audit.Request{}, c.ID, c.Plan.Digest, "")
		return err
	}
}

// One of two who decide at the same moment decides; the other one is told what the change is by now.
func TestTwoPeopleDecideAtOnce(t *testing.T) {
	h := newHouse(t)
	for range rounds {
		c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "")
		errA, errB := atOnce(h.approve(t, anne, c), h.approve(t, paula, c))
		var wrong *change.WrongState
		if (errA == nil) == (errB == nil) || !errors.As(errors.Join(errA, errB), &wrong) || wrong.Change.State != change.Approved {
			t.Fatalf("two sign: %v and %v", errA, errB)
		}
		now, err := h.store.Change(t.Context(), c.ID)
		if err != nil || len(now.Approvals) != 1 || h.count(t, c.ID, audit.ApproveChange, audit.Done) != 1 || h.count(t, c.ID, audit.ApproveChange, audit.Refused) != 1 {
			t.Fatalf("two signed: %+v, %v; %q", now.Approvals, err, words(h.log(t)))
		}
		h.withdrawn(t, c)

		c = h.submit(t, petra, draft(production, change.Create, "one", "a"), "")
		errA, errB = atOnce(h.approve(t, anne, c), func() error {
			_, err := h.service.Reject(t.Context(), paula, audit.Request{}, c.ID, "no")
			return err
		})
		if (errA == nil) == (errB == nil) || !errors.As(errors.Join(errA, errB), &wrong) {
			t.Fatalf("one signs and one rejects: %v and %v", errA, errB)
		}
		if errA == nil {
			h.withdrawn(t, c)
		}
	}
}

// withdrawn withdraws a change, so that the name is free for the next round.
func (h *house) withdrawn(t *testing.T, c change.Change) {
	t.Helper()
	if _, err := h.service.Withdraw(t.Context(), petra, audit.Request{}, c.ID, ""); err != nil {
		t.Fatal(err)
	}
}

// Whoever withdraws a change while somebody signs it has withdrawn it: it is not applied, whichever came first.
func TestWithdrawnWhileItIsSigned(t *testing.T) {
	h := newHouse(t)
	for range rounds {
		c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "")
		signed, withdrawn := atOnce(h.approve(t, anne, c), func() error {
			_, err := h.service.Withdraw(t.Context(), petra, audit.Request{}, c.ID, "")
			return err
		})
		var wrong *change.WrongState
		if withdrawn != nil || signed != nil && !errors.As(signed, &wrong) {
			t.Fatalf("signed: %v, withdrawn: %v", signed, withdrawn)
		}
		if now, err := h.store.Change(t.Context(), c.ID); err != nil || now.State != change.Withdrawn {
			t.Fatalf("%s, %v", now.State, err)
		}
	}
}

// The same person's signature counts once, though it is sent twice at the same moment.
func TestASignatureThatIsSentTwiceCountsOnce(t *testing.T) {
	h := newHouse(t)
	h.service.Rules = []policy.Rule{{Name: "two sign", Environment: "production", Approvals: 2}}
	for range rounds {
		c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "")
		errA, errB := atOnce(h.approve(t, anne, c), h.approve(t, anne, c))
		var refusal *change.Refusal
		if (errA == nil) == (errB == nil) || !errors.As(errors.Join(errA, errB), &refusal) {
			t.Fatalf("%v and %v", errA, errB)
		}
		if now, err := h.store.Change(t.Context(), c.ID); err != nil || now.State != change.Pending || len(now.Approvals) != 1 {
			t.Fatalf("%s with %d approvals, %v", now.State, len(now.Approvals), err)
		}
		h.withdrawn(t, c)
	}
}

// A change that is resumed by two people at once is tried once more, not twice.
func TestResumedByTwoAtOnce(t *testing.T) {
	h := newHouse(t)
	h.cluster.breaks = map[string]*manifest.Problem{"a": {Kind: manifest.Other, Sentence: "No."}}
	c := h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID)
	for i := range rounds {
		resume := func(who policy.Subject) func() error {
			return func() error {
				_, err := h.service.Resume(t.Context(), who, audit.Request{}, c.ID)
				return err
			}
		}
		errA, errB := atOnce(resume(petra), resume(paula))
		var wrong *change.WrongState
		if (errA == nil) == (errB == nil) || !errors.As(errors.Join(errA, errB), &wrong) {
			t.Fatalf("%v and %v", errA, errB)
		}
		if c = h.work(t, c.ID); c.State != change.Failed || c.Attempt != i+2 || h.count(t, c.ID, audit.ResumeChange, audit.Done) != i+1 {
			t.Fatalf("%s in attempt %d, want %d", c.State, c.Attempt, i+2)
		}
	}
}

// A form that is sent twice at the same moment becomes one change.
func TestSubmittedTwiceAtOnce(t *testing.T) {
	h := newHouse(t)
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID)
	d := draft(staging, change.Update, "two", "a")
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rounds {
		sub := change.Submission{Draft: d, Seen: plan.Digest, Key: string(rune('a' + i))}
		var ids [2]int64
		send := func(to *int64) func() error {
			return func() error {
				c, err := h.service.Submit(t.Context(), petra, audit.Request{}, sub)
				*to = c.ID
				return err
			}
		}
		if errA, errB := atOnce(send(&ids[0]), send(&ids[1])); errA != nil || errB != nil || ids[0] != ids[1] {
			t.Fatalf("#%d and #%d, %v and %v", ids[0], ids[1], errA, errB)
		}
		if n := h.count(t, ids[0], audit.SubmitChange, audit.Done); n != 1 {
			t.Fatalf("submitted %d times", n)
		}
	}
}
