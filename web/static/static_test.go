package static

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func sample(t *testing.T) files {
	t.Helper()
	f, err := load(fstest.MapFS{
		"dist/manifest.json":   {Data: []byte(`{"app.css":"app.0123.css","ui.woff2":"ui.4567.woff2"}`)},
		"dist/app.0123.css":    {Data: []byte("body{}")},
		"dist/app.0123.css.br": {Data: []byte("brotli")},
		"dist/app.0123.css.gz": {Data: []byte("gzip")},
		"dist/ui.4567.woff2":   {Data: []byte("font")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestServe(t *testing.T) {
	f := sample(t)
	for _, c := range []struct {
		name, method, path, accept string
		status                     int
		body, coding, kind         string
	}{
		{"brotli first", "GET", "/static/app.0123.css", "gzip, deflate, br", 200, "brotli", "br", "text/css; charset=utf-8"},
		{"gzip", "GET", "/static/app.0123.css", "gzip", 200, "gzip", "gzip", "text/css; charset=utf-8"},
		{"brotli refused", "GET", "/static/app.0123.css", "br;q=0, gzip;q=0.5", 200, "gzip", "gzip", "text/css; charset=utf-8"},
		{"plain", "GET", "/static/app.0123.css", "", 200, "body{}", "", "text/css; charset=utf-8"},
		{"no compressed copy", "GET", "/static/ui.4567.woff2", "br", 200, "font", "", "font/woff2"},
		{"name without hash", "GET", "/static/app.css", "", 404, "404 page not found\n", "", "text/plain; charset=utf-8"},
		{"compressed copy by name", "GET", "/static/app.0123.css.br", "", 404, "404 page not found\n", "", "text/plain; charset=utf-8"},
		{"manifest", "GET", "/static/manifest.json", "", 404, "404 page not found\n", "", "text/plain; charset=utf-8"},
		{"climbing", "GET", "/static/../static.go", "", 404, "404 page not found\n", "", "text/plain; charset=utf-8"},
		{"post", "POST", "/static/app.0123.css", "", 405, "Method not allowed\n", "", "text/plain; charset=utf-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", nil)
			r.URL.Path = c.path
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
			if got := w.Header().Get("Content-Encoding"); got != c.coding {
				t.Errorf("Content-Encoding %q, want %q", got, c.coding)
			}
			if got := w.Header().Get("Content-Type"); got != c.kind {
				t.Errorf("Content-Type %q, want %q", got, c.kind)
			}
			if immutable := w.Header().Get("Cache-Control") == "public, max-age=31536000, immutable"; immutable != (c.status == http.StatusOK) {
				t.Errorf("immutable is %v at status %d", immutable, w.Code)
			}
		})
	}
}

func TestURL(t *testing.T) {
	f := sample(t)
	if got := f.url("app.css"); got != "/static/app.0123.css" {
		t.Errorf("got %s", got)
	}
	if got := f.url("other.css"); got != "/static/other.css" {
		t.Errorf("got %s", got)
	}
}

func TestNotBuilt(t *testing.T) {
	f, err := load(fstest.MapFS{"dist/.gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.check(); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("got %v", err)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest("GET", "/static/app.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("got %d", w.Code)
	}
}

func TestDamagedManifest(t *testing.T) {
	if _, err := load(fstest.MapFS{"dist/manifest.json": {Data: []byte("{")}}); err == nil {
		t.Error("no error")
	}
}
