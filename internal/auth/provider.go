package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	callTimeout = 10 * time.Second // of each call to the provider
	answerLimit = 256 << 10        // bytes of each answer

	retryFirst = time.Second // discovery is tried again after it, then after twice as long, …
	retryMost  = 30 * time.Second
	freshFor   = time.Hour // discovery is repeated after it
)

// provider is what the discovery document told (OpenID Connect Discovery 1.0, section 4).
type provider struct {
	oidc       *oidc.Provider
	verifier   *oidc.IDTokenVerifier
	oauth      oauth2.Config
	endSession string // empty where the provider offers no sign-out (RP-Initiated Logout 1.0)
	sendsIss   bool   // its answers name the issuer (RFC 9207)
}

// metadata are the parts of the discovery document that go-oidc does not keep.
type metadata struct {
	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	KeysURL     string   `json:"jwks_uri"`
	UserInfoURL string   `json:"userinfo_endpoint"`
	EndSession  string   `json:"end_session_endpoint"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	SendsIss    bool     `json:"authorization_response_iss_parameter_supported"`
}

// asymmetric are the signatures that can prove something to somebody who has only a public key.
var asymmetric = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512,
	oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// Run keeps what is known of the provider fresh until ctx ends. While the provider does not answer it
// is asked again, more and more seldom, but at least every 30 seconds.
func (a *Auth) Run(ctx context.Context) {
	wait := retryFirst
	for {
		err := a.discover(ctx)
		pause := freshFor
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			a.c.Log.WarnContext(ctx, "the identity provider cannot be used yet; it is tried again", "issuer", a.c.Issuer, "err", err, "in", wait,
				"look at", "oidc.issuer in the configuration, and whether this machine reaches it")
			pause, wait = wait, min(2*wait, retryMost)
		} else {
			wait = retryFirst
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Ready returns nil if people can sign in, and otherwise an error that says in words why not. It
// calls nobody.
func (a *Auth) Ready(context.Context) error {
	if a.provider.Load() != nil {
		return nil
	}
	if why := a.away.Load(); why != nil {
		return fmt.Errorf("the identity provider %s cannot be used: %s", a.c.Issuer, *why)
	}
	return fmt.Errorf("the identity provider %s was not asked yet", a.c.Issuer)
}

func (a *Auth) discover(ctx context.Context) error {
	p, err := a.ask(ctx)
	if err != nil {
		why := err.Error()
		a.away.Store(&why)
		return err
	}
	if a.provider.Swap(p) == nil {
		a.c.Log.InfoContext(ctx, "people can sign in", "issuer", a.c.Issuer, "signOutAtProvider", p.endSession != "")
	}
	return nil
}

func (a *Auth) ask(ctx context.Context) (*provider, error) {
	ctx = oidc.ClientContext(ctx, a.client)
	op, err := oidc.NewProvider(ctx, a.c.Issuer)
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return nil, fmt.Errorf("it calls itself %q and not %q; oidc.issuer must be the same to the last character", mismatch.Discovered, mismatch.Provided)
	}
	if err != nil {
		return nil, fmt.Errorf("its discovery document cannot be read: %w", err)
	}
	var m metadata
	if err := op.Claims(&m); err != nil {
		return nil, fmt.Errorf("its discovery document cannot be read: %w", err)
	}
	if err := m.check(a.c.Issuer); err != nil {
		return nil, err
	}
	return &provider{
		oidc:       op,
		verifier:   op.VerifierContext(ctx, a.verifierConfig(m)),
		oauth:      a.oauthConfig(op, m),
		endSession: m.EndSession,
		sendsIss:   m.SendsIss,
	}, nil
}

// check refuses a document that would have secrets sent in the clear, or that offers no signature
// that can be verified.
func (m metadata) check(issuer string) error {
	for name, raw := range map[string]string{
		"authorization_endpoint": m.AuthURL, "token_endpoint": m.TokenURL, "jwks_uri": m.KeysURL,
		"userinfo_endpoint": m.UserInfoURL, "end_session_endpoint": m.EndSession,
	} {
		optional := name == "userinfo_endpoint" || name == "end_session_endpoint"
		if raw == "" && optional {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("its discovery document has no usable %s", name)
		}
		if u.Scheme == "http" && strings.HasPrefix(issuer, "https:") {
			return fmt.Errorf("its %s is not https, though the issuer is", name)
		}
	}
	if len(m.Algorithms) > 0 && len(m.algorithms()) == 0 {
		return fmt.Errorf("it signs with %s only; the portal needs a public-key signature such as RS256", strings.Join(m.Algorithms, ", "))
	}
	return nil
}

// algorithms are the ones that both sides have; a provider that names none signs with RS256
// (OpenID Connect Core 1.0, section 15.1).
func (m metadata) algorithms() []string {
	if len(m.Algorithms) == 0 {
		return []string{oidc.RS256}
	}
	var out []string
	for _, alg := range m.Algorithms {
		if slices.Contains(asymmetric, alg) {
			out = append(out, alg)
		}
	}
	return out
}

func (a *Auth) verifierConfig(m metadata) *oidc.Config {
	return &oidc.Config{
		ClientID:             a.c.ClientID,
		SupportedSigningAlgs: m.algorithms(),
		Now:                  func() time.Time { return a.c.Now().Add(-skew) },
	}
}

func (a *Auth) oauthConfig(op *oidc.Provider, m metadata) oauth2.Config {
	end := op.Endpoint()
	// Decided here, since trying both would send the code twice, and it is good for once.
	end.AuthStyle = oauth2.AuthStyleInHeader
	basic := len(m.AuthMethods) == 0 || slices.Contains(m.AuthMethods, "client_secret_basic")
	if a.c.ClientSecret == "" || !basic {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	return oauth2.Config{
		ClientID: a.c.ClientID, ClientSecret: a.c.ClientSecret,
		Endpoint: end, RedirectURL: a.redirectURL(), Scopes: a.c.Scopes,
	}
}

// newClient makes the client for the provider. It follows no redirect, which could carry the code
// and the client's secret elsewhere, and it reads no endless answer.
func newClient(rt http.RoundTripper) *http.Client {
	if rt == nil {
		rt = http.DefaultTransport
	}
	return &http.Client{
		Timeout:       callTimeout,
		Transport:     limited{rt},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{&cutReader{resp.Body, answerLimit}, resp.Body}
	}
	return resp, err
}

var errTooLong = fmt.Errorf("the answer is longer than %d KiB", answerLimit>>10)

// cutReader fails after n bytes, instead of passing a part for the whole.
type cutReader struct {
	r io.Reader
	n int
}

func (c *cutReader) Read(p []byte) (int, error) {
	if c.n <= 0 {
		return 0, errTooLong
	}
	n, err := c.r.Read(p[:min(len(p), c.n)])
	c.n -= n
	return n, err
}
