package kube_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/manifest"
)

// remade deletes an object and has somebody make another one of its name, with the labels of the application.
func (s *stage) remade(app, text string) types.UID {
	s.t.Helper()
	u := s.object(app, text)
	r, err := s.resourceOf(u)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := r.Delete(s.t.Context(), u.GetName(), metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
	s.adminDoes("kubectl-create", app, text)
	live, err := r.Get(s.t.Context(), u.GetName(), metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return live.GetUID()
}

// isNotWrittenTo wants an outcome that says that the object is another one, and the object as somebody made it.
func (s *stage) isNotWrittenTo(text string, uid types.UID, o manifest.Outcome) {
	s.t.Helper()
	if o.State != manifest.Broken || o.Problem == nil || o.Problem.Kind != manifest.Replaced || !strings.Contains(o.Problem.Sentence, "another one") {
		s.t.Errorf("%+v, %+v", o, o.Problem)
	}
	u := s.object("", text)
	r, err := s.resourceOf(u)
	if err != nil {
		s.t.Fatal(err)
	}
	live, err := r.Get(s.t.Context(), u.GetName(), metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if m := live.GetManagedFields(); live.GetUID() != uid || live.GetDeletionTimestamp() != nil || len(m) != 1 || m[0].Manager != "kubectl-create" {
		s.t.Errorf("it was written to: %v", live)
	}
}

// What was agreed to was agreed to for the object that was there. Somebody deletes it and makes another one of its
// name, which even carries the application's labels: between the plan and the apply, or between the apply's look and
// its write. Neither is it written to, nor deleted.
func TestApplyWritesToNoObjectButTheOneThatWasPlannedFor(t *testing.T) {
	const vault = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: database, annotations: {theirs: kept}}\nspec: {refreshInterval: 1h}"
	for name, tc := range map[string]struct{ ours, next, theirs string }{
		"a ConfigMap":         {settings, strings.Replace(settings, "blue", "red", 1), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theirs: kept}"},
		"of an extension":     {filled, strings.Replace(filled, "remoteRef: {key: shop/database", "remoteRef: {key: shop/staging", 1), vault},
		"one that is deleted": {settings, "", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theirs: kept}"},
	} {
		for _, when := range []string{"after the plan", "after the look"} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := newStage(t)
				if tc.ours == filled {
					s.extend()
					s.eventually("rights", func() bool { return s.dryRun("shop", s.set("shop", filled))["ExternalSecret database"].Problem == nil })
				}
				s.apply("shop", s.set("shop", tc.ours))
				set, prune := s.set("shop", tc.ours), []manifest.Ref(nil)
				if tc.next != "" {
					set = s.set("shop", tc.next)
				} else {
					set, prune = nil, set.RefsIn(s.place.Namespace)
				}
				plan, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, prune)
				if err != nil || len(plan) != 1 || plan[0].Op == manifest.Unchanged || plan[0].UID == "" {
					t.Fatalf("%+v, %v", plan, err)
				}
				var uid types.UID
				if when == "after the plan" {
					uid = s.remade("shop", tc.theirs)
				}
				out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, prune, manifest.UIDsOf(plan), func(o manifest.Outcome) error {
					if o.State == manifest.Working && uid == "" {
						uid = s.remade("shop", tc.theirs)
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				s.isNotWrittenTo(tc.theirs, uid, out[0])
			})
		}
	}
}

// One that is gone is not made anew either: its deletion was somebody's wish, and nobody agreed to undo it.
func TestApplyMakesNothingAnewThatWentAfterThePlan(t *testing.T) {
	for _, when := range []string{"after the plan", "after the look"} {
		t.Run(when, func(t *testing.T) {
			s := newStage(t)
			s.apply("shop", s.set("shop", settings))
			set := s.set("shop", strings.Replace(settings, "blue", "red", 1))
			plan, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil)
			if err != nil {
				t.Fatal(err)
			}
			goes := func() {
				if err := s.admin.CoreV1().ConfigMaps(s.place.Namespace).Delete(t.Context(), "settings", metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if when == "after the plan" {
				goes()
			}
			out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, manifest.UIDsOf(plan), func(o manifest.Outcome) error {
				if o.State == manifest.Working && when == "after the look" {
					goes()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if o := out[0]; o.State != manifest.Broken || o.Problem == nil || o.Problem.Kind != manifest.Replaced || s.exists(settingsRef) {
				t.Errorf("%+v, %+v", o, o.Problem)
			}
		})
	}
}

// One that was on its way out when the plan was made is made anew when it is gone, as the plan says.
func TestApplyMakesAnewWhatWasOnItsWayOut(t *testing.T) {
	s := newStage(t)
	held := strings.Replace(settings, "name: settings", "name: settings, finalizers: [example.com/hold]", 1)
	s.adminDoes("kubectl-create", "shop", held)
	maps := s.admin.CoreV1().ConfigMaps(s.place.Namespace)
	if err := maps.Delete(t.Context(), "settings", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	set := s.set("shop", settings)
	plan, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil)
	if err != nil || !strings.Contains(strings.Join(plan[0].Warnings, " "), "made anew when it is gone") {
		t.Fatalf("%+v, %v", plan, err)
	}
	free := []byte(`{"metadata": {"finalizers": null}}`)
	if _, err := maps.Patch(t.Context(), "settings", types.MergePatchType, free, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, manifest.UIDsOf(plan), func(manifest.Outcome) error { return nil })
	if err != nil || out[0].State != manifest.Succeeded || out[0].Op != manifest.Create {
		t.Errorf("%+v, %v", out, err)
	}
}
