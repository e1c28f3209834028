package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func record(t testing.TB, s *store.Store, es ...audit.Entry) {
	t.Helper()
	if err := s.Record(t.Context(), es...); err != nil {
		t.Fatal(err)
	}
}

func TestEntryComesBackAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		want := audit.Entry{
			Actor: audit.Actor{Person: approver, Portal: true}, Action: audit.ApplyObject, Outcome: audit.Unknown,
			Target: staging, Application: "api", Change: 7, Object: "Deployment api", Digest: "d", RanAs: "slipway:team:payments",
			Detail: "it's 100% \"so\"", Request: audit.Request{ID: "r", RemoteIP: "::1", UserAgent: "u"},
		}
		before := time.Now().Add(-time.Second)
		record(t, s, audit.Entry{}, want)
		got, err := s.Entry(t.Context(), 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		first, err := s.Entry(t.Context(), 1, nil)
		if err != nil || first.Prev != strings.Repeat("0", 64) || got.Prev != first.Hash || len(got.Hash) != 64 {
			t.Errorf("the chain: %+v, %+v, %v", first, got, err)
		}
		if got.Time.Before(before) || got.Time.After(time.Now().Add(time.Second)) || got.Time.Location() != time.UTC {
			t.Errorf("time %v", got.Time)
		}
		want.Seq, want.Time, want.Prev, want.Hash = 2, got.Time, got.Prev, got.Hash
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if _, err := s.Entry(t.Context(), 3, nil); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("an entry that is not there: %v", err)
		}
		if _, err := s.Entry(t.Context(), 2, []policy.Target{search}); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("a foreign entry: %v", err)
		}
		if seq, hash, err := s.Head(t.Context()); seq != 2 || hash != got.Hash || err != nil {
			t.Errorf("head: %d, %s, %v", seq, hash, err)
		}
	})
}

