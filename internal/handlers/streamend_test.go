package handlers

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
)

// awayStore is a database that does not answer.
type awayStore struct{ *memstore.MemStore }

func (awayStore) Find(string) ([]byte, bool, error) {
	return nil, false, errors.New("the database is away")
}

type noRecorder struct{}

func (noRecorder) Record(context.Context, ...audit.Entry) error { return nil }

// A running stream asks every few seconds whose it is. That nobody can say so for a moment is not the end of
// a session: the stream ends without a word, and the browser comes back. Only who is told that the session has
// ended does not come back.
func TestStreamOfASessionThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		away bool
		says string
	}{
		"the store is away":     {true, ""},
		"the session has ended": {false, "event: end\ndata: " + endSession},
	} {
		t.Run(name, func(t *testing.T) {
			var store auth.Config
			store.Store = memstore.NewWithCleanupInterval(0)
			if tc.away {
				store.Store = awayStore{}
			}
			body := streamOf(t, store)
			if tc.says == "" && strings.Contains(body, "event: end") || !strings.Contains(body, tc.says) {
				t.Errorf("the stream ends with %q", body)
			}
		})
	}
}

// streamOf is all that a stream says to somebody whose cookie is looked up in c.Store once it runs.
func streamOf(t *testing.T, c auth.Config) string {
	t.Helper()
	c.Issuer, c.ClientID, c.PublicURL, c.Scopes = "https://issuer.example.com", "slipway", "https://slipway.example.com", []string{"openid"}
	c.Recorder, c.Log = noRecorder{}, slog.New(slog.DiscardHandler)
	a, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Config: Config{Auth: a, Log: c.Log, Ended: t.Context()}}
	e := echo.New()
	e.GET("/stream", func(c echo.Context) error {
		w := newSSEWriter(c.Response())
		if err := w.Message([]byte("as it was")); err != nil {
			return err
		}
		st := stream{allowed: func(context.Context) error { return nil }}
		return s.streamEnd(c.Request().Context(), c, w, s.authorizeAgain(c.Request().Context(), c, st))
	})
	server := httptest.NewServer(e)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "__Host-slipway", Value: "a token"})
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A stream that cannot begin says so by its status: an empty answer would look like one that has nothing to say.
func TestStreamThatCannotBegin(t *testing.T) {
	s := &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
	away := errors.New("the database is away")
	c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), httptest.NewRecorder())
	if err := s.streamEnd(t.Context(), c, newSSEWriter(c.Response()), away); !errors.Is(err, away) {
		t.Errorf("the request ends with %v", err)
	}
}
