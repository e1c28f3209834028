package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func benchEntry(i int) audit.Entry {
	e := entry(audit.ApplyObject, key(production, name(i%500)))
	e.Actor.Subject, e.Actor.Name = name(i%200), "Person "+name(i%200)
	e.Change, e.Object = int64(i/10+1), "Deployment "+name(i%500)
	e.RanAs, e.Detail = "slipway:team:payments", "One sentence that says why it was done."
	e.Digest = fmt.Sprintf("%064d", i)
	e.Target.Team = "team-" + name(i%30)
	if i%997 == 0 {
		e.Outcome = audit.Failed
	}
	return e
}

// BenchmarkAuditAppend is one durable audit entry. Compare it with BenchmarkRawInsert.
func BenchmarkAuditAppend(b *testing.B) {
	s := open(b, sqliteConfig(b))
	record(b, s, benchEntry(0))
	for i := 0; b.Loop(); i++ {
		record(b, s, benchEntry(i))
	}
}

// BenchmarkRawInsert is one durable row of the same columns, through the same driver, into the same file, in
// a table without index, chain or trigger.
func BenchmarkRawInsert(b *testing.B) {
	s := open(b, sqliteConfig(b))
	db := s.WriteDB()
	if _, err := db.Exec("CREATE TABLE raw AS SELECT * FROM audit_entries"); err != nil {
		b.Fatal(err)
	}
	const insert = "INSERT INTO raw VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	for i := 0; b.Loop(); i++ {
		e := benchEntry(i)
		_, err := db.ExecContext(b.Context(), insert, i, time.Now().UnixMicro(), 1, false, string(e.Action), string(e.Outcome), 1,
			e.Application, e.Change, e.Object, e.Digest, e.RanAs, e.Detail, e.Request.ID, e.Request.RemoteIP,
			e.Request.UserAgent, audit.Genesis, audit.Genesis)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// million gives a file with a log of a million entries. It is made once and kept where
// SLIPWAY_BENCH_DIR says, or in the temporary directory.
func million(b *testing.B) *store.Store {
	dir := os.Getenv("SLIPWAY_BENCH_DIR")
	if dir == "" {
		dir = os.TempDir()
	}
	path := filepath.Join(dir, "slipway-bench-1000000.db")
	s := open(b, store.Config{Driver: store.SQLite, Path: path})
	last, _, err := s.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for i := int(last); i < 1_000_000; {
		batch := make([]audit.Entry, 0, 500)
		for ; len(batch) < cap(batch); i++ {
			batch = append(batch, benchEntry(i))
		}
		record(b, s, batch...)
	}
	return s
}

// BenchmarkPage is the first page of the log for each filter, in a log of a million entries.
func BenchmarkPage(b *testing.B) {
	s := million(b)
	middle, err := s.Entry(b.Context(), 500_000, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name   string
		f      audit.Filter
		before int64
	}{
		{"all", audit.Filter{}, 0},
		{"deep", audit.Filter{}, 500_000},
		{"person", audit.Filter{Person: "app-77"}, 0},
		{"everybody", audit.Filter{Person: "person"}, 0},
		{"nobody", audit.Filter{Person: "mallory"}, 0},
		{"team", audit.Filter{Target: policy.Target{Team: "team-app-7"}}, 0},
		{"visible", audit.Filter{Visible: []policy.Target{{Team: "team-app-7", Environment: policy.Any}, {Team: "team-app-8", Environment: policy.Any}}}, 0},
		{"application", audit.Filter{Application: "app-123"}, 0},
		{"action", audit.Filter{Action: audit.ApplyObject}, 0},
		{"noSuchAction", audit.Filter{Action: audit.ExpireChange}, 0},
		{"failed", audit.Filter{Outcome: audit.Failed}, 0},
		{"done", audit.Filter{Outcome: audit.Done}, 0},
		{"change", audit.Filter{Change: 4711}, 0},
		{"sinceMiddle", audit.Filter{Since: middle.Time}, 0},
		{"untilMiddle", audit.Filter{Until: middle.Time}, 0},
		{"teamFailedUntil", audit.Filter{Target: policy.Target{Team: "team-app-7"}, Outcome: audit.Failed, Until: middle.Time}, 0},
		{"commonText", audit.Filter{Text: "sentence"}, 0},
		{"noSuchText", audit.Filter{Text: "nowhere"}, 0},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Entries(b.Context(), bench.f, bench.before, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEach reads the whole log, as an export does. BenchmarkRawRead reads the same columns with the
// driver alone.
func BenchmarkEach(b *testing.B) {
	s := million(b)
	for b.Loop() {
		if err := s.Each(context.Background(), audit.Filter{}, func(audit.Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawRead: see BenchmarkEach.
func BenchmarkRawRead(b *testing.B) {
	db := million(b).ReadDB()
	for b.Loop() {
		rows, err := db.Query("SELECT * FROM audit_entries ORDER BY seq")
		if err != nil {
			b.Fatal(err)
		}
		cells := make([]any, 18)
		for i := range cells {
			cells[i] = new(sql.RawBytes)
		}
		for rows.Next() {
			if err := rows.Scan(cells...); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
