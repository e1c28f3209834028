package kube_test

import (
	"context"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// platformRights gives the team what deploy/k8s gives a team that makes namespaces, under names of this run.
func (s *stage) platformRights() (teamRole string) {
	s.t.Helper()
	raw, err := os.ReadFile("../../deploy/k8s/platform-example.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	teamRole = "slipway-team-" + s.run
	name := "slipway-platform-" + s.run
	text := strings.NewReplacer("slipway:team:platform", kube.UserOfTeam(s.team), "slipway-platform", name, "slipway-team", teamRole).Replace(string(raw))
	ctx := context.Background()
	rbac := s.admin.RbacV1()
	s.t.Cleanup(func() {
		_ = rbac.ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{})
		_ = rbac.ClusterRoles().Delete(ctx, name, metav1.DeleteOptions{})
		_ = rbac.ClusterRoles().Delete(ctx, teamRole, metav1.DeleteOptions{})
	})
	_, err = rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: teamRole}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "create", "patch", "delete"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	for doc := range strings.SplitSeq(text, "\n---\n") {
		var role rbacv1.ClusterRole
		var binding rbacv1.ClusterRoleBinding
		switch {
		case strings.Contains(doc, "kind: ClusterRoleBinding"):
			if err := yaml.Unmarshal([]byte(doc), &binding); err != nil {
				s.t.Fatal(err)
			}
			_, err = rbac.ClusterRoleBindings().Create(ctx, &binding, metav1.CreateOptions{})
		case strings.Contains(doc, "kind: ClusterRole\nmetadata"):
			if err := yaml.Unmarshal([]byte(doc), &role); err != nil {
				s.t.Fatal(err)
			}
			_, err = rbac.ClusterRoles().Create(ctx, &role, metav1.CreateOptions{})
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return teamRole
}

// The built-in template makes a namespace with the rights of deploy/k8s/platform-example.yaml, and a team
// can work in it afterwards.
func TestEnvironmentForATeam(t *testing.T) {
	s := newStage(t)
	teamRole := s.platformRights()
	cat, err := catalog.Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := cat.Newest("environment")
	if err != nil {
		t.Fatal(err)
	}
	made := "made-" + s.place.Namespace
	t.Cleanup(func() {
		_ = s.admin.CoreV1().Namespaces().Delete(context.Background(), made, metav1.DeleteOptions{})
	})
	release := catalog.Release{
		App: "search", Target: policy.Target{Team: s.team, Environment: "production"}, Place: s.place, Revision: 1, ClusterScoped: true,
	}
	in := catalog.Inputs{"namespace": made, "team": s.team, "environment": "preview", "role": teamRole}
	if _, err := tpl.Render(t.Context(), in, func() catalog.Release { r := release; r.ClusterScoped = false; return r }()); err == nil || !tpl.Outside() {
		t.Errorf("a target that does not take it renders it: %v", err)
	}
	rendered, err := tpl.Render(t.Context(), in, release)
	if err != nil {
		t.Fatal(err)
	}
	var plan map[string]manifest.DryRun
	s.eventually("rights", func() bool {
		plan = s.dryRun("search", rendered.Set)
		return plan["Namespace "+made].Problem == nil
	})
	for name, d := range plan {
		if d.Problem != nil {
			t.Errorf("%s: %+v", name, d.Problem)
		}
	}
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "search", rendered.Set, nil, nil, func(manifest.Outcome) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.State != manifest.Succeeded {
			t.Errorf("%s: %s %+v", o.Ref, o.State, o.Problem)
		}
	}
	elsewhere := *s
	elsewhere.place.Namespace = made
	s.eventually("the team's rights in the new namespace", func() bool {
		d := elsewhere.dryRun("shop", elsewhere.set("shop", settings))
		return d["ConfigMap settings"].Problem == nil
	})
	elsewhere.apply("shop", elsewhere.set("shop", settings))
	var ns *corev1.Namespace
	if ns, err = s.admin.CoreV1().Namespaces().Get(t.Context(), made, metav1.GetOptions{}); err != nil || ns.Labels[manifest.LabelApp] != "search" {
		t.Errorf("%+v, %v", ns, err)
	}
}
