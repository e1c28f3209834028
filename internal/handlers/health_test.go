package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// asked gives the answer of a handler to a bare request.
func asked(t *testing.T, h echo.HandlerFunc, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	if err := h(echo.New().NewContext(r, w)); err != nil {
		t.Fatal(err)
	}
	return w
}

// What must be there decides whether requests are sent here; what pages can do without does not.
func TestReadiness(t *testing.T) {
	well := func(context.Context) error { return nil }
	away := func(context.Context) error { return errors.New("it is away") }
	for _, tc := range []struct {
		name   string
		checks []Check
		code   int
		says   string
	}{
		{"all is well", []Check{{Name: "database", Probe: well}}, http.StatusOK, "[+] database ok"},
		{"the database is away", []Check{{Name: "database", Probe: away}}, http.StatusServiceUnavailable, "[-] database: it is away"},
		{"a cluster is away", []Check{{Name: "database", Probe: well}, {Name: "east", Probe: away, Informative: true}}, http.StatusOK, "[!] east: it is away"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{Config: Config{Checks: tc.checks}}
			w := asked(t, s.readyz, "/readyz?verbose")
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if after := w.Header().Get("Retry-After"); (after != "") != (tc.code != http.StatusOK) {
				t.Errorf("%d with Retry-After %q", w.Code, after)
			}
			if w = asked(t, s.readyz, "/readyz"); strings.Contains(w.Body.String(), "away") || w.Code != tc.code {
				t.Errorf("asked briefly, it answers %d %s", w.Code, w.Body)
			}
		})
	}
}

// The kubelet has its answer whatever else hangs: nobody is asked for it.
func TestLivenessAsksNobody(t *testing.T) {
	asks := func(context.Context) error { t.Error("it asks"); return nil }
	s := &server{Config: Config{Checks: []Check{{Name: "database", Probe: asks}}}}
	if w := asked(t, s.livez, "/livez"); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}

// Browsers are told to use nothing but https, where the portal is reached by it.
func TestBrowsersStayWithHTTPS(t *testing.T) {
	for _, secure := range []bool{true, false} {
		s := &server{Config: Config{Secure: secure}}
		w := asked(t, s.headers(s.livez), "/livez")
		if got := w.Header().Get("Strict-Transport-Security"); (got != "") != secure {
			t.Errorf("with https %v: %q", secure, got)
		}
	}
}
