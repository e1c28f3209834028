package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	undoBox = `input[name="rollback"][type="checkbox"]`
	// undoTime is how long it may take from applying to having gone back: half a minute of failing is
	// what Slipway waits for.
	undoTime = 2 * time.Minute
)

func (p *tab) ticked() bool {
	return eval[bool](p, fmt.Sprintf("document.querySelector(%s).checked", js(undoBox)))
}

// runsImage waits until the cluster asks for an image.
func (w *world) runsImage(t *testing.T, in place, app, image string) {
	t.Helper()
	err := eventually(context.Background(), patience, func(ctx context.Context) error {
		d, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(in)).Get(ctx, app, metav1.GetOptions{})
		if err == nil && d.Spec.Template.Spec.Containers[0].Image != image {
			err = fmt.Errorf("it runs %s", d.Spec.Template.Spec.Containers[0].Image)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An image that cannot be pulled is followed by the version before it, without a click. Whoever looks on,
// at the change or at the application, is told so at once.
func TestRollsBackByItself(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "lantern", image)
	dev.follow("Show the plan")
	if eval[int](dev, fmt.Sprintf("document.querySelectorAll(%s).length", js(undoBox))) > 0 {
		t.Error("a new application has nothing to go back to")
	}
	dev.follow("Create lantern")
	dev.sees("Became revision 1")

	const broken = "registry.example.com/team/shop:broken"
	dev.open(staging.app("lantern") + "/edit")
	dev.fill("Image", broken)
	dev.follow("Show the plan")
	dev.sees("Roll back by itself if it does not become ready", "revision 1 comes back by itself")
	if dev.ticked() {
		t.Error("it is ticked, and nobody ever asked for it")
	}
	dev.press(undoBox)
	dev.follow("Plan again")
	dev.follow("Back to the form")
	dev.follow("Show the plan")
	if !dev.ticked() {
		t.Error("the tick was lost on the way to the form and back")
	}
	dev.axe()
	dev.screenshot("plan-undo")
	dev.fill("Why?", "evening release")
	onLive := w.signIn(t, "payments-dev") // before it fails: what can be seen of it lasts for half a minute
	onLive.open(staging.app("lantern"))
	dev.follow("Apply")
	dev.sees("Became revision 2", "watches it")
	onLive.sees("is watched", "revision 1 comes back by itself")
	onLive.screenshot("live-watched")

	dev.seesWithin(undoTime, "Rolled back by itself to revision 1", "lantern cannot start")
	dev.axe()
	dev.screenshot("change-rolled-back")
	onLive.sees("By itself:", "Roll lantern back to revision 1", "lantern cannot start")
	onLive.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	onLive.axe()
	onLive.screenshot("live-rolled-back")
	w.runsImage(t, staging, "lantern", image)

	dev.open("/changes?view=all")
	dev.sees("rolled back by itself", "by itself, takes back")
	dev.screenshot("changes-rolled-back")
	auditor := w.signIn(t, "auditor")
	auditor.open("/audit?application=lantern&action=watch+change")
	auditor.sees("watch change", "lantern cannot start")

	dev.open(staging.app("lantern") + "/edit")
	dev.fill("Image", "registry.example.com/team/shop:1.4.3")
	dev.follow("Show the plan")
	if !dev.ticked() {
		t.Error("the next version does not begin with what was chosen for the last one")
	}
	dev.press(undoBox)
	dev.follow("Back to the form")
	dev.follow("Show the plan")
	if dev.ticked() {
		t.Error("that it was unticked is lost on the way to the form and back")
	}
	dev.follow("Back to the form")
	dev.client().post(staging.app("lantern")+"/edit/discard", nil)
}

// In production the approver sees what is agreed to, and is not asked again for the way back.
func TestTheWayBackIsAgreedToWithTheChange(t *testing.T) {
	w := theWorld(t)
	dev, approver := w.signIn(t, "payments-dev"), w.signIn(t, "approver")
	approve := func(change string) {
		t.Helper()
		approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
		digest := regexp.MustCompile(`Approve\s+([0-9a-f]{8})`).FindStringSubmatch(approver.text())
		if digest == nil {
			t.Fatalf("nothing can be approved\n%s", approver.text())
		}
		approver.follow("Approve " + digest[1])
		approver.open(change)
	}
	dev.fillForm(production, "beacon", image)
	approve(dev.submit("first", "Submit for approval"))
	dev.sees("Became revision 1")

	dev.withoutScript() // the box is an ordinary one
	dev.open(production.app("beacon") + "/edit")
	dev.fill("Image", "registry.example.com/team/shop:crash")
	dev.follow("Show the plan")
	dev.sees("Whoever approves the change agrees to that too")
	dev.press(undoBox)
	dev.fill("Why?", "the new till")
	dev.follow("Submit for approval")
	change := dev.path()
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
	approver.sees("Rolls back by itself.", "rolls back by itself", "revision 1 comes back by itself")
	approver.screenshot("review-undo")
	approve(change)
	approver.seesWithin(undoTime, "Rolled back by itself to revision 1", "beacon starts and ends again")
	undo := regexp.MustCompile(`revision 1, by #(\d+)`).FindStringSubmatch(approver.text())
	if undo == nil {
		t.Fatalf("the page does not lead to what rolled it back\n%s", approver.text())
	}
	approver.open("/changes/" + undo[1])
	approver.sees("Agreed to with #"+strings.TrimPrefix(change, "/changes/"), "Slipway, for Paula Dev, submitted", "Became revision 3")
	approver.axe()
	approver.screenshot("change-takes-back")
	w.runsImage(t, production, "beacon", image)
	approver.open("/changes?view=waiting")
	approver.seesNot("beacon")
}
