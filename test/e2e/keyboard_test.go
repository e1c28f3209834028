package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// What is pressed may move just as the mouse comes down, as on a page that follows the cluster. A story aims
// again then, as a person does, and never presses what has come in its place.
func TestAPressMeetsWhatItIsFor(t *testing.T) {
	p := theWorld(t).stranger(t)
	p.do(chromedp.Navigate("data:text/html,<div id=above></div><button id=wrong>Wrong</button><button id=right style=display:block>Right</button>"))
	eval[bool](p, `(() => {
		window.pressed = [];
		for (const b of document.querySelectorAll("button")) b.onclick = () => window.pressed.push(b.id);
		const moves = () => { document.querySelector("#above").style.height = "300px"; };
		document.querySelector("#right").addEventListener("pointerover", moves, {once: true});
		return true })()`)
	p.press("#right")
	p.waitFor("the right one, once", `window.pressed.join() === "right"`)
	eval[bool](p, `(document.querySelector("#wrong").click(), true)`) // a script's press is none of the hand's
	p.waitFor("the other one, by a script", `window.pressed.join() === "right,wrong"`)
}

// Everything can be reached without a mouse.
func TestKeyboard(t *testing.T) {
	w := theWorld(t)
	p := w.signIn(t, "admin")
	p.look(1440, false) // without motion: a dialog that still fades in has no contrast yet
	for keys, path := range map[string]string{"gc": "/catalogue", "ga": "/applications", "gh": "/changes", "gu": "/audit", "gd": "/admin"} {
		p.open("/applications")
		p.waitFor("the script", "document.readyState === 'complete'")
		p.keys(keys)
		p.waitFor(keys+" leads to "+path, fmt.Sprintf("location.pathname === %s", js(path)))
	}

	p.open("/applications")
	p.keys("/")
	p.waitFor("the search to have the focus", `document.activeElement?.id === "search"`)
	p.keys("gc") // typed, not pressed
	if got := eval[string](p, `document.activeElement.value`); got != "gc" {
		t.Errorf("the search holds %q", got)
	}
	if got := p.path(); got != "/applications" {
		t.Errorf("keys in a field lead to %s", got)
	}

	p.open("/applications")
	p.keys("?")
	p.waitFor("the list of keys", `document.querySelector("dialog#keys")?.open`)
	p.axe()
	p.screenshot("keys")
	p.keys("\x1b")
	p.waitFor("the list of keys to close", `!document.querySelector("dialog#keys").open`)

	p.open("/applications")
	p.keys("\t")
	p.waitFor("the first stop to be the skip link", `document.activeElement?.classList.contains("skip")`)
}
