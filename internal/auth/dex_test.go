package auth

import (
	"bufio"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// dex starts the provider of dev/oidc and returns its issuer.
func dex(t *testing.T, portal string) string {
	t.Helper()
	path := os.Getenv("SLIPWAY_TEST_DEX")
	if path == "" && os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
		t.Fatal("SLIPWAY_TEST_DEX is not set; it names the program built from dev/oidc")
	}
	if path == "" {
		t.Skip("SLIPWAY_TEST_DEX is not set")
	}
	cmd := exec.CommandContext(t.Context(), path, "-listen", "127.0.0.1:0", "-redirect", portal+"/auth/callback", "-until-eof")
	cmd.Env = append(os.Environ(), "OIDC_CLIENT_SECRET=top-secret")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	issuer, ok := strings.CutPrefix(strings.TrimSpace(line), "issuer ")
	if err != nil || !ok {
		t.Fatalf("Dex said %q (%v)", line, err)
	}
	return issuer
}

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// typeIn goes through Dex's pages as a person does and returns the portal's address that Dex sends to.
func (b *browser) typeIn(at *url.URL, login, password string) string {
	b.po.t.Helper()
	for range 10 {
		resp, page := b.send(http.MethodGet, at.String(), "")
		if m := formAction.FindStringSubmatch(page); m != nil {
			action, err := at.Parse(html.UnescapeString(m[1]))
			if err != nil {
				b.po.t.Fatal(err)
			}
			resp, page = b.send(http.MethodPost, action.String(), url.Values{"login": {login}, "password": {password}}.Encode())
			at = action
		}
		to := resp.Header.Get("Location")
		if to == "" {
			b.po.t.Fatalf("Dex answers %s: %.400s", resp.Status, page)
		}
		next, err := at.Parse(to)
		if err != nil {
			b.po.t.Fatal(err)
		}
		if strings.HasPrefix(next.String(), b.po.URL) {
			return next.String()
		}
		at = next
	}
	b.po.t.Fatal("Dex never sends back")
	return ""
}

// The whole way with a real provider: sign in, groups, the groups again by the refresh token, sign out.
func TestDex(t *testing.T) {
	po := newPortalAt(t, func(portal string) (string, http.RoundTripper) { return dex(t, portal), nil }).ready()
	b := po.browser()
	resp, _ := b.get(b.typeIn(b.press("/applications?q=x"), "payments-dev@example.com", "password"))
	if to := resp.Header.Get("Location"); to != "/applications?q=x" {
		t.Fatalf("sent to %s; audit: %+v", to, po.audit.last())
	}
	if _, body := b.get("/applications"); body != "Paula Dev payments" && body != "payments-dev payments" {
		t.Errorf("page says %q", body)
	}
	po.clock.Add(int64(groupsFor))
	r := b.request()
	subject, ok, err := po.auth.Current(t.Context(), r)
	if err != nil || !ok || len(subject.Bindings) != 1 || subject.Bindings[0].Team != "payments" {
		t.Errorf("after the groups were read again: %+v %t, %v", subject, ok, err)
	}
	if s, err := po.auth.load(t.Context(), tokenOf(r)); err != nil || time.Duration(po.clock.Load())-s.GroupsAt.Sub(s.SignedIn) > time.Second {
		t.Errorf("the groups were not read again: %v", err)
	}
	if resp, _ := b.send(http.MethodPost, "/auth/sign-out", ""); resp.StatusCode >= 400 || b.signedIn() {
		t.Errorf("sign out: %s", resp.Status)
	}
}

// Dex lets nobody in with a wrong password, so there is nothing to come back with.
func TestDexRefusesAWrongPassword(t *testing.T) {
	po := newPortalAt(t, func(portal string) (string, http.RoundTripper) { return dex(t, portal), nil }).ready()
	b := po.browser()
	at := b.press("/")
	for {
		resp, page := b.send(http.MethodGet, at.String(), "")
		if m := formAction.FindStringSubmatch(page); m != nil {
			action, _ := at.Parse(html.UnescapeString(m[1]))
			resp, _ = b.send(http.MethodPost, action.String(), "login=admin%40example.com&password=wrong")
			if to := resp.Header.Get("Location"); to != "" {
				t.Errorf("sent to %s", to)
			}
			break
		}
		next, err := at.Parse(resp.Header.Get("Location"))
		if err != nil || resp.Header.Get("Location") == "" {
			t.Fatalf("Dex answers %s", resp.Status)
		}
		at = next
	}
	if b.signedIn() {
		t.Error("there is a session")
	}
}
