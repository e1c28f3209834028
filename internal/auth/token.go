package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// idTokenLimit is the longest ID token that is read, in bytes.
const idTokenLimit = 64 << 10

// who is what a provider's answer proves.
type who struct {
	person
	idToken string
	refresh string
}

// exchange gives the code for tokens (OpenID Connect Core 1.0, section 3.1.3) and verifies them.
func (a *Auth) exchange(ctx context.Context, p *provider, t attempt, code string) (who, error) {
	ctx = oidc.ClientContext(ctx, a.client)
	tok, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return who{}, tokenRefusal(err)
	}
	raw, _ := tok.Extra("id_token").(string)
	if raw == "" {
		return who{}, refuse(FailureAnswer, "the provider sent no ID token", nil)
	}
	return a.prove(ctx, p, tok, raw, t.Nonce)
}

// tokenRefusal tells a provider that says no from one that is not there. What it said may hold a code
// or a secret in its body, so only the error's name is kept.
func tokenRefusal(err error) *refusal {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) {
		if unanswered(err) {
			return refuse(FailureAway, "the provider's token endpoint did not answer", withoutURL(err))
		}
		return refuse(FailureAnswer, "the provider's token endpoint gave no usable answer", withoutURL(err))
	}
	if answered.Response != nil && answered.Response.StatusCode >= http.StatusInternalServerError {
		return refuse(FailureAway, fmt.Sprintf("the provider's token endpoint failed with status %d", answered.Response.StatusCode), nil)
	}
	return refuse(FailureAnswer, "the provider did not take the code: "+printable(answered.ErrorCode, 60), nil)
}

// unanswered tells whether a call got no answer at all.
func unanswered(err error) bool {
	var u *url.Error
	return errors.As(err, &u) || errors.Is(err, context.DeadlineExceeded)
}

func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// prove verifies an ID token and reads who it is about, from it and from UserInfo. An empty nonce is
// not compared: a refreshed token needs none (section 12.2).
func (a *Auth) prove(ctx context.Context, p *provider, tok *oauth2.Token, raw, nonce string) (who, error) {
	cs, err := a.verify(ctx, p, tok, raw, nonce)
	if err != nil {
		return who{}, err
	}
	if cs.wants(a.c.GroupsClaim) && p.oidc.UserInfoEndpoint() != "" && tok.AccessToken != "" {
		more, err := a.userInfo(ctx, p, tok, cs.text("sub"))
		if err != nil {
			return who{}, err
		}
		cs = cs.completedBy(more)
	}
	person, err := cs.person(a.c.Issuer, a.c.GroupsClaim)
	if err != nil {
		return who{}, err
	}
	return who{person: person, idToken: raw, refresh: tok.RefreshToken}, nil
}

// verify carries out section 3.1.3.7: go-oidc does the signature, the issuer, the audience and the
// expiry; the rest is here.
func (a *Auth) verify(ctx context.Context, p *provider, tok *oauth2.Token, raw, nonce string) (claims, error) {
	if len(raw) > idTokenLimit {
		return nil, refuse(FailureAnswer, fmt.Sprintf("the ID token is longer than %d KiB", idTokenLimit>>10), nil)
	}
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, verifyRefusal(err)
	}
	var cs claims
	if err := id.Claims(&cs); err != nil {
		return nil, refuse(FailureAnswer, "the ID token's claims cannot be read", err)
	}
	switch {
	case nonce != "" && subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, refuse(FailureAnswer, "the ID token's nonce is not the one that was sent", nil)
	case cs.has("azp") && cs.text("azp") != a.c.ClientID, len(id.Audience) > 1 && !cs.has("azp"):
		return nil, refuse(FailureAnswer, "the ID token was issued to another client (azp)", nil)
	case cs.after("nbf", a.c.Now().Add(skew)), cs.after("iat", a.c.Now().Add(skew)):
		return nil, refuse(FailureAnswer, "the ID token is not valid yet; is the clock right?", nil)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tok.AccessToken); err != nil {
			return nil, refuse(FailureAnswer, "the access token does not belong to the ID token (at_hash)", nil)
		}
	}
	return cs, nil
}

func verifyRefusal(err error) *refusal {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return refuse(FailureAnswer, "the ID token has expired; is the clock right?", fmt.Errorf("expired at %s", expired.Expiry.UTC().Format(time.RFC3339)))
	}
	return refuse(FailureAnswer, "the ID token does not verify", err)
}

// userInfo asks for what the ID token does not hold (section 5.3).
func (a *Auth) userInfo(ctx context.Context, p *provider, tok *oauth2.Token, sub string) (claims, error) {
	info, err := p.oidc.UserInfo(ctx, oauth2.StaticTokenSource(tok))
	if err != nil {
		if unanswered(err) {
			return nil, refuse(FailureAway, "the provider's UserInfo endpoint did not answer", withoutURL(err))
		}
		return nil, refuse(FailureAnswer, "the provider's UserInfo endpoint gave no usable answer", err)
	}
	if info.Subject != sub {
		return nil, refuse(FailureAnswer, "UserInfo speaks of somebody else than the ID token (sub)", nil)
	}
	var cs claims
	if err := info.Claims(&cs); err != nil {
		return nil, refuse(FailureAnswer, "the UserInfo claims cannot be read", err)
	}
	return cs, nil
}
