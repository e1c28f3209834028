package change_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

var (
	staging    = policy.Target{Team: "payments", Environment: "staging"}
	production = policy.Target{Team: "payments", Environment: "production"}
	foreign    = policy.Target{Team: "search", Environment: "production"}

	paula = person("paula", policy.Binding{Role: policy.Developer, Team: "payments", Environment: policy.Any},
		policy.Binding{Role: policy.Approver, Team: "payments", Environment: policy.Any})
	petra = person("petra", policy.Binding{Role: policy.Developer, Team: "payments", Environment: policy.Any})
	anne  = person("anne", policy.Binding{Role: policy.Approver, Team: policy.Any, Environment: policy.Any})
	sam   = person("sam", policy.Binding{Role: policy.Developer, Team: "search", Environment: policy.Any})
)

func person(name string, bs ...policy.Binding) policy.Subject {
	return policy.Subject{Person: policy.Person{Identity: policy.Identity{Issuer: "https://idp", Subject: name}, Name: name}, Bindings: bs}
}

// chart makes one ConfigMap for each name in the list, and so lets a test add and remove objects. A name
// that begins with migrate- or try- makes a gate instead.
var chart = fstest.MapFS{
	"maps/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: maps\nversion: 1.0.0\n")},
	"maps/values.yaml": {Data: []byte("names: []\nvalue: one\n")},
	"maps/values.schema.json": {Data: []byte(`{"type": "object", "required": ["names"], "properties": {
		"names": {"type": "array", "title": "Names", "items": {"type": "string"}},
		"value": {"type": "string", "title": "Value"}}}`)},
	"maps/templates/maps.yaml": {Data: []byte(`{{- range .Values.names }}
{{- if or (hasPrefix "migrate-" .) (hasPrefix "try-" .) }}
apiVersion: batch/v1
kind: Job
metadata: {name: {{ . }}, annotations: {slipway.dev/gate: {{ ternary "trial" "complete" (hasPrefix "try-" .) }}}}
spec: {activeDeadlineSeconds: 60}
{{- else }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ . }}}
data: {value: {{ $.Values.value | quote }}}
{{- end }}
---
{{- end }}
`)},
}

// house is everything that a change goes through, with a real database.
type house struct {
	store   *store.Store
	cluster *folder
	service *change.Service
}

func open(t *testing.T, dir string, now func() time.Time) *house {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(dir, "portal.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{store: st, cluster: &folder{dir: dir + "/cluster", now: time.Now}}
	h.service = newService(t, st, h.cluster, now)
	return h
}

func newService(t testing.TB, st change.Store, cl change.Cluster, now func() time.Time) *change.Service {
	t.Helper()
	cat, err := catalog.Open(chart)
	if err != nil {
		t.Fatal(err)
	}
	return change.NewService(change.Config{
		Store: st, Cluster: cl, Templates: cat, Feed: change.NewFeed(), Log: slog.New(slog.DiscardHandler), Now: now,
		Rules: []policy.Rule{{Name: "production needs one approval", Environment: "production", Approvals: 1}},
		Places: map[policy.Target]manifest.Place{
			staging:    {Cluster: "local", Namespace: "payments-staging"},
			production: {Cluster: "local", Namespace: "payments-production"},
			foreign:    {Cluster: "local", Namespace: "search-production"},
		},
	})
}

func draft(t policy.Target, kind change.Kind, value string, names ...string) change.Draft {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	return change.Draft{
		Kind: kind, App: change.AppKey{Target: t, Name: "api"}, Template: catalog.TemplateID{Name: "maps", Version: "1.0.0"},
		Inputs: catalog.Inputs{"names": list, "value": value},
	}
}

// submit previews and submits, as a person does.
func (h *house) submit(t *testing.T, who policy.Subject, d change.Draft, key string) change.Change {
	t.Helper()
	plan, err := h.service.Preview(t.Context(), who, d)
	if err != nil {
		t.Fatalf("preview: %v", err)
	}
	c, err := h.service.Submit(t.Context(), who, audit.Request{ID: "r"}, change.Submission{Draft: d, Seen: plan.Digest, Reason: "because", Key: key})
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return c
}

// work lets a worker run until the change has ended.
func (h *house) work(t *testing.T, id int64) change.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	news, stop := h.service.Feed.Subscribe(id)
	defer stop()
	w := change.NewWorker(h.service, slog.New(slog.DiscardHandler))
	w.Timing = change.Timing{Lease: 600 * time.Millisecond, Poll: 20 * time.Millisecond, Expire: time.Hour, Away: 300 * time.Millisecond, Parallel: 2}
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		c, err := h.store.Change(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if !c.State.Open() {
			return c
		}
		select {
		case <-news:
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("change %d is still %s", id, c.State)
		}
	}
}

func (h *house) log(t *testing.T) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	if err := h.store.Each(t.Context(), audit.Filter{}, func(e audit.Entry) error { all = append(all, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}
