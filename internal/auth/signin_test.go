package auth

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

func TestSignIn(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()

	resp, _ := b.get("/applications?team=payments")
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/sign-in?next=%2Fapplications%3Fteam%3Dpayments" {
		t.Fatalf("without a session: %s %s", resp.Status, to)
	}
	resp, to := b.signIn(p, "/applications?team=payments")
	if resp.StatusCode != http.StatusSeeOther || to != "/applications?team=payments" {
		t.Fatalf("callback: %s %s", resp.Status, to)
	}
	if _, body := b.get(to); body != "Paula payments" {
		t.Errorf("page says %q", body)
	}
	want := policy.Identity{Issuer: p.URL, Subject: "u1"}
	if e := po.audit.last(); e.Action != audit.SignIn || e.Outcome != audit.Done || e.Actor.Identity != want || e.Request.RemoteIP != "127.0.0.1" {
		t.Errorf("audit: %+v", e)
	}
	if b.cookie(attemptCookie) != nil {
		t.Error("the attempt's cookie is still there")
	}
	var session *http.Cookie
	for _, c := range resp.Cookies() {
		if c.Name == sessionCookie {
			session = c
		}
	}
	if session == nil || !session.Secure || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.Domain != "" {
		t.Errorf("session cookie: %v", session)
	}
}

// Every answer of a provider that is wrong is refused, said in the audit log, and signs nobody in.
func TestHostileProvider(t *testing.T) {
	hour := func(n int) int64 { return time.Now().Add(time.Duration(n) * time.Hour).Unix() }
	for name, row := range map[string]struct {
		set  func(*fakeProvider)
		code Failure
		says string
	}{
		"wrong nonce":          {set: claim("nonce", "another"), says: "nonce"},
		"no nonce":             {set: claim("nonce", nil), says: "nonce"},
		"wrong audience":       {set: claim("aud", "somebody-else"), says: "verify"},
		"two audiences no azp": {set: claim("aud", []string{"slipway", "other"}), says: "azp"},
		"wrong azp":            {set: claim("azp", "other"), says: "azp"},
		"azp of a wrong type":  {set: claim("azp", 5), says: "azp"},
		"wrong issuer":         {set: claim("iss", "https://evil.example"), says: "verify"},
		"expired":              {set: claim("exp", time.Now().Add(-2*time.Minute).Unix()), says: "expired"},
		"no expiry":            {set: claim("exp", nil), says: "expired"},
		"not yet valid":        {set: claim("nbf", time.Now().Add(2*time.Minute).Unix()), says: "not valid yet"},
		"nbf is text":          {set: claim("nbf", "soon"), says: "verify"},
		"issued in the future": {set: claim("iat", hour(1)), says: "not valid yet"},
		"no subject":           {set: claim("sub", nil), says: "names nobody"},
		"long subject":         {set: claim("sub", strings.Repeat("x", 300)), says: "names nobody"},
		"groups are a number":  {set: claim("groups", 7), says: "groups"},
		"groups hold a number": {set: claim("groups", []any{"payments", 7}), says: "groups"},
		"groups hold a null":   {set: claim("groups", []any{"payments", nil}), says: "groups"},
		"groups are an object": {set: claim("groups", map[string]any{"payments": true}), says: "groups"},
		"wrong at_hash":        {set: claim("at_hash", "AAAA"), says: "at_hash"},
		"huge claims":          {set: claim("bio", strings.Repeat("x", 70<<10)), says: "longer than 64 KiB"},
		"endless answer":       {set: claim("bio", strings.Repeat("x", 2<<20)), says: "no usable answer"},
		"no ID token":          {set: func(p *fakeProvider) { p.token = map[string]any{"id_token": ""} }, says: "no ID token"},
		"not a token":          {set: func(p *fakeProvider) { p.token = map[string]any{"id_token": "a.b.c"} }, says: "verify"},
		"code refused":         {set: func(p *fakeProvider) { p.status = 400 }, says: "invalid_grant"},
		"provider broken":      {set: func(p *fakeProvider) { p.status = 502 }, code: FailureAway, says: "502"},
		"algorithm none":       {set: func(p *fakeProvider) { p.sign = unsigned }, says: "verify"},
		"HS256 with the secret": {set: func(p *fakeProvider) {
			p.sign = func(b []byte) string {
				return p.signed(b, jose.HS256, []byte("top-secret-top-secret-top-secret"))
			}
		}, says: "verify"},
		"HS256 with the public key": {set: func(p *fakeProvider) {
			der, _ := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
			key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			p.sign = func(b []byte) string { return p.signed(b, jose.HS256, key) }
		}, says: "verify"},
		"another's key": {set: func(p *fakeProvider) {
			key := rsaKeys()[1]
			p.sign = func(b []byte) string { return p.signed(b, jose.RS256, key) }
		}, says: "verify"},
		"algorithm not advertised": {set: func(p *fakeProvider) {
			key := otherEC(p.t)
			p.sign = func(b []byte) string { return p.signed(b, jose.ES256, key) }
		}, says: "verify"},
		"UserInfo of somebody else": {set: func(p *fakeProvider) {
			p.claims = map[string]any{"groups": nil}
			p.userinfo = map[string]any{"sub": "u2", "groups": []string{"platform"}}
		}, says: "UserInfo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newFakeProvider(t)
			row.set(p)
			po := newPortal(t, p).ready()
			b := po.browser()
			if row.code == "" {
				row.code = FailureAnswer
			}
			_, to := b.signIn(p, "/audit")
			if want := "/sign-in?error=" + string(row.code) + "&next=%2Faudit"; to != want {
				t.Errorf("sent to %s, want %s", to, want)
			}
			po.mustHaveRefused(b, row.says)
		})
	}
}

