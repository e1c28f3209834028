package change_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/cluster", 0o700); err != nil {
		t.Fatal(err)
	}
	return open(t, dir, nil)
}

func words(log []audit.Entry) []string {
	var out []string
	for _, e := range log {
		out = append(out, strings.TrimSpace(string(e.Action)+" "+e.Object)+": "+string(e.Outcome))
	}
	return out
}

func TestStagingGoesStraightIn(t *testing.T) {
	h := newHouse(t)
	c := h.submit(t, petra, draft(staging, change.Create, "one", "a", "b"), "k")
	if c.State != change.Approved {
		t.Fatalf("state %s, want approved: staging needs nobody", c.State)
	}
	c = h.work(t, c.ID)
	if c.State != change.Applied || c.Revision != 1 || c.Attempt != 1 {
		t.Fatalf("state %s, revision %d, attempt %d, failure %q", c.State, c.Revision, c.Attempt, c.Failure)
	}
	if got := h.cluster.names(); !slices.Equal(got, []string{"ConfigMap.a", "ConfigMap.b", "ConfigMap.slipway-api"}) {
		t.Errorf("the cluster has %v", got)
	}
	last := h.cluster.calls[len(h.cluster.calls)-1]
	if last.User() != "slipway:team:payments" || last.Requester.Identity != petra.Identity || last.Change != c.ID {
		t.Errorf("applied as %+v", last)
	}
	want := []string{
		"submit change: done", "apply change: intent",
		"apply object ConfigMap a: done", "apply object ConfigMap b: done", "apply object ConfigMap slipway-api: done", "apply change: done",
	}
	if got := words(h.log(t)); !slices.Equal(got, want) {
		t.Errorf("audit: %q", got)
	}
}

func TestUpdatePrunesWhatThePlanNamed(t *testing.T) {
	h := newHouse(t)
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a", "b"), "1").ID)
	d := draft(staging, change.Update, "one", "a", "c")
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Count(manifest.Delete) != 1 || plan.Count(manifest.Create) != 1 {
		t.Fatalf("plan deletes %d and creates %d", plan.Count(manifest.Delete), plan.Count(manifest.Create))
	}
	c := h.work(t, h.submit(t, petra, d, "2").ID)
	if c.State != change.Applied || c.Revision != 2 {
		t.Fatalf("%s, revision %d: %s", c.State, c.Revision, c.Failure)
	}
	if got := h.cluster.names(); !slices.Equal(got, []string{"ConfigMap.a", "ConfigMap.c", "ConfigMap.slipway-api"}) {
		t.Errorf("the cluster has %v", got)
	}
	if c.Title != "api: Names a, c" {
		t.Errorf("title %q", c.Title)
	}
}

func TestRollbackAndDelete(t *testing.T) {
	h := newHouse(t)
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID)
	h.work(t, h.submit(t, petra, draft(staging, change.Update, "two", "b"), "2").ID)
	key := change.AppKey{Target: staging, Name: "api"}
	c := h.work(t, h.submit(t, petra, change.Draft{Kind: change.Rollback, App: key, Revision: 1}, "3").ID)
	if c.State != change.Applied || c.Revision != 3 || c.Inputs["value"] != "one" {
		t.Fatalf("%s, revision %d, inputs %v: %s", c.State, c.Revision, c.Inputs, c.Failure)
	}
	if got := h.cluster.names(); !slices.Equal(got, []string{"ConfigMap.a", "ConfigMap.slipway-api"}) {
		t.Errorf("after the roll back the cluster has %v", got)
	}
	c = h.work(t, h.submit(t, petra, change.Draft{Kind: change.Delete, App: key}, "4").ID)
	if c.State != change.Applied || len(h.cluster.names()) != 0 {
		t.Errorf("%s, and the cluster has %v", c.State, h.cluster.names())
	}
	if _, err := h.service.Application(t.Context(), petra, key); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("a deleted application: %v", err)
	}
	again := h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "5").ID)
	if again.State != change.Applied || again.Revision != 1 {
		t.Errorf("made anew: %s, revision %d", again.State, again.Revision)
	}
}

