package handlers

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

// Whoever goes on typing, or leaves the form, breaks off the preview that was asked for before. That is
// no fault of the portal's and is not logged as one; anything else that fails is.
func TestPreviewThatNobodyWaitsFor(t *testing.T) {
	for name, broken := range map[string]bool{"left": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			s := &server{Config: Config{Log: slog.New(slog.NewTextHandler(&logged, nil))}}
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			err := errors.New("the disk is full")
			if !broken {
				leave()
				err = ctx.Err()
			}
			r := httptest.NewRequestWithContext(ctx, "POST", "/", nil)
			if said := s.renderProblem(echo.New().NewContext(r, httptest.NewRecorder()), err); said == "" {
				t.Error("nothing is said")
			}
			if got := logged.Len() > 0; got != broken {
				t.Errorf("logged: %q", logged.String())
			}
		})
	}
}
