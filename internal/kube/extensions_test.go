package kube_test

import (
	"context"
	"strings"
	"testing"

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

	hub, _ := s.watch()
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
