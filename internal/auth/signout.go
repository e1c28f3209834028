package auth

import (
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
)

// signOut ends the session here, and at the provider where it offers that (OpenID Connect
// RP-Initiated Logout 1.0, section 2). The session ends even if the audit log cannot be written: to
// keep somebody signed in who wants to leave would be worse, and the server's log says it.
func (a *Auth) signOut(c echo.Context) error {
	w, r := c.Response(), c.Request()
	token := tokenOf(r)
	s, err := a.end(r.Context(), token)
	if err != nil {
		a.c.Log.ErrorContext(r.Context(), "a session could not be ended", "err", err)
		a.c.Fail(w, r, http.StatusServiceUnavailable)
		return nil
	}
	a.sessions.WriteSessionCookie(r.Context(), w, "", time.Time{})
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if s == nil {
		seeOther(w, signInPage("", Ended))
		return nil
	}
	if err := a.c.Recorder.Record(r.Context(), entry(audit.SignOut, audit.Done, s.Person, From(c), "")); err != nil {
		a.c.Log.ErrorContext(r.Context(), "a sign-out is not in the audit log", "subject", s.Person.Subject, "err", err)
	}
	if to := a.endSession(s); to != "" {
		return goOn(w, to)
	}
	seeOther(w, signInPage("", Ended))
	return nil
}

// endSession is the provider's address for signing out there; empty where it has none.
func (a *Auth) endSession(s *session) string {
	p := a.provider.Load()
	if p == nil || p.endSession == "" {
		return ""
	}
	u, err := url.Parse(p.endSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", a.c.ClientID)
	q.Set("post_logout_redirect_uri", a.c.PublicURL+"/sign-in")
	if hint := open(s.token, s.IDToken); hint != "" {
		q.Set("id_token_hint", hint)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

var onward = template.Must(template.New("onward").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={{.}}">
<title>To the identity provider · Slipway</title>
</head>
<body><main><h1>To the identity provider</h1><p><a href="{{.}}">Go on</a> if nothing happens by itself.</p></main></body>
</html>
`))

// goOn sends the browser to the provider by a page and not by a redirect. A redirect would be part of
// posting the form, and browsers then hold every address on the way against the form-action of the
// Content-Security-Policy: also those to which the provider sends people on, which the portal cannot
// know.
func goOn(w http.ResponseWriter, to string) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return onward.Execute(w, template.URL(to)) //nolint:gosec // the provider's own address, checked at discovery to be http or https
}
