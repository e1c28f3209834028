package store

import (
	"log/slog"
	"path/filepath"
	"testing"
)

// A database of the version before has the new kinds after the migration, and all that was in it.
func TestKindsOfADatabaseInUse(t *testing.T) {
	s := &Store{driver: SQLite, log: slog.New(slog.DiscardHandler)}
	if err := s.openSQLite(filepath.Join(t.TempDir(), "portal.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.read.Close(), s.write.Close() })
	p, err := s.migrator()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	insert := func(kind string) error {
		_, err := s.write.ExecContext(t.Context(), `INSERT INTO changes (application_id, team, environment, name, cluster, namespace, kind, state, title, reason,
			requester_issuer, requester_subject, requester_name, requester_email, submitted_at, expires_at, template, template_version, base,
			approvals, closed, outcomes, plan, plan_texts, inputs, rendered)
			VALUES (1, 't', 'e', 'a', 'c', 'n', '`+kind+`', 'pending', '', '', 'i', 's', 'n', 'm', 0, 0, 't', 'v', 0, '[]', '', '[]', '{}', '{}', '{}', x'61')`)
		return err
	}
	if _, err := s.write.ExecContext(t.Context(), `INSERT INTO applications (team, environment, name, cluster, namespace, template, template_version, created_at)
		VALUES ('t', 'e', 'a', 'c', 'n', 't', 'v', 0)`); err != nil {
		t.Fatal(err)
	}
	if insert("update") != nil || insert("restart") == nil {
		t.Fatal("the database of before is not as it was")
	}
	var n int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM changes").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err) // by a connection that has read the old definition
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := insert("explode"); err == nil {
		t.Error("it takes a kind that there is not")
	}
	for _, kind := range []string{"restart", "scale", "delete"} {
		if err := insert(kind); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM changes WHERE kind IN ('update', 'restart', 'scale', 'delete')").Scan(&n); err != nil || n != 4 {
		t.Errorf("%d changes are there, %v", n, err)
	}
	for pragma, want := range map[string]string{"integrity_check": "ok", "writable_schema": "0"} {
		var got string
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v", pragma, got, err)
		}
	}
	if _, err := s.write.ExecContext(t.Context(), "DELETE FROM applications"); err == nil {
		t.Error("changes no longer hold on to their application")
	}
}
