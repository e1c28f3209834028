package change

import (
	"context"
	"sync"
)

// awaitedLimit is how many changes of one worker may wait for gates without holding a place. Each of
// them keeps a lease and three watches; whoever waits beyond that number holds up others.
const awaitedLimit = 200

// places bound how many changes a worker applies at once. A change that waits for a gate does nothing
// but wait, perhaps for hours, so it lends its place to others: one team's migration does not hold up
// another team's deployment. When the wait is over it goes on without asking for a place, since then it
// has the cluster's objects half applied; so for a moment there may be more than places.
type places struct {
	free    chan struct{}
	waiting chan struct{}
}

func newPlaces(n int) *places {
	p := &places{free: make(chan struct{}, n), waiting: make(chan struct{}, awaitedLimit)}
	for range n {
		p.free <- struct{}{}
	}
	return p
}

// take waits for a place; false if ctx ends before there is one.
func (p *places) take(ctx context.Context) (*place, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	select {
	case <-p.free:
		return &place{all: p}, true
	case <-ctx.Done():
		return nil, false
	}
}

// place is one change's.
type place struct {
	all *places

	mu   sync.Mutex
	lent bool
}

// lend gives the place to others until the change has ended, if so many may wait. It may be called
// again and again.
func (p *place) lend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent {
		return
	}
	select {
	case p.all.waiting <- struct{}{}:
		p.lent = true
		p.all.free <- struct{}{}
	default:
	}
}

// leave gives back what the change holds. It is called once.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent {
		<-p.all.waiting
		return
	}
	p.all.free <- struct{}{}
}
