package e2e

import (
	"strings"
	"testing"
	"time"
)

func sleep() { time.Sleep(500 * time.Millisecond) }

// Every page, in the light, in the dark and on a telephone: no rule of WCAG broken, nothing wider than
// the window, and a picture to look at.
func TestPages(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "gallery", image)
	dev.submit("to be looked at", "Create gallery")
	dev.sees("Became revision 1")
	dev.fillForm(production, "gallery", image)
	waiting := dev.submit("to be decided", "Submit for approval")
	dev.open(staging.app("gallery"))
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)

	approver, auditor, admin := w.signIn(t, "approver"), w.signIn(t, "auditor"), w.signIn(t, "admin")
	pages := []struct {
		name string
		tab  *tab
		path string
	}{
		{"catalogue", dev, "/catalogue"},
		{"applications", dev, "/applications"},
		{"applications-none", dev, "/applications?q=nothing-is-called-so"},
		{"form", dev, staging.path() + "/new/web-service"},
		{"form-edit", dev, staging.app("gallery") + "/edit"},
		{"live", dev, staging.app("gallery")},
		{"live-list", dev, staging.app("gallery") + "?view=list"},
		{"revisions", dev, staging.app("gallery") + "/revisions"},
		{"delete", dev, staging.app("gallery") + "/delete"},
		{"change", dev, waiting},
		{"change-plan", dev, waiting + "/plan"},
		{"change-plan-split", dev, waiting + "/plan?diff=split"},
		{"changes-mine", dev, "/changes?view=mine"},
		{"queue", approver, "/changes?view=waiting"},
		{"review", approver, "/changes?view=waiting&review=" + strings.TrimPrefix(waiting, "/changes/")},
		{"audit", auditor, "/audit"},
		{"audit-entry", auditor, "/audit?entry=1"},
		{"admin", admin, "/admin"},
	}
	looks := []struct {
		name  string
		width int64
		dark  bool
	}{{"light", 1440, false}, {"dark", 1440, true}, {"narrow-light", 390, false}, {"narrow-dark", 390, true}, {"tiny", 320, false}}
	for _, page := range pages {
		for _, look := range looks {
			t.Run(page.name+"-"+look.name, func(t *testing.T) {
				p := *page.tab
				p.t = t
				p.look(look.width, look.dark)
				p.open(page.path)
				p.waitFor("the page", "document.readyState === 'complete'")
				if wide := eval[int](&p, "document.documentElement.scrollWidth"); wide > int(look.width) {
					t.Errorf("it is %d px wide in a window of %d", wide, look.width)
				}
				p.axe()
				p.screenshot(page.name + "-" + look.name)
			})
		}
	}
}
