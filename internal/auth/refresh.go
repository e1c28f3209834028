package auth

import (
	"context"
	"errors"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"slipway.dev/slipway/internal/audit"
)

const (
	groupsFor   = 5 * time.Minute  // groups are read again after it
	groupsGrace = 30 * time.Minute // groups count so long while the provider does not answer
	groupsRetry = 30 * time.Second // and it is asked again after it
)

// errEnded means that the provider no longer vouches for the person.
var errEnded = errors.New("auth: the provider ended the session")

// recheck reads the groups again if they are old and the provider gave a refresh token. Without one
// the groups stay as they were at sign-in, for at most the absolute limit. It returns nil where the
// session has ended.
func (a *Auth) recheck(s *session, from audit.Request) (*session, error) {
	if !a.due(s.record) {
		return s, nil
	}
	// A reader who goes away must not leave a rotated refresh token unstored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), 2*callTimeout)
	defer cancel()
	unlock := a.locks.lock(s.token)
	s, err := a.load(ctx, s.token)
	if err != nil || s == nil || !a.due(s.record) { // another request did it meanwhile
		unlock()
		return s, err
	}
	err = a.refresh(ctx, s)
	unlock()
	if errors.Is(err, errEnded) {
		return nil, a.endedByProvider(ctx, s, from)
	}
	return s, err
}

func (a *Auth) due(r record) bool {
	now := a.c.Now()
	return len(r.Refresh) > 0 && now.Sub(r.GroupsAt) >= groupsFor && now.Sub(r.TriedAt) >= groupsRetry
}

// refresh asks the provider and stores what it says.
func (a *Auth) refresh(ctx context.Context, s *session) error {
	x, err := a.renewed(ctx, s)
	now := a.c.Now().UTC()
	s.TriedAt = now
	var r *refusal
	switch {
	case err == nil:
		s.Person, s.Groups, s.GroupsAt = x.Person, x.groups, now
		if x.refresh != "" {
			s.Refresh = seal(s.token, x.refresh)
		}
	case errors.As(err, &r) && r.code == FailureAway && now.Sub(s.GroupsAt) < groupsGrace:
		a.c.Log.WarnContext(ctx, "groups could not be read again; they count as they were", "subject", s.Person.Subject, "err", err)
	default:
		if newer, err := a.load(ctx, s.token); err == nil && newer != nil && newer.GroupsAt.After(s.GroupsAt) {
			*s = *newer // another replica used the refresh token first
			return nil
		}
		a.c.Log.WarnContext(ctx, "a session ends: the provider does not renew it", "subject", s.Person.Subject, "err", err)
		return errEnded
	}
	return a.store(s)
}

// renewed uses the refresh token (OpenID Connect Core 1.0, section 12). An answer without an ID token
// is completed from UserInfo.
func (a *Auth) renewed(ctx context.Context, s *session) (who, error) {
	p := a.provider.Load()
	if p == nil {
		return who{}, refuse(FailureAway, "the provider was not reached since the portal started", nil)
	}
	ctx = oidc.ClientContext(ctx, a.client)
	tok, err := p.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: open(s.token, s.Refresh)}).Token()
	if err != nil {
		return who{}, tokenRefusal(err)
	}
	var x who
	if raw, _ := tok.Extra("id_token").(string); raw != "" {
		x, err = a.prove(ctx, p, tok, raw, "")
	} else {
		x, err = a.vouched(ctx, p, tok, s.Person.Subject)
	}
	if err == nil && x.Identity != s.Person.Identity {
		return who{}, refuse(FailureAnswer, "the provider renewed the session for somebody else (sub)", nil)
	}
	return x, err
}

func (a *Auth) vouched(ctx context.Context, p *provider, tok *oauth2.Token, sub string) (who, error) {
	cs, err := a.userInfo(ctx, p, tok, sub)
	if err != nil {
		return who{}, err
	}
	person, err := cs.person(a.c.Issuer, a.c.GroupsClaim)
	return who{person: person, refresh: tok.RefreshToken}, err
}

func (a *Auth) endedByProvider(ctx context.Context, s *session, from audit.Request) error {
	if _, err := a.end(ctx, s.token); err != nil {
		return err
	}
	return a.c.Recorder.Record(ctx, entry(audit.SignOut, audit.Done, s.Person, from, "The identity provider no longer renews the session."))
}
