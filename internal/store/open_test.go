package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/store"
)

// timeoutContext ends a child whose parent has died.
func timeoutContext() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func TestOpenTwiceAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				s, err := store.Open(t.Context(), c)
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		if _, err := s.WriteDB().Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), c)
		if !errors.Is(err, store.ErrTooNew) || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSQLiteFilesAreTheOwnersAlone(t *testing.T) {
	c := sqliteConfig(t)
	s := open(t, c)
	record(t, s, entry(audit.SignIn, key(staging, "a")))
	files, err := os.ReadDir(filepath.Dir(c.Path))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(f.Name(), filepath.Base(c.Path)) {
			t.Errorf("%s has the mode %v (%v)", f.Name(), info.Mode(), err)
		}
	}
}

func TestSQLiteSettings(t *testing.T) {
	s := open(t, sqliteConfig(t))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.WriteDB().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
	if _, err := s.ReadDB().Exec("DELETE FROM sessions"); err == nil {
		t.Error("a connection for reading writes")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]store.Config{
		"unknown driver":    {Driver: "oracle"},
		"no path":           {Driver: store.SQLite},
		"no such directory": {Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "no", "file")},
		"no DSN":            {Driver: store.Postgres},
		"bad DSN":           {Driver: store.Postgres, DSN: "postgres://u:secret-word@:port/"},
		"nobody listens":    {Driver: store.Postgres, DSN: "postgres://u:secret-word@127.0.0.1:1/x?sslmode=disable"},
	} {
		_, err := store.Open(t.Context(), c)
		if err == nil || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: %v", name, err)
		}
		if (name == "nobody listens") != errors.Is(err, change.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: file}); !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("Ping: %v", err)
		}
		if err := s.Record(t.Context(), audit.Entry{}); !errors.Is(err, change.ErrUnavailable) {
			t.Errorf("Record: %v", err)
		}
	})
}

func TestWritingWaitsForNobodyForEver(t *testing.T) {
	s := open(t, sqliteConfig(t))
	tx, err := s.WriteDB().Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Record(ctx, audit.Entry{}); !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("while somebody else writes: %v", err)
	}
	if _, err := s.Changes(t.Context(), change.Query{}); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), audit.Entry{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c).Sessions()
		if err := s.Commit("token", []byte("data\x00"), time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit("old", []byte("data"), time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if data, found, err := s.Find("token"); string(data) != "data\x00" || !found || err != nil {
			t.Errorf("%q, %v, %v", data, found, err)
		}
		if _, found, err := s.Find("old"); found || err != nil {
			t.Errorf("an old session: %v, %v", found, err)
		}
		if all, err := s.All(); len(all) != 1 || err != nil {
			t.Errorf("%v, %v", all, err)
		}
		if err := s.Delete("token"); err != nil {
			t.Error(err)
		}
		if _, found, err := s.Find("token"); found || err != nil {
			t.Errorf("a deleted session: %v, %v", found, err)
		}
	})
}
