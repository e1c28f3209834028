package auth

import (
	"context"
	"net/http"
	"strings"

	"slipway.dev/slipway/internal/policy"
)

type subjectKey struct{}

// FailWith sets Config.Fail, for whoever draws the pages is made after Auth. It must be called before
// the first request.
func (a *Auth) FailWith(fail func(w http.ResponseWriter, r *http.Request, status int)) {
	a.c.Fail = fail
}

// WithSubject puts a Subject into a context, as Middleware does.
func WithSubject(ctx context.Context, s policy.Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// SubjectFrom gives the Subject of a request that went through Middleware or ReadOnly, and false for
// one that did not.
func SubjectFrom(ctx context.Context) (policy.Subject, bool) {
	s, ok := ctx.Value(subjectKey{}).(policy.Subject)
	return s, ok
}

// Middleware lets requests of signed-in people pass, with their Subject in the context, and prolongs
// the session. Somebody else's request for a page is sent to the sign-in page and comes back
// afterwards; any other request (a form, a fragment, a stream) gets 401. It does not wrap the
// ResponseWriter.
func (a *Auth) Middleware(next http.Handler) http.Handler { return a.guard(next, true) }

// ReadOnly is Middleware for streams and for whatever a page asks for by itself: it does not prolong
// the session, so that a forgotten tab does not keep it alive.
func (a *Auth) ReadOnly(next http.Handler) http.Handler { return a.guard(next, false) }

func (a *Auth) guard(next http.Handler, use bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		s, err := a.current(r, w.Header())
		if err == nil && s != nil && use {
			err = a.touch(s)
		}
		switch {
		case err != nil:
			a.c.Log.ErrorContext(r.Context(), "a session cannot be read", "err", err)
			a.c.Fail(w, r, http.StatusServiceUnavailable)
		case s == nil:
			a.turnAway(w, r)
		default:
			next.ServeHTTP(w, r.WithContext(WithSubject(r.Context(), a.subject(s.record))))
		}
	})
}

// Current looks up who is behind a request now, with the rights of now; false means that the session has
// ended. It does not prolong the session, and is cheap enough for a stream to call every few seconds. An
// error means that it cannot be found out at the moment: nobody's session has ended by that.
func (a *Auth) Current(ctx context.Context, r *http.Request) (policy.Subject, bool, error) {
	s, err := a.current(r.WithContext(ctx), nil)
	if err != nil || s == nil {
		return policy.Subject{}, false, err
	}
	return a.subject(s.record), true, nil
}

// StillValid tells whether the session of a request that is being answered has not ended meanwhile:
// by signing out in another tab, by its limits, or by the provider. It is false too where that cannot be
// found out. It costs what Current does.
func (a *Auth) StillValid(ctx context.Context, r *http.Request) bool {
	_, ok, err := a.Current(ctx, r)
	return ok && err == nil
}

func (a *Auth) current(r *http.Request, answer http.Header) (*session, error) {
	s, err := a.load(r.Context(), tokenOf(r))
	if err != nil || s == nil {
		return nil, err
	}
	return a.recheck(s, requestOf(r, answer))
}

func (a *Auth) turnAway(w http.ResponseWriter, r *http.Request) {
	if !wantsPage(r) {
		a.c.Fail(w, r, http.StatusUnauthorized)
		return
	}
	ended := Failure("")
	if tokenOf(r) != "" {
		ended = Ended
	}
	seeOther(w, signInPage(SafeNext(r.URL.RequestURI()), ended))
}

// wantsPage tells a person who follows a link from a page that asks for a part of itself.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("HX-Request") != "" {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	return !strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
