package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// livez answers as long as the process does: it asks nobody, so that a database or a cluster that is
// away never makes the kubelet restart the portal.
func (s *server) livez(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// checkTime is how long one readiness check may take.
const checkTime = 2 * time.Second

// readyz tells whether requests should be sent here. With ?verbose each check is listed. Clusters and
// the OIDC provider are listed too, but do not decide: without them there are still pages to serve.
func (s *server) readyz(c echo.Context) error {
	code := http.StatusOK
	var b strings.Builder
	for _, check := range s.Checks {
		ctx, cancel := context.WithTimeout(c.Request().Context(), checkTime)
		err := check.Probe(ctx)
		cancel()
		switch {
		case err == nil:
			fmt.Fprintf(&b, "[+] %s ok\n", check.Name)
		case check.Informative:
			fmt.Fprintf(&b, "[!] %s: %s\n", check.Name, err)
		default:
			fmt.Fprintf(&b, "[-] %s: %s\n", check.Name, err)
			code = http.StatusServiceUnavailable
		}
	}
	if code != http.StatusOK {
		c.Response().Header().Set("Retry-After", "2")
	}
	if !c.QueryParams().Has("verbose") {
		return c.String(code, map[bool]string{true: "ok\n", false: "not ready\n"}[code == http.StatusOK])
	}
	return c.String(code, b.String())
}
