// Package static serves the stylesheet, the script and the fonts, which npm builds into dist (see
// build.js) and which are embedded.
//
// Every file's name holds a hash of its content, so that a browser may keep it for ever.
package static

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// Prefix is where Handler is to be mounted.
const Prefix = "/static/"

// ErrNotBuilt means that the binary was compiled before the assets were built.
var ErrNotBuilt = errors.New("static: web/static/dist is empty; run “npm ci && npm run build” in web/static, or make, and compile again")

//go:embed all:dist
var embedded embed.FS

var built = mustLoad(embedded)

// files are the built files and the hashed name of each.
type files struct {
	dist  fs.FS
	names map[string]string // "app.css" to "app.da325118616a.css"; empty if nothing was built
	known map[string]bool   // hashed names
}

func mustLoad(root fs.FS) files {
	f, err := load(root)
	if err != nil {
		panic(err) // the embedded files are part of the program
	}
	return f
}

func load(root fs.FS) (files, error) {
	dist, err := fs.Sub(root, "dist")
	if err != nil {
		return files{}, fmt.Errorf("static: %w", err)
	}
	f := files{dist: dist, known: map[string]bool{}}
	b, err := fs.ReadFile(dist, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("static: %w", err)
	}
	if err := json.Unmarshal(b, &f.names); err != nil {
		return f, fmt.Errorf("static: dist/manifest.json: %w", err)
	}
	for _, hashed := range f.names {
		f.known[hashed] = true
	}
	return f, nil
}

// Check returns ErrNotBuilt if there are no assets to serve.
func Check() error { return built.check() }

func (f files) check() error {
	if len(f.names) == 0 {
		return ErrNotBuilt
	}
	return nil
}

// URL is the address of an asset, such as "app.css". An asset that was not built has the address of
// none, which answers 404.
func URL(name string) string { return built.url(name) }

func (f files) url(name string) string {
	if hashed, ok := f.names[name]; ok {
		return Prefix + hashed
	}
	return Prefix + name
}

// Handler serves the assets below Prefix, compressed for those who accept it.
func Handler() http.Handler { return built }

// ServeHTTP implements http.Handler.
func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, Prefix)
	if !ok || !f.known[name] {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", contentType(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	http.ServeFileFS(w, r, f.dist, f.compressed(h, r, name))
}

// compressed chooses the copy of a file that the client takes, and says so in h.
func (f files) compressed(h http.Header, r *http.Request, name string) string {
	for _, e := range []struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(r.Header.Get("Accept-Encoding"), e.coding) {
			continue
		}
		if _, err := fs.Stat(f.dist, name+e.suffix); err == nil {
			h.Set("Content-Encoding", e.coding)
			return name + e.suffix
		}
	}
	return name
}

// accepts tells whether an Accept-Encoding field (RFC 9110, section 12.5.3) names the coding without
// refusing it. Weights beyond zero are not compared: the order of preference is ours.
func accepts(field, coding string) bool {
	for part := range strings.SplitSeq(field, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q := strings.TrimSpace(weight)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".woff2":
		return "font/woff2"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}
