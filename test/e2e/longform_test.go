package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// manyVariables is a file of a web service with n variables.
func manyVariables(t *testing.T, name string, n int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "template: web-service\nteam: payments\nenvironment: staging\nname: %s\ninputs:\n  image: %s\n  port: 8080\n  variables:\n", name, image)
	for i := range n {
		fmt.Fprintf(&b, "    - {name: V%02d, from: value, value: \"%d\"}\n", i, i)
	}
	file := filepath.Join(t.TempDir(), name+".yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// readFile fills the form that is open from a file, and unfolds the rows of its variables.
func (e entry) readFile(file string) {
	e.t.Helper()
	e.unfold(`document.querySelector("input[name=_document]")`)
	e.do(chromedp.SetUploadFiles("input[name=_document]", []string{file}))
	e.click("Fill in the form")
	e.sees("Filled in from the file")
	e.unfoldVariables()
}

func (e entry) unfoldVariables() {
	e.t.Helper()
	e.waitFor("the variables", `document.querySelector("#in-variables")`)
	e.unfold(`document.querySelector("#in-variables")`)
}

const rowsJS = `document.querySelectorAll("#in-variables > [data-row]").length`

// A list of many rows shows a line of each: rows are opened, added, moved and closed, nothing of them is lost,
// and an error opens the row that it is in.
func TestManyRows(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.openNew(staging, "web-service")
	e := entry{tab: dev}
	e.readFile(manyVariables(t, "manyrows", 64))
	dev.waitFor("64 lines", rowsJS+` === 64 && !document.querySelector("#in-variables > [data-row] details")`)
	dev.axe()
	dev.screenshot("many-rows")

	dev.press(`button[name=_open][value="in/variables/40"]`)
	dev.waitFor("the focus in the row", `document.activeElement?.name === "in/variables/40/name"`)
	if got := dev.holds("in/variables/40/value"); got != "40" {
		t.Errorf("the row holds %q", got)
	}
	e.scalar("in/variables/40/value", "forty")

	dev.press(`button[name=_add][value="in/variables"]`)
	dev.waitFor("the focus in the new row", `document.activeElement?.name === "in/variables/64/name"`)
	e.scalar("in/variables/64/name", "LAST")
	e.scalar("in/variables/64/from", "value")
	e.scalar("in/variables/64/value", "65th")
	e.settled()
	dev.press(`button[name=_up][value="in/variables/64"]`)
	dev.waitFor("the row to be one before the last", fmt.Sprintf("%s(%s)[0]?.value === 'LAST'", controlsJS, js("in/variables/63/name")))

	dev.press(`button[name=_open][value="in/variables/10"]`)
	dev.waitFor("the focus in the row", `document.activeElement?.name === "in/variables/10/name"`)
	e.scalar("in/variables/10/name", "10 is no name")
	dev.press(`button[name=_shut][value="in/variables/10"]`)
	dev.waitFor("the focus on the row's line", `document.activeElement?.name === "_open" && document.activeElement.value === "in/variables/10"`)
	dev.follow("Show the plan")
	dev.sees("One field needs another value")
	dev.waitFor("the row with the error to be open", fmt.Sprintf("%s(%s)[0]?.getAttribute('aria-invalid') === 'true'", controlsJS, js("in/variables/10/name")))
	dev.axe()
	dev.screenshot("many-rows-error")
	dev.click("Variables from elsewhere, 10 is no name, name")
	dev.waitFor("the focus in its field", `document.activeElement?.name === "in/variables/10/name"`)
	e.scalar("in/variables/10/name", "V10")
	dev.submit("all of them", "Create manyrows")
	dev.sees("Became revision 1")

	found, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(staging)).Get(context.Background(), "manyrows", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found.Spec.Template.Spec.Containers[0].Env {
		got = append(got, v.Name+"="+v.Value)
	}
	all := strings.Join(got, " ")
	for _, want := range []string{"V00=0 V01=1 ", " V10=10 V11=11 ", " V39=39 V40=forty V41=41 ", " V62=62 LAST=65th V63=63"} {
		if !strings.Contains(all, want) {
			t.Errorf("it runs without %q: %s", want, all)
		}
	}
}

// Without script each step is a page, and the rows come along.
func TestManyRowsWithoutScript(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.withoutScript()
	dev.openNew(staging, "web-service")
	e := entry{tab: dev}
	e.readFile(manyVariables(t, "plainrows", 61))
	dev.follow("Open V50")
	dev.waitFor("the focus in the row", `document.activeElement?.name === "in/variables/50/name"`)
	e.scalar("in/variables/50/value", "fifty")
	dev.follow("Close V50")
	e.unfoldVariables()
	dev.follow("Add variable")
	e.unfoldVariables()
	e.scalar("in/variables/61/name", "not a name")
	dev.follow("Show the plan")
	dev.sees("One field needs another value")
	e.scalar("in/variables/61/name", "LAST")
	e.scalar("in/variables/61/from", "value")
	dev.follow("Show the plan")
	dev.sees("Nothing has happened yet")
	dev.follow("Back to the form")
	e.unfoldVariables()
	dev.follow("Open V50")
	if got := dev.holds("in/variables/50/value"); got != "fifty" {
		t.Errorf("the row holds %q", got)
	}
	dev.open(staging.path() + "/new/web-service")
	dev.follow("Start again")
}
