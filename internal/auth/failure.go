package auth

import (
	"net/http"
	"net/url"
)

// Failure is why somebody was not signed in, as the parameter "error" of the sign-in page names it.
// It is one of few words, so that nothing of an answer that may be hostile reaches a page.
type Failure string

// The failures.
const (
	FailureState       Failure = "state"       // no attempt of this browser fits the answer
	FailureDenied      Failure = "denied"      // the provider, or the person there, said no
	FailureAnswer      Failure = "answer"      // the provider's answer cannot be trusted
	FailureAway        Failure = "away"        // the provider does not answer
	FailureUnavailable Failure = "unavailable" // the portal's database does not answer
	Ended              Failure = "ended"       // no failure: the person signed out, or the session ran out
)

// Sentences say each Failure to the person. A code that is not in it is to be shown as nothing.
var Sentences = map[Failure]string{
	FailureState:       "This sign-in took too long, was used already, or was started in another browser. Sign in again.",
	FailureDenied:      "The identity provider did not let you in. If you should have access, ask whoever runs the portal.",
	FailureAnswer:      "The identity provider's answer did not pass the portal's checks, so you were not signed in. Whoever runs the portal finds the reason in the audit log.",
	FailureAway:        "The identity provider does not answer. The portal keeps trying: sign in again in a minute.",
	FailureUnavailable: "The portal cannot write to its database, so you were not signed in. Try again in a minute.",
}

// signInPage is the address of the page that has the sign-in button.
func signInPage(next string, f Failure) string {
	q := url.Values{}
	if next != home && next != "" {
		q.Set("next", next)
	}
	if f != "" {
		q.Set("error", string(f))
	}
	if len(q) == 0 {
		return "/sign-in"
	}
	return "/sign-in?" + q.Encode()
}

// refusal is a Failure with the reason for the audit log and the server's log. The reason holds no
// token and no code.
type refusal struct {
	code   Failure
	reason string
	cause  error // for the server's log only; may be nil
}

func (r *refusal) Error() string {
	if r.cause == nil {
		return r.reason
	}
	return r.reason + ": " + r.cause.Error()
}

func (r *refusal) Unwrap() error { return r.cause }

func refuse(code Failure, reason string, cause error) *refusal {
	return &refusal{code: code, reason: reason, cause: cause}
}

// seeOther redirects with 303, so that a browser goes on with a GET.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}
