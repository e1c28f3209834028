package e2e

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

var (
	zero      = resource.MustParse("0")
	errNotYet = errors.New("not yet")
)

// Every mistake is said beside its field and in the summary, and nothing that was typed is lost.
func TestFormKeepsWhatWasTyped(t *testing.T) {
	w := theWorld(t)
	for _, script := range []bool{true, false} {
		t.Run(map[bool]string{true: "with script", false: "without script"}[script], func(t *testing.T) {
			dev := w.signIn(t, "payments-dev")
			if !script {
				dev.withoutScript()
			}
			dev.openNew(staging, "web-service")
			dev.fill("Name", "Not A Name")
			dev.fill("Image", "no image at all")
			dev.fill("Port", "eighty")
			dev.fill("Host name", "kept.example.com")
			dev.follow("Show the plan")

			dev.sees("fields need another value")
			dev.waitFor("a message beside each field", `document.querySelectorAll("[aria-invalid=true]").length >= 3 && [...document.querySelectorAll("[aria-invalid=true]")].every(e =>
				e.getAttribute("aria-describedby").split(" ").some(id => document.getElementById(id)?.innerText.trim()))`)
			for label, want := range map[string]string{
				"Name": "Not A Name", "Image": "no image at all", "Port": "eighty", "Host name": "kept.example.com",
			} {
				if got := dev.value(label); got != want {
					t.Errorf("%s holds %q after the mistake, was %q", label, got, want)
				}
			}
			if script {
				dev.waitFor("the summary to have the focus", `document.activeElement?.getAttribute("role") === "alert"`)
			}
			dev.axe()
			dev.screenshot("form-errors")
		})
	}
}

// The plan's way back to the form brings everything along.
func TestBackFromThePlan(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "returning", image)
	dev.fill("Health path", "/healthz")
	dev.follow("Show the plan")
	dev.sees("Nothing has happened yet")
	dev.follow("Back to the form")
	for label, want := range map[string]string{"Name": "returning", "Image": image, "Port": "8080", "Health path": "/healthz"} {
		if got := dev.value(label); got != want {
			t.Errorf("%s holds %q, was %q", label, got, want)
		}
	}
}

// What a person types is text wherever it is shown, and never markup.
func TestHostileText(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	const hostile = `"><img src=x onerror="window.owned=1"><script>window.owned=1</script>{{.}}${7*7}`
	dev.openNew(staging, "web-service")
	dev.fill("Name", hostile)
	dev.fill("Image", hostile)
	dev.follow("Show the plan")
	if got := dev.value("Image"); got != hostile {
		t.Errorf("Image holds %q", got)
	}
	dev.fillForm(staging, "hostile", image)
	dev.follow("Show the plan")
	dev.fill("Why?", hostile)
	dev.follow("Create hostile")
	dev.sees("onerror=", "{{.}}")
	if eval[bool](dev, "window.owned === 1") {
		t.Error("what was typed ran as a script")
	}
}

// A form of another site, and one that is too large, are refused before anything is read.
func TestRefusedPosts(t *testing.T) {
	w := theWorld(t)
	c := w.signIn(t, "payments-dev").client()
	form := url.Values{"name": {"foreign"}, "in/image": {image}, "in/port": {"8080"}, "_do": {"plan"}}
	path := staging.path() + "/new/web-service"
	if got := c.send("POST", path, form, "cross-site"); got.Status != 403 {
		t.Errorf("a form of another site answered %d", got.Status)
	}
	form.Set("in/env", strings.Repeat("x", 32<<20))
	if got := c.post(path, form); got.Status != 413 {
		t.Errorf("a form of 32 MB answered %d", got.Status)
	} else if !strings.Contains(got.Body, "at most") {
		t.Errorf("the limit is not named:\n%s", got.Body)
	}
}
