package handlers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/web/templates"
)

// Choices says what there is in a cluster that a field may name.
type Choices interface {
	// Choices lists it for who, in a target. of is the object whose keys or ports are asked for. The error
	// is a *change.Refusal, whose reason says why the cluster does not tell, or wraps change.ErrClusterAway.
	Choices(ctx context.Context, who policy.Subject, target policy.Target, p catalog.Picker, of string) ([]manifest.Choice, error)
}

// choicesTime is how long a form waits for what the cluster has. It is shown without, rather than late.
const choicesTime = 1500 * time.Millisecond

// answers asks the cluster for what the pickers of a form offer, each question once and all at a time.
func (s *server) answers(c echo.Context, f *flow, d templates.FormData) map[string]templates.PickerAnswer {
	if s.Choices == nil {
		return nil
	}
	asked := d.Questions()
	if len(asked) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), choicesTime)
	defer cancel()
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		found = map[string]templates.PickerAnswer{}
	)
	for key, q := range asked {
		all.Go(func() {
			list, err := s.Choices.Choices(ctx, who(c), f.draft.App.Target, q.Picker, q.Of)
			a := templates.PickerAnswer{Choices: list, Problem: pickerProblem(err)}
			mu.Lock()
			defer mu.Unlock()
			found[key] = a
		})
	}
	all.Wait()
	return found
}

func pickerProblem(err error) string {
	var refusal *change.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Reason
	}
	return "The cluster does not answer, so type the name."
}
