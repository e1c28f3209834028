package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// begin opens the form of a new web service and fills in what is required.
func (p *tab) begin(name string) {
	p.t.Helper()
	p.fillForm(staging, name, image)
}

// shows waits for a control of the form.
func (p *tab) shows(name string) {
	p.t.Helper()
	p.waitFor("control "+name, fmt.Sprintf("%s(%s).length", controlsJS, js(name)))
}

// holds is what stands in a control.
func (p *tab) holds(name string) string {
	p.t.Helper()
	p.shows(name)
	return eval[string](p, fmt.Sprintf("%s(%s)[0].value", controlsJS, js(name)))
}

// The form follows what is chosen: at once with script, by a button without.
func TestFieldsFollowWhatIsChosen(t *testing.T) {
	w := theWorld(t)
	for _, script := range []bool{true, false} {
		t.Run(map[bool]string{true: "with script", false: "without script"}[script], func(t *testing.T) {
			dev := w.signIn(t, "payments-dev")
			if !script {
				dev.withoutScript()
			}
			dev.begin("follows")
			e := entry{tab: dev}
			if e.offered("in/ingress/certificateText") {
				t.Fatal("the certificate's text is asked for before anybody chose to paste one")
			}
			e.value("in/ingress/certificate", "own")
			if !script {
				dev.follow("Update the form")
			}
			dev.shows("in/ingress/certificateText")
			if got := dev.holds("in/image"); got != image {
				t.Errorf("the image is %q", got)
			}
			e.value("in/ingress/certificate", "issuer")
			if !script {
				dev.follow("Update the form")
			}
			dev.waitFor("the text to go", fmt.Sprintf("!%s(%s).length", controlsJS, js("in/ingress/certificateText")))
		})
	}
}

// A secret is put aside by the next button and never comes back; one without a value blocks the plan,
// which leads to its field.
func TestSecretFields(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	const value = "k7-never-on-any-page-k7"
	dev.begin("keeper")
	e := entry{tab: dev}
	e.row("in/secrets/data", 0)
	e.scalar("in/secrets/data/0/key", "TOKEN")
	dev.typeInto(e.element("in/secrets/data/0/value", `e => e.type !== "checkbox"`), value)
	e.row("in/secrets/data", 1)
	dev.sees("stored · value hidden")
	e.scalar("in/secrets/data/1/key", "LATER")
	if page := eval[string](dev, "document.documentElement.outerHTML + [...document.querySelectorAll('input,textarea')].map(e => e.value).join()"); strings.Contains(page, value) {
		t.Error("the value stands in the page")
	}
	dev.axe()
	dev.follow("Show the plan")
	dev.sees("missing", "LATER", "Nothing has happened yet")
	if dev.can("Create keeper") {
		t.Error("it can be submitted without the value")
	}
	dev.axe()
	dev.screenshot("plan-missing")
	dev.follow("Back to the form")
	dev.press(`button[name=_generate][value="in/secrets/data/1/value"]`)
	dev.waitFor("both to be stored", `document.body.innerText.split("stored · value hidden").length === 3`)
	dev.follow("Show the plan")
	dev.fill("Why?", "with both")
	dev.follow("Create keeper")
	dev.sees("Became revision 1")
}

// Rows change places with what was typed into them.
func TestRowsMove(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("mover")
	entry{tab: dev}.value("in/command", []any{"first", "second"})
	dev.press(`button[name=_down][value="in/command/0"]`)
	dev.waitFor("the rows to change places", fmt.Sprintf("%s(%s)[0].value === 'second'", controlsJS, js("in/command/0")))
	if got := dev.holds("in/command/1"); got != "first" {
		t.Errorf("the second row holds %q", got)
	}
}

// A line of the manifests leads to the field that decides it.
func TestLineLeadsToItsField(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("lines")
	dev.waitFor("the manifests", `[...document.querySelectorAll("#manifest-list li")].some(l => /replicas: 2/.test(l.innerText))`)
	eval[bool](dev, `([...document.querySelectorAll("#manifest-list li")].find(l => /replicas: 2/.test(l.innerText)).click(), true)`)
	dev.waitFor("the focus in the number of pods", `document.activeElement?.name === "in/replicas"`)
}

// What was begun is found again, and can be thrown away.
func TestDraftIsFoundAgain(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("unfinished")
	dev.waitFor("the preview that keeps it", `/name: unfinished/.test(document.querySelector("#manifest-list")?.innerText)`)
	dev.open("/catalogue")
	dev.sees("Begun and not sent", "New web-service")
	dev.axe()
	dev.follow("Go on")
	if got := dev.value("Name"); got != "unfinished" {
		t.Errorf("the name is %q", got)
	}
	if got := dev.holds("in/image"); got != image {
		t.Errorf("the image is %q", got)
	}
	dev.open("/catalogue")
	dev.follow("Discard")
	dev.waitFor("the draft to go", `!/Begun and not sent/.test(document.body.innerText)`)
	dev.open(staging.path() + "/new/web-service")
	if got := dev.value("Name"); got != "" {
		t.Errorf("the name is %q after the draft was thrown away", got)
	}
}

// A file of an application fills the form, and names the secrets that it cannot hold.
func TestFormReadsAFile(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.openNew(place{"coequal", "production"}, "web-service")
	file, err := filepath.Abs("../../examples/coequal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entry{tab: dev}.unfold(`document.querySelector("input[name=_document]")`)
	dev.do(chromedp.SetUploadFiles("input[name=_document]", []string{file}))
	dev.click("Fill in the form")
	dev.sees("Filled in from the file")
	for name, want := range map[string]string{
		"name": "coequal", "in/host": "app.example.com", "in/resources/limits/cpu": "500m",
		"in/image": "845238243589.dkr.ecr.us-east-2.amazonaws.com/coequal:latest",
	} {
		if got := dev.holds(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	dev.sees("no value yet")
}

// The rows of a form stand in the order in which they were added, those of its inputs by name: a plan
// leads to the row that it means.
func TestMissingValueLeadsToItsRow(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("rows")
	e := entry{tab: dev}
	for i, key := range []string{"SESSION_KEY", "LATER"} {
		e.row("in/secrets/data", i)
		e.scalar(fmt.Sprintf("in/secrets/data/%d/key", i), key)
		if key != "LATER" {
			dev.typeInto(e.element(fmt.Sprintf("in/secrets/data/%d/value", i), `e => e.type !== "checkbox"`), "value of "+key)
		}
	}
	dev.follow("Show the plan")
	dev.follow("Secrets, LATER")
	dev.waitFor("the focus in the row of LATER", `document.activeElement?.name === "in/secrets/data/1/value"`)
}
