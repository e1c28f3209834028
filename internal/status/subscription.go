package status

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrClosed is what Next returns after Close.
var ErrClosed = errors.New("status: subscription is closed")

// Subscription is what one page watches. Its memory is bounded by the number of applications that it
// watches, however long nobody fetches. One goroutine at a time may call Next; any may call Close.
type Subscription struct {
	hub    *Hub
	match  func(Key) bool
	ready  chan struct{} // holds a token when a slot was filled, or the subscription closed
	closed atomic.Bool
	// slots are replaced as a whole, by the publisher, when another application comes into view.
	slots  atomic.Pointer[[]*slot]
	byKey  map[Key]*slot // the publisher's, under the Hub's lock
	cursor int           // Next's: which slot comes first, so that none waits for ever
}

// slot holds the newest state of one application that the subscriber has not fetched yet.
type slot struct {
	key   Key
	sub   *Subscription
	frame atomic.Pointer[Frame]
}

func newSubscription(h *Hub) *Subscription {
	s := &Subscription{hub: h, ready: make(chan struct{}, 1), byKey: map[Key]*slot{}}
	s.slots.Store(new([]*slot))
	return s
}

// slotFor returns the slot of an application, a new one if it is seen for the first time.
func (s *Subscription) slotFor(k Key) *slot {
	if found, ok := s.byKey[k]; ok {
		return found
	}
	added := &slot{key: k, sub: s}
	s.byKey[k] = added
	old := *s.slots.Load()
	grown := append(old[:len(old):len(old)], added)
	s.slots.Store(&grown)
	return added
}

// put lays f into the slot and replaces what was there. A slot that was full has woken its subscriber
// already.
func (s *slot) put(f *Frame) {
	if s.frame.Swap(f) == nil {
		s.sub.wake()
	}
}

func (s *Subscription) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Next waits for a state that was not fetched yet, and returns the newest one of its application. When
// several applications have one, they take turns. Next returns ctx's error when ctx ends, and ErrClosed
// after Close.
func (s *Subscription) Next(ctx context.Context) (Frame, error) {
	for {
		if s.closed.Load() {
			return Frame{}, ErrClosed
		}
		if f := s.take(); f != nil {
			return *f, nil
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return Frame{}, ctx.Err()
		}
	}
}

func (s *Subscription) take() *Frame {
	slots := *s.slots.Load()
	for range slots {
		s.cursor = (s.cursor + 1) % len(slots)
		if f := slots[s.cursor].frame.Swap(nil); f != nil {
			return f
		}
	}
	return nil
}

// Close ends the subscription and wakes whoever waits in Next. Closing twice does nothing.
func (s *Subscription) Close() {
	if s.closed.Swap(true) {
		return
	}
	s.hub.drop(s)
	s.wake()
}