func claim(name string, v any) func(*fakeProvider) {
	return func(p *fakeProvider) { p.claims = map[string]any{name: v} }
}

func (po *portal) mustHaveRefused(b *browser, says string) {
	po.t.Helper()
	if b.cookie(sessionCookie) != nil || b.signedIn() {
		po.t.Error("there is a session")
	}
	e := po.audit.last()
	if e.Action != audit.SignIn || e.Outcome == audit.Done || !strings.Contains(e.Detail, says) {
		po.t.Errorf("audit: %q %q %q, want %q in it", e.Action, e.Outcome, e.Detail, says)
	}
	for _, secret := range []string{"the-code", "eyJ", "top-secret"} {
		if strings.Contains(e.Detail, secret) {
			po.t.Errorf("audit holds a secret: %q", e.Detail)
		}
	}
}

func TestGroupsAreRead(t *testing.T) {
	for name, row := range map[string]struct {
		claims, userinfo map[string]any
		want             string
	}{
		"a list":               {map[string]any{"groups": []string{"a", "", "b"}}, nil, "Paula a,b"},
		"one string":           {map[string]any{"groups": "a"}, nil, "Paula a"},
		"none":                 {map[string]any{"groups": nil}, nil, "Paula "},
		"in UserInfo":          {map[string]any{"groups": nil}, map[string]any{"sub": "u1", "groups": []string{"c"}}, "Paula c"},
		"ID token goes first":  {map[string]any{"email": nil}, map[string]any{"sub": "u1", "groups": []string{"c"}, "name": "Eve"}, "Paula payments"},
		"name reordering":      {map[string]any{"name": "Pa\u202eu\x00la"}, nil, "Paula payments"},
		"name of a wrong type": {map[string]any{"name": 5}, nil, "paula@example.com payments"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newFakeProvider(t)
			p.claims, p.userinfo = row.claims, row.userinfo
			b := newPortal(t, p).ready().browser()
			b.signIn(p, "/")
			if _, body := b.get("/applications"); body != row.want {
				t.Errorf("page says %q, want %q", body, row.want)
			}
		})
	}
}

// The clocks may differ by a minute, not more.
func TestClockSkew(t *testing.T) {
	p := newFakeProvider(t)
	p.claims = map[string]any{"exp": time.Now().Add(-30 * time.Second).Unix(), "nbf": time.Now().Add(30 * time.Second).Unix()}
	b := newPortal(t, p).ready().browser()
	if _, to := b.signIn(p, "/"); to != "/" {
		t.Errorf("sent to %s", to)
	}
}

