package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	attemptCookie = "__Host-slipway-attempt-" // followed by a part of the state, so that tabs do not meet
	attemptFor    = 10 * time.Minute          // from the button to the callback
	attemptsMost  = 8                         // cookies of attempts that a browser keeps; the rest are dropped
)

// attempt is one sign-in under way. It stands in a cookie, so it is bound to the browser, survives a
// restart of the portal, and costs the portal nothing, however often somebody starts one.
type attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE
	Next     string    `json:"r"`
	Started  time.Time `json:"t"`
}

func newAttempt(next string, now time.Time) attempt {
	return attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: SafeNext(next), Started: now.UTC()}
}

// cookieName has enough of the state to be found again, and not enough to be guessed from.
func cookieName(state string) string { return attemptCookie + short(state) }

func short(state string) string {
	sum := sha256.Sum256([]byte(state))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (t attempt) cookie() *http.Cookie {
	b, _ := json.Marshal(t) // strings and a time: cannot fail
	return hostCookie(cookieName(t.State), base64.RawURLEncoding.EncodeToString(b), attemptFor)
}

// hostCookie makes a cookie that no script, no other host and no subdomain can read or plant
// (RFC 6265bis, section 4.1.3.2). A life of 0 deletes it.
func hostCookie(name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1}
	if life > 0 {
		c.MaxAge = int(life.Seconds())
	}
	return c
}

// attemptOf finds the attempt of this browser that the state belongs to.
func attemptOf(r *http.Request, state string, now time.Time) (attempt, bool) {
	c, err := r.Cookie(cookieName(state))
	if state == "" || err != nil {
		return attempt{}, false
	}
	t, ok := decodeAttempt(c.Value)
	age := now.Sub(t.Started)
	if !ok || subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) != 1 || age < -skew || age > attemptFor {
		return attempt{}, false
	}
	return t, true
}

func decodeAttempt(value string) (attempt, bool) {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return attempt{}, false
	}
	var t attempt
	if err := json.Unmarshal(b, &t); err != nil || t.Nonce == "" || t.Verifier == "" {
		return attempt{}, false
	}
	t.Next = SafeNext(t.Next)
	return t, true
}

// forgetAttempts deletes the attempts' cookies if there are too many: each travels with every
// request, and servers limit the length of headers.
func forgetAttempts(w http.ResponseWriter, r *http.Request) {
	var names []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, attemptCookie) {
			names = append(names, c.Name)
		}
	}
	if len(names) < attemptsMost {
		return
	}
	for _, name := range names {
		http.SetCookie(w, hostCookie(name, "", 0))
	}
}

// spent remembers the states that were used, until their attempts would have run out, so that an
// answer counts once even if the browser kept the cookie and the provider takes a code twice.
type spent struct {
	mu   sync.Mutex
	used map[string]time.Time
}

// use returns false if the state was used before.
func (s *spent) use(state string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, at := range s.used {
		if now.Sub(at) > attemptFor+skew {
			delete(s.used, old)
		}
	}
	if _, again := s.used[state]; again {
		return false
	}
	if s.used == nil {
		s.used = map[string]time.Time{}
	}
	s.used[state] = now
	return true
}
