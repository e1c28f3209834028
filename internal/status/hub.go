package status

import (
	"slices"
	"sync"
)

// Hub keeps the newest Snapshot of each application and gives it to whoever subscribed. Publish never
// waits: each subscription has a slot of one for each application, in which a newer state replaces one
// that was not fetched yet. The zero Hub is not usable; see NewHub.
type Hub struct {
	mu       sync.RWMutex
	seq      uint64
	open     int
	latest   map[Key]*Frame
	byKey    map[Key][]*slot
	matching []*Subscription // those with a filter
}

// NewHub returns a Hub that knows no application.
func NewHub() *Hub {
	return &Hub{latest: map[Key]*Frame{}, byKey: map[Key][]*slot{}}
}

// Publish makes s the newest state of its application. s and all in it must not be changed afterwards.
// Any number of goroutines may publish; states of one application arrive in the order of their calls.
func (h *Hub) Publish(s Snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	f := newFrame(s, h.seq)
	h.latest[s.Key] = f
	for _, slot := range h.byKey[s.Key] {
		slot.put(f)
	}
	for _, sub := range h.matching {
		if sub.match(s.Key) {
			sub.slotFor(s.Key).put(f)
		}
	}
}

// Latest returns the newest state of an application, and false if none was published or it was forgotten.
func (h *Hub) Latest(k Key) (Frame, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	f, ok := h.latest[k]
	if !ok {
		return Frame{}, false
	}
	return *f, true
}

// Seq is the number of the newest frame: it grows with each Publish, so that whoever keeps something
// that was made of frames knows whether it is still the newest.
func (h *Hub) Seq() uint64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.seq
}

// Forget drops the application's state when the application is gone. Subscriptions to it stay: it may
// come again. What they have not fetched yet, they still get, so publish the last state first.
func (h *Hub) Forget(k Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.latest, k)
}

// Subscribe gives all states of these applications that are published from now on. Read Latest after
// it, not before, and nothing falls in between; a frame whose Seq is not above that of the one already
// shown can be skipped. Close must be called when done.
func (h *Hub) Subscribe(keys ...Key) *Subscription {
	sub := newSubscription(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open++
	for _, k := range keys {
		h.byKey[k] = append(h.byKey[k], sub.slotFor(k))
	}
	return sub
}

// SubscribeFunc is Subscribe for all applications for which match is true, those to come included.
// match is called while publishing: it must be quick, and must not call the Hub.
func (h *Hub) SubscribeFunc(match func(Key) bool) *Subscription {
	sub := newSubscription(h)
	sub.match = match
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open++
	h.matching = append(h.matching, sub)
	return sub
}

// Subscribers is how many subscriptions are open.
func (h *Hub) Subscribers() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.open
}

func (h *Hub) drop(sub *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	h.matching = slices.DeleteFunc(h.matching, func(s *Subscription) bool { return s == sub })
	for _, s := range *sub.slots.Load() {
		rest := slices.DeleteFunc(h.byKey[s.key], func(o *slot) bool { return o == s })
		if len(rest) == 0 {
			delete(h.byKey, s.key)
		} else {
			h.byKey[s.key] = rest
		}
	}
}
