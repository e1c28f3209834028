package kube_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

const filled = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: database}
spec:
  refreshInterval: 1h
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  target: {name: shop-database, template: {metadata: {labels: {a: b}}}}
  data: [{secretKey: URL, remoteRef: {key: shop/database, property: url}}]`

// extend gives the team the kinds of extensions, and the portal's account the right to read them.
func (s *stage) extend() {
	s.t.Helper()
	ctx, name := context.Background(), "slipway-extensions-"+s.run
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{"external-secrets.io"}, Resources: []string{"externalsecrets"}, Verbs: []string{"get", "list", "watch", "create", "patch", "delete"}},
		{APIGroups: []string{"cert-manager.io"}, Resources: []string{"clusterissuers"}, Verbs: []string{"get", "create", "patch"}},
	}
	s.t.Cleanup(func() {
		_ = s.admin.RbacV1().ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{})
		_ = s.admin.RbacV1().ClusterRoles().Delete(ctx, name, metav1.DeleteOptions{})
	})
	if _, err := s.admin.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{
			{Kind: "User", APIGroup: rbacv1.GroupName, Name: kube.UserOfTeam(s.team)},
			{Kind: "ServiceAccount", Namespace: "slipway-kube-" + s.run, Name: "portal"},
		},
	}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// A kind of an extension is planned, applied, watched and deleted like Kubernetes' own.
func TestKindsOfExtensions(t *testing.T) {
	s := newStage(t)
	s.extend()
	set := s.set("shop", filled)
	s.eventually("rights", func() bool { return s.dryRun("shop", set)["ExternalSecret database"].Problem == nil })
	if d := s.dryRun("shop", set)["ExternalSecret database"]; d.Op != manifest.Create {
		t.Fatalf("%+v", d)
	}
	s.apply("shop", set)
	if d := s.dryRun("shop", set)["ExternalSecret database"]; d.Op != manifest.Unchanged {
		t.Errorf("once it is there: %+v", d)
	}

	book := &ledger{}
	book.write(status.Record{Refs: set.RefsIn(s.place.Namespace), Applied: time.Now(), Settled: true})
	hub, w := s.watchWith(book.read)
	w.Touch(s.key("shop"))
	s.awaitStatus(hub, "one that nobody has filled", func(snap status.Snapshot) bool { return snap.Verdict == status.Progressing })
	objects, err := s.resourceOf(set[0])
	if err != nil {
		t.Fatal(err)
	}
	says := []byte(`{"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "could not get it"}]}}`)
	if _, err := objects.Patch(t.Context(), "database", types.MergePatchType, says, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	snap := s.awaitStatus(hub, "one that cannot be filled", func(snap status.Snapshot) bool { return snap.Verdict == status.Failed })
	if len(snap.Wrong) != 1 || !strings.Contains(snap.Wrong[0].Sentence, "`shop-database`") || snap.Wrong[0].Said != "could not get it" {
		t.Errorf("what is wrong: %+v", snap.Wrong)
	}
	s.apply("shop", nil, set.RefsIn(s.place.Namespace)...)
	s.eventually("its end", func() bool { return !s.exists(set.RefsIn(s.place.Namespace)[0]) })
	book.write(status.Record{})
	w.Touch(s.key("shop"))
	s.eventually("that nobody watches for it", func() bool { return len(w.Extensions("main")) == 0 })
}

// What a cluster does not know, and what is in no namespace though the template says so, is told before
// anything is written.
func TestKindsThatAreNotThere(t *testing.T) {
	s := newStage(t)
	s.extend()
	set := s.set("shop", strings.ReplaceAll(filled, "external-secrets.io/v1", "external-secrets.io/v1alpha7")+`
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: sneaky-`+s.run+`}
spec: {}`)
	for name, says := range map[string]string{
		"ExternalSecret database":       "The cluster has no kind ExternalSecret in external-secrets.io/v1alpha7. The template needs something that is not installed there.",
		"ClusterIssuer sneaky-" + s.run: "Objects of the kind ClusterIssuer are in no namespace, and the template does not say so. Whoever wrote it has to declare that kind as cluster-scoped.",
	} {
		if d := s.dryRun("shop", set)[name]; d.Problem == nil || d.Problem.Sentence != says {
			t.Errorf("%s: %+v", name, d.Problem)
		}
	}
}

// ledger is what is on record of the application "shop".
type ledger struct {
	mu    sync.Mutex
	now   status.Record
	asked int
}

func (l *ledger) write(r status.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = r
}

func (l *ledger) read(_ context.Context, k status.Key) (status.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if k.App != "shop" {
		return status.Record{}, nil
	}
	return l.now, nil
}

// What the portal may not read, and what the cluster does not have, is told where it was asked for, and
// nothing else is down because of it. It is shown as soon as somebody has put it right.
func TestKindsThatCannotBeSeen(t *testing.T) {
	s := newStage(t)
	s.adminDoes("platform", "shop", strings.ReplaceAll(filled, "{name: database}", "{name: database, labels: {}}"))
	s.apply("shop", s.set("shop", settings))
	secret := manifest.Ref{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret", Name: "database"}
	widget := manifest.Ref{Group: "widgets.example.com", Version: "v1", Kind: "Widget", Name: "w"}
	book := &ledger{}
	book.write(status.Record{Refs: []manifest.Ref{secret, widget, settingsRef}, Applied: time.Now(), Settled: true})
	hub, w := s.watchWith(book.read)
	w.AskExtensionsAgain(100 * time.Millisecond)
	w.Touch(s.key("shop"))

	snap := s.awaitStatus(hub, "what cannot be seen", func(snap status.Snapshot) bool {
		return snap.Synced && len(snap.Unseen) == 2 && snap.Unseen[0].Why == status.NotAllowed && snap.Unseen[1].Why == status.NoSuchKind
	})
	if snap.Objects != 3 {
		t.Errorf("of the rest there are %d objects", snap.Objects)
	}
	if healthy, _, err := w.Healthy("main"); !healthy {
		t.Errorf("the cluster is not healthy any more: %v", err)
	}
	if got := w.Extensions("main"); len(got) != 2 {
		t.Errorf("watched: %v", got)
	}
	s.extend()
	s.awaitStatus(hub, "what may be seen now", func(snap status.Snapshot) bool {
		return len(snap.Unseen) == 1 && snap.Unseen[0].Ref == widget && snap.Objects == 3
	})
}

// Somebody deletes what was applied: that is told, once the record was asked again.
func TestWhatIsDeletedByHand(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", settings+"\n---\n"+api)
	book := &ledger{}
	book.write(status.Record{Refs: set.RefsIn(s.place.Namespace), Applied: time.Now().Add(-time.Minute), Settled: true})
	s.apply("shop", set)
	hub, w := s.watchWith(book.read)
	w.Touch(s.key("shop"))
	s.awaitStatus(hub, "three pods", ready(3))
	if err := s.admin.AppsV1().Deployments(s.place.Namespace).Delete(t.Context(), "api", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	snap := s.awaitStatus(hub, "the news that it is gone", func(snap status.Snapshot) bool { return snap.Verdict == status.Failed })
	if len(snap.Wrong) != 1 || snap.Wrong[0].Ref.Name != "api" || snap.Wrong[0].Title != "is not in the cluster" {
		t.Errorf("what is wrong: %+v", snap.Wrong)
	}

	// Taken out of the record by somebody who did not tell: as by another replica.
	book.write(status.Record{Refs: []manifest.Ref{settingsRef}, Applied: time.Now(), Settled: true})
	if err := s.admin.CoreV1().ConfigMaps(s.place.Namespace).Delete(t.Context(), settingsRef.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	book.write(status.Record{Refs: []manifest.Ref{settingsRef}, Settled: false}) // it is being deleted
	s.eventually("the end", func() bool { _, there := hub.Latest(s.key("shop")); return !there })
	w.Touch(s.key("other"))
}

// Two applications with objects of a kind in a namespace share one watch, which ends with the last of them.
func TestExtensionsAreShared(t *testing.T) {
	s := newStage(t)
	s.extend()
	refs := []manifest.Ref{{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret", Name: "database"}}
	var mu sync.Mutex
	with := map[string]bool{"one": true, "two": true}
	_, w := s.watchWith(func(_ context.Context, k status.Key) (status.Record, error) {
		mu.Lock()
		defer mu.Unlock()
		if with[k.App] {
			return status.Record{Refs: refs, Applied: time.Now(), Settled: true}, nil
		}
		return status.Record{}, nil
	})
	for _, app := range []string{"one", "two"} {
		w.Touch(s.key(app))
		s.eventually("one watch", func() bool { return len(w.Extensions("main")) == 1 })
	}
	for i, app := range []string{"one", "two"} {
		mu.Lock()
		delete(with, app)
		mu.Unlock()
		w.Touch(s.key(app))
		s.eventually("what is left", func() bool { return len(w.Extensions("main")) == 1-i })
	}
}
