package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// Whoever is not of the team gets, on every route, exactly what a thing that never existed gives.
func TestForeignLooksLikeNothing(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "secretive", image)
	change := dev.submit("not for search", "Create secretive")
	dev.sees("Became revision 1")

	search := w.signIn(t, "search-dev")
	c := search.client()
	const nothing = "/changes/999999999"
	none := place{"nobody", "staging"}

	gets := []struct{ foreign, nothing string }{
		{staging.app("secretive"), none.app("secretive")},
		{staging.app("secretive") + "/stream", none.app("secretive") + "/stream"},
		{staging.app("secretive") + "/logs", none.app("secretive") + "/logs"},
		{staging.app("secretive") + "/logs.txt", none.app("secretive") + "/logs.txt"},
		{staging.app("secretive") + "/logs/stream", none.app("secretive") + "/logs/stream"},
		{staging.app("secretive") + "/edit", none.app("secretive") + "/edit"},
		{staging.app("secretive") + "/revisions", none.app("secretive") + "/revisions"},
		{staging.app("secretive") + "/rollback?revision=1", none.app("secretive") + "/rollback?revision=1"},
		{staging.app("secretive") + "/delete", none.app("secretive") + "/delete"},
		{staging.app("secretive") + "/restart", none.app("secretive") + "/restart"},
		{staging.app("secretive") + "/scale", none.app("secretive") + "/scale"},
		{staging.app("secretive") + "/restart/bundle.zip", none.app("secretive") + "/restart/bundle.zip"},
		{staging.app("secretive") + "/scale/bundle.zip?in/replicas=3", none.app("secretive") + "/scale/bundle.zip?in/replicas=3"},
		{staging.app("secretive") + "/rollback/manifests.yaml?revision=1", none.app("secretive") + "/rollback/manifests.yaml?revision=1"},
		{staging.app("secretive") + "/delete/inputs.yaml", none.app("secretive") + "/delete/inputs.yaml"},
		{staging.app("secretive") + "/promote", none.app("secretive") + "/promote"},
		{staging.app("secretive") + "/promote?to=production/secretive", none.app("secretive") + "/promote?to=production/secretive"},
		{staging.app("secretive") + "/manifests.yaml", none.app("secretive") + "/manifests.yaml"},
		{staging.path() + "/new/web-service", none.path() + "/new/web-service"},
		{change, nothing},
		{change + "/stream", nothing + "/stream"},
		{change + "/plan", nothing + "/plan"},
		{change + "/manifests.yaml", nothing + "/manifests.yaml"},
		{change + "/bundle.zip", nothing + "/bundle.zip"},
		{staging.app("secretive") + "/inputs.yaml", none.app("secretive") + "/inputs.yaml"},
	}
	for _, tc := range gets {
		compare(t, "GET "+tc.foreign, c.get(tc.foreign), c.get(tc.nothing), tc.foreign, tc.nothing)
	}
	form := url.Values{"digest": {strings.Repeat("0", 64)}, "comment": {"x"}, "reason": {"x"}, "key": {"k"}, "name": {"x"}, "in/image": {image}, "in/port": {"80"}, "revision": {"1"}, "base": {"0"}, "to": {"production/secretive"}, "take": {"/image"}, "_do": {"plan"}}
	posts := []struct{ foreign, nothing string }{
		{change + "/approve", nothing + "/approve"},
		{change + "/reject", nothing + "/reject"},
		{change + "/withdraw", nothing + "/withdraw"},
		{change + "/resume", nothing + "/resume"},
		{staging.path() + "/new/web-service", none.path() + "/new/web-service"},
		{staging.path() + "/new/web-service/preview", none.path() + "/new/web-service/preview"},
		{staging.path() + "/new/web-service/download", none.path() + "/new/web-service/download"},
		{staging.app("secretive") + "/edit/download", none.app("secretive") + "/edit/download"},
		{staging.path() + "/new/web-service/submit", none.path() + "/new/web-service/submit"},
		{staging.app("secretive") + "/edit", none.app("secretive") + "/edit"},
		{staging.app("secretive") + "/edit/preview", none.app("secretive") + "/edit/preview"},
		{staging.app("secretive") + "/edit/submit", none.app("secretive") + "/edit/submit"},
		{staging.app("secretive") + "/promote", none.app("secretive") + "/promote"},
		{staging.app("secretive") + "/rollback/submit", none.app("secretive") + "/rollback/submit"},
		{staging.app("secretive") + "/delete/submit", none.app("secretive") + "/delete/submit"},
		{staging.app("secretive") + "/restart/submit", none.app("secretive") + "/restart/submit"},
		{staging.app("secretive") + "/scale/submit", none.app("secretive") + "/scale/submit"},
	}
	for _, tc := range posts {
		compare(t, "POST "+tc.foreign, c.post(tc.foreign, form), c.post(tc.nothing, form), tc.foreign, tc.nothing)
	}

	for _, path := range []string{"/applications", "/changes?view=all", "/applications?q=secretive", "/applications?team=payments"} {
		search.open(path)
		if body := search.text(); strings.Contains(body, "not for search") || strings.Contains(strings.ReplaceAll(body, "q=secretive", ""), "secretive ") {
			t.Errorf("%s shows another team's application:\n%s", path, body)
		}
	}
	search.open("/changes?team=payments&environment=staging&application=secretive")
	search.sees("Only those of secretive in payments")
	search.seesNot("Create secretive", "not for search")
	for _, path := range []string{"/audit/export.jsonl", "/audit/export.csv", "/audit/export.jsonl?team=payments", "/audit"} {
		if got := c.get(path); strings.Contains(got.Body, "secretive") || strings.Contains(got.Body, "Paula") {
			t.Errorf("%s tells of another team:\n%s", path, got.Body)
		}
	}
	if got := c.get("/admin"); got.Status < 400 {
		t.Errorf("a developer reads /admin: %d", got.Status)
	}
	if status := search.visit(staging.app("secretive")); status != 404 {
		t.Errorf("the browser got %d", status)
	}
	search.sees("There is nothing at this address")
	search.axe()
	search.screenshot("not-found")
}

