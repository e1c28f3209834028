package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// unfoldAt opens what an element with the id folds, by the keyboard, as its summary is pressed.
func (p *tab) unfoldAt(id string) {
	p.t.Helper()
	summary := fmt.Sprintf("document.querySelector(%s)", js("#"+id+" > summary"))
	p.waitFor(id, summary)
	eval[bool](p, summary+".focus(), true")
	p.do(chromedp.KeyEvent("\r"))
	p.waitFor(id+" to open", summary+".parentElement.open")
}

// variable is what the page tells of a variable, "" if it is not there.
func (p *tab) variable(container, name string) string {
	p.t.Helper()
	return squeeze(eval[string](p, fmt.Sprintf(`[...document.querySelectorAll(%s)].find(r => r.querySelector("dt").innerText.trim() === %s)?.querySelector("dd").innerText ?? ""`,
		js("#env-n-deployment-"+container+"-"+container+" .envrow"), js(name))))
}

// Own settings win over shared ones, and the form, the plan, the change and the application say so; a plan says
// what was set otherwise than by default, and why that is there.
func TestExplained(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("explained")
	e := entry{tab: dev, secret: func(string) string { return "never-on-a-page-j3" }}
	e.value("in/config", map[string]any{"data": map[string]any{"LEVEL": "info", "PORT": "8000"}})
	e.value("in/secrets", map[string]any{"data": map[string]any{"TOKEN": nil}})
	e.value("in/env", map[string]any{"PORT": "3000", "SELF": "http://$(NOBODY):$(PORT)"})
	e.value("in/replicas", "3")
	dev.waitFor("the environment in the preview", `/1 value overridden/.test(document.querySelector("#pane-environment")?.innerText)`)
	dev.unfoldAt("environment")
	const overrides = "3000 set here overrides 8000 of ConfigMap explained-config"
	if got := dev.variable("explained", "PORT"); got != overrides {
		t.Errorf("the preview says %q of PORT", got)
	}
	// It stays open while one goes on typing.
	e.value("in/replicas", "4")
	dev.waitFor("the next preview", `/replicas: 4/.test(document.querySelector("#manifest-list").innerText)`)
	if !eval[bool](dev, `document.querySelector("#environment").open`) {
		t.Error("the environment is folded by what was typed")
	}
	dev.axe()
	dev.screenshot("form-environment")
	dev.follow("Show the plan")
	explainsItself(dev, overrides)
	dev.screenshot("plan-explained")
	dev.look(390, true)
	dev.screenshot("plan-explained-narrow")
	dev.axe()
	dev.look(1440, false)
	dev.fill("Why?", "to see what it explains")
	dev.follow("Create explained")
	dev.sees("Became revision 1")
	dev.follow("Plan")
	explainsItself(dev, overrides)

	dev.open(staging.app("explained"))
	dev.sees("What runs", "answers requests, Deployment")
	dev.follow("Environment variables")
	if got := dev.variable("explained", "PORT"); got != overrides {
		t.Errorf("the application says %q of PORT", got)
	}
	if got := dev.variable("explained", "TOKEN"); got != "value hidden of Secret explained-secrets" {
		t.Errorf("the application says %q of TOKEN", got)
	}
	dev.axe()
	dev.screenshot("environment")
	if page := eval[string](dev, "document.documentElement.outerHTML"); strings.Contains(page, "never-on-a-page") {
		t.Error("a secret value stands in the page")
	}
	stranger := w.signIn(t, "search-dev")
	if got := stranger.visit(staging.app("explained") + "/environment"); got != 404 {
		t.Errorf("another team gets %d", got)
	}
}

// explainsItself looks at what a plan says beside what it changes.
func explainsItself(dev *tab, overrides string) {
	dev.t.Helper()
	dev.unfoldAt("environment")
	if got := dev.variable("explained", "PORT"); got != overrides {
		dev.t.Errorf("the plan says %q of PORT", got)
	}
	if got := dev.variable("explained", "SELF"); !strings.Contains(got, "$(PORT) is replaced") || !strings.Contains(got, "$(NOBODY) stays as written") {
		dev.t.Errorf("the plan says %q of SELF", got)
	}
	dev.unfoldAt("departures")
	eval[bool](dev, `(document.querySelectorAll("#departures details").forEach(d => { d.open = true }), true)`)
	told := squeeze(eval[string](dev, `document.querySelector("#departures").innerText`))
	for _, want := range []string{"Default 2 4", ", PORT", "8000", "Secrets, TOKEN stored", "Environment variables, SELF", "Image " + image} {
		if !strings.Contains(told, want) {
			dev.t.Errorf("the plan does not tell %q:\n%s", want, told)
		}
	}
}

