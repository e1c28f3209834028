package kube

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How often a cluster is asked whether it is there, and how soon again after it was not.
const (
	lookEvery = 2 * time.Second
	lookAgain = 500 * time.Millisecond
)

var errNotAsked = errors.New("the cluster was not asked yet")

// link knows whether a cluster can be reached and whether what is watched there is up to date. While
// it cannot be reached the watches wait at the gate instead of trying with ever longer pauses, so
// that they go on at once when it is back.
type link struct {
	check   func(context.Context) error
	changed func() // called, without the lock held, when synced or since may have changed
	kick    chan struct{}

	mu     sync.Mutex
	err    error         // why it cannot be reached
	since  time.Time     // of the last change of synced
	synced bool          //
	open   chan struct{} // closed while it can be reached
	kinds  map[string]kindState
}

// kindState is how the watch of one kind is doing.
type kindState struct {
	listed bool
	err    error // why it is not watched at present
}

func newLink(check func(context.Context) error, changed func()) *link {
	return &link{
		check: check, changed: changed, kick: make(chan struct{}, 1),
		err: errNotAsked, since: time.Now(), open: make(chan struct{}), kinds: map[string]kindState{},
	}
}

// run asks until ctx ends.
func (l *link) run(ctx context.Context) {
	for {
		pause := lookEvery
		if !l.look(ctx) {
			pause = lookAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		case <-l.kick:
		}
	}
}

// look asks, and a second time if there was no good answer, so that one lost packet is not an outage.
func (l *link) look(ctx context.Context) bool {
	err := l.check(ctx)
	if err != nil && ctx.Err() == nil {
		err = l.check(ctx)
	}
	if ctx.Err() == nil {
		l.reached(err)
	}
	return err == nil
}

// reached records whether the cluster could be reached.
func (l *link) reached(err error) {
	l.update(func() {
		was := l.err == nil
		l.err = err
		switch {
		case err == nil && !was:
			close(l.open)
		case err != nil && was:
			l.open = make(chan struct{})
		}
	})
}

// watched records whether the watch of a kind works.
func (l *link) watched(kind string, err error) {
	l.update(func() { l.kinds[kind] = kindState{l.kinds[kind].listed, err} })
	if err == nil {
		return
	}
	select {
	case l.kick <- struct{}{}: // it may be the whole cluster
	default:
	}
}

// hasListed records that all objects of a kind are known.
func (l *link) hasListed(kind string) {
	l.update(func() { l.kinds[kind] = kindState{listed: true} })
}

func (l *link) expect(kind string) { l.kinds[kind] = kindState{} }

func (l *link) update(change func()) {
	l.mu.Lock()
	before, settledBefore := l.synced, l.isSettled()
	change()
	l.synced = l.err == nil && l.isCurrent()
	if l.synced != before {
		l.since = time.Now()
	}
	tell := l.synced != before || l.isSettled() != settledBefore
	l.mu.Unlock()
	if tell {
		l.changed()
	}
}

func (l *link) isCurrent() bool {
	for _, k := range l.kinds {
		if !k.listed || k.err != nil {
			return false
		}
	}
	return true
}

func (l *link) isSettled() bool {
	for _, k := range l.kinds {
		if !k.listed && k.err == nil {
			return false
		}
	}
	return true
}

// settled tells whether each kind was listed once or cannot be. Before that, what is known of an
// application is a part that would be judged wrongly.
func (l *link) settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isSettled()
}

// state tells whether all that is watched is up to date, since when that is so or not so, and why not.
func (l *link) state() (synced bool, since time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false, l.since, l.err
	}
	for _, k := range l.kinds {
		if k.err != nil {
			return false, l.since, k.err
		}
	}
	return l.synced, l.since, nil
}

// wait returns when the cluster can be reached, or with ctx's error.
func (l *link) wait(ctx context.Context) error {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