// compare checks that a foreign thing and one that never was are answered alike.
func compare(t *testing.T, what string, foreign, nothing answer, foreignPath, nothingPath string) {
	t.Helper()
	if foreign.Status != 404 || nothing.Status != 404 {
		t.Errorf("%s answered %d, and what never was %d (%s)", what, foreign.Status, nothing.Status, nothingPath)
		return
	}
	a := strings.ReplaceAll(foreign.same(), foreignPath, "PATH")
	b := strings.ReplaceAll(nothing.same(), nothingPath, "PATH")
	if a != b {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		from := max(0, at-100)
		t.Errorf("%s differs from what never was:\n%s\n---\n%s", what, a[from:min(len(a), at+200)], b[from:min(len(b), at+200)])
	}
	for _, name := range []string{"Content-Type", "Cache-Control"} {
		if foreign.Header.Get(name) != nothing.Header.Get(name) {
			t.Errorf("%s: %s differs: %q, %q", what, name, foreign.Header.Get(name), nothing.Header.Get(name))
		}
	}
}

// Without a session every page leads to signing in, and back to where one wanted to go.
func TestStranger(t *testing.T) {
	w := theWorld(t)
	p := w.stranger(t)
	p.open("/catalogue")
	if got := p.path(); got != "/sign-in?next=%2Fcatalogue" {
		t.Errorf("a stranger is led to %s", got)
	}
	p.axe()
	p.screenshot("sign-in")
	c := p.client()
	if got := c.get(staging.app("shop") + "/stream"); got.Status == 200 {
		t.Error("a stranger gets a stream")
	}
	if got := c.get("/audit/export.csv"); got.Status == 200 {
		t.Error("a stranger gets an export")
	}
}

// Signing out ends the session everywhere, in a page that is open too.
func TestSignOut(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "leaving", image)
	dev.submit("to watch", "Create leaving")
	dev.open(staging.app("leaving"))
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	c := dev.client()
	if got := c.post("/auth/sign-out", nil); got.Status >= 400 {
		t.Fatalf("signing out answered %d", got.Status)
	}
	dev.sees("Your session has ended", "Sign in") // the open page was told
	if got := c.get("/applications"); got.Status == 200 {
		t.Error("the cookie still opens the portal")
	}
}
