package e2e

import (
	"fmt"
	"testing"
)

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
