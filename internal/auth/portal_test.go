package auth

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// portal is a portal of which only the signing in is there.
type portal struct {
	*httptest.Server
	t     *testing.T
	auth  *Auth
	audit *fakeAudit
	clock atomic.Int64 // nanoseconds by which the portal's clock is ahead
}

type fakeAudit struct {
	mu      sync.Mutex
	entries []audit.Entry
	full    bool
}

func (f *fakeAudit) Record(_ context.Context, es ...audit.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return errors.New("disk full")
	}
	f.entries = append(f.entries, es...)
	return nil
}

func (f *fakeAudit) last() audit.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.entries) == 0 {
		return audit.Entry{}
	}
	return f.entries[len(f.entries)-1]
}

func newPortal(t *testing.T, p *fakeProvider) *portal {
	return newPortalAt(t, func(string) (string, http.RoundTripper) { return p.URL, p.Client().Transport })
}

// newPortalAt makes a portal for the provider that is told the portal's address.
func newPortalAt(t *testing.T, provider func(portal string) (issuer string, rt http.RoundTripper)) *portal {
	po := &portal{t: t, audit: &fakeAudit{}}
	e := echo.New()
	po.Server = httptest.NewUnstartedServer(e)
	public := "https://" + po.Listener.Addr().String()
	issuer, transport := provider(public)
	var err error
	po.auth, err = New(Config{
		Issuer: issuer, ClientID: "slipway", ClientSecret: "top-secret", PublicURL: public,
		Scopes:    []string{"openid", "profile", "email", "groups", "offline_access"},
		Bindings:  []policy.GroupBinding{{Group: "payments", Binding: policy.Binding{Role: policy.Developer, Team: "payments", Environment: policy.Any}}},
		Store:     memstore.NewWithCleanupInterval(0),
		Recorder:  po.audit,
		Log:       slog.New(slog.DiscardHandler),
		Transport: transport,
		Now:       func() time.Time { return time.Now().Add(time.Duration(po.clock.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	po.auth.Routes(e)
	page := func(c echo.Context) error {
		s, _ := SubjectFrom(c.Request().Context())
		return c.String(http.StatusOK, s.Name+" "+strings.Join(s.Groups, ","))
	}
	e.GET("/applications", page, echo.WrapMiddleware(po.auth.Middleware))
	e.POST("/changes/1/approve", page, echo.WrapMiddleware(po.auth.Middleware))
	e.GET("/stream", page, echo.WrapMiddleware(po.auth.ReadOnly))
	po.StartTLS()
	t.Cleanup(po.Close)
	return po
}

func (po *portal) ready() *portal {
	if err := po.auth.discover(po.t.Context()); err != nil {
		po.t.Fatal(err)
	}
	return po
}

// browser keeps cookies as a browser does, and follows nothing by itself.
type browser struct {
	*http.Client
	po *portal
}

func (po *portal) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{po: po, Client: &http.Client{
		Jar: jar, Transport: po.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) get(path string, header ...string) (*http.Response, string) {
	b.po.t.Helper()
	return b.send(http.MethodGet, path, "", header...)
}

func (b *browser) send(method, path, form string, header ...string) (*http.Response, string) {
	b.po.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.po.URL + path
	}
	r, err := http.NewRequestWithContext(b.po.t.Context(), method, path, strings.NewReader(form))
	if err != nil {
		b.po.t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.Do(r)
	if err != nil {
		b.po.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

var refreshTo = regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]+)"`)

// press is the sign-in button: it returns the provider's address to which the page goes on.
func (b *browser) press(next string) *url.URL {
	b.po.t.Helper()
	resp, body := b.send(http.MethodPost, "/auth/start", url.Values{"next": {next}}.Encode())
	m := refreshTo.FindStringSubmatch(body)
	if resp.StatusCode != http.StatusOK || m == nil {
		b.po.t.Fatalf("start: %s %s %s", resp.Status, resp.Header.Get("Location"), body)
	}
	u, err := url.Parse(html.UnescapeString(m[1]))
	if err != nil {
		b.po.t.Fatal(err)
	}
	return u
}

// signIn goes all the way and returns where the portal sent the browser.
func (b *browser) signIn(p *fakeProvider, next string) (*http.Response, string) {
	b.po.t.Helper()
	resp, _ := b.get(p.authorize(b.press(next)))
	return resp, resp.Header.Get("Location")
}

func (b *browser) signedIn() bool {
	b.po.t.Helper()
	resp, _ := b.get("/applications")
	return resp.StatusCode == http.StatusOK
}

func (b *browser) cookie(prefix string) *http.Cookie {
	u, _ := url.Parse(b.po.URL)
	cs := b.Jar.Cookies(u)
	i := slices.IndexFunc(cs, func(c *http.Cookie) bool {
		return c.Name == prefix || strings.HasSuffix(prefix, "-") && strings.HasPrefix(c.Name, prefix)
	})
	if i < 0 {
		return nil
	}
	return cs[i]
}
