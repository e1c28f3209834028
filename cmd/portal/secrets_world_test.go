package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

// loginChart has a secret field, and pods that restart when its value changes.
var loginChart = fstest.MapFS{
	"login/Chart.yaml": {Data: []byte("apiVersion: v2\nname: login\nversion: 1.0.0\n")},
	"login/values.schema.json": {Data: []byte(`{"type": "object", "additionalProperties": false, "required": ["password"], "properties": {
		"password": {"type": "string", "title": "Password", "x-ui-secret": true},
		"greeting": {"type": "string", "title": "Greeting", "default": "hello"}}}`)},
	"login/values.yaml": {Data: []byte("{}\n")},
	"login/templates/all.yaml": {Data: []byte(`apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData:
  password: {{ .Values.password | toJson }}
  url: {{ printf "postgres://ada:%s@db" .Values.password | toJson }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}, annotations: {sum: {{ .Values.password | sha256sum }}}}
    spec: {containers: [{name: c, image: "example.com/c:1", args: [{{ .Values.greeting | quote }}]}]}
`)},
}

var (
	shopTarget = policy.Target{Team: "shop", Environment: "staging"}
	shopApp    = change.AppKey{Target: shopTarget, Name: "api"}
	ada        = policy.Subject{
		Person:   policy.Person{Identity: policy.Identity{Issuer: "https://id.example.com", Subject: "ada"}, Name: "Ada"},
		Bindings: []policy.Binding{{Role: policy.Developer, Team: "shop", Environment: policy.Any}},
	}
	eve = policy.Subject{
		Person:   policy.Person{Identity: policy.Identity{Issuer: "https://id.example.com", Subject: "eve"}, Name: "Eve"},
		Bindings: []policy.Binding{{Role: policy.Developer, Team: "other", Environment: policy.Any}},
	}
)

// safe is a buffer that several goroutines write to.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.b.Write(p) }

func (s *safe) Bytes() []byte { s.mu.Lock(); defer s.mu.Unlock(); return bytes.Clone(s.b.Bytes()) }

// vault is all that a secret value comes through, with a real API server and a real database.
type vault struct {
	t        *testing.T
	place    manifest.Place
	store    *store.Store
	changes  *change.Service
	template *catalog.Template
	log      *safe
	later    time.Duration // by how much the portal's clock is ahead
}

// newNamespace makes one in which the team shop may do what teams need.
func newNamespace(t *testing.T) (kubernetes.Interface, string) {
	t.Helper()
	file := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if file == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_KUBECONFIG is not set")
		}
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "secrets-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = admin.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{})
	})
	_, err = admin.RbacV1().Roles(ns.Name).Create(t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "team"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"", "apps"}, Resources: []string{"configmaps", "secrets", "deployments"},
		Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"},
	}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().RoleBindings(ns.Name).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "team"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "team"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: kube.UserOfTeam("shop")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitRights(t, cfg, ns.Name)
	return admin, ns.Name
}

