package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// A token that somebody planted before the sign-in is worth nothing after it.
func TestTokenChangesAtSignIn(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	u, _ := url.Parse(po.URL)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: "planted", Path: "/", Secure: true}})
	b.signIn(p, "/")
	first := b.cookie(sessionCookie).Value
	if first == "planted" || first == "" {
		t.Fatalf("the session's token is %q", first)
	}
	b.signIn(p, "/") // again, over the session that there is
	if b.cookie(sessionCookie).Value == first {
		t.Error("the second sign-in kept the token")
	}
	if resp, _ := po.browser().get("/applications", "Cookie", sessionCookie+"="+first); resp.StatusCode == http.StatusOK {
		t.Error("the former session still counts")
	}
}

func TestOnlyTheHashIsStored(t *testing.T) {
	p := newFakeProvider(t)
	p.discovery = map[string]any{"end_session_endpoint": p.URL + "/bye"}
	p.token = map[string]any{"refresh_token": "refresh-me"}
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	all, err := po.auth.c.Store.(interface {
		All() (map[string][]byte, error)
	}).All()
	if err != nil || len(all) != 1 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	token := b.cookie(sessionCookie).Value
	const jwt = "eyJhbGciOiJ" // how an ID token begins: {"alg":"
	if !strings.HasPrefix(p.sign([]byte("{}")), jwt) {
		t.Fatal("the provider's ID tokens begin in another way")
	}
	for key, row := range all {
		if key == token {
			t.Error("the token itself is stored")
		}
		for _, secret := range []string{token, "refresh-me", jwt, base64.StdEncoding.EncodeToString([]byte("refresh-me"))} {
			if bytes.Contains(row, []byte(secret)) {
				t.Errorf("%q stands in the store", secret)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	for name, row := range map[string]struct {
		steps []time.Duration // requests after each
		want  bool
	}{
		"in use":                  {[]time.Duration{50 * time.Minute, 50 * time.Minute, 50 * time.Minute}, true},
		"unused for an hour":      {[]time.Duration{time.Hour}, false},
		"in use, twelve hours on": {slicesOf(50*time.Minute, 15), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeProvider(t)
			po := newPortal(t, p).ready()
			b := po.browser()
			b.signIn(p, "/")
			var resp *http.Response
			for _, step := range row.steps {
				po.clock.Add(int64(step))
				resp, _ = b.get("/applications")
			}
			if got := resp.StatusCode == http.StatusOK; got != row.want {
				t.Errorf("signed in: %t", got)
			}
			if !row.want && resp.Header.Get("Location") != "/sign-in?error=ended&next=%2Fapplications" {
				t.Errorf("sent to %s", resp.Header.Get("Location"))
			}
		})
	}
}

func slicesOf(d time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = d
	}
	return out
}

// A tab that was forgotten, with its stream, does not keep a session alive.
func TestStreamsDoNotProlong(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	for range 3 {
		po.clock.Add(int64(25 * time.Minute))
		_, _ = b.get("/stream")
	}
	if resp, _ := b.get("/stream", "Accept", "text/event-stream"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the stream got %s", resp.Status)
	}
}

func TestWhoGetsWhatWithoutASession(t *testing.T) {
	b := newPortal(t, newFakeProvider(t)).ready().browser()
	for name, row := range map[string]struct {
		method, path string
		header       []string
		want         int
	}{
		"page":     {"GET", "/applications", []string{"Sec-Fetch-Mode", "navigate"}, 303},
		"curl":     {"GET", "/applications", nil, 303},
		"fragment": {"GET", "/applications", []string{"HX-Request", "true"}, 401},
		"fetch":    {"GET", "/applications", []string{"Sec-Fetch-Mode", "cors"}, 401},
		"stream":   {"GET", "/stream", []string{"Accept", "text/event-stream"}, 401},
		"form":     {"POST", "/changes/1/approve", nil, 401},
	} {
		if resp, _ := b.send(row.method, row.path, "", row.header...); resp.StatusCode != row.want {
			t.Errorf("%s: %s, want %d", name, resp.Status, row.want)
		}
	}
}

func (b *browser) request() *http.Request {
	r, _ := http.NewRequestWithContext(b.po.t.Context(), http.MethodGet, b.po.URL+"/stream", nil)
	r.AddCookie(b.cookie(sessionCookie))
	return r
}

func TestSignOutEndsStreams(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	stream := b.request()
	if !po.auth.StillValid(t.Context(), stream) {
		t.Fatal("the stream's session does not count")
	}
	resp, _ := b.send(http.MethodPost, "/auth/sign-out", "")
	if to := resp.Header.Get("Location"); to != "/sign-in?error=ended" {
		t.Errorf("sent to %s", to)
	}
	if po.auth.StillValid(t.Context(), stream) {
		t.Error("the stream goes on")
	}
	if b.signedIn() {
		t.Error("still signed in")
	}
	if e := po.audit.last(); e.Action != audit.SignOut || e.Actor.Subject != "u1" {
		t.Errorf("audit: %+v", e)
	}
}

func TestSignOutAtTheProvider(t *testing.T) {
	p := newFakeProvider(t)
	p.discovery = map[string]any{"end_session_endpoint": p.URL + "/bye?tenant=1"}
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	_, body := b.send(http.MethodPost, "/auth/sign-out", "")
	m := refreshTo.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no address in %s", body)
	}
	to, _ := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
	q := to.Query()
	if to.Path != "/bye" || q.Get("tenant") != "1" || q.Get("post_logout_redirect_uri") != po.URL+"/sign-in" || !strings.HasPrefix(q.Get("id_token_hint"), "eyJ") {
		t.Errorf("sent to %s", to)
	}
}

