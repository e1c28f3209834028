package handlers

import (
	"net/http"
	"path"
	"strings"
)

// headOfPages answers HEAD for a page as GET does (RFC 9110, section 9.3.2); net/http leaves out the body.
// Streams would not end, what is downloaded is recorded, and a step of signing in works once: of these there is
// no HEAD.
func headOfPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; r.Method == http.MethodHead && path.Base(p) != "stream" && path.Ext(p) == "" && !strings.HasPrefix(p, "/auth/") {
			asked := *r // net/http goes by its own request, which stays as it is
			asked.Method = http.MethodGet
			r = &asked
		}
		next.ServeHTTP(w, r)
	})
}
