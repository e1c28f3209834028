package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func TestChangeComesBackAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		want := draft(change.Create, key(production, "api"), change.Pending)
		want.Idempotency = "form-1"
		made := create(t, s, want)
		if made.ID == 0 || made.Version != 1 {
			t.Fatalf("ID %d, version %d", made.ID, made.Version)
		}
		want.ID, want.Version = made.ID, 1
		if d := cmp.Diff(want, made); d != "" {
			t.Error("Create returns another change:", d)
		}
		got, err := s.Change(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error("Change returns another change:", d)
		}
		if got := entries(t, s, audit.Filter{}); len(got) != 1 || got[0].Change != made.ID {
			t.Errorf("audit entries: %+v", got)
		}
		if _, err := s.Change(t.Context(), made.ID+1); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("a change that is not there: %v", err)
		}
	})
}

func TestReplayedPostFindsItsChange(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		d := draft(change.Create, key(staging, "api"), change.Pending)
		d.Idempotency = "form-1"
		first := create(t, s, d)
		if again := create(t, s, d); again.ID != first.ID {
			t.Errorf("the same form made #%d and #%d", first.ID, again.ID)
		}
		if n := len(entries(t, s, audit.Filter{})); n != 1 {
			t.Errorf("%d audit entries, want 1", n)
		}
		d.Requester = approver
		if _, err := s.Create(t.Context(), d, nil); !errors.Is(err, change.ErrNameTaken) {
			t.Errorf("somebody else's form with the same key: %v", err)
		}
	})
}

func TestNames(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		if _, err := s.Create(t.Context(), draft(change.Update, api, change.Approved), nil); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("an update of nothing: %v", err)
		}
		first := create(t, s, draft(change.Create, api, change.Pending))
		if _, err := s.Create(t.Context(), draft(change.Create, api, change.Pending), nil); !errors.Is(err, change.ErrNameTaken) {
			t.Errorf("a name that waits for approval: %v", err)
		}
		become(t, s, first.ID, change.Withdrawn, change.Commit{})
		if _, err := s.Application(t.Context(), api); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("an application that never was: %v", err)
		}
		second := create(t, s, draft(change.Create, api, change.Approved))
		apply(t, s, second.ID, ref("api"))
		if _, err := s.Create(t.Context(), draft(change.Create, api, change.Approved), nil); !errors.Is(err, change.ErrNameTaken) {
			t.Errorf("a living name: %v", err)
		}
		create(t, s, draft(change.Create, key(production, "api"), change.Pending))
		apps, err := s.Applications(t.Context(), []policy.Target{{Team: policy.Any, Environment: "staging"}})
		if err != nil || len(apps) != 1 || apps[0].Revision != 1 {
			t.Errorf("applications of staging: %+v, %v", apps, err)
		}
	})
}

func TestDeletedApplicationLeavesItsNameAndHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		apply(t, s, create(t, s, draft(change.Create, api, change.Approved)).ID, ref("api"), ref("extra"))
		del := create(t, s, draft(change.Delete, api, change.Approved))
		claim(t, s, "w")
		become(t, s, del.ID, change.Applied, change.Commit{Revision: true, Gone: []manifest.Ref{ref("api")}})
		if _, err := s.Application(t.Context(), api); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("the deleted application: %v", err)
		}
		revisions, err := s.Revisions(t.Context(), api)
		if err != nil || len(revisions) != 2 || revisions[0].Kind != change.Delete {
			t.Errorf("its history: %+v, %v", revisions, err)
		}
		again := create(t, s, draft(change.Create, api, change.Approved))
		if left, err := s.Inventory(t.Context(), api); err != nil || !cmp.Equal(left, []manifest.Ref{ref("extra")}) {
			t.Errorf("what the former left behind: %v, %v", left, err)
		}
		if got := apply(t, s, again.ID, ref("api")); got.Revision != 1 {
			t.Errorf("the successor begins with revision %d", got.Revision)
		}
	})
}

// What an application is to have is certain only when its last attempt came to a good end.
func TestStanding(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		standing := func(when string, settled bool, want ...manifest.Ref) change.Standing {
			t.Helper()
			got, err := s.Standing(t.Context(), api)
			if err != nil || got.Settled != settled || !cmp.Equal(got.Refs, want) {
				t.Errorf("%s: %+v, %v", when, got, err)
			}
			return got
		}
		standing("before it is there", false)
		first := create(t, s, draft(change.Create, api, change.Approved))
		standing("before it is applied", false)
		apply(t, s, first.ID, ref("api"), ref("extra"))
		if got := standing("once it is applied", true, ref("api"), ref("extra")); got.Applied.IsZero() {
			t.Error("it is not known when it was applied")
		}

		create(t, s, draft(change.Update, api, change.Pending))
		standing("while a change waits", true, ref("api"), ref("extra"))
		second := create(t, s, draft(change.Update, api, change.Approved))
		claim(t, s, "w")
		become(t, s, second.ID, change.Applying, change.Commit{Mine: []manifest.Ref{ref("more")}})
		standing("while one is applied", false, ref("api"), ref("extra"), ref("more"))
		become(t, s, second.ID, change.Failed, change.Commit{})
		standing("when it failed", false, ref("api"), ref("extra"), ref("more"))
		apply(t, s, create(t, s, draft(change.Update, api, change.Approved)).ID, ref("api"), ref("extra"), ref("more"))
		standing("when another one did not", true, ref("api"), ref("extra"), ref("more"))

		del := create(t, s, draft(change.Delete, api, change.Approved))
		claim(t, s, "w")
		become(t, s, del.ID, change.Applied, change.Commit{Revision: true, Gone: []manifest.Ref{ref("api")}})
		standing("when it is deleted", false)
	})
}

