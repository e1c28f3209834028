package handlers

import (
	"context"
	"time"

	"slipway.dev/slipway/internal/status"
)

const (
	// usageTime is how long a page waits for what its pods use. The stream brings what comes later.
	usageTime = 300 * time.Millisecond
	// usageEvery is how often a page that somebody looks at is measured again. Those who look at the same
	// application share one question.
	usageEvery = 15 * time.Second
)

// usage is what is known of what an application uses.
func (s *server) usage(ctx context.Context, k status.Key) status.Usage {
	if s.Usage == nil {
		return status.Usage{}
	}
	ctx, cancel := context.WithTimeout(ctx, usageTime)
	defer cancel()
	return s.Usage(ctx, k)
}

// measure wakes the page when its pods were measured again, at first soon.
func (l *liveView) measure() func(context.Context) error {
	pause := time.Second
	return func(ctx context.Context) error {
		if l.s.Usage == nil {
			<-ctx.Done()
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		pause = usageEvery
		now := l.s.Usage(ctx, keyFor(l.app))
		l.usage.Store(&now)
		return ctx.Err()
	}
}
