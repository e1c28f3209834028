package kube_test

import (
	"context"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// leaveNamespace gives the team the rights of one that makes namespaces for others.
func (s *stage) leaveNamespace() {
	s.t.Helper()
	name := "slipway-outside-" + s.run
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"namespaces", "resourcequotas", "configmaps"}, Verbs: []string{"get", "list", "create", "patch", "delete"}},
		{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles", "rolebindings"}, Verbs: []string{"get", "list", "create", "patch", "delete"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: kube.UserOfTeam(s.team)}},
	}
	ctx := context.Background()
	s.t.Cleanup(func() {
		_ = s.admin.RbacV1().ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{})
		_ = s.admin.RbacV1().ClusterRoles().Delete(ctx, name, metav1.DeleteOptions{})
	})
	if _, err := s.admin.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.admin.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// outside is a namespace for somebody else, and what stands in it.
func (s *stage) outside(app string) (set manifest.Set, namespace string) {
	namespace = "made-" + s.place.Namespace
	s.t.Cleanup(func() {
		_ = s.admin.CoreV1().Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{})
	})
	set = s.set(app, strings.ReplaceAll(`apiVersion: v1
kind: ConfigMap
metadata: {name: list}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: list, namespace: NS}
data: {a: "2"}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: all, namespace: NS}
spec: {hard: {pods: "10"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: NS}`, "NS", namespace))
	for _, u := range set {
		if u.GetKind() == "Namespace" {
			u.SetNamespace("")
		}
		labels := u.GetLabels()
		labels[manifest.LabelPartOf] = manifest.ApplySetID(app, s.place.Namespace)
		u.SetLabels(labels)
	}
	set.Sort()
	return set, namespace
}

// A namespace and what is in it come and go in one change, although nothing in it can be tried before
// the namespace is there.
func TestOutsideTheNamespace(t *testing.T) {
	s := newStage(t)
	s.leaveNamespace()
	set, made := s.outside("shop")
	if first := set[0].GetKind(); first != "Namespace" {
		t.Fatalf("%s comes first", first)
	}
	var plan map[string]manifest.DryRun
	s.eventually("rights", func() bool {
		plan = s.dryRun("shop", set)
		return plan["Namespace "+made].Problem == nil
	})
	for _, name := range []string{"ConfigMap list in namespace " + made, "ResourceQuota all in namespace " + made} {
		if d := plan[name]; d.Problem != nil || !d.Untried || d.Op != manifest.Create || !strings.Contains(d.After, made) {
			t.Errorf("%s before its namespace: %+v", name, d)
		}
		if w := plan[name].Warnings; len(w) > 0 {
			t.Errorf("%s: the API server is said to warn: %q", name, w)
		}
	}
	if d := plan["ConfigMap list"]; d.Untried || d.Op != manifest.Create {
		t.Errorf("in the own namespace: %+v", d)
	}
	s.apply("shop", set)
	for name, d := range s.dryRun("shop", set) {
		if d.Op != manifest.Unchanged || d.Problem != nil || d.Untried {
			t.Errorf("%s once it is there: %+v", name, d)
		}
	}

	hub, _ := s.watch()
	snap := s.awaitStatus(hub, "all four objects", func(snap status.Snapshot) bool { return len(refsIn(snap.Tree)) >= 3 })
	if got := refsIn(snap.Tree); !got[manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "list", Namespace: made}] || !got[manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "list"}] {
		t.Errorf("the live state: %v", got)
	}

	refs := set.RefsIn(s.place.Namespace)
	d := s.dryRun("shop", nil, refs...)
	for name, one := range d {
		if one.Op != manifest.Delete {
			t.Errorf("deleting %s: %+v", name, one)
		}
	}
	s.apply("shop", nil, refs...)
	s.eventually("the end of the namespace", func() bool {
		_, err := s.admin.CoreV1().Namespaces().Get(t.Context(), made, metav1.GetOptions{})
		return err != nil
	})
}

func refsIn(nodes []status.Node) map[manifest.Ref]bool {
	out := map[manifest.Ref]bool{}
	for _, n := range nodes {
		if n.Ref.Kind != "" {
			out[n.Ref] = true
		}
		for r := range refsIn(n.Children) {
			out[r] = true
		}
	}
	return out
}

// What an application of the same name in another environment of the team made outside is not touched.
func TestOutsideBelongsToOneEnvironment(t *testing.T) {
	s := newStage(t)
	s.leaveNamespace()
	set, made := s.outside("shop")
	s.eventually("rights", func() bool { return s.dryRun("shop", set)["Namespace "+made].Problem == nil })
	s.apply("shop", set)
	elsewhere := *s
	elsewhere.place.Namespace = newStage(t).place.Namespace
	d := elsewhere.dryRun("shop", manifest.Set{set[0]})["Namespace "+made]
	if d.Problem == nil || d.Problem.Kind != manifest.NotOurs || !strings.Contains(d.Problem.Sentence, "of another environment") {
		t.Errorf("%+v", d)
	}
}

func TestOutsideWithoutTheRights(t *testing.T) {
	s := newStage(t)
	set, made := s.outside("shop")
	plan := s.dryRun("shop", set)
	if p := plan["Namespace "+made].Problem; p == nil || p.Kind != manifest.Forbidden || p.Sentence != "The team "+s.team+" may not read namespaces, which belong to the whole cluster. A platform engineer can grant it." {
		t.Errorf("%+v", p)
	}
	if p := plan["ConfigMap list in namespace "+made].Problem; p == nil || p.Kind != manifest.NoNamespace || !strings.Contains(p.Sentence, made) {
		t.Errorf("%+v", p)
	}
}