func TestCallbackThatNobodyAskedFor(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	mine, other := po.browser(), po.browser()
	callback := p.authorize(mine.press("/"))

	_, _ = other.get(callback) // the link was sent to somebody else
	po.mustHaveRefused(other, "No attempt")

	u, _ := url.Parse(callback)
	q := u.Query()
	q.Set("state", "made-up")
	_, _ = mine.get("/auth/callback?" + q.Encode())
	po.mustHaveRefused(mine, "No attempt")
	_, _ = mine.get("/auth/callback")
	po.mustHaveRefused(mine, "No attempt")

	resp, _ := mine.get(callback)
	if resp.Header.Get("Location") != "/" || !mine.signedIn() {
		t.Fatal("the true answer was not taken")
	}
	before := mine.cookie(sessionCookie).Value
	if resp, _ := mine.get(callback); resp.Header.Get("Location") != "/sign-in?error=state" {
		t.Errorf("replayed: %s", resp.Header.Get("Location"))
	}
	if mine.cookie(sessionCookie).Value != before {
		t.Error("a replayed answer changed the session")
	}
}

// A browser that keeps the attempt's cookie, and a provider that takes a code twice, change nothing.
func TestReplayWithTheCookieKept(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	callback := p.authorize(b.press("/"))
	kept := b.cookie(attemptCookie)
	_, _ = b.get(callback)

	thief := po.browser()
	resp, _ := thief.get(callback, "Cookie", kept.Name+"="+kept.Value)
	if to := resp.Header.Get("Location"); to != "/sign-in?error=state" {
		t.Errorf("sent to %s", to)
	}
	po.mustHaveRefused(thief, "used before")
}

func TestAnswersThatAreNotCodes(t *testing.T) {
	for name, row := range map[string]struct {
		query string
		code  Failure
	}{
		"the person said no":    {"error=access_denied&error_description=%3Cscript%3E", FailureDenied},
		"overloaded":            {"error=temporarily_unavailable", FailureAway},
		"wrong client settings": {"error=invalid_scope", FailureAnswer},
		"no code":               {"", FailureAnswer},
		"another issuer":        {"code=c&iss=https%3A%2F%2Fevil.example", FailureAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeProvider(t)
			po := newPortal(t, p).ready()
			b := po.browser()
			state := b.press("/").Query().Get("state")
			resp, _ := b.get("/auth/callback?state=" + state + "&" + row.query)
			if to := resp.Header.Get("Location"); to != "/sign-in?error="+string(row.code) {
				t.Errorf("sent to %s", to)
			}
			po.mustHaveRefused(b, "")
		})
	}
}

func TestTabsSignInAtOnce(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	first, second := b.press("/applications"), b.press("/audit")
	for _, tab := range []struct {
		at   *url.URL
		next string
	}{{first, "/applications"}, {second, "/audit"}} {
		resp, _ := b.get(p.authorize(tab.at))
		if to := resp.Header.Get("Location"); to != tab.next {
			t.Errorf("a tab that wanted %s was sent to %s", tab.next, to)
		}
	}
}

func TestAttemptsRunOut(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	callback := p.authorize(b.press("/"))
	po.clock.Store(int64(attemptFor + time.Second))
	_, _ = b.get(callback)
	po.mustHaveRefused(b, "No attempt")
}

func TestManyAttemptsDoNotPileUp(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	for range 15 {
		b.press("/")
	}
	u, _ := url.Parse(po.URL)
	if n := len(b.Jar.Cookies(u)); n > attemptsMost {
		t.Errorf("%d cookies", n)
	}
	if _, to := b.signIn(p, "/"); to != "/" {
		t.Errorf("sent to %s", to)
	}
}

// Who cannot be written down is not signed in.
func TestAuditFailsClosed(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	po.audit.full = true
	b := po.browser()
	if _, to := b.signIn(p, "/"); to != "/sign-in?error=unavailable" {
		t.Errorf("sent to %s", to)
	}
	if b.signedIn() {
		t.Error("there is a session")
	}
}

func TestRateLimit(t *testing.T) {
	p := newFakeProvider(t)
	b := newPortal(t, p).ready().browser()
	for range burst + 10 {
		if resp, _ := b.send(http.MethodPost, "/auth/start", "next=/"); resp.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Errorf("%d attempts in a row were let through", burst+10)
}
