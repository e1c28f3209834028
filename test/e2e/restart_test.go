package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const restartedAt = "slipway.dev/restarted-at"

// podNames are the pods on the live page that is open.
func (p *tab) podNames() []string {
	p.t.Helper()
	return eval[[]string](p, `[...document.querySelectorAll('[id^="n-pod-"]')].map(e => e.id).sort()`)
}

// running gives what the cluster has of a Deployment: its number of pods, when it was restarted, its image.
func (w *world) running(t *testing.T, at place, name string) (pods int32, restarted, image string) {
	t.Helper()
	d, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(at)).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return *d.Spec.Replicas, d.Spec.Template.Annotations[restartedAt], d.Spec.Template.Spec.Containers[0].Image
}

// A developer restarts an application in staging, and whoever watches sees new pods take the place of the
// old ones. The next version does not restart it again, and says nothing of it.
func TestRestart(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "bouncer", image)
	dev.submit("first", "Create bouncer")
	dev.sees("Became revision 1")

	watcher := w.signIn(t, "payments-dev")
	watcher.open(staging.app("bouncer"))
	watcher.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready") && document.querySelectorAll('[id^="n-pod-"]').length === 2`)
	watcher.screenshot("live-actions")
	before, err := json.Marshal(watcher.podNames())
	if err != nil {
		t.Fatal(err)
	}

	dev.open(staging.app("bouncer"))
	dev.follow("Restart…")
	dev.sees("Restart bouncer", "Nothing has happened yet", "2 pods of bouncer", "Because of the restart", "kubectl rollout restart", "deployment/bouncer", "Nobody has to approve it")
	dev.axe()
	dev.screenshot("plan-restart")
	if _, at, _ := w.running(t, staging, "bouncer"); at != "" {
		t.Fatalf("it was restarted at %s, before anybody asked for it", at)
	}
	eval[bool](dev, `window.bundle = document.querySelector('a[href*="/restart/bundle.zip"]').getAttribute("href"), true`)
	if readme := readText(t, unpack(t, dev.client().get(eval[string](dev, "window.bundle")).Body), "README.md"); !strings.Contains(readme, wholeDigest.FindString(strings.ReplaceAll(dev.textOf("#digest"), " ", ""))) {
		t.Errorf("the download does not have the digest that the page shows:\n%s", readme)
	}
	submit := dev.path()
	dev.fill("Why?", "new certificate")
	dev.follow("Restart bouncer")
	dev.sees("Became revision 2", "Restart bouncer", "new certificate", "restart of revision 1")
	_, first, _ := w.running(t, staging, "bouncer")
	if first == "" {
		t.Errorf("%s left no time on the pods", submit)
	}
	watcher.waitFor("other pods", `(() => { const old = `+string(before)+`, now = [...document.querySelectorAll('[id^="n-pod-"]')].map(e => e.id);
		return now.length === old.length && !now.some(id => old.includes(id)) && document.querySelector("#verdict").classList.contains("st-ready") })()`)
	watcher.sees("Revision 2")

	dev.open(staging.app("bouncer") + "/edit")
	dev.fill("Image", strings.Replace(image, "1.4.2", "1.4.3", 1))
	dev.follow("Show the plan")
	dev.seesNot("restarted-at", "Because of the restart")
	dev.fill("Why?", "newer")
	dev.follow("Apply")
	dev.sees("Became revision 3")
	if _, at, img := w.running(t, staging, "bouncer"); at != first || !strings.HasSuffix(img, "1.4.3") {
		t.Errorf("after an update it runs %s and was restarted at %q, not %q", img, at, first)
	}
	dev.open(staging.app("bouncer") + "/revisions")
	dev.sees("restarted", "updated")

	auditor := w.signIn(t, "auditor")
	auditor.open("/audit?application=bouncer")
	auditor.sees("new certificate")
}

// In production somebody else must agree to a restart, without script as well; what was planned before it
// must be planned again. Whoever may not submit is not offered it, and gets nowhere by its address.
func TestRestartInProduction(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(production, "doorman", image)
	created := dev.submit("first", "Submit for approval")
	approver := w.signIn(t, "approver")
	approve := func(change string) {
		t.Helper()
		approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
		approver.follow("Approve ")
		approver.open(change)
		approver.sees("Became revision")
	}
	approve(created)

	dev.open(production.app("doorman") + "/edit")
	dev.fill("Image", strings.Replace(image, "1.4.2", "1.4.4", 1))
	waiting := dev.submit("next week", "Submit for approval")

	dev.withoutScript()
	dev.open(production.app("doorman"))
	dev.follow("Restart…")
	dev.sees("One person must approve", "is under way", "Of two changes that were planned on the same revision")
	dev.fill("Why?", "it hangs")
	address := dev.path()
	dev.follow("Submit for approval")
	restart := dev.path()
	dev.sees("waits for approval", "it hangs")
	if own := dev.client().post(restart+"/approve", url.Values{"digest": {strings.Repeat("0", 64)}}); own.Status < 400 {
		t.Errorf("approving one's own restart answered %d", own.Status)
	}
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(restart, "/changes/"))
	approver.sees("Restart doorman", "restarts 2 pods of doorman")
	approver.axe()
	approver.screenshot("review-restart")
	approve(restart)
	if _, at, _ := w.running(t, production, "doorman"); at == "" {
		t.Error("it was not restarted")
	}
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(waiting, "/changes/"))
	approver.follow("Approve ")
	approver.open(waiting)
	approver.sees("stale")
	dev.open(restart)
	dev.sees("Restart doorman", "Became revision 2")

	auditor := w.signIn(t, "auditor")
	auditor.open(production.app("doorman"))
	if auditor.can("Restart…") || auditor.can("Scale…") {
		t.Error("somebody who may only look is offered to restart or scale")
	}
	form := url.Values{"digest": {strings.Repeat("0", 64)}, "key": {"k"}, "at": {time.Now().UTC().Format(time.RFC3339)}, "in/replicas": {"5"}}
	for _, what := range []string{"/restart", "/scale"} {
		if got := auditor.client().post(production.app("doorman")+what+"/submit", form); got.Status != 403 {
			t.Errorf("an auditor posting to %s got %d", what, got.Status)
		}
	}
	if !strings.Contains(address, "/restart") {
		t.Errorf("the plan of a restart is at %s", address)
	}
}

