package e2e

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podsOf are the names of an application's pods.
func (w *world) podsOf(t *testing.T, to place, app string) []string {
	t.Helper()
	list, err := w.cluster.admin.CoreV1().Pods(w.cluster.namespace(to)).List(t.Context(), metav1.ListOptions{LabelSelector: "slipway.dev/app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			names = append(names, p.Name)
		}
	}
	return names
}

const logLines = `document.querySelectorAll("#log > li:not(.log-note)").length`

// A developer reads what all pods of an application write, follows it, and sees pods come and go.
func TestLogs(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "chatty", image)
	dev.submit("to listen to", "Create chatty")
	dev.sees("Became revision 1")
	dev.open(staging.app("chatty"))
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	dev.follow("Logs")
	dev.sees("Logs of chatty", "level=info", "answering requests", "kubectl logs")
	pods := w.podsOf(t, staging, "chatty")
	for _, p := range pods {
		short := strings.TrimPrefix(p, "chatty-")
		if len(pods) > 1 && !eval[bool](dev, `[...document.querySelectorAll("#log b")].some(b => b.textContent === `+js(short)+`)`) {
			t.Errorf("no line is of the pod %s\n%s", p, dev.text())
		}
	}
	dev.axe()
	dev.screenshot("logs")

	dev.follow("Follow")
	dev.waitFor("the stream", `document.querySelector("[data-stream-pill]")?.textContent === "live"`)
	before := eval[int](dev, logLines)
	dev.waitFor("new lines", logLines+` >= `+js(before+4))
	if twice := eval[int](dev, `(() => { const all = [...document.querySelectorAll("#log > li:not(.log-note)")].map(l => l.textContent); return all.length - new Set(all).size; })()`); twice > 0 {
		t.Errorf("%d lines are there twice", twice)
	}
	if err := w.cluster.admin.CoreV1().Pods(w.cluster.namespace(staging)).Delete(context.Background(), pods[0], metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	dev.seesWithin(30*time.Second, "has gone", "is here now")
	dev.axe()
	dev.screenshot("logs-follow")

	left := w.podsOf(t, staging, "chatty")
	one := staging.app("chatty") + "/logs?pod=" + url.QueryEscape(left[0])
	again(dev, one, "level=info") // the new pod may not write yet
	if eval[bool](dev, `!!document.querySelector("#log b")`) {
		t.Error("the lines of one pod have a name in front of them")
	}
	c := dev.client()
	if got := c.get(staging.app("chatty") + "/logs.txt?tail=100"); got.Status != 200 || !strings.Contains(got.Body, "level=info") || strings.Contains(got.Body, "<") {
		t.Errorf("the file answered %d: %s", got.Status, got.Body)
	}
	dev.withoutScript()
	dev.open(one + "&tail=100")
	dev.sees("level=info", "Reload")
	dev.axe()
}

// The reason of a crash is one click away from the sentence that names it; and nobody reads the logs of
// another application's pod, not even at an address below their own.
func TestLogsAfterACrash(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "crashing", "registry.example.com/team/shop:crash")
	dev.submit("to see why", "Create crashing")
	dev.sees("Became revision 1")
	dev.follow("Live page")
	dev.waitFor("the way to the logs", `[...document.querySelectorAll("#wrong a")].some(a => a.textContent === "Logs of crashing")`)
	dev.click("Logs of crashing")
	dev.sees("Logs of crashing", "panic: no connection to the database")
	again(dev, staging.app("crashing")+"/logs", "Before the last restart")
	dev.press(`input[name=previous]`)
	dev.waitFor("the former container's log", `/previous=1/.test(location.search) && /panic: no connection/.test(document.querySelector("#log")?.innerText)`)
	dev.sees("--previous")
	dev.axe()
	dev.screenshot("logs-before-restart")

	dev.fillForm(staging, "quiet-one", image)
	dev.submit("not to be listened to", "Create quiet-one")
	dev.sees("Became revision 1")
	dev.open(staging.app("quiet-one"))
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	c, foreign := dev.client(), w.podsOf(t, staging, "crashing")[0]
	for _, file := range []string{"/logs", "/logs.txt", "/logs/stream"} {
		theirs, none := staging.app("quiet-one")+file+"?pod="+foreign, staging.app("quiet-one")+file+"?pod=never-was"
		compare(t, "GET "+theirs, c.get(theirs), c.get(none), theirs, none)
	}
}

// The live page says what pods use, beside what they asked for, without being loaded again.
func TestUsageOnTheLivePage(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "measured", image)
	dev.submit("to be measured", "Create measured")
	dev.sees("Became revision 1")
	dev.follow("Live page")
	dev.seesWithin(2*time.Minute, "Use of CPU and memory", "asked for", "MiB")
	dev.waitFor("the bars", `document.querySelectorAll("#usage .use-bar").length >= 2`)
	dev.axe()
	dev.screenshot("live-usage")
}