// The table of what runs follows the cluster, and its addresses are copied by a button.
func TestWorkloadsAndTheirAddresses(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("reached")
	dev.submit("to see how it is reached", "Create reached")
	dev.open(staging.app("reached"))
	dev.waitFor("both pods in the table", `/2 of 2/.test(document.querySelector("#workloads")?.innerText)`)
	host := "reached." + w.cluster.namespace(staging) + ".svc.cluster.local:80"
	table := squeeze(dev.textOf("#workloads"))
	for _, want := range []string{"reached answers requests, Deployment", imageTagOf(image), "reached:80", "to 8080 TCP", host} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not tell %q: %s", want, table)
		}
	}
	eval[bool](dev, `(Object.defineProperty(navigator, "clipboard", {value: {writeText: async (s) => { window.copied = s }}}), true)`)
	button := fmt.Sprintf(`[...document.querySelectorAll("#workloads button[data-copy]")].find(b => b.innerText.includes(%s))`, js(host))
	eval[bool](dev, button+".focus(), true")
	dev.do(chromedp.KeyEvent("\r"))
	dev.waitFor("the address to be copied", fmt.Sprintf("window.copied === %s", js(host)))
	dev.axe()
	dev.screenshot("workloads")
	dev.look(390, true)
	dev.axe()
	dev.screenshot("workloads-narrow")
	dev.look(1440, false)
	offersAddresses(dev, "http://"+host)
	dev.withoutScript()
	dev.open(staging.app("reached"))
	dev.sees(host)
	if dev.can("Copy " + host) {
		t.Error("there is a button that does nothing without script")
	}
}

// offersAddresses types the names of variables in a form: those of addresses are offered what there is.
func offersAddresses(dev *tab, address string) {
	dev.t.Helper()
	dev.begin("caller")
	e := entry{tab: dev}
	e.row("in/env", 0)
	offers := `document.getElementsByName("in/env/0/value")[0].list`
	for _, name := range []string{"LEVEL", "API_URL", "LEVEL"} {
		e.scalar("in/env/0/key", name)
		want := "null"
		if name == "API_URL" {
			want = js(address)
		}
		dev.waitFor("what is offered to "+name, fmt.Sprintf(`(%s === null ? null : [...%s.options].map(o => o.value).find(v => v === %s)) === %s`, offers, offers, js(address), want))
	}
	e.scalar("in/env/0/key", "API_HOST")
	dev.waitFor("the preview that keeps it", `/name: caller/.test(document.querySelector("#manifest-list")?.innerText)`)
	dev.open("/catalogue")
	dev.follow("Discard")
}

// A secret value of another shape than its name leads one to expect is warned of while it is typed, once more by
// the plan, and taken. Nothing of it leaves the page before a button is pressed.
func TestSecretsOfAnUnusualShape(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("shaped")
	e := entry{tab: dev}
	e.row("in/secrets/data", 0)
	e.scalar("in/secrets/data/0/key", "ENCRYPTION_MASTER_KEY")
	dev.sees("Usually 64 hexadecimal digits.")
	const odd = "This is not 64 hexadecimal digits"
	value := e.element("in/secrets/data/0/value", `e => e.type !== "checkbox"`)
	dev.typeInto(value, strings.Repeat("0f", 32))
	dev.seesNot(odd)
	dev.typeInto(value, "k9-too-short-k9")
	dev.sees(odd)
	dev.waitFor("the preview", `/name: shaped/.test(document.querySelector("#manifest-list")?.innerText)`)
	dev.sees(odd)
	eval[bool](dev, "scrollTo(0, 0), true") // else the bar at the bottom lies over a button
	dev.axe()
	dev.screenshot("secret-shape")
	dev.follow("Show the plan")
	dev.sees("Secrets, ENCRYPTION_MASTER_KEY: "+odd, "It is taken all the same")
	dev.follow("Back to the form")
	dev.click("Replace")
	dev.press(`button[name=_generate][value="in/secrets/data/0/value"]`)
	dev.waitFor("a value to be made", `/A value was made/.test(document.querySelector("#said").textContent)`)
	dev.follow("Show the plan")
	dev.seesNot(odd)
	dev.fill("Why?", "with a value of the usual shape")
	dev.follow("Create shaped")
	dev.sees("Became revision 1")
}

func imageTagOf(image string) string { return image[strings.LastIndexByte(image, '/')+1:] }
