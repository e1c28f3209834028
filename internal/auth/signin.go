package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/oauth2"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// Attempts to sign in that one address may make: so many at once, and then one a second.
const (
	burst = 20
	rate  = 1
)

// Routes adds POST /auth/start, GET /auth/callback and POST /auth/sign-out, with a limit on how often
// one address (echo's RealIP) may call them: past it the error is an *echo.HTTPError with status 429.
func (a *Auth) Routes(e *echo.Echo) {
	limit := middleware.RateLimiter(middleware.NewRateLimiterMemoryStoreWithConfig(
		middleware.RateLimiterMemoryStoreConfig{Rate: rate, Burst: burst, ExpiresIn: 3 * time.Minute}))
	g := e.Group("/auth", limit)
	g.POST("/start", a.start)
	g.GET("/callback", a.callback)
	g.POST("/sign-out", a.signOut)
}

// SignIn is what the sign-in page says.
type SignIn struct {
	Next     string // where the person comes back to; a safe path of the portal
	Provider string // the provider's host, for people
	Problem  string // why signing in did not work, or does not work now; a sentence, or empty
	Ended    bool   // the person signed out, or the session ran out
}

// SignInPage reads the address of the sign-in page.
func (a *Auth) SignInPage(r *http.Request) SignIn {
	q := r.URL.Query()
	code := Failure(q.Get("error"))
	page := SignIn{Next: SafeNext(q.Get("next")), Provider: a.c.Issuer, Problem: Sentences[code], Ended: code == Ended}
	if u, err := url.Parse(a.c.Issuer); err == nil && u.Host != "" {
		page.Provider = u.Host
	}
	if page.Problem == "" && a.Ready(r.Context()) != nil {
		page.Problem = Sentences[FailureAway]
	}
	return page
}

// start sends the browser to the provider (OpenID Connect Core 1.0, section 3.1.2.1).
func (a *Auth) start(c echo.Context) error {
	w, r := c.Response(), c.Request()
	p := a.provider.Load()
	if p == nil {
		seeOther(w, signInPage(SafeNext(r.PostFormValue("next")), FailureAway))
		return nil
	}
	forgetAttempts(w, r)
	t := newAttempt(r.PostFormValue("next"), a.c.Now())
	http.SetCookie(w, t.cookie())
	return goOn(w, p.oauth.AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)))
}

// callback takes the provider's answer (section 3.1.2.5).
func (a *Auth) callback(c echo.Context) error {
	w, r := c.Response(), c.Request()
	from := From(c)
	t, known := attemptOf(r, r.URL.Query().Get("state"), a.c.Now())
	if known {
		http.SetCookie(w, hostCookie(cookieName(t.State), "", 0))
	}
	x, err := a.answer(r, t, known)
	if err == nil {
		err = a.admit(w, r, x, from)
	}
	if err != nil {
		seeOther(w, signInPage(t.Next, a.refused(r.Context(), x.Person, from, err)))
		return nil
	}
	seeOther(w, t.Next)
	return nil
}

// answer checks what the provider sent through the browser, and then asks the provider itself.
func (a *Auth) answer(r *http.Request, t attempt, known bool) (who, error) {
	q := r.URL.Query()
	if !known {
		return who{}, refuse(FailureState, "no attempt of this browser has the state of the answer", nil)
	}
	if !a.spent.use(t.State, a.c.Now()) {
		return who{}, refuse(FailureState, "the answer was used before", nil)
	}
	p := a.provider.Load()
	if p == nil {
		return who{}, refuse(FailureAway, "the provider was not reached since the portal started", nil)
	}
	if iss := q.Get("iss"); iss != a.c.Issuer && (iss != "" || p.sendsIss) {
		return who{}, refuse(FailureAnswer, "the answer comes from another provider (iss)", nil)
	}
	if q.Has("error") {
		return who{}, deniedBy(q.Get("error"))
	}
	if q.Get("code") == "" {
		return who{}, refuse(FailureAnswer, "the answer has no code", nil)
	}
	return a.exchange(r.Context(), p, t, q.Get("code"))
}

// deniedBy reads the error of RFC 6749, section 4.1.2.1, and of OpenID Connect Core 1.0, section 3.1.2.6.
func deniedBy(code string) *refusal {
	reason := "the provider answered with the error " + printable(code, 60)
	switch code {
	case "server_error", "temporarily_unavailable":
		return refuse(FailureAway, reason, nil)
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required":
		return refuse(FailureDenied, reason, nil)
	}
	return refuse(FailureAnswer, reason, nil)
}

// admit begins the session. Nobody is signed in whose signing in is not in the audit log.
func (a *Auth) admit(w http.ResponseWriter, r *http.Request, x who, from audit.Request) error {
	ctx := r.Context()
	if err := a.c.Recorder.Record(ctx, entry(audit.SignIn, audit.Done, x.Person, from, "")); err != nil {
		return refuse(FailureUnavailable, "the sign-in could not be written to the audit log", err)
	}
	p := a.provider.Load()
	s, err := a.begin(ctx, tokenOf(r), x, p.endSession != "")
	if err != nil {
		return refuse(FailureUnavailable, "the session could not be stored", err)
	}
	a.sessions.WriteSessionCookie(s.ctx, w, s.token, s.SignedIn.Add(a.c.Absolute))
	return nil
}

// refused writes down why, and gives the code for the person. If that cannot be written either, the
// server's log has it.
func (a *Auth) refused(ctx context.Context, by policy.Person, from audit.Request, err error) Failure {
	r := refuse(FailureAnswer, "the sign-in failed", err)
	errors.As(err, &r)
	a.c.Log.WarnContext(ctx, "a sign-in was refused", "reason", r.reason, "err", r.cause, "request", from.ID, "remoteIP", from.RemoteIP)
	outcome := audit.Refused
	if r.code == FailureAway || r.code == FailureUnavailable {
		outcome = audit.Failed
	}
	if err := a.c.Recorder.Record(context.WithoutCancel(ctx), entry(audit.SignIn, outcome, by, from, sentence(r.reason))); err != nil {
		a.c.Log.ErrorContext(ctx, "a refused sign-in is not in the audit log", "err", err)
		return FailureUnavailable
	}
	return r.code
}

func sentence(reason string) string {
	return strings.ToUpper(reason[:1]) + reason[1:] + "."
}