func TestApproval(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	c := h.submit(t, paula, draft(production, change.Create, "one", "a"), "k")
	if c.State != change.Pending {
		t.Fatalf("state %s", c.State)
	}
	if n, err := h.service.Waiting(ctx, anne); n != 1 || err != nil {
		t.Errorf("%d wait for the approver, %v", n, err)
	}
	if n, _ := h.service.Waiting(ctx, paula); n != 0 {
		t.Errorf("one's own change waits for oneself")
	}
	good, from := c.Plan.Digest, audit.Request{}
	var refusal *change.Refusal
	if _, err := h.service.Approve(ctx, paula, from, c.ID, good, ""); !errors.As(err, &refusal) {
		t.Errorf("one's own: %v", err)
	}
	if _, err := h.service.Approve(ctx, petra, from, c.ID, good, ""); !errors.As(err, &refusal) {
		t.Errorf("no approver: %v", err)
	}
	if _, err := h.service.Approve(ctx, sam, from, c.ID, good, ""); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
	if _, err := h.service.Approve(ctx, anne, from, c.ID, "00"+good[2:], ""); !errors.Is(err, change.ErrDigest) {
		t.Errorf("another digest: %v", err)
	}
	if _, err := h.service.Approve(ctx, anne, from, c.ID, "", ""); !errors.Is(err, change.ErrDigest) {
		t.Errorf("no digest: %v", err)
	}
	if c, err := h.service.Approve(ctx, anne, from, c.ID, good, "fine"); err != nil || c.State != change.Approved {
		t.Fatalf("%s, %v", c.State, err)
	}
	var wrong *change.WrongState
	if _, err := h.service.Reject(ctx, anne, from, c.ID, "too late"); !errors.As(err, &wrong) || wrong.Change.State != change.Approved {
		t.Errorf("rejected after the approval: %v", err)
	}
	if c = h.work(t, c.ID); c.State != change.Applied {
		t.Errorf("%s: %s", c.State, c.Failure)
	}
	var refused int
	for _, e := range h.log(t) {
		if e.Outcome == audit.Refused && e.Change == c.ID && e.Detail != "" {
			refused++
		}
	}
	if refused != 6 {
		t.Errorf("%d refusals are in the audit log, want 6: %q", refused, words(h.log(t)))
	}
}

func TestRejectNeedsAReasonAndWithdrawOnesOwn(t *testing.T) {
	h := newHouse(t)
	ctx, from := t.Context(), audit.Request{}
	c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "k")
	var refusal *change.Refusal
	if _, err := h.service.Reject(ctx, anne, from, c.ID, "  "); !errors.As(err, &refusal) {
		t.Errorf("rejected without a reason: %v", err)
	}
	if _, err := h.service.Withdraw(ctx, paula, from, c.ID, ""); !errors.As(err, &refusal) {
		t.Errorf("withdrew another's: %v", err)
	}
	if c, err := h.service.Withdraw(ctx, petra, from, c.ID, "typo"); err != nil || c.State != change.Withdrawn || c.Closed.Comment != "typo" {
		t.Errorf("%+v, %v", c.Closed, err)
	}
	// The name is free again.
	c = h.submit(t, petra, draft(production, change.Create, "one", "a"), "k2")
	if c, err := h.service.Reject(ctx, anne, from, c.ID, "no"); err != nil || c.State != change.Rejected {
		t.Errorf("%s, %v", c.State, err)
	}
}

func TestSubmitBindsToWhatWasSeen(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	d := draft(staging, change.Create, "one", "a")
	plan, err := h.service.Preview(ctx, petra, d)
	if err != nil {
		t.Fatal(err)
	}
	sub := change.Submission{Draft: d, Seen: plan.Digest, Key: "k"}
	other := sub
	other.Inputs = catalog.Inputs{"names": []any{"evil"}}
	var moved *change.PlanChanged
	if _, err := h.service.Submit(ctx, petra, audit.Request{}, other); !errors.As(err, &moved) || moved.Plan.Digest == plan.Digest {
		t.Errorf("other inputs than were seen: %v", err)
	}
	first, err := h.service.Submit(ctx, petra, audit.Request{}, sub)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.service.Submit(ctx, petra, audit.Request{}, sub)
	if err != nil || again.ID != first.ID {
		t.Errorf("replayed: #%d after #%d, %v", again.ID, first.ID, err)
	}
	h.work(t, first.ID)
	if again, err = h.service.Submit(ctx, petra, audit.Request{}, sub); err != nil || again.ID != first.ID {
		t.Errorf("replayed after it was applied: #%d, %v", again.ID, err)
	}
	if _, err := h.service.Submit(ctx, sam, audit.Request{}, sub); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
}

