package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// rsaKeys are the provider's key and somebody else's; to make one takes long.
var rsaKeys = sync.OnceValue(func() (keys [2]*rsa.PrivateKey) {
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return keys
})

// fakeProvider is an OpenID provider that does what a test tells it to.
type fakeProvider struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey

	mu        sync.Mutex
	challenge string // of the last authorization request
	nonce     string

	discovery map[string]any // replaces members of the discovery document
	claims    map[string]any // replaces members of the ID token; nil removes one
	userinfo  map[string]any // nil: no such endpoint
	token     map[string]any // replaces members of the token endpoint's answer
	sign      func(payload []byte) string
	status    int // of the token endpoint
	hold      chan struct{}
	refreshed int
}

func newFakeProvider(t *testing.T) *fakeProvider {
	p := &fakeProvider{t: t, key: rsaKeys()[0]}
	p.sign = func(b []byte) string { return p.signed(b, jose.RS256, p.key) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discover)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.tokens)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.userinfo) })
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	return p
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *fakeProvider) discover(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	if p.userinfo != nil {
		doc["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	maps.Copy(doc, p.discovery)
	writeJSON(w, doc)
}

func (p *fakeProvider) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &p.key.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
}

func (p *fakeProvider) tokens(w http.ResponseWriter, r *http.Request) {
	if p.hold != nil {
		<-p.hold
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	if r.Form.Get("grant_type") == "refresh_token" {
		p.refreshed++
	} else if sum := sha256.Sum256([]byte(r.Form.Get("code_verifier"))); base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
		p.t.Error("the code verifier does not fit the challenge")
	}
	if id, secret, _ := r.BasicAuth(); id != "slipway" || secret != "top-secret" {
		p.t.Errorf("client %q %q", id, secret)
	}
	if p.status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.status)
		writeJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": p.URL, "sub": "u1", "aud": "slipway", "nonce": p.nonce, "name": "Paula", "email": "paula@example.com",
		"groups": []string{"payments", ""}, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for k, v := range p.claims {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	payload, _ := json.Marshal(claims)
	answer := map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 3600, "id_token": p.sign(payload)}
	maps.Copy(answer, p.token)
	writeJSON(w, answer)
}

func (p *fakeProvider) signed(payload []byte, alg jose.SignatureAlgorithm, key any) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		p.t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	out, _ := jws.CompactSerialize()
	return out
}

// unsigned makes a token with the algorithm "none".
func unsigned(payload []byte) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc.EncodeToString(payload) + "."
}

func otherEC(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authorize is the provider's page: it takes what the portal sent and answers to the callback.
func (p *fakeProvider) authorize(to *url.URL) (callback string) {
	q := to.Query()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.challenge, p.nonce = q.Get("code_challenge"), q.Get("nonce")
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || p.nonce == "" {
		p.t.Errorf("authorization request: %v", q)
	}
	back, _ := url.Parse(q.Get("redirect_uri"))
	back.RawQuery = url.Values{"code": {"the-code"}, "state": {q.Get("state")}}.Encode()
	return back.String()
}
