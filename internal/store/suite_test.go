package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

// onBoth runs a test on a new SQLite file and on a new PostgreSQL schema.
func onBoth(t *testing.T, test func(t *testing.T, c store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteConfig(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresConfig(t)) })
}

func sqliteConfig(t testing.TB) store.Config {
	return store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "what? a #1 file%.db")}
}

func postgresConfig(t testing.TB) store.Config {
	dsn := os.Getenv("SLIPWAY_TEST_POSTGRES")
	if dsn == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_POSTGRES is not set")
		}
		t.Skip("SLIPWAY_TEST_POSTGRES is not set")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	if strings.Contains(dsn, "://") {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		dsn = u.String()
	} else {
		dsn += " search_path=" + schema
	}
	return store.Config{Driver: store.Postgres, DSN: dsn}
}

func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	dev      = policy.Person{Identity: policy.Identity{Issuer: "https://id", Subject: "dev"}, Name: "Dörte Müller", Email: "dev@example.com"}
	approver = policy.Person{Identity: policy.Identity{Issuer: "https://id", Subject: "approver"}, Name: "Ann O'Hara", Email: "ann@example.com"}

	staging    = policy.Target{Team: "payments", Environment: "staging"}
	production = policy.Target{Team: "payments", Environment: "production"}
	search     = policy.Target{Team: "search", Environment: "staging"}
)

func key(t policy.Target, name string) change.AppKey { return change.AppKey{Target: t, Name: name} }

// draft is a change with something in every field.
func draft(kind change.Kind, app change.AppKey, state change.State) change.Change {
	at := time.Date(2026, 11, 21, 9, 30, 0, 123456000, time.UTC)
	return change.Change{
		App: app, Place: manifest.Place{Cluster: "c1", Namespace: app.Team + "-" + app.Environment},
		Kind: kind, State: state, Title: "Image 1.0 → 1.1", Reason: "it's \"needed\"; DROP TABLE changes",
		Requester: dev, Submitted: at, Expires: at.Add(time.Hour),
		Template: catalog.TemplateID{Name: "web-service", Version: "1.0.0"},
		Inputs: catalog.Inputs{
			"image": "x:1", "port": int64(9007199254740993), "ratio": 0.1, "whole": 3.0, "on": true, "none": nil,
			"env": map[string]any{"A": "1"}, "list": []any{int64(1), 2.5, "x"},
		},
		Rendered: []byte("kind: ConfigMap\n\x00\xff"),
		Plan: change.Plan{
			At: at, Took: time.Second, Base: 2, Digest: "abc",
			Objects: []manifest.DryRun{{
				Ref: ref("api"), Op: manifest.Create, Before: "before", After: "after",
				Fields: []manifest.FieldChange{{Path: ".spec", To: "1", Op: manifest.Create}},
			}},
			Effects: []change.Effect{{Kind: change.Created, Ref: ref("api"), Sentence: "`api` is created."}},
			Demands: []policy.Demand{{Rule: "one", Approvals: 1}},
		},
		Base: 2,
	}
}

func ref(name string) manifest.Ref {
	return manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: name}
}

func entry(a audit.Action, app change.AppKey) audit.Entry {
	return audit.Entry{
		Actor: audit.Actor{Person: dev}, Action: a, Outcome: audit.Done, Target: app.Target, Application: app.Name,
		Request: audit.Request{ID: "req", RemoteIP: "192.0.2.1", UserAgent: "test"},
	}
}

func create(t testing.TB, s *store.Store, c change.Change) change.Change {
	t.Helper()
	got, err := s.Create(t.Context(), c, []audit.Entry{entry(audit.SubmitChange, c.App)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// become moves a change to a state.
func become(t testing.TB, s *store.Store, id int64, to change.State, commit change.Commit) change.Change {
	t.Helper()
	c, err := s.Update(t.Context(), id, func(c *change.Change) (change.Commit, error) {
		c.State = to
		return commit, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func claim(t testing.TB, s *store.Store, holder string) change.Change {
	t.Helper()
	c, err := s.Claim(t.Context(), holder, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// apply brings an approved change to Applied.
func apply(t testing.TB, s *store.Store, id int64, mine ...manifest.Ref) change.Change {
	t.Helper()
	if c := claim(t, s, "w"); c.ID != id {
		t.Fatalf("claimed #%d, want #%d", c.ID, id)
	}
	return become(t, s, id, change.Applied, change.Commit{Revision: true, Mine: mine, Holder: "w"})
}

func entries(t testing.TB, s *store.Store, f audit.Filter) []audit.Entry {
	t.Helper()
	var out []audit.Entry
	if err := s.Each(context.Background(), f, func(e audit.Entry) error { out = append(out, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func name(i int) string { return fmt.Sprintf("app-%d", i) }