func TestRevisions(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		for i, kind := range []change.Kind{change.Create, change.Update, change.Rollback, change.RestartPods, change.ScalePods} {
			d := draft(kind, api, change.Approved)
			d.Inputs = map[string]any{"n": int64(i)}
			if got := apply(t, s, create(t, s, d).ID, ref("api")); got.Revision != i+1 {
				t.Errorf("revision %d, want %d", got.Revision, i+1)
			}
		}
		r, err := s.Revision(t.Context(), api, 2)
		if err != nil || r.Inputs["n"] != int64(1) || len(r.Rendered) == 0 || r.Kind != change.Update || r.By != dev {
			t.Errorf("revision 2: %+v, %v", r, err)
		}
		if _, err := s.Revision(t.Context(), api, 6); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("revision 6: %v", err)
		}
		list, err := s.Revisions(t.Context(), api)
		if err != nil || len(list) != 5 || list[0].Number != 5 || list[0].Kind != change.ScalePods || list[0].Rendered != nil || list[0].Inputs != nil {
			t.Errorf("revisions: %+v, %v", list, err)
		}
		app, err := s.Application(t.Context(), api)
		if err != nil || app.Revision != 5 || app.Changed.IsZero() || app.Created.IsZero() {
			t.Errorf("application: %+v, %v", app, err)
		}
	})
}

func TestUnknownKindIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		if _, err := s.Create(t.Context(), draft("explode", key(staging, "api"), change.Approved), nil); err == nil {
			t.Error("the database took a kind that there is not")
		}
	})
}

func TestFailedCreateKeepsItsApplication(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		made := create(t, s, draft(change.Create, api, change.Approved))
		claim(t, s, "w")
		become(t, s, made.ID, change.Applying, change.Commit{Mine: []manifest.Ref{ref("api"), ref("api")}})
		become(t, s, made.ID, change.Failed, change.Commit{})
		become(t, s, made.ID, change.Applying, change.Commit{})
		if c := claim(t, s, "w2"); c.ID != made.ID || c.Attempt != 2 {
			t.Errorf("resumed: #%d, attempt %d", c.ID, c.Attempt)
		}
		become(t, s, made.ID, change.Stale, change.Commit{})
		if app, err := s.Application(t.Context(), api); err != nil || app.Revision != 0 {
			t.Errorf("the application with objects in the cluster: %+v, %v", app, err)
		}
	})
}

func TestUpdate(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		made := create(t, s, draft(change.Create, key(staging, "api"), change.Pending))
		signed, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
			c.Approvals = append(c.Approvals, change.Approval{By: approver, At: c.Submitted, Digest: c.Plan.Digest})
			return change.Commit{Audit: []audit.Entry{entry(audit.ApproveChange, c.App)}}, nil
		})
		if err != nil || signed.Version != 2 {
			t.Fatalf("%+v, %v", signed, err)
		}
		got, err := s.Change(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(signed, got); d != "" {
			t.Error("Update returns another change than it stored:", d)
		}

		mine := errors.New("mine")
		if _, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
			c.State = change.Approved
			return change.Commit{}, mine
		}); !errors.Is(err, mine) {
			t.Errorf("the function's error: %v", err)
		}
		if _, err := s.Update(t.Context(), made.ID, func(c *change.Change) (change.Commit, error) {
			c.State = change.Applied
			return change.Commit{Audit: []audit.Entry{entry(audit.ApplyChange, c.App)}}, nil
		}); !errors.Is(err, store.ErrTransition) {
			t.Errorf("pending to applied: %v", err)
		}
		if _, err := s.Update(t.Context(), 99, nil); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("a change that is not there: %v", err)
		}
		if again, _ := s.Change(t.Context(), made.ID); again.Version != 2 || again.State != change.Pending {
			t.Errorf("a refused update left its mark: %+v", again)
		}
		if n := len(entries(t, s, audit.Filter{})); n != 2 {
			t.Errorf("%d audit entries, want 2", n)
		}
	})
}

