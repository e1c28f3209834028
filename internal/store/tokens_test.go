package store_test

import (
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/store"
)

func tokenOf(letter string) manifest.Token {
	return manifest.Token("slipway-secret-" + strings.Repeat(letter, 52))
}

// The values of a change are needed while it may be applied or rolled back to, and no longer.
func TestTokensInUse(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		app := key(staging, "api")
		place := draft(change.Create, app, change.Approved).Place
		made := func(kind change.Kind, state change.State, base int, tokens ...manifest.Token) change.Change {
			d := draft(kind, app, state)
			d.Base, d.Tokens = base, tokens
			return create(t, s, d)
		}
		want := func(when string, tokens ...manifest.Token) {
			t.Helper()
			got, err := s.TokensInUse(t.Context(), place)
			if err != nil || !slices.Equal(got, tokens) {
				t.Errorf("%s: got %v, %v", when, got, err)
			}
		}
		a, b, d, e := tokenOf("a"), tokenOf("b"), tokenOf("d"), tokenOf("e")
		want("at the beginning")
		first := made(change.Create, change.Approved, 0, a, b)
		want("approved", a, b)
		apply(t, s, first.ID)
		want("applied", a, b)
		second := made(change.Update, change.Pending, 1, b, d)
		want("another one waits", a, b, d)
		become(t, s, second.ID, change.Rejected, change.Commit{})
		want("it was rejected", a, b)
		failed := made(change.Update, change.Approved, 1, e)
		claim(t, s, "w")
		become(t, s, failed.ID, change.Failed, change.Commit{Holder: "w"})
		want("one that failed can be resumed", a, b, e)
		apply(t, s, made(change.Update, change.Approved, 1, d).ID)
		want("it is not resumed over a newer revision, and older ones can be rolled back to", a, b, d)
		if got, err := s.TokensInUse(t.Context(), manifest.Place{Cluster: place.Cluster, Namespace: "other"}); err != nil || len(got) > 0 {
			t.Errorf("of another place: %v, %v", got, err)
		}
		apply(t, s, made(change.Delete, change.Approved, 2).ID)
		want("the application is gone")
	})
}
