package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

const requestIDKey = "requestID"

// nonceKey finds the nonce of a page in the request's context, where whoever answers the request has it.
type nonceKey struct{}

// errCrossSite means that a form was posted from another site.
var errCrossSite = errors.New("handlers: posted from another site")

// requestID gives each request an identity that the audit log, the logs and the answer share.
func (s *server) requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := rand.Text()
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

// accessLog writes a line for each request: never its query or form, which may hold what was typed.
func (s *server) accessLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		r := c.Request()
		s.Log.DebugContext(r.Context(), "request", "id", c.Get(requestIDKey), "method", r.Method, "path", r.URL.Path,
			"status", c.Response().Status, "took", time.Since(start), "bytes", c.Response().Size)
		return nil
	}
}

// recover turns a panic into a 500, so that one request cannot end the others.
func (s *server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
					panic(p)
				}
				s.Log.ErrorContext(c.Request().Context(), "panic", "id", c.Get(requestIDKey), "value", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		return next(c)
	}
}

// headers sets what every answer carries. The policy allows no script but the one that the page names
// by its nonce, no style but the portal's own file, and no text to become HTML but by htmx.
func (s *server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		nonce := rand.Text()
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), nonceKey{}, nonce)))
		h := c.Response().Header()
		h.Set("Content-Security-Policy", strings.Join([]string{
			"default-src 'none'", "script-src 'nonce-" + nonce + "'", "style-src 'self'",
			"img-src 'self' data:", "font-src 'self'", "connect-src 'self'", "form-action 'self'",
			"base-uri 'none'", "frame-ancestors 'none'",
			"require-trusted-types-for 'script'", "trusted-types htmx",
		}, "; "))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// sameOrigin refuses forms from other sites, by Sec-Fetch-Site and Origin.
func (s *server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if guard.Check(c.Request()) != nil {
			return errCrossSite
		}
		return next(c)
	}
}

// limitBody refuses what says that it is too large and cuts off what does not say so.
func (s *server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		limit := bodyLimit(c.Path())
		if r.ContentLength > limit {
			return &http.MaxBytesError{Limit: limit}
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
		return next(c)
	}
}

// remoteIP believes X-Forwarded-For only from the proxies that the configuration names.
func (s *server) remoteIP() echo.IPExtractor {
	if len(s.Proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range s.Proxies {
		_, n, err := net.ParseCIDR(p.String())
		if err == nil {
			options = append(options, echo.TrustIPRange(n))
		}
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
