package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// A restart at a real API server: it gets along with restarts by hand, secret values stay where they are,
// and no update undoes it.
func TestRestartBesideRestartsByHand(t *testing.T) {
	admin, ns := newNamespace(t)
	db, _ := sqliteForTests(t)
	v := openVault(t, ns, db)
	inputs := v.typed("correct horse")
	v.work(v.submit(shopDraft(change.Create, inputs)).ID)

	deployments := admin.AppsV1().Deployments(ns)
	annotations := func() map[string]string {
		d, err := deployments.Get(t.Context(), shopApp.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return d.Spec.Template.Annotations
	}
	restart := func() change.Draft {
		return change.Draft{Kind: change.RestartPods, App: shopApp, Restart: change.PodRestart{At: v.changes.RestartAt(time.Time{})}}
	}
	sum := annotations()["sum"]

	first := restart()
	c := v.work(v.submit(first).ID)
	if got := annotations(); got[manifest.AnnotationRestarted] != manifest.RestartTime(first.Restart.At) || got["sum"] != sum || sum == "" {
		t.Errorf("after the restart the pods have %v", got)
	}
	if c.Plan.Count(manifest.Change) != 1 || len(c.Plan.Effects) != 1 || !strings.Contains(c.Plan.Effects[0].Why, "the restart") {
		t.Errorf("the plan was %+v", c.Plan.Effects)
	}

	// What `kubectl rollout restart` sends.
	patch := `{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-02T03:04:05Z"}}}}}`
	if _, err := deployments.Patch(t.Context(), shopApp.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-rollout"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // times of restarts are whole seconds
	second := restart()
	v.work(v.submit(second).ID)
	if got := annotations(); got[manifest.AnnotationRestarted] != manifest.RestartTime(second.Restart.At) || got["kubectl.kubernetes.io/restartedAt"] == "" {
		t.Errorf("after a restart by hand and one more the pods have %v", got)
	}

	inputs = v.typed("correct horse")
	inputs["greeting"] = "good day"
	v.work(v.submit(shopDraft(change.Update, inputs)).ID)
	if got := annotations(); got[manifest.AnnotationRestarted] != manifest.RestartTime(second.Restart.At) {
		t.Errorf("after an update the pods have %v", got)
	}
	if _, err := v.changes.Preview(t.Context(), eve, restart()); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
	h, err := v.changes.Handles(t.Context(), ada, shopApp)
	if err != nil || len(h.Workloads) != 1 || len(h.Dials) != 0 || h.NoDials != nil {
		t.Errorf("%+v, %v; the chart has a number of pods of its own", h, err)
	}
	if _, err := v.changes.Preview(t.Context(), ada, change.Draft{Kind: change.ScalePods, App: shopApp, Pods: map[string]int{"/greeting": 3}}); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("scaled by what is no number of pods: %v", err)
	}
}