// What a hostile person can put into a field neither breaks the chain nor keeps the entry from being
// stored.
func TestUnstorableTexts(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		e := entry(audit.Access, key(staging, "a\x00\xff'; --"))
		e.Detail = strings.Repeat("ä", audit.DetailLimit)
		e.Request.UserAgent = strings.Repeat("\xff", 500)
		record(t, s, e)
		got := entries(t, s, audit.Filter{})[0]
		if got.Application != "a \uFFFD'; --" || len(got.Detail) > audit.DetailLimit || !strings.HasSuffix(got.Detail, "ä…") || len(got.Request.UserAgent) > 200 {
			t.Errorf("%q, %d bytes of detail, %d of user agent", got.Application, len(got.Detail), len(got.Request.UserAgent))
		}
		if err := s.Verify(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestConcurrentAppendsKeepTheChain(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		stores := []*store.Store{open(t, c), open(t, c)}
		const writers, each = 8, 25
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for range each {
					e := entry(audit.SignIn, key(staging, name(w)))
					e.Actor.Subject = name(w)
					if err := stores[w%2].Record(t.Context(), e, e); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if seq, _, err := stores[0].Head(t.Context()); err != nil || seq != writers*each*2 {
			t.Errorf("the last entry is %d (%v), want %d", seq, err, writers*each*2)
		}
		if err := stores[1].Verify(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestLogIsOnlyAddedTo(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		record(t, s, entry(audit.SignIn, key(staging, "a")), entry(audit.SignIn, key(staging, "b")))
		statements := []string{
			"UPDATE audit_entries SET detail = 'x'", "DELETE FROM audit_entries WHERE seq = 2",
			"UPDATE audit_actors SET name = 'x'", "DELETE FROM audit_actors",
			"UPDATE audit_targets SET team = 'x'", "DELETE FROM audit_targets",
		}
		if c.Driver == store.SQLite {
			const copied = "9, at, actor_id, portal, action, outcome, target_id, application, change_id, object, digest, ran_as, detail, request_id, remote_ip, user_agent, prev, hash FROM audit_entries WHERE seq = 1"
			statements = append(statements, "INSERT INTO audit_entries SELECT "+copied,
				"INSERT OR REPLACE INTO audit_entries SELECT "+strings.Replace(copied, "9", "2", 1))
		} else {
			statements = append(statements, "TRUNCATE audit_entries")
		}
		for _, q := range statements {
			if _, err := s.WriteDB().Exec(q); err == nil || !strings.Contains(err.Error(), "audit log") {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	for statement, at := range map[string]int64{
		"UPDATE audit_entries SET detail = 'x' WHERE seq = 3":                             3,
		"UPDATE audit_actors SET name = 'x'":                                              1,
		"DELETE FROM audit_entries WHERE seq = 2":                                         3,
		"UPDATE audit_entries SET hash = (SELECT hash FROM audit_entries WHERE seq = 1)":  2,
		"UPDATE audit_entries SET application = 'b', at = at + 1 WHERE seq = 4":           4,
		"UPDATE audit_entries SET target_id = (SELECT max(id) FROM audit_targets)":        1,
		"UPDATE audit_entries SET outcome = 'refused' WHERE seq = 4 AND outcome = 'done'": 4,
	} {
		t.Run(statement, func(t *testing.T) {
			s := open(t, sqliteConfig(t))
			for range 4 {
				record(t, s, entry(audit.SignIn, key(staging, "a")))
			}
			record(t, s, entry(audit.SignIn, key(production, "a")))
			for _, trigger := range []string{"audit_entries_update", "audit_entries_delete", "audit_actors_update"} {
				if _, err := s.WriteDB().Exec("DROP TRIGGER " + trigger); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Verify(t.Context(), nil); err != nil {
				t.Fatalf("before: %v", err)
			}
			if _, err := s.WriteDB().Exec(statement); err != nil {
				t.Fatal(err)
			}
			err := s.Verify(t.Context(), nil)
			if broken, ok := errors.AsType[*audit.BrokenLink](err); !ok || broken.Seq != at {
				t.Errorf("got %v, want a broken link at entry %d", err, at)
			}
		})
	}
}

// fill writes a log in which each entry differs from its neighbours.
func fill(t testing.TB, s *store.Store, n int) {
	t.Helper()
	actions := []audit.Action{audit.SubmitChange, audit.ApproveChange, audit.ApplyChange}
	outcomes := []audit.Outcome{audit.Done, audit.Refused, audit.Failed, audit.Intent}
	targets := []policy.Target{staging, production, search, {}}
	people := []policy.Person{dev, approver}
	for i := range n {
		e := entry(actions[i%3], key(targets[i%4], name(i%5)))
		e.Outcome, e.Change, e.Actor.Person = outcomes[i%4], int64(i%7), people[i%2]
		e.Object, e.Detail = "Deployment "+name(i), "100%_\\ of "+name(i)
		record(t, s, e)
	}
}

func TestFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		fill(t, s, 60)
		all := entries(t, s, audit.Filter{})
		if len(all) != 60 {
			t.Fatalf("%d entries", len(all))
		}
		anything := []policy.Target{{Team: policy.Any, Environment: policy.Any}}
		for name, tc := range map[string]struct {
			f    audit.Filter
			want func(e audit.Entry) bool
		}{
			"subject":     {audit.Filter{Person: "dev"}, func(e audit.Entry) bool { return e.Actor.Subject == "dev" }},
			"part of one": {audit.Filter{Person: "müll"}, func(e audit.Entry) bool { return e.Actor.Subject == "dev" }},
			"email":       {audit.Filter{Person: "EXAMPLE.com"}, func(audit.Entry) bool { return true }},
			"nobody":      {audit.Filter{Person: "mallory"}, func(audit.Entry) bool { return false }},
			"wildcard":    {audit.Filter{Person: "%"}, func(audit.Entry) bool { return false }},
			"team":        {audit.Filter{Target: policy.Target{Team: "payments"}}, func(e audit.Entry) bool { return e.Target.Team == "payments" }},
			"environment": {audit.Filter{Target: policy.Target{Environment: "staging"}}, func(e audit.Entry) bool { return e.Target.Environment == "staging" }},
			"target":      {audit.Filter{Target: production}, func(e audit.Entry) bool { return e.Target == production }},
			"no target":   {audit.Filter{Target: policy.Target{Team: "nobody"}}, func(audit.Entry) bool { return false }},
			"application": {audit.Filter{Application: "app-3"}, func(e audit.Entry) bool { return e.Application == "app-3" }},
			"action":      {audit.Filter{Action: audit.ApplyChange}, func(e audit.Entry) bool { return e.Action == audit.ApplyChange }},
			"done":        {audit.Filter{Outcome: audit.Done}, func(e audit.Entry) bool { return e.Outcome == audit.Done }},
			"failed":      {audit.Filter{Outcome: audit.Failed}, func(e audit.Entry) bool { return e.Outcome == audit.Failed }},
			"change":      {audit.Filter{Change: 3}, func(e audit.Entry) bool { return e.Change == 3 }},
			"text":        {audit.Filter{Text: "of APP-5"}, func(e audit.Entry) bool { return strings.Contains(e.Detail, "of app-5") }},
			"text with %": {audit.Filter{Text: `%_\ of app-7`}, func(e audit.Entry) bool { return strings.HasSuffix(e.Detail, "of app-7") }},
			"quote":       {audit.Filter{Text: "'; DROP TABLE audit_entries; --"}, func(audit.Entry) bool { return false }},
			"since":       {audit.Filter{Since: all[20].Time}, func(e audit.Entry) bool { return !e.Time.Before(all[20].Time) }},
			"until":       {audit.Filter{Until: all[20].Time}, func(e audit.Entry) bool { return e.Time.Before(all[20].Time) }},
			"between": {audit.Filter{Since: all[10].Time.Add(1), Until: all[30].Time.Add(1)}, func(e audit.Entry) bool {
				return e.Time.After(all[10].Time) && !e.Time.After(all[30].Time)
			}},
			"future":       {audit.Filter{Since: time.Now().Add(time.Hour)}, func(audit.Entry) bool { return false }},
			"past":         {audit.Filter{Until: time.Unix(0, 0)}, func(audit.Entry) bool { return false }},
			"none visible": {audit.Filter{Visible: []policy.Target{}}, func(audit.Entry) bool { return false }},
			"any visible":  {audit.Filter{Visible: anything}, func(e audit.Entry) bool { return e.Target != policy.Target{} }},
			"visible":      {audit.Filter{Visible: []policy.Target{{Team: "payments", Environment: policy.Any}, search}}, func(e audit.Entry) bool { return e.Target != policy.Target{} }},
			"foreign":      {audit.Filter{Visible: []policy.Target{search}, Target: production}, func(audit.Entry) bool { return false }},
			"everything at once": {audit.Filter{
				Person: "example", Target: policy.Target{Team: "payments"}, Application: "app-1", Action: audit.ApproveChange,
				Outcome: audit.Done, Change: 2, Text: "app", Since: all[0].Time, Until: all[59].Time.Add(time.Second), Visible: anything,
			}, func(e audit.Entry) bool {
				return e.Target.Team == "payments" && e.Application == "app-1" && e.Action == audit.ApproveChange && e.Outcome == audit.Done && e.Change == 2
			}},
			"person, application, outcome": {audit.Filter{Person: "ann", Application: "app-1", Outcome: audit.Refused}, func(e audit.Entry) bool {
				return e.Actor.Subject == "approver" && e.Application == "app-1" && e.Outcome == audit.Refused
			}},
		} {
			var want []int64
			for _, e := range all {
				if tc.want(e) {
					want = append(want, e.Seq)
				}
			}
			checkFilter(t, s, name, tc.f, want)
		}
	})
}

// checkFilter asks in every way for the entries, which want has oldest first.
func checkFilter(t *testing.T, s *store.Store, name string, f audit.Filter, want []int64) {
	t.Helper()
	var each, paged []int64
	for _, e := range entries(t, s, f) {
		each = append(each, e.Seq)
	}
	if d := cmp.Diff(want, each); d != "" {
		t.Errorf("%s: Each: %s", name, d)
	}
	for before, more := int64(0), true; more; {
		page, err := s.Entries(t.Context(), f, before, 7)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range page.Entries {
			paged = append([]int64{e.Seq}, paged...)
		}
		before, more = page.Before, page.Before != 0
	}
	if d := cmp.Diff(want, paged); d != "" {
		t.Errorf("%s: Entries: %s", name, d)
	}
	if n, more, err := s.Count(t.Context(), f, 1000); n != len(want) || more || err != nil {
		t.Errorf("%s: Count says %d, %v, %v", name, n, more, err)
	}
	if n, more, err := s.Count(t.Context(), f, 1); n != min(1, len(want)) || more != (len(want) > 1) || err != nil {
		t.Errorf("%s: Count up to 1 says %d, %v, %v", name, n, more, err)
	}
}

func TestEachStops(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		fill(t, s, 5)
		stop, n := errors.New("stop"), 0
		err := s.Each(t.Context(), audit.Filter{}, func(audit.Entry) error { n++; return stop })
		if !errors.Is(err, stop) || n != 1 {
			t.Errorf("%v after %d entries", err, n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Each(ctx, audit.Filter{}, func(audit.Entry) error { return nil }); !errors.Is(err, context.Canceled) || errors.Is(err, change.ErrUnavailable) {
			t.Errorf("cancelled: %v", err)
		}
		// What is written while Each runs is not for it, or it might never end.
		n = 0
		err = s.Each(t.Context(), audit.Filter{}, func(e audit.Entry) error { n++; return s.Record(t.Context(), e) })
		if err != nil || n != 5 {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}
