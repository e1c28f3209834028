package handlers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestHeadOfPages(t *testing.T) {
	e := echo.New()
	for _, p := range []string{"/applications", "/targets/:team/:env/apps/:app", "/applications/stream", "/audit/export.csv", "/auth/callback"} {
		e.GET(p, func(c echo.Context) error { return c.HTML(http.StatusOK, "a page") })
	}
	server := httptest.NewServer(headOfPages(e))
	defer server.Close()
	for p, want := range map[string]int{
		"/applications": 200, "/targets/a/b.c/apps/d": 200, "/nothing": 404, "/applications/stream": 405, "/audit/export.csv": 405, "/auth/callback": 405,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+p, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != want || len(body) > 0 {
			t.Errorf("%s: %d, %q, %v; want %d", p, answer.StatusCode, body, err, want)
		}
		if want == http.StatusOK && (answer.ContentLength != int64(len("a page")) || answer.Header.Get("Content-Type") != "text/html; charset=UTF-8") {
			t.Errorf("%s: the headers are %v", p, answer.Header)
		}
	}
}
