package auth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"slipway.dev/slipway/internal/policy"
)

const (
	sessionCookie = "__Host-slipway"
	recordKey     = "record"
	tokenLimit    = 128         // bytes of a session's token that are looked up
	seenEvery     = time.Minute // a session's last use is written at most so often
)

// record is a session as the store keeps it.
type record struct {
	Person   policy.Person `json:"person"`
	Groups   []string      `json:"groups"`
	GroupsAt time.Time     `json:"groupsAt"` // when the provider named them
	TriedAt  time.Time     `json:"triedAt"`  // when it was last asked for them
	SignedIn time.Time     `json:"signedIn"`
	Seen     time.Time     `json:"seen"`              // last use, up to seenEvery late
	IDToken  []byte        `json:"idToken,omitempty"` // sealed; for signing out at the provider
	Refresh  []byte        `json:"refresh,omitempty"` // sealed; for reading the groups again
}

func newSessions(c Config) *scs.SessionManager {
	sm := scs.New()
	sm.Store = c.Store
	sm.HashTokenInStore = true
	sm.Lifetime = c.Absolute
	sm.IdleTimeout = c.Idle
	sm.Cookie = scs.SessionCookie{
		Name: sessionCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, Persist: true,
	}
	return sm
}

func tokenOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil || len(c.Value) > tokenLimit {
		return ""
	}
	return c.Value
}

// session is a record on its way: loaded for a token, perhaps changed, stored again.
type session struct {
	record
	base  context.Context // as it was given
	ctx   context.Context // holds what scs knows of it
	token string
}

// load finds the session of a token. It returns nil where there is none that counts: unknown, too
// old, unused for too long, or of another provider. An error means that the store does not answer.
func (a *Auth) load(ctx context.Context, token string) (*session, error) {
	if token == "" {
		return nil, nil
	}
	loaded, err := a.sessions.Load(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("auth: loading a session: %w", err)
	}
	s := &session{base: ctx, ctx: loaded, token: token}
	if json.Unmarshal(a.sessions.GetBytes(loaded, recordKey), &s.record) != nil || !a.counts(s.record) {
		return nil, nil
	}
	return s, nil
}

// counts compares with the limits of now, so that limits which were made shorter hold for the
// sessions that there are.
func (a *Auth) counts(r record) bool {
	now := a.c.Now()
	return r.Person.Issuer == a.c.Issuer && now.Before(r.SignedIn.Add(a.c.Absolute)) && now.Before(r.Seen.Add(a.c.Idle))
}

func (a *Auth) store(s *session) error {
	b, err := json.Marshal(s.record)
	if err != nil {
		return fmt.Errorf("auth: encoding a session: %w", err)
	}
	a.sessions.Put(s.ctx, recordKey, b)
	if _, _, err := a.sessions.Commit(s.ctx); err != nil {
		return fmt.Errorf("auth: storing a session: %w", err)
	}
	return nil
}

// begin makes a session with a new token. A session that the browser had before ends with it, so a
// token that somebody planted is worth nothing afterwards.
func (a *Auth) begin(ctx context.Context, old string, x who, keepIDToken bool) (*session, error) {
	defer a.locks.lock(old)()
	loaded, err := a.sessions.Load(ctx, old)
	if err != nil {
		return nil, fmt.Errorf("auth: loading a session: %w", err)
	}
	if err := a.sessions.Clear(loaded); err != nil {
		return nil, fmt.Errorf("auth: emptying a session: %w", err)
	}
	if err := a.sessions.RenewToken(loaded); err != nil {
		return nil, fmt.Errorf("auth: renewing a session's token: %w", err)
	}
	now := a.c.Now().UTC()
	s := &session{base: ctx, ctx: loaded, token: a.sessions.Token(loaded), record: record{
		Person: x.Person, Groups: x.groups, GroupsAt: now, TriedAt: now, SignedIn: now, Seen: now,
	}}
	if keepIDToken {
		s.IDToken = seal(s.token, x.idToken)
	}
	s.Refresh = seal(s.token, x.refresh)
	return s, a.store(s)
}

// touch notes that the session is in use, seldom enough not to make each page view a write.
func (a *Auth) touch(s *session) error {
	now := a.c.Now().UTC()
	if now.Sub(s.Seen) < min(seenEvery, a.c.Idle/10) {
		return nil
	}
	defer a.locks.lock(s.token)()
	fresh, err := a.load(context.WithoutCancel(s.base), s.token)
	if err != nil || fresh == nil {
		return err
	}
	s.Seen = now
	fresh.Seen = now
	return a.store(fresh)
}

// end deletes the session of a token, if there is one, and returns what it was.
func (a *Auth) end(ctx context.Context, token string) (*session, error) {
	defer a.locks.lock(token)()
	s, err := a.load(ctx, token)
	if err != nil {
		return nil, err
	}
	loaded, err := a.sessions.Load(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("auth: loading a session: %w", err)
	}
	if err := a.sessions.Destroy(loaded); err != nil {
		return nil, fmt.Errorf("auth: deleting a session: %w", err)
	}
	return s, nil
}

// subject gives the rights that the groups have by the configuration of now.
func (a *Auth) subject(r record) policy.Subject {
	return policy.Subject{Person: r.Person, Groups: slices.Clone(r.Groups), Bindings: policy.Bind(a.c.Bindings, r.Groups)}
}

// locks keep two requests from storing the same session at once: a session that one of them deleted
// must not be brought back by the other. Tokens share locks, which costs little.
type locks [64]sync.Mutex

func (l *locks) lock(token string) (unlock func()) {
	sum := sha256.Sum256([]byte(token))
	m := &l[sum[0]%byte(len(l))]
	m.Lock()
	return m.Unlock
}
