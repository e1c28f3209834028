package status_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slipway.dev/slipway/internal/status"
)

func keyOf(app string) status.Key {
	return status.Key{Cluster: "c", Namespace: "n", App: app}
}

func snapshot(app string, objects int) status.Snapshot {
	return status.Snapshot{Key: keyOf(app), Objects: objects}
}

// within is long enough for any machine, and is never waited for when all is well.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestLatestStateWins(t *testing.T) {
	hub := status.NewHub()
	sub := hub.Subscribe(keyOf("web"))
	defer sub.Close()
	for i := 1; i <= 1000; i++ {
		hub.Publish(snapshot("web", i))
	}
	f, err := sub.Next(within(t))
	if err != nil || f.Objects != 1000 {
		t.Fatalf("got state %d, %v; want the latest, 1000", f.Objects, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if f, err := sub.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got state %d, %v after the latest one; want to wait", f.Objects, err)
	}
}

func TestSubscriptionsGetOnlyTheirs(t *testing.T) {
	hub := status.NewHub()
	two := hub.Subscribe(keyOf("a"), keyOf("b"))
	defer two.Close()
	others := hub.SubscribeFunc(func(k status.Key) bool { return k.App > "b" })
	defer others.Close()
	for _, app := range []string{"d", "a", "c", "b", "a"} {
		hub.Publish(snapshot(app, 1))
	}
	for _, tc := range []struct {
		sub  *status.Subscription
		want []string
	}{{two, []string{"a", "b"}}, {others, []string{"c", "d"}}} {
		var got []string
		for range tc.want {
			f, err := tc.sub.Next(within(t))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Key.App)
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}

// An application with much going on must not hide one with little.
func TestApplicationsTakeTurns(t *testing.T) {
	hub := status.NewHub()
	sub := hub.SubscribeFunc(func(status.Key) bool { return true })
	defer sub.Close()
	hub.Publish(snapshot("busy", 1))
	hub.Publish(snapshot("quiet", 1))
	for i := range 2 {
		f, err := sub.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if f.Key.App == "quiet" {
			return
		}
		hub.Publish(snapshot("busy", i+2))
	}
	t.Error("only the busy one was seen")
}

// A subscriber that never fetches must cost the publisher and the others nothing.
func TestStalledSubscriberHoldsUpNobody(t *testing.T) {
	hub := status.NewHub()
	stalled := hub.Subscribe(keyOf("web"))
	defer stalled.Close()
	lively := hub.Subscribe(keyOf("web"))
	defer lively.Close()
	for i := 1; i <= 10_000; i++ {
		hub.Publish(snapshot("web", i))
		f, err := lively.Next(within(t))
		if err != nil || f.Objects != i {
			t.Fatalf("got state %d, %v; want %d", f.Objects, err, i)
		}
	}
	if f, err := stalled.Next(within(t)); err != nil || f.Objects != 10_000 {
		t.Errorf("when it comes back, the stalled one got state %d, %v; want the latest", f.Objects, err)
	}
}

// Whoever subscribes first and reads the snapshot then sees every last state, wherever in between the
// publisher was.
func TestSubscribeThenSnapshotLosesNothing(t *testing.T) {
	for range 300 {
		hub := status.NewHub()
		hub.Publish(snapshot("web", 1))
		var publisher sync.WaitGroup
		publisher.Go(func() { hub.Publish(snapshot("web", 2)) })

		sub := hub.Subscribe(keyOf("web"))
		f, ok := hub.Latest(keyOf("web"))
		if !ok {
			t.Fatal("no snapshot")
		}
		for f.Objects != 2 {
			next, err := sub.Next(within(t))
			if err != nil {
				t.Fatalf("the state published meanwhile was lost: %v", err)
			}
			if next.Seq > f.Seq {
				f = next
			}
		}
		sub.Close()
		publisher.Wait()
	}
}

// Many come, fetch, stall and go while several publish.
func TestNoDeadlock(t *testing.T) {
	const subscribers, publishers, events = 1000, 4, 200
	hub := status.NewHub()
	ctx := within(t)
	var all sync.WaitGroup
	var seen atomic.Int64
	var published sync.WaitGroup
	for i := range subscribers {
		all.Go(func() {
			var sub *status.Subscription
			if i%3 == 0 {
				sub = hub.SubscribeFunc(func(status.Key) bool { return true })
			} else {
				sub = hub.Subscribe(keyOf("app0"), keyOf(fmt.Sprint("app", i%publishers)))
			}
			defer sub.Close()
			for range i % 20 { // some leave at once, some late
				f, err := sub.Next(ctx)
				if err != nil {
					return // the publishers have ended, see below
				}
				f.Render("page", func(status.Snapshot) []byte { return []byte("x") })
				seen.Add(1)
				if _, ok := hub.Latest(f.Key); !ok {
					t.Error("a published application is not known")
				}
			}
		})
	}
	stop := make(chan struct{})
	for p := range publishers {
		published.Go(func() {
			for n := range events {
				hub.Publish(snapshot(fmt.Sprint("app", p), n))
			}
			for { // until nobody waits any more
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					hub.Publish(snapshot(fmt.Sprint("app", p), events))
				}
			}
		})
	}
	all.Wait()
	close(stop)
	published.Wait()
	if ctx.Err() != nil {
		t.Fatal("stuck")
	}
	if seen.Load() == 0 {
		t.Error("nobody saw anything")
	}
	if n := hub.Subscribers(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
}

func TestClose(t *testing.T) {
	hub := status.NewHub()
	sub := hub.Subscribe(keyOf("web"))
	got := make(chan error)
	go func() { _, err := sub.Next(context.Background()); got <- err }()
	sub.Close()
	sub.Close()
	if err := <-got; !errors.Is(err, status.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	hub.Publish(snapshot("web", 1))
	if _, err := sub.Next(within(t)); !errors.Is(err, status.ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
	if n := hub.Subscribers(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
}

func TestForget(t *testing.T) {
	hub := status.NewHub()
	sub := hub.Subscribe(keyOf("web"))
	defer sub.Close()
	hub.Publish(snapshot("web", 0))
	hub.Forget(keyOf("web"))
	if _, ok := hub.Latest(keyOf("web")); ok {
		t.Error("still known")
	}
	if _, err := sub.Next(within(t)); err != nil {
		t.Errorf("the last state was lost: %v", err)
	}
	hub.Publish(snapshot("web", 3))
	if f, err := sub.Next(within(t)); err != nil || f.Objects != 3 {
		t.Errorf("when it came again: got state %d, %v", f.Objects, err)
	}
}

// A fragment is rendered once for each event and class, however many tabs show it.
func TestRenderOnce(t *testing.T) {
	hub := status.NewHub()
	subs := make([]*status.Subscription, 100)
	for i := range subs {
		subs[i] = hub.Subscribe(keyOf("web"))
		defer subs[i].Close()
	}
	hub.Publish(snapshot("web", 7))
	var calls [2]atomic.Int32
	var tabs sync.WaitGroup
	for i, sub := range subs {
		tabs.Go(func() {
			f, err := sub.Next(within(t))
			if err != nil {
				t.Error(err)
				return
			}
			class := i % 2
			got := f.Render(fmt.Sprint("class", class), func(s status.Snapshot) []byte {
				calls[class].Add(1)
				time.Sleep(time.Millisecond)
				return fmt.Append(nil, class, " ", s.Objects)
			})
			if want := fmt.Sprint(class, " 7"); string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	tabs.Wait()
	if calls[0].Load() != 1 || calls[1].Load() != 1 {
		t.Errorf("rendered %d and %d times, want once for each class", calls[0].Load(), calls[1].Load())
	}
	f, _ := hub.Latest(keyOf("web"))
	f.Render("class0", func(status.Snapshot) []byte { t.Error("rendered again for Latest"); return nil })
}

// The hub beside the barest thing that could do its work: a channel of one for each subscriber. Each
// event is taken by every subscriber before the next.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("hub/%d", n), func(b *testing.B) {
			hub := status.NewHub()
			var got, tabs sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			for range n {
				sub := hub.Subscribe(keyOf("web"))
				defer sub.Close()
				tabs.Go(func() {
					for {
						if _, err := sub.Next(ctx); err != nil {
							return
						}
						got.Done()
					}
				})
			}
			s := snapshot("web", 1)
			for b.Loop() {
				got.Add(n)
				hub.Publish(s)
				got.Wait()
			}
			cancel()
			tabs.Wait()
		})
		b.Run(fmt.Sprintf("bare/%d", n), func(b *testing.B) {
			var mu sync.Mutex
			var got, tabs sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			chans := make([]chan status.Snapshot, n)
			for i := range chans {
				chans[i] = make(chan status.Snapshot, 1)
				tabs.Go(func() {
					for {
						select {
						case <-chans[i]:
							got.Done()
						case <-ctx.Done():
							return
						}
					}
				})
			}
			s := snapshot("web", 1)
			for b.Loop() {
				got.Add(n)
				mu.Lock()
				for _, c := range chans {
					select {
					case c <- s:
					default:
					}
				}
				mu.Unlock()
				got.Wait()
			}
			cancel()
			tabs.Wait()
		})
	}
}
