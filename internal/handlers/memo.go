package handlers

import "sync"

// memo keeps what was drawn of one state of the world, for each class of readers who see the same, so
// that a hundred tabs with the same list cost what one costs.
type memo struct {
	mu    sync.Mutex
	state [2]uint64
	drawn map[string][]byte
}

// get gives what was drawn for the class in this state, or draws it. An error is not kept. One is drawn
// at a time: those who wait mostly wait for the very same.
func (m *memo) get(state [2]uint64, class string, draw func() ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != state || m.drawn == nil {
		m.state, m.drawn = state, map[string][]byte{}
	}
	if b, ok := m.drawn[class]; ok {
		return b, nil
	}
	b, err := draw()
	if err == nil {
		m.drawn[class] = b
	}
	return b, err
}

// fresh keeps what was read last for each class of readers, with how new it is at least, so that a hundred
// tabs that are woken by one commit read the database once.
type fresh[T any] struct {
	mu   sync.Mutex
	kept map[string]*kept[T]
}

// mostKept is how many classes are remembered before all are forgotten, which costs a few reads.
const mostKept = 1000

type kept[T any] struct {
	mu    sync.Mutex // held while reading: whoever waits wants the very same
	known bool
	seq   uint64
	value T
}

// get gives what was read for the class when seq, which only grows, was what it is or more, or reads it. An
// error is not kept. seq must have been looked up before get is called.
func (f *fresh[T]) get(seq uint64, class string, read func() (T, error)) (T, error) {
	f.mu.Lock()
	if f.kept == nil || len(f.kept) > mostKept {
		f.kept = map[string]*kept[T]{}
	}
	k := f.kept[class]
	if k == nil {
		k = new(kept[T])
		f.kept[class] = k
	}
	f.mu.Unlock()

	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known && k.seq >= seq {
		return k.value, nil
	}
	v, err := read()
	if err == nil {
		k.known, k.seq, k.value = true, seq, v
	}
	return v, err
}