// A number of pods is changed by itself, within the template's limits; 0 stops the application.
func TestScale(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "choir", image)
	dev.submit("first", "Create choir")
	dev.sees("Became revision 1")

	dev.open(staging.app("choir"))
	dev.follow("Scale…")
	dev.sees("Pods of choir", "From 0 to 100", "0 stops all its pods", "kubectl scale")
	dev.axe()
	dev.screenshot("scale")
	for typed, said := range map[string]string{"many": "Write a whole number", "1000": "Take 100 or less", "2": "this number already", "-1": "Take 0 or more"} {
		dev.fill("Pods", typed)
		dev.follow("Show the plan")
		dev.sees(said)
		if got := dev.value("Pods"); got != typed {
			t.Errorf("after %q was refused the field holds %q", typed, got)
		}
	}
	dev.axe()
	dev.screenshot("scale-refused")
	dev.fill("Pods", "3")
	dev.follow("Show the plan")
	dev.sees("Scale choir from 2 to 3 pods", "runs 3 pods instead of 2", "--replicas=3", "Nothing has happened yet")
	dev.axe()
	dev.screenshot("plan-scale")
	dev.follow("Back")
	if got := dev.value("Pods"); got != "3" {
		t.Errorf("back at the form the field holds %q", got)
	}
	dev.follow("Show the plan")
	dev.fill("Why?", "more singers")
	dev.follow("Scale choir")
	dev.sees("Became revision 2")
	if n, at, _ := w.running(t, staging, "choir"); n != 3 || at != "" {
		t.Errorf("it has %d pods and was restarted at %q", n, at)
	}
	dev.open(staging.app("choir") + "/edit")
	if got := dev.value("Pods"); got != "3" {
		t.Errorf("the form of the next version begins with %q pods", got)
	}

	dev.open(staging.app("choir") + "/scale")
	dev.follow("Stop choir…")
	dev.sees("Stop choir", "All pods of choir stop")
	dev.fill("Why?", "no concert")
	dev.follow("Stop choir")
	dev.sees("Became revision 3")
	dev.open(staging.app("choir"))
	dev.waitFor("the paused verdict", `document.querySelector("#verdict")?.classList.contains("st-paused")`)
	dev.follow("Scale…")
	dev.sees("no pods")
	dev.fill("Pods", "2")
	dev.follow("Show the plan")
	dev.sees("Start choir with 2 pods")
}

// Of an application of several workloads one can be restarted, and scaled, by itself. What cannot be
// restarted says why.
func TestRestartOfOneOfSeveral(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.openNew(staging, "application")
	dev.fill("Name", "theatre")
	dev.enter(map[string]any{"workloads": []any{
		map[string]any{"name": "stage", "kind": "web", "image": image, "port": int64(8080)},
		map[string]any{"name": "prompter", "kind": "worker", "image": image},
		map[string]any{"name": "cleaning", "kind": "job", "image": image, "schedule": "@daily"},
	}}, nil)
	dev.submit("first", "Create theatre")
	dev.sees("Became revision 1")

	dev.open(staging.app("theatre") + "/restart")
	dev.sees("Which pods?", "stage", "prompter", "Cannot be restarted", "cleaning", "Each of its runs begins with new pods anyway", "kubectl rollout restart")
	dev.axe()
	dev.screenshot("restart-choice")
	for _, name := range []string{"stage", "prompter"} {
		dev.press(`input[name="only"][value$="/` + name + `"]`)
	}
	dev.follow("Show the plan")
	dev.sees("Tick at least one")
	dev.press(`input[name="only"][value$="/stage"]`)
	dev.follow("Show the plan")
	dev.sees("Restart stage of theatre", "1 pod of stage", "deployment/stage")
	dev.seesNot("deployment/prompter")
	dev.follow("Back")
	dev.follow("Show the plan") // what was chosen is still chosen
	dev.sees("Restart stage of theatre")
	dev.fill("Why?", "new curtain")
	dev.follow("Restart theatre")
	dev.sees("Became revision 2", "Restart stage of theatre")
	_, stage, _ := w.running(t, staging, "stage")
	if _, prompter, _ := w.running(t, staging, "prompter"); stage == "" || prompter != "" {
		t.Errorf("the stage was restarted at %q, the prompter at %q", stage, prompter)
	}

	dev.open(staging.app("theatre") + "/scale")
	dev.sees("stage", "prompter")
	dev.screenshot("scale-several")
	dev.typeInto(`[...document.querySelectorAll("fieldset")].find(f => f.textContent.includes("prompter")).querySelector("input")`, "2")
	dev.follow("Show the plan")
	dev.sees("Scale prompter from 1 to 2 pods (theatre)")
	dev.follow("Scale theatre")
	dev.sees("Became revision 3")
	pods, _, _ := w.running(t, staging, "prompter")
	if others, again, _ := w.running(t, staging, "stage"); pods != 2 || others != 1 || again != stage {
		t.Errorf("the prompter has %d pods, the stage %d and was restarted at %q, not %q", pods, others, again, stage)
	}
}
