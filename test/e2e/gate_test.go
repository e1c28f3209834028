package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (w *world) deployment(t *testing.T, to place, name string) *appsv1.Deployment {
	t.Helper()
	d, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(to)).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newVersion opens the form of an application that runs, and gives it another image.
func (p *tab) newVersion(to place, name, image string) entry {
	p.t.Helper()
	p.open(to.app(name) + "/edit")
	if p.can("Start again") {
		p.follow("Start again")
	}
	p.fill("Image", image)
	return entry{tab: p}
}

// succeed plays the kubelet: the pods of an application's Jobs that run have ended well.
func (w *world) succeed(t *testing.T, at place, app string) {
	t.Helper()
	pods := w.cluster.admin.CoreV1().Pods(w.cluster.namespace(at))
	err := eventually(t.Context(), patience, func(ctx context.Context) error {
		all, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "slipway.dev/app=" + app + ",batch.kubernetes.io/job-name"})
		if err != nil {
			return err
		}
		ended := errNotYet
		for _, p := range all.Items {
			if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
				continue
			}
			now := metav1.Now()
			p.Status.Phase = corev1.PodSucceeded
			for i := range p.Status.ContainerStatuses {
				p.Status.ContainerStatuses[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					Reason: "Completed", StartedAt: p.CreationTimestamp, FinishedAt: now,
				}}
			}
			if _, ended = pods.UpdateStatus(ctx, &p, metav1.UpdateOptions{}); ended != nil {
				return ended
			}
		}
		return ended
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A migration that fails leaves the old version as it is, and the page says why. With a better one the
// same form goes through: the page waits for the Job, then the pods are replaced. Going back says that
// it does not undo the migration, and runs none.
func TestMigrationHoldsUpTheRollout(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "ledger", image)
	dev.submit("first version", "Create ledger")
	dev.sees("Became revision 1")
	before := w.deployment(t, staging, "ledger")

	const next = "registry.example.com/team/ledger:2.0.0"
	e := dev.newVersion(staging, "ledger", next)
	e.value("in/migration/run", "job")
	dev.shows("in/migration/retries")
	e.value("in/migration/image", "registry.example.com/team/migrate:crash")
	e.value("in/migration/retries", "0")
	dev.follow("Show the plan")
	dev.sees("runs first. The rollout waits for it, at most 10 min.", "nothing that runs is touched")
	dev.axe()
	dev.screenshot("plan-gate")
	dev.fill("Why?", "with a column more")
	dev.follow("Apply")
	failed := dev.path()
	dev.sees("did not succeed, so the rollout has not begun", "exit code 1", "Before the rollout", "not tried")
	dev.axe()
	dev.screenshot("change-gate-failed")
	dev.follow("What its pods wrote")
	dev.sees("Logs of ledger", "kubectl logs job/ledger-migrate-")
	dev.open(failed)
	if d := w.deployment(t, staging, "ledger"); d.Generation != before.Generation {
		t.Errorf("the Deployment was touched: generation %d, before %d, image %s", d.Generation, before.Generation, d.Spec.Template.Spec.Containers[0].Image)
	}
	dev.follow("Resume") // the Job is made anew, and fails again
	dev.sees("This is attempt 2", "did not succeed, so the rollout has not begun")

	e = dev.newVersion(staging, "ledger", next)
	e.value("in/migration/run", "job")
	dev.shows("in/migration/image")
	e.value("in/migration/image", "registry.example.com/team/migrate:unready") // it runs until the story says that it has ended
	dev.submit("with a better migration", "Apply")
	dev.sees("Waiting for Job", "The rollout begins when it has succeeded")
	if d := w.deployment(t, staging, "ledger"); d.Generation != before.Generation {
		t.Error("the Deployment was touched while the migration ran")
	}
	dev.axe()
	dev.screenshot("change-gate-waits")
	w.succeed(t, staging, "ledger")
	dev.sees("Became revision 2")
	if d := w.deployment(t, staging, "ledger"); d.Spec.Template.Spec.Containers[0].Image != next {
		t.Errorf("the cluster runs %s", d.Spec.Template.Spec.Containers[0].Image)
	}

	dev.open(staging.app("ledger") + "/rollback?revision=1")
	dev.sees("going back does not undo what it did", "ledger-migrate-")
	dev.screenshot("plan-rollback-gate")
	auditor := w.signIn(t, "auditor")
	auditor.open("/audit?change=" + strings.TrimPrefix(failed, "/changes/"))
	auditor.sees("ledger-migrate-", "exit code 1")
}

// A new version that does not pass its check is found out while the old one serves.
func TestTrialHoldsUpTheRollout(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "probed", image)
	dev.submit("first version", "Create probed")
	dev.sees("Became revision 1")
	before := w.deployment(t, staging, "probed")

	e := dev.newVersion(staging, "probed", "registry.example.com/team/probed:unready")
	e.value("in/healthPath", "/admin/")
	e.value("in/startSeconds", "5")
	e.value("in/trial/enabled", true)
	dev.shows("in/trial/seconds")
	e.value("in/trial/seconds", "10")
	dev.submit("with a check of its own", "Apply")
	dev.sees("Waiting for Job", "its check of /admin/ fails so far")
	dev.screenshot("change-trial-waits")
	dev.seesWithin(40*time.Second, "did not succeed, so the rollout has not begun", "its check of /admin/", "statuscode: 404")
	dev.axe()
	dev.screenshot("change-trial-failed")
	if d := w.deployment(t, staging, "probed"); d.Generation != before.Generation {
		t.Errorf("the Deployment was touched: %s", d.Spec.Template.Spec.Containers[0].Image)
	}

	e = dev.newVersion(staging, "probed", "registry.example.com/team/probed:2.0.0")
	e.value("in/healthPath", "/healthz")
	e.value("in/trial/enabled", true)
	dev.submit("with the right path", "Apply")
	dev.sees("Became revision 2")
}
