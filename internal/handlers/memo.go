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