func TestTwoPeopleTakeTheSameName(t *testing.T) {
	h := newHouse(t)
	d := draft(staging, change.Create, "one", "a")
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, who := range []policy.Subject{petra, paula} {
		both.Go(func() {
			_, errs[i] = h.service.Submit(t.Context(), who, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest, Key: who.Name})
		})
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), change.ErrNameTaken) {
		t.Errorf("want one to win and one to be told: %v", errs)
	}
}

func TestFailureCanBeResumed(t *testing.T) {
	h := newHouse(t)
	c := h.submit(t, petra, draft(staging, change.Create, "one", "a", "b", "c"), "k")
	h.cluster.refuse = map[string]*manifest.Problem{"b": {Kind: manifest.Admission, Sentence: "The policy says no."}}
	c = h.work(t, c.ID)
	if c.State != change.Failed || len(h.cluster.names()) != 0 || !strings.Contains(c.Failure, "The policy says no.") {
		t.Fatalf("refused when planned again: %s, %q, cluster %v", c.State, c.Failure, h.cluster.names())
	}
	h.cluster.refuse = nil
	if _, err := h.service.Resume(t.Context(), anne, audit.Request{}, c.ID); err == nil {
		t.Error("an approver resumed it")
	}
	if _, err := h.service.Resume(t.Context(), petra, audit.Request{}, c.ID); err != nil {
		t.Fatal(err)
	}
	if c = h.work(t, c.ID); c.State != change.Applied || c.Attempt != 2 {
		t.Errorf("%s in attempt %d: %s", c.State, c.Attempt, c.Failure)
	}
}

func TestClusterAway(t *testing.T) {
	h := newHouse(t)
	c := h.submit(t, petra, draft(staging, change.Create, "one", "a"), "k")
	h.cluster.away = true
	if _, err := h.service.Preview(t.Context(), petra, draft(staging, change.Update, "two", "a")); !errors.Is(err, change.ErrClusterAway) {
		t.Errorf("preview: %v", err)
	}
	if c = h.work(t, c.ID); c.State != change.Failed {
		t.Fatalf("%s", c.State)
	}
	h.cluster.away = false
	if _, err := h.service.Resume(t.Context(), petra, audit.Request{}, c.ID); err != nil {
		t.Fatal(err)
	}
	if c = h.work(t, c.ID); c.State != change.Applied {
		t.Errorf("%s: %s", c.State, c.Failure)
	}
}

func TestStaleWhenTheEffectsAreOthers(t *testing.T) {
	h := newHouse(t)
	c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "k")
	if _, err := h.service.Approve(t.Context(), anne, audit.Request{}, c.ID, c.Plan.Digest, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.cluster.dir+"/ConfigMap.a", []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c = h.work(t, c.ID); c.State != change.Stale || c.Closed == nil || !strings.Contains(c.Closed.Comment, "ConfigMap `a` would now be changed") {
		t.Errorf("%s: %s %+v", c.State, c.Failure, c.Closed)
	}
	if raw, _ := os.ReadFile(h.cluster.dir + "/ConfigMap.a"); string(raw) != "somebody else's" {
		t.Error("it was applied all the same")
	}
}

func TestExpiry(t *testing.T) {
	h := newHouse(t)
	now := time.Now()
	h.service.Now = func() time.Time { return now }
	c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "k")
	now = now.Add(8 * 24 * time.Hour)
	var refusal *change.Refusal
	if _, err := h.service.Approve(t.Context(), anne, audit.Request{}, c.ID, c.Plan.Digest, ""); !errors.As(err, &refusal) {
		t.Errorf("approved after it expired: %v", err)
	}
	if err := h.service.ExpireOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, _ := h.store.Change(t.Context(), c.ID); c.State != change.Expired {
		t.Errorf("%s", c.State)
	}
}

