package e2e

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What was rejected is taken up again: nothing has to be typed twice, the secret neither, and a form that was begun
// meanwhile is not replaced unasked.
func TestWhatWasRejectedIsTakenUpAgain(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	c := dev.client()
	at := production.path() + "/new/simple-service"
	typed := url.Values{"name": {"kiosk"}, "in/image": {image}, "in/port": {"8081"}, "in/secrets/0/key": {"KIOSK_TOKEN"}, "in/secrets/0/value": {"a token of the kiosk"}}
	plan := c.post(at, typed)
	form := carried(plan.Body)
	form.Set("reason", "a kiosk")
	sent := c.post(at+"/submit", form)
	change := sent.Header.Get("Location")
	if plan.Status != http.StatusOK || sent.Status != http.StatusSeeOther || !strings.HasPrefix(change, "/changes/") {
		t.Fatalf("planning answered %d, submitting %d and led to %q", plan.Status, sent.Status, change)
	}
	if a := c.post(change+"/again", nil); a.Status != http.StatusConflict {
		t.Errorf("a change that waits is taken up again: %d", a.Status)
	}
	dev.open(change)
	dev.sees("waits for approval")

	approver := w.signIn(t, "approver")
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
	approver.fill("Comment", "It listens on 8080.")
	approver.follow("Reject")

	dev.sees("It listens on 8080.") // by the stream, which brings the button too
	dev.follow("Edit and submit again…")
	if name, port := dev.value("Name"), dev.value("Port"); name != "kiosk" || port != "8081" {
		t.Fatalf("the form has %q and %q", name, port)
	}
	dev.axe()
	dev.screenshot("taken-up-again")
	dev.fill("Port", "8080")

	// What has been typed by now is not replaced by pressing the button once more.
	if err := eventually(t.Context(), 30*time.Second, func(context.Context) error {
		if strings.Contains(c.get(at).Body, `name="in/port" value="8080"`) {
			return nil
		}
		return errNotYet
	}); err != nil {
		t.Fatal("what was typed is not kept")
	}
	dev.withoutScript()
	dev.open(change)
	dev.follow("Edit and submit again…")
	dev.sees("You have begun a form there", "Replace it")
	dev.axe()
	dev.screenshot("taken-up-over-a-form")
	dev.follow("Look at what you began")
	if port := dev.value("Port"); port != "8080" {
		t.Fatalf("the form that was begun has port %q", port)
	}
	second := dev.submit("on 8080 now", "Submit for approval")
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(second, "/changes/"))
	approver.follow("Approve ")
	approver.open(second)
	approver.sees("Became revision 1")

	secrets, err := w.cluster.admin.CoreV1().Secrets(w.cluster.namespace(production)).List(t.Context(), metav1.ListOptions{LabelSelector: "slipway.dev/app=kiosk"})
	if err != nil || len(secrets.Items) != 1 || string(secrets.Items[0].Data["KIOSK_TOKEN"]) != "a token of the kiosk" {
		t.Errorf("the secret that was typed once is not in the cluster: %d Secrets, %v", len(secrets.Items), err)
	}
}
