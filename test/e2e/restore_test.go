package e2e

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// jobs are the names of an application's Jobs.
func (w *world) jobs(t *testing.T, to place, app string) []string {
	t.Helper()
	list, err := w.cluster.admin.BatchV1().Jobs(w.cluster.namespace(to)).List(context.Background(), metav1.ListOptions{LabelSelector: "slipway.dev/app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, j := range list.Items {
		names = append(names, j.Name)
	}
	return names
}

// disk makes a claim that is bound to a volume, as the job that dumps would have left it.
func (w *world) disk(t *testing.T, to place, name string) {
	t.Helper()
	ns, ctx := w.cluster.namespace(to), context.Background()
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: ns + "-" + name}, Spec: corev1.PersistentVolumeSpec{
		Capacity: size, AccessModes: modes, ClaimRef: &corev1.ObjectReference{Namespace: ns, Name: name},
		PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/nowhere"}},
	}}
	none := ""
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: modes, StorageClassName: &none, VolumeName: volume.Name, Resources: corev1.VolumeResourceRequirements{Requests: size},
	}}
	if _, err := w.cluster.admin.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.cluster.admin.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.cluster.admin.CoreV1().PersistentVolumeClaims(ns).Create(ctx, claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// A database is restored from a dump by the form alone: a preset fills in a job that runs once, the change
// succeeds if it does, and it runs once more when somebody says so.
func TestRestoreThroughTheForm(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.openNew(staging, "scheduled-job")
	dev.fill("Name", "restore-orders")
	dev.press(`button[name=_preset][value="postgres-restore"]`)
	dev.shows("in/again")
	e := entry{tab: dev}
	if e.offered("in/schedule") {
		t.Error("it runs once, and a schedule is asked for")
	}
	if got := dev.holds("in/claims/0/claim"); got != "postgres-dump-backup" {
		t.Errorf("the dumps are read from %q", got)
	}
	dev.typeInto(e.element("in/secrets/data/0/value", `e => e.type !== "checkbox"`), "postgres://orders@db.example.com/orders")
	dev.axe()
	dev.screenshot("form-restore")
	dev.follow("Show the plan")
	dev.sees("runs first. The rollout waits for it, at most 2 h.", "needs the PersistentVolumeClaim postgres-dump-backup, which does not exist")
	w.disk(t, staging, "postgres-dump-backup")
	dev.follow("Plan again")
	dev.waitFor("the warning to go", `!document.body.innerText.includes("needs the PersistentVolumeClaim")`)
	dev.sees("runs first. The rollout waits for it, at most 2 h.")
	dev.axe()
	dev.screenshot("plan-restore")
	dev.fill("Why?", "somebody has deleted the orders")
	dev.follow("Create restore-orders")
	dev.seesWithin(60*time.Second, "Became revision 1")
	first := w.jobs(t, staging, "restore-orders")
	if len(first) != 1 {
		t.Fatalf("there are the jobs %v", first)
	}
	dev.open(staging.app("restore-orders"))
	dev.screenshot("application-restore")

	dev.open(staging.app("restore-orders") + "/edit")
	e.value("in/again", "2")
	dev.submit("and once more", "Apply")
	dev.seesWithin(60*time.Second, "Became revision 2")
	if again := w.jobs(t, staging, "restore-orders"); len(again) != 1 || again[0] == first[0] {
		t.Errorf("after another run there are %v, before %v", again, first)
	}
}
