package change

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Upgrades of many wait for room, one that is slow is given up after its time, and what it answers by itself is
// not called slow.
func TestUpgradesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewService(Config{})
		var mu sync.Mutex
		running, most, slow, start := 0, 0, 0, time.Now()
		var all sync.WaitGroup
		for i := range 3 * upgradesAtOnce {
			all.Go(func() {
				err := s.inSlot(t.Context(), func(ctx context.Context) error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					defer func() {
						mu.Lock()
						running--
						mu.Unlock()
					}()
					if i == 0 {
						<-ctx.Done()
						return ctx.Err()
					}
					time.Sleep(time.Second)
					return nil
				})
				if errors.Is(err, ErrTooSlow) {
					mu.Lock()
					slow++
					mu.Unlock()
				}
			})
			synctest.Wait() // the slow one is the first that has room
		}
		all.Wait()
		if most != upgradesAtOnce || slow != 1 || time.Since(start) != upgradeTime {
			t.Errorf("%d at once, %d too slow, done after %s", most, slow, time.Since(start))
		}
		own := errors.New("own")
		if err := s.inSlot(t.Context(), func(context.Context) error { return own }); err != own { //nolint:errorlint // it must be no other
			t.Errorf("its own answer became %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		err := s.inSlot(gone, func(ctx context.Context) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		})
		if errors.Is(err, ErrTooSlow) || !errors.Is(err, context.Canceled) {
			t.Errorf("nobody waits any more: %v", err)
		}
	})
}