func TestNames(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"", "Api", "-a", "a-", "1a", "a.b", "a/b", "ä", "<script>", "../x", strings.Repeat("a", 54)} {
		d := draft(staging, change.Create, "one", "a")
		d.App.Name = name
		var errs catalog.Errors
		if _, err := h.service.Preview(t.Context(), petra, d); !errors.As(err, &errs) || errs[0].Path != change.NamePath {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestForeignTargetsDoNotExist(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	c := h.submit(t, petra, draft(staging, change.Create, "one", "a"), "k")
	key := c.App
	_, e1 := h.service.Change(ctx, sam, c.ID)
	_, e2 := h.service.Application(ctx, sam, key)
	_, e3 := h.service.Revisions(ctx, sam, key)
	_, e4 := h.service.Preview(ctx, sam, draft(staging, change.Create, "one", "a"))
	_, e5 := h.service.Withdraw(ctx, sam, audit.Request{}, c.ID, "")
	_, e6 := h.service.Resume(ctx, sam, audit.Request{}, c.ID)
	_, e7 := h.service.Change(ctx, sam, 4711)
	for i, err := range []error{e1, e2, e3, e4, e5, e6, e7} {
		if !errors.Is(err, change.ErrNotFound) {
			t.Errorf("%d: %v", i+1, err)
		}
	}
	if list, err := h.service.Changes(ctx, sam, change.Query{}); err != nil || len(list) != 0 {
		t.Errorf("sees %d changes, %v", len(list), err)
	}
	if list, err := h.service.Applications(ctx, sam); err != nil || len(list) != 0 {
		t.Errorf("sees %d applications, %v", len(list), err)
	}
}

func TestStaleWhenAnotherChangeWasAppliedFirst(t *testing.T) {
	h := newHouse(t)
	create := h.submit(t, petra, draft(production, change.Create, "one", "a"), "1")
	h.sign(t, create)
	h.work(t, create.ID)
	first := h.submit(t, petra, draft(production, change.Update, "two", "a"), "2")
	second := h.submit(t, petra, draft(production, change.Update, "three", "a"), "3")
	h.sign(t, first)
	if c := h.work(t, first.ID); c.State != change.Applied {
		t.Fatalf("%s: %s", c.State, c.Failure)
	}
	h.sign(t, second)
	if c := h.work(t, second.ID); c.State != change.Stale || !strings.Contains(c.Closed.Comment, "Another change") {
		t.Errorf("planned on revision 1, applied on revision 2: %s, %+v", c.State, c.Closed)
	}
}

func TestStaleWhenTheNameIsAnotherApplications(t *testing.T) {
	h := newHouse(t)
	key := change.AppKey{Target: production, Name: "api"}
	for i, d := range []change.Draft{draft(production, change.Create, "one", "a"), draft(production, change.Update, "two", "a"), {Kind: change.Delete, App: key}} {
		c := h.submit(t, petra, d, string(d.Kind))
		if i == 1 {
			continue // waits, while its application goes
		}
		h.sign(t, c)
		h.work(t, c.ID)
	}
	waits, err := h.service.Changes(t.Context(), petra, change.Query{States: []change.State{change.Pending}})
	if err != nil || len(waits) != 1 {
		t.Fatalf("%d wait, %v", len(waits), err)
	}
	again := h.submit(t, petra, draft(production, change.Create, "one", "a"), "again")
	h.sign(t, again)
	if c := h.work(t, again.ID); c.State != change.Applied || c.Revision != 1 {
		t.Fatalf("%s, revision %d: %s", c.State, c.Revision, c.Failure)
	}
	h.sign(t, waits[0])
	if c := h.work(t, waits[0].ID); c.State != change.Stale {
		t.Errorf("an update of the former application is %s: %s", c.State, c.Failure)
	}
}

// sign approves a change as somebody who may.
func (h *house) sign(t *testing.T, c change.Change) {
	t.Helper()
	if _, err := h.service.Approve(t.Context(), anne, audit.Request{}, c.ID, c.Plan.Digest, ""); err != nil {
		t.Fatalf("approve: %v", err)
	}
}