// awaitRights waits until the API server's authorizer has seen the new binding.
func awaitRights(t *testing.T, cfg *rest.Config, namespace string) {
	t.Helper()
	cfg = rest.CopyConfig(cfg)
	cfg.Impersonate.UserName = kube.UserOfTeam("shop")
	team, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the team's rights", func() bool {
		_, err := team.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
		return err == nil
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// openVault opens a portal on a database, as each process does.
func openVault(t *testing.T, namespace string, db store.Config) *vault {
	t.Helper()
	v := &vault{t: t, place: manifest.Place{Cluster: "main", Namespace: namespace}, log: &safe{}}
	logger := slog.New(slog.NewJSONHandler(v.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	db.Log = logger
	if v.store, err = store.Open(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.store.Close() })
	clusters, err := kube.New(t.Context(), []kube.ClusterConfig{{Name: "main", Kubeconfig: os.Getenv("SLIPWAY_TEST_KUBECONFIG")}}, kube.Options{Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	templates, err := catalog.Open(loginChart)
	if err != nil {
		t.Fatal(err)
	}
	if v.template, err = templates.Template(catalog.TemplateID{Name: "login", Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	sealer, err := manifest.NewSealer([]byte(strings.Repeat("k", manifest.MinSealerKey)))
	if err != nil {
		t.Fatal(err)
	}
	v.changes = change.NewService(change.Config{
		Store: v.store, Cluster: clusters, Templates: templates, Sealer: sealer, Feed: change.NewFeed(), Log: logger,
		Places: map[policy.Target]manifest.Place{shopTarget: v.place},
		Now:    func() time.Time { return time.Now().Add(v.later) },
	})
	return v
}

// postgresForTests gives a new schema, and a function that writes out all that is in it.
func postgresForTests(t *testing.T) (store.Config, func() []byte) {
	t.Helper()
	dsn := os.Getenv("SLIPWAY_TEST_POSTGRES")
	if dsn == "" || strings.Contains(dsn, "://") {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_POSTGRES is not set as a list of key=value")
		}
		t.Skip("SLIPWAY_TEST_POSTGRES is not set as a list of key=value")
	}
	schema := "secrets_" + strings.ToLower(rand.Text())
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = db.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		_ = db.Close()
	})
	return store.Config{Driver: store.Postgres, DSN: dsn + " search_path=" + schema}, func() []byte { return dump(t, db, schema) }
}

// dump writes each row of each table as text; bytes are in hexadecimal digits.
func dump(t *testing.T, db *sql.DB, schema string) []byte {
	t.Helper()
	texts := func(query string, args ...any) (out []string) {
		rows, err := db.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		return out
	}
	var all []string
	for _, table := range texts("SELECT table_name FROM information_schema.tables WHERE table_schema = $1", schema) {
		all = append(all, texts(fmt.Sprintf("SELECT t::text FROM %s.%q AS t", schema, table))...)
	}
	return []byte(strings.Join(all, "\n"))
}

// sqliteForTests gives a new file, and a function that reads it with all that is beside it.
func sqliteForTests(t *testing.T) (store.Config, func() []byte) {
	t.Helper()
	dir := t.TempDir()
	return store.Config{Driver: store.SQLite, Path: filepath.Join(dir, "portal.db")}, func() []byte {
		var all []byte
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	}
}

// typed reads a form in which somebody has typed a password, and puts it aside.
func (v *vault) typed(password string) catalog.Inputs {
	v.t.Helper()
	r := v.template.Decode(url.Values{"in/password": {password}}, catalog.Around{
		Release: catalog.Release{App: shopApp.Name, Target: shopTarget, Place: v.place}, Seal: v.changes.Sealer(shopTarget),
	})
	if len(r.Errors) > 0 || len(r.Secrets) != 1 {
		v.t.Fatalf("%v, %v", r.Errors, r.Secrets)
	}
	v.changes.Log.Debug("what somebody careless might log", "secrets", r.Secrets, "reading", r)
	if err := v.changes.Stage(v.t.Context(), ada, audit.Request{ID: "r"}, shopApp, r.Secrets); err != nil {
		v.t.Fatal(err)
	}
	return r.Inputs
}

func shopDraft(kind change.Kind, in catalog.Inputs) change.Draft {
	return change.Draft{Kind: kind, App: shopApp, Template: catalog.TemplateID{Name: "login", Version: "1.0.0"}, Inputs: in}
}

func (v *vault) submit(d change.Draft) change.Change {
	v.t.Helper()
	plan, err := v.changes.Preview(v.t.Context(), ada, d)
	if err != nil {
		v.t.Fatal(err)
	}
	c, err := v.changes.Submit(v.t.Context(), ada, audit.Request{ID: "r"}, change.Submission{Draft: d, Seen: plan.Digest, Key: rand.Text()})
	if err != nil {
		v.t.Fatalf("%v: %+v", err, plan.Objects)
	}
	return c
}

// work lets a worker run until the change is applied.
func (v *vault) work(id int64) change.Change {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 30*time.Second)
	w := change.NewWorker(v.changes, slog.New(slog.NewJSONHandler(v.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	w.Timing.Tidy = 0
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		c, err := v.store.Change(ctx, id)
		if err != nil {
			v.t.Fatal(err)
		}
		if c.State == change.Applied {
			return c
		}
		if !c.State.Open() {
			v.t.Fatalf("#%d is %s: %s %+v", id, c.State, c.Failure, c.Closed) // Closed says why a change is stale
		}
		time.Sleep(20 * time.Millisecond)
	}
}
