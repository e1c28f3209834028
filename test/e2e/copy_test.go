package e2e

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	lab        = place{"lab", "staging"}
	labPreview = place{"lab", "preview"}
	labBrief   = place{"lab", "brief"}
)

// A copy of an application lives for a minute, with a host of its own and none of the secrets, and goes by
// itself with all that it had. What it is a copy of stays.
func TestACopyIsMadeAndGoesByItself(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(lab, "tern", image)
	e := entry{tab: dev}
	e.scalar("in/host", w.host("tern"))
	e.row("in/env", 0)
	e.scalar("in/env/0/key", "BASE_URL")
	e.scalar("in/env/0/value", "https://"+w.host("tern")+"/")
	e.secretRow("TOKEN", "lab-only-7f2a91")
	dev.submit("to copy it", "Create tern")
	dev.sees("Became revision 1")

	dev.withoutScript()
	dev.open(lab.app("tern"))
	dev.click("More actions")
	dev.follow("Copy…")
	dev.sees("Copy tern", "brief, nothing there yet, at most 1 minute", "No secret value", "below "+w.host("brief")+" and "+w.host("preview"))
	dev.axe()
	dev.screenshot("copy")
	dev.press(`input[name="environment"][value="brief"]`)
	dev.follow("Fill in the form")
	if got := dev.path(); !strings.HasPrefix(got, labBrief.path()+"/new/web-service") {
		t.Fatalf("it led to %s", got)
	}
	dev.sees("Taken over from tern of staging, revision 1")
	for name, want := range map[string]string{"in/host": w.host("tern-copy.brief"), "in/env/0/value": "https://" + w.host("tern-copy.brief") + "/", "name": "tern-copy"} {
		if got := dev.holds(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	dev.follow("Show the plan")
	dev.sees("missing", "TOKEN", "Copied from tern of staging, revision 1")
	dev.follow("Back to the form")
	dev.press(`button[name=_generate][value="in/secrets/data/0/value"]`)
	dev.sees("stored · value hidden")
	dev.follow("Show the plan")
	dev.sees("When it ends", "Delete it by itself after", "1 minute", "until it is 1 minute old")
	dev.axe()
	dev.screenshot("copy-plan")
	dev.fill("Why?", "for a minute")
	dev.follow("Create tern-copy")
	change := dev.path()
	again(dev, change, "Became revision 1")
	dev.sees("Ends by itself")
	dev.open(labBrief.app("tern-copy"))
	dev.sees("It ends by itself", "in")
	dev.screenshot("copy-live")
	dev.open("/applications?team=lab")
	dev.sees("ends in")

	ctx, namespace := context.Background(), w.cluster.namespace(labBrief)
	mine := metav1.ListOptions{LabelSelector: "slipway.dev/app=tern-copy"}
	ingress, err := w.cluster.admin.NetworkingV1().Ingresses(namespace).List(ctx, mine)
	if err != nil || len(ingress.Items) != 1 || ingress.Items[0].Spec.Rules[0].Host != w.host("tern-copy.brief") {
		t.Errorf("it is served as %v, %v", ingress.Items, err)
	}
	err = eventually(ctx, 4*time.Minute, func(ctx context.Context) error {
		deployments, err := w.cluster.admin.AppsV1().Deployments(namespace).List(ctx, mine)
		if err != nil {
			return err
		}
		secrets, err := w.cluster.admin.CoreV1().Secrets(namespace).List(ctx, mine)
		if err == nil && len(deployments.Items)+len(secrets.Items) > 0 {
			err = fmt.Errorf("%d Deployments and %d Secrets are there", len(deployments.Items), len(secrets.Items))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	again(dev, "/changes?view=all", "Delete tern-copy")
	dev.follow("Delete tern-copy")
	dev.follow("Timeline")
	again(dev, dev.path(), "The application is deleted")
	dev.sees("Slipway deletes it by itself", "Its time is over")
	dev.axe()
	dev.screenshot("copy-over")
	if got := dev.visit(labBrief.app("tern-copy")); got != 404 {
		t.Errorf("its page answers %d", got)
	}
	dev.open("/audit?application=tern-copy")
	dev.sees("By itself. Its time is over", "Agreed to with change", "Ends by itself at")
	dev.open(lab.app("tern"))
	dev.sees("Revision 1")
	dev.click("More actions")
	dev.press(`a[href^="/changes?"][href*="application=tern"]`)
	dev.sees("Only those of tern in lab", "Create tern")
	dev.seesNot("tern-copy")
	dev.follow("Create tern")
	dev.sees("Only those of tern in lab", "to copy it")
}

// The end is put off once, and not by others.
func TestTheEndOfACopyIsPutOff(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(labPreview, "heron", image)
	dev.follow("Show the plan")
	dev.sees("Delete it by itself after", "1 day", "until it is 7 days old")
	dev.follow("Create heron")
	dev.sees("Became revision 1", "Ends by itself")
	at := labPreview.app("heron")
	dev.open(at)
	dev.sees("It ends by itself", "Delete it now…")
	dev.follow("Put it off")
	dev.sees("End of heron", "3 days from now", "as long as may be")
	dev.axe()
	dev.screenshot("extend")
	form := url.Values{"lives": {"72h0m0s"}, "seen": {eval[string](dev, `document.querySelector("input[name=seen]").value`)}}
	dev.press(`input[name="lives"][value="72h0m0s"]`)
	dev.follow("Put its end off")
	dev.sees("ends by itself in 2 d")
	dev.seesNot("It ends by itself")
	if got := dev.client().post(at+"/extend", form); got.Status != 409 || !strings.Contains(got.Body, "no longer the one that you saw") {
		t.Errorf("sent once more it answers %d", got.Status)
	}
	other := w.signIn(t, "search-dev")
	nothing := other.client().post(labPreview.app("nothing")+"/extend", form)
	if got := other.client().post(at+"/extend", form); got.Status != 404 || got.Status != nothing.Status {
		t.Errorf("another team is answered %d, and %d of what is not there", got.Status, nothing.Status)
	}
	dev.open("/audit?application=heron")
	dev.sees("extend copy", "Lives until")
	dev.open(at + "/delete")
	dev.follow("Delete heron")
	dev.sees("The application is deleted")
}