// A request that is under way while somebody signs out does not bring the session back.
func TestSignOutWins(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	somebody := who{person: person{Person: policy.Person{Identity: policy.Identity{Issuer: p.URL, Subject: "u1"}}}}
	for range 50 {
		s, err := po.auth.begin(t.Context(), "", somebody, false)
		if err != nil {
			t.Fatal(err)
		}
		po.clock.Add(int64(10 * time.Minute))
		var both sync.WaitGroup
		both.Go(func() {
			if mine, err := po.auth.load(context.Background(), s.token); err == nil && mine != nil {
				_ = po.auth.touch(mine)
			}
		})
		both.Go(func() { _, _ = po.auth.end(context.Background(), s.token) })
		both.Wait()
		if left, _ := po.auth.load(t.Context(), s.token); left != nil {
			t.Fatal("the session is back")
		}
	}
}

func TestGroupsAreReadAgain(t *testing.T) {
	p := newFakeProvider(t)
	p.token = map[string]any{"refresh_token": "r1"}
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	p.claims = map[string]any{"groups": []string{"search"}, "nonce": nil}
	po.clock.Add(int64(4 * time.Minute))
	if _, body := b.get("/applications"); body != "Paula payments" || p.refreshed != 0 {
		t.Errorf("after four minutes: %q, asked %d times", body, p.refreshed)
	}
	po.clock.Add(int64(time.Minute))
	if _, body := b.get("/stream"); body != "Paula search" || p.refreshed != 1 {
		t.Errorf("after five minutes: %q, asked %d times", body, p.refreshed)
	}
	p.token = map[string]any{"id_token": ""} // a provider that sends no new ID token
	p.userinfo = map[string]any{"sub": "u1", "name": "Paula", "groups": []string{"ops"}}
	_ = po.ready()
	po.clock.Add(int64(5 * time.Minute))
	if _, body := b.get("/applications"); body != "Paula ops" {
		t.Errorf("from UserInfo: %q", body)
	}
}

func TestProviderThatNoLongerVouches(t *testing.T) {
	for name, set := range map[string]func(*fakeProvider){
		"refused":       func(p *fakeProvider) { p.status = 400 },
		"somebody else": func(p *fakeProvider) { p.claims = map[string]any{"sub": "u2"} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeProvider(t)
			p.token = map[string]any{"refresh_token": "r1"}
			po := newPortal(t, p).ready()
			b := po.browser()
			b.signIn(p, "/")
			set(p)
			po.clock.Add(int64(5 * time.Minute))
			if b.signedIn() {
				t.Error("still signed in")
			}
			if e := po.audit.last(); e.Action != audit.SignOut || e.Actor.Subject != "u1" {
				t.Errorf("audit: %+v", e)
			}
		})
	}
}

func TestGroupsCountForAWhileIfTheProviderIsAway(t *testing.T) {
	p := newFakeProvider(t)
	p.token = map[string]any{"refresh_token": "r1"}
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	p.status = 503
	for range 3 {
		po.clock.Add(int64(9 * time.Minute))
		if !b.signedIn() {
			t.Fatalf("signed out %s after the groups were read", time.Duration(po.clock.Load()))
		}
	}
	po.clock.Add(int64(4 * time.Minute))
	if b.signedIn() {
		t.Error("signed in with groups that are older than half an hour")
	}
}

type brokenStore struct{ error }

func (b brokenStore) Find(string) ([]byte, bool, error)      { return nil, false, b.error }
func (b brokenStore) Commit(string, []byte, time.Time) error { return b.error }
func (b brokenStore) Delete(string) error                    { return b.error }

func TestStoreAway(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	b := po.browser()
	b.signIn(p, "/")
	po.auth.sessions.Store = brokenStore{errors.New("disk full")}
	if resp, _ := b.get("/applications"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("page: %s", resp.Status)
	}
	if po.auth.StillValid(t.Context(), b.request()) {
		t.Error("a stream goes on though nobody knows whose it is")
	}
	if resp, _ := b.send(http.MethodPost, "/auth/sign-out", ""); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("sign out: %s, and the session is still there", resp.Status)
	}
	if _, to := b.signIn(p, "/"); to != "/sign-in?error=unavailable" {
		t.Errorf("sign in: %s", to)
	}
}
