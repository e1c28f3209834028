package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const callback = "http://127.0.0.1:1/auth/callback"

// start runs the command on a free port and returns its issuer. It is stopped, and waited for, at the test's end.
func start(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		args := []string{"-listen", "127.0.0.1:0", "-redirect", callback}
		env := func(string) string { return "secret" }
		err := run(ctx, args, env, strings.NewReader(""), in, io.Discard)
		in.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider said nothing: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	return strings.TrimSpace(strings.TrimPrefix(line, "issuer "))
}

// signIn goes through the code flow as a browser would and returns the address it is sent back to.
func signIn(t *testing.T, authURL, login, password string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	browser := http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	form, err := browser.Get(authURL)
	if err != nil {
		t.Fatal(err)
	}
	_ = form.Body.Close()
	res, err := browser.PostForm(form.Request.URL.String(), url.Values{"login": {login}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return back
}

func TestEveryAccountSignsInWithPKCEAndGroups(t *testing.T) {
	issuer := start(t)
	provider, err := oidc.NewProvider(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		t.Run(a.login, func(t *testing.T) {
			config := oauth2.Config{
				ClientID: "slipway", ClientSecret: "secret", RedirectURL: callback, Endpoint: provider.Endpoint(),
				Scopes: []string{oidc.ScopeOpenID, "profile", "email", "groups", "offline_access"},
			}
			verifier := oauth2.GenerateVerifier()
			back := signIn(t, config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), a.login+"@example.com", password)
			if back == nil || back.Query().Get("code") == "" {
				t.Fatalf("sent back to %v, want a code", back)
			}
			token, err := config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			if token.RefreshToken == "" {
				t.Error("no refresh token")
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := provider.Verifier(&oidc.Config{ClientID: "slipway"}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			var claims struct {
				Name   string
				Email  string
				Groups []string
			}
			if err := id.Claims(&claims); err != nil {
				t.Fatal(err)
			}
			if claims.Name != a.name || claims.Email != a.login+"@example.com" || !slices.Equal(claims.Groups, a.groups) {
				t.Errorf("claims %+v, want those of %+v", claims, a)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	issuer := start(t)
	provider, err := oidc.NewProvider(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: "slipway", ClientSecret: "secret", RedirectURL: callback, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
	verifier := oauth2.GenerateVerifier()
	authURL := config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))
	if back := signIn(t, authURL, "payments-dev@example.com", "guess"); back != nil {
		t.Errorf("a wrong password was sent on to %v", back)
	}
	back := signIn(t, authURL, "payments-dev@example.com", password)
	if back == nil {
		t.Fatal("the right password was refused")
	}
	if _, err := config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Error("a code was exchanged with another request's verifier")
	}
}

func TestCommandLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		env  string
		want string
	}{
		"no redirect":       {nil, "secret", "-redirect"},
		"relative redirect": {[]string{"-redirect", "/auth/callback"}, "secret", "absolute"},
		"no secret":         {[]string{"-redirect", callback}, "", "OIDC_CLIENT_SECRET"},
		"stray argument":    {[]string{"-redirect", callback, "serve"}, "secret", `"serve"`},
		"missing file":      {[]string{"-redirect", callback, "-client-secret-file", "/nonexistent"}, "", "/nonexistent"},
		"bad address":       {[]string{"-redirect", callback, "-listen", "127.0.0.1:http-ish"}, "secret", "-listen"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tt.args, func(string) string { return tt.env }, strings.NewReader(""), io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %s", err, tt.want)
			}
		})
	}
}

func TestEndsWithStandardInput(t *testing.T) {
	args := []string{"-listen", "127.0.0.1:0", "-redirect", callback, "-until-eof"}
	if err := run(t.Context(), args, func(string) string { return "secret" }, strings.NewReader(""), io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
}