// The states of the table in package change and those of the database's CHECK are the same.
func TestEveryStateIsStorable(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		made := create(t, s, draft(change.Create, key(staging, "api"), change.Pending))
		states := []change.State{
			change.Pending, change.Approved, change.Rejected, change.Withdrawn, change.Expired,
			change.Stale, change.Applying, change.Applied, change.Failed,
		}
		for _, state := range states {
			if _, err := s.WriteDB().Exec(fmt.Sprintf("UPDATE changes SET state = '%s' WHERE id = %d", state, made.ID)); err != nil {
				t.Errorf("%s: %v", state, err)
			}
		}
		if _, err := s.WriteDB().Exec("UPDATE changes SET state = 'broken'"); err == nil {
			t.Error("the database takes any state")
		}
	})
}

func TestChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		a := create(t, s, draft(change.Create, key(staging, "a"), change.Pending))
		b := create(t, s, draft(change.Create, key(production, "b"), change.Approved))
		d := draft(change.Create, key(search, "c"), change.Pending)
		d.Requester = approver
		other := create(t, s, d)
		all := []policy.Target{{Team: policy.Any, Environment: policy.Any}}
		appB := b.App
		for name, tc := range map[string]struct {
			q    change.Query
			want []int64
		}{
			"all":                  {change.Query{}, []int64{other.ID, b.ID, a.ID}},
			"none visible":         {change.Query{Visible: []policy.Target{}}, nil},
			"any":                  {change.Query{Visible: all}, []int64{other.ID, b.ID, a.ID}},
			"team":                 {change.Query{Visible: []policy.Target{{Team: "payments", Environment: policy.Any}}}, []int64{b.ID, a.ID}},
			"two targets":          {change.Query{Visible: []policy.Target{production, search}}, []int64{other.ID, b.ID}},
			"application":          {change.Query{App: &appB}, []int64{b.ID}},
			"foreign application":  {change.Query{App: &appB, Visible: []policy.Target{search}}, nil},
			"state":                {change.Query{States: []change.State{change.Pending}}, []int64{other.ID, a.ID}},
			"requester":            {change.Query{By: approver.Identity}, []int64{other.ID}},
			"not by":               {change.Query{NotBy: approver.Identity}, []int64{b.ID, a.ID}},
			"oldest":               {change.Query{Oldest: true, Limit: 2}, []int64{a.ID, b.ID}},
			"before":               {change.Query{Before: b.ID}, []int64{a.ID}},
			"pending, not by, any": {change.Query{Visible: all, States: []change.State{change.Pending}, NotBy: dev.Identity}, []int64{other.ID}},
		} {
			got, err := s.Changes(t.Context(), tc.q)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var ids []int64
			for _, c := range got {
				ids = append(ids, c.ID)
				if c.Rendered != nil || c.Inputs != nil || c.Plan.Objects[0].Before != "" {
					t.Errorf("%s: the list has large parts", name)
				}
				if c.Plan.Count(manifest.Create) != 1 || c.Plan.Effects == nil {
					t.Errorf("%s: the list lacks the plan", name)
				}
			}
			if d := cmp.Diff(tc.want, ids); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	})
}

func TestOverdue(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		p := create(t, s, draft(change.Create, key(staging, "a"), change.Pending))
		create(t, s, draft(change.Create, key(staging, "b"), change.Approved))
		if ids, err := s.Overdue(t.Context(), p.Expires.Add(-time.Microsecond)); err != nil || len(ids) != 0 {
			t.Errorf("before: %v, %v", ids, err)
		}
		if ids, err := s.Overdue(t.Context(), p.Expires); err != nil || !cmp.Equal(ids, []int64{p.ID}) {
			t.Errorf("after: %v, %v", ids, err)
		}
	})
}

// What counts on the base of a change is stored only while the application is at it.
func TestACommitAtTheBase(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		api := key(staging, "api")
		apply(t, s, create(t, s, draft(change.Create, api, change.Approved)).ID)
		resume := func(c change.Change) error {
			_, err := s.Update(t.Context(), c.ID, func(c *change.Change) (change.Commit, error) {
				c.State, c.Failure = change.Applying, ""
				return change.Commit{AtBase: true, Audit: []audit.Entry{entry(audit.ResumeChange, api)}}, nil
			})
			return err
		}
		fail := func() change.Change {
			d := draft(change.Update, api, change.Approved)
			d.Base = 1
			made := create(t, s, d)
			claim(t, s, "w")
			return become(t, s, made.ID, change.Failed, change.Commit{Holder: "w"})
		}
		first, second := fail(), fail()
		if err := resume(first); err != nil {
			t.Fatalf("at its base: %v", err)
		}
		apply(t, s, first.ID)
		before := len(entries(t, s, audit.Filter{}))
		if err := resume(second); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("past its base: %v", err)
		}
		if after, err := s.Change(t.Context(), second.ID); err != nil || after.State != change.Failed || after.Version != second.Version {
			t.Errorf("it is %s, %v", after.State, err)
		}
		if n := len(entries(t, s, audit.Filter{})); n != before {
			t.Errorf("%d entries were stored", n-before)
		}
	})
}
