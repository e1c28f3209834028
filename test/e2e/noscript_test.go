package e2e

import (
	"strings"
	"testing"
)

// The whole story without JavaScript: everything is a link or a form, and pages are loaded again.
func TestWithoutScript(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.withoutScript()
	dev.open("/catalogue")
	dev.sees("Web service")
	dev.fillForm(production, "plain", image)
	dev.follow("Preview")
	dev.sees("Deployment", "What this makes")
	if got := dev.value("Image"); got != image {
		t.Errorf("after the preview Image holds %q", got)
	}
	change := dev.submit("no script here", "Submit for approval")
	dev.sees("waits for approval")
	dev.axe()

	approver := w.signIn(t, "approver")
	approver.withoutScript()
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
	approver.sees("no script here")
	approver.follow("Approve ")

	again(dev, change, "Became revision 1")
	again(dev, production.app("plain"), "is ready")
	dev.axe()
	dev.screenshot("live-without-script")
}

// again loads a page until it says so.
func again(p *tab, path, text string) {
	p.t.Helper()
	for range 60 {
		p.open(path)
		if strings.Contains(squeeze(p.text()), text) || strings.Contains(squeeze(p.text()), strings.Replace(text, "is", "are", 1)) {
			return
		}
		sleep()
	}
	p.t.Fatalf("%s at %s: %q does not come\n%s", p.who, path, text, p.text())
}
