package e2e

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Somebody deletes a Deployment by hand. The page and the list say so, and a new version with the same
// inputs brings it back. What happened stands on the page.
func TestDeletedByHand(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "vanisher", image)
	dev.submit("first", "Create vanisher")
	dev.sees("Became revision 1")

	watcher := w.signIn(t, "payments-dev")
	watcher.open(staging.app("vanisher"))
	watcher.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	deployments := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(staging))
	if err := deployments.Delete(context.Background(), "vanisher", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	watcher.waitFor("the failed verdict", `document.querySelector("#verdict").classList.contains("st-failed")`)
	watcher.sees("Deployment vanisher is not in the cluster", "somebody has deleted it since")
	watcher.axe()
	watcher.screenshot("live-deleted-by-hand")
	dev.open("/applications")
	dev.waitFor("the word in the list", `[...document.querySelectorAll("li, tr")].some(e => /vanisher/.test(e.innerText) && /failed/.test(e.innerText))`)

	dev.open(staging.app("vanisher") + "/edit")
	dev.follow("Show the plan")
	dev.sees("Nothing has happened yet", "Deployment")
	dev.fill("Why?", "it was deleted by hand")
	dev.follow("Apply")
	dev.sees("Became revision 2")
	watcher.waitFor("the ready verdict", `document.querySelector("#verdict").classList.contains("st-ready")`)
	watcher.seesNot("is not in the cluster")
	watcher.sees("What happened", "Revision 2 applied by", "Revision 1 applied by")
}
