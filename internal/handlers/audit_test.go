package handlers

import (
	"path/filepath"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

// What was announced in the log is settled by the first entry that says how it ended, on whichever page that
// is; what nothing settles goes on standing out.
func TestIntentsAreSettledByTheirOutcomes(t *testing.T) {
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "portal.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	staging := policy.Target{Team: "payments", Environment: "staging"}
	entry := func(a audit.Action, o audit.Outcome, change int64, request string) audit.Entry {
		return audit.Entry{Action: a, Outcome: o, Target: staging, Application: "api", Change: change, Request: audit.Request{ID: request}}
	}
	apply := func(o audit.Outcome, change int64) audit.Entry { return entry(audit.ApplyChange, o, change, "") }
	stage := func(o audit.Outcome, request string) audit.Entry { return entry(audit.StageSecrets, o, 0, request) }
	log := []audit.Entry{
		apply(audit.Intent, 7), apply(audit.Failed, 7), // 1, 2
		apply(audit.Intent, 7), apply(audit.Intent, 7), // 3, killed; 4
		stage(audit.Intent, "a"), stage(audit.Intent, "b"), // 5, 6, whose portal was killed
		apply(audit.Intent, 8), entry(audit.ApplyObject, audit.Done, 8, ""), // 7, under way
		stage(audit.Done, "a"), apply(audit.Done, 7), // 9, 10
	}
	if err := st.Record(t.Context(), log...); err != nil {
		t.Fatal(err)
	}
	s := &server{Config: Config{Audit: st}}
	for name, before := range map[string]int64{"one page": 0, "another page": 9} {
		page, err := st.Entries(t.Context(), audit.Filter{}, before, auditLimit)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.settled(t.Context(), nil, page.Entries)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int64]int64{1: 2, 3: 10, 4: 10, 5: 9}
		for _, e := range page.Entries {
			if got[e.Seq].Seq != want[e.Seq] {
				t.Errorf("%s: entry %d is settled by %d, want %d", name, e.Seq, got[e.Seq].Seq, want[e.Seq])
			}
		}
	}
	late := stage(audit.Intent, "")
	late.Seq, late.Time = 1, time.Now()
	if f := late.Settling(); f.Until.IsZero() || f.Since.IsZero() || f.Action != audit.StageSecrets {
		t.Errorf("what belongs to no change is looked for without end: %+v", f)
	}
	if got, err := s.settled(t.Context(), []policy.Target{}, log[:1]); err != nil || len(got) != 0 {
		t.Errorf("somebody who sees nothing is told %v, %v", got, err)
	}
}
