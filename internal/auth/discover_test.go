package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDiscoveryRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		doc  map[string]any
		says string
	}{
		"another issuer":      {map[string]any{"issuer": "https://evil.example"}, "calls itself"},
		"a slash more":        {map[string]any{"issuer": "SLASH"}, "calls itself"},
		"symmetric only":      {map[string]any{"id_token_signing_alg_values_supported": []string{"HS256", "none"}}, "public-key"},
		"keys in the clear":   {map[string]any{"jwks_uri": "http://keys.example/"}, "not https"},
		"no token endpoint":   {map[string]any{"token_endpoint": nil}, "no usable token_endpoint"},
		"a script to sign in": {map[string]any{"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"},
		"an endless document": {map[string]any{"x": strings.Repeat("x", 1<<20)}, "longer"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeProvider(t)
			if row.doc["issuer"] == "SLASH" {
				row.doc["issuer"] = p.URL + "/"
			}
			p.discovery = row.doc
			po := newPortal(t, p)
			err := po.auth.discover(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Fatalf("got %v", err)
			}
			if ready := po.auth.Ready(t.Context()); ready == nil || !strings.Contains(ready.Error(), row.says) {
				t.Errorf("ready says %v", ready)
			}
		})
	}
}

// The portal starts without its provider, says so, and finds it by itself.
func TestProviderComesLater(t *testing.T) {
	p := newFakeProvider(t)
	doc := p.Config.Handler
	var there sync.Mutex
	up := false
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there.Lock()
		defer there.Unlock()
		if !up {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		doc.ServeHTTP(w, r)
	})
	po := newPortal(t, p)
	b := po.browser()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { po.auth.Run(ctx) })
	defer running.Wait()
	defer stop()

	if resp, _ := b.send(http.MethodPost, "/auth/start", "next=/audit"); resp.Header.Get("Location") != "/sign-in?error=away&next=%2Faudit" {
		t.Errorf("sent to %s", resp.Header.Get("Location"))
	}
	page := po.auth.SignInPage(httptest.NewRequest(http.MethodGet, "/sign-in?next=//evil", nil))
	if page.Problem != Sentences[FailureAway] || page.Next != "/" {
		t.Errorf("page: %+v", page)
	}
	there.Lock()
	up = true
	there.Unlock()
	for end := time.Now().Add(20 * time.Second); po.auth.Ready(ctx) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(po.auth.Ready(ctx))
		}
	}
	if _, to := b.signIn(p, "/"); to != "/" {
		t.Errorf("sent to %s", to)
	}
}

func TestSignInPage(t *testing.T) {
	p := newFakeProvider(t)
	po := newPortal(t, p).ready()
	u, _ := url.Parse(p.URL)
	for query, want := range map[string]SignIn{
		"":                             {Next: "/", Provider: u.Host},
		"?next=%2Faudit&error=denied":  {Next: "/audit", Provider: u.Host, Problem: Sentences[FailureDenied]},
		"?error=ended":                 {Next: "/", Provider: u.Host, Ended: true},
		"?error=%3Cscript%3E&next=%2F": {Next: "/", Provider: u.Host},
	} {
		if got := po.auth.SignInPage(httptest.NewRequest(http.MethodGet, "/sign-in"+query, nil)); got != want {
			t.Errorf("%s: %+v", query, got)
		}
	}
}

func TestNewRefusesHalfAConfig(t *testing.T) {
	for _, c := range []Config{{}, {Issuer: "https://i"}, {Issuer: "https://i", ClientID: "c", PublicURL: "portal"}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
