// Package auth signs people in through OpenID Connect and knows, for each request, who it is.
//
// Signing in is the authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1;
// RFC 7636). What is needed between the start and the callback stands in a short-lived cookie of
// the browser, one for each attempt, so that several tabs can sign in at once and an answer that
// was meant for another browser is refused.
//
// A session is a row in the portal's database, found by the hash of a random token that only the
// browser has. The row holds who it is and the groups that the provider named; rights are computed
// from these groups and the configuration at each request. Tokens of the provider that must be kept
// are sealed with a key that is derived from the browser's token, so the database alone gives none.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// The limits of a session where Config names none.
const (
	DefaultIdle     = time.Hour
	DefaultAbsolute = 12 * time.Hour
)

// skew is how far the provider's clock may differ from ours.
const skew = time.Minute

// Recorder stores audit entries. An error means that nothing was stored.
type Recorder interface {
	Record(ctx context.Context, entries ...audit.Entry) error
}

// Config is what New needs.
type Config struct {
	Issuer       string // as the provider's discovery document names it, character for character
	ClientID     string
	ClientSecret string // empty for a public client, which then rests on PKCE alone
	PublicURL    string // of the portal, without a path, e.g. "https://slipway.example.com"
	Scopes       []string
	GroupsClaim  string // the claim that lists groups; empty means "groups"

	Idle     time.Duration // a session ends after so long without a request; 0 means DefaultIdle
	Absolute time.Duration // and after so long in any case; 0 means DefaultAbsolute

	Bindings []policy.GroupBinding // what the groups may do
	Store    scs.Store             // sessions; a CtxStore is called with the request's context
	Recorder Recorder
	Log      *slog.Logger

	// Fail answers a request that goes no further: 401 for somebody who is not signed in and cannot be
	// sent to the sign-in page, 503 where the session cannot be read. Nil means a line of plain text.
	Fail func(w http.ResponseWriter, r *http.Request, status int)
	// Transport is used for every call to the provider; nil means http.DefaultTransport.
	Transport http.RoundTripper
	Now       func() time.Time // nil means time.Now
}

// Auth signs people in and out. It is safe for concurrent use.
type Auth struct {
	c        Config
	sessions *scs.SessionManager
	client   *http.Client
	provider atomic.Pointer[provider] // nil until the provider was reached once
	away     atomic.Pointer[string]   // why the provider was not reached at the last try
	locks    locks
	spent    spent
}

// New makes an Auth. It does not call the provider: Run does. It fails if Config lacks something.
func New(c Config) (*Auth, error) {
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	a := &Auth{c: c, client: newClient(c.Transport)}
	a.sessions = newSessions(c)
	return a, nil
}

func (c *Config) complete() error {
	for what, missing := range map[string]bool{
		"issuer": c.Issuer == "", "client id": c.ClientID == "",
		"session store": c.Store == nil, "recorder": c.Recorder == nil, "logger": c.Log == nil,
	} {
		if missing {
			return errors.New("no " + what)
		}
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("the public URL %q is not a scheme and a host", c.PublicURL)
	}
	c.PublicURL = u.Scheme + "://" + u.Host
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "profile", "email", "groups"}
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.Idle <= 0 {
		c.Idle = DefaultIdle
	}
	if c.Absolute <= 0 {
		c.Absolute = DefaultAbsolute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Fail == nil {
		c.Fail = func(w http.ResponseWriter, _ *http.Request, status int) {
			http.Error(w, http.StatusText(status), status)
		}
	}
	return nil
}

func (a *Auth) redirectURL() string { return a.c.PublicURL + "/auth/callback" }
