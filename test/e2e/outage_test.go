package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The cluster goes away and comes back: pages that need none go on, the others say so within seconds,
// and nobody has to do anything when it is back.
func TestClusterAway(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "tides", image)
	dev.submit("before the storm", "Create tides")
	dev.sees("Became revision 1")
	watching := w.signIn(t, "payments-dev")
	watching.open(staging.app("tides"))
	watching.waitFor("the ready verdict", `document.querySelector("#verdict").classList.contains("st-ready")`)

	w.link.set(true, 0)
	healed := false
	defer func() {
		if !healed {
			w.link.set(false, 0)
		}
	}()
	watching.seesWithin(20*time.Second, "tides") // what was seen stays
	began := time.Now()
	if code := dev.visit(staging.app("tides") + "/delete"); code != http.StatusServiceUnavailable {
		t.Errorf("a plan without a cluster: %d", code)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s to say that the cluster is away", took)
	}
	dev.sees("local does not answer")
	for _, path := range []string{"/changes", "/audit", "/catalogue", "/applications", staging.app("tides"), staging.app("tides") + "/revisions"} {
		if code := dev.visit(path); code != http.StatusOK {
			t.Errorf("%s without a cluster: %d", path, code)
		}
	}
	if err := eventually(context.Background(), 20*time.Second, func(context.Context) error {
		dev.open(staging.app("tides"))
		if strings.Contains(dev.text(), "may no longer be so") {
			return nil
		}
		return errNotYet
	}); err != nil {
		t.Errorf("the live page does not say that the cluster is away: %v\n%s", err, dev.text())
	}

	w.link.set(false, 0)
	healed = true
	if err := eventually(context.Background(), 40*time.Second, func(context.Context) error {
		if dev.visit(staging.app("tides")+"/delete") == http.StatusOK {
			return nil
		}
		return errNotYet
	}); err != nil {
		t.Fatalf("the cluster is back, and plans are not: %v", err)
	}
	dev.sees("Delete tides")
}

// The portal is killed, with no time for last words, while it applies. Started again, it brings the
// change to its end, and the log is whole.
func TestKilledWhileApplying(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "phoenix", image)
	dev.follow("Show the plan")
	dev.sees("Nothing has happened yet")
	dev.fill("Why?", "to be interrupted")
	w.link.set(false, 700*time.Millisecond) // so that there is time to kill it in the middle
	dev.follow("Create phoenix")
	change := dev.path()
	dev.waitFor("a part of it to be applied", `/\b[0-3] of 4\b/.test(document.body.innerText)`)
	w.killPortal(t)
	w.link.set(false, 0)
	w.restartPortal(t)

	dev.open(change)
	dev.seesWithin(40*time.Second, "Became revision 1")
	namespace := w.cluster.namespace(staging)
	if _, err := w.cluster.admin.AppsV1().Deployments(namespace).Get(context.Background(), "phoenix", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	auditor := w.signIn(t, "auditor")
	export := auditor.client().get("/audit/export.jsonl")
	if report := w.verify(t, export.Body, true); !strings.Contains(report, "Nothing is missing") {
		t.Errorf("audit verify says: %s", report)
	}
	id := strings.TrimPrefix(change, "/changes/")
	intents := strings.Count(auditor.client().get("/audit/export.jsonl?action=apply+change&outcome=intent&change="+id).Body, "\n")
	done := strings.Count(auditor.client().get("/audit/export.jsonl?action=apply+change&outcome=done&change="+id).Body, "\n")
	if intents < 1 || done != 1 {
		t.Errorf("%d intents and %d ends are in the log", intents, done)
	}
}
