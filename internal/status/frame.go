package status

import "sync"

// Frame is a Snapshot on its way to the browsers. All subscribers of one event hold the same Frame, so
// that a fragment is rendered once, however many tabs show it.
type Frame struct {
	Snapshot
	// Seq grows with each publication of a Hub. It begins again at 1 when the portal starts, so an
	// identity from a browser may be ahead of it.
	Seq uint64

	rendered *fragments
}

func newFrame(s Snapshot, seq uint64) *Frame {
	return &Frame{Snapshot: s, Seq: seq, rendered: &fragments{}}
}

// Render returns what fn makes of the Snapshot. fn is called once for each class; the other callers
// wait for it and get the same bytes, which must not be changed. class names everything on which the
// bytes depend beside the Snapshot: which fragment it is, and what the reader may do.
func (f Frame) Render(class string, fn func(Snapshot) []byte) []byte {
	if f.rendered == nil { // a Frame that no Hub made
		return fn(f.Snapshot)
	}
	return f.rendered.get(class, func() []byte { return fn(f.Snapshot) })
}

// fragments are the bytes made of one Frame, by class.
type fragments struct {
	mu      sync.Mutex
	byClass map[string]func() []byte
}

func (r *fragments) get(class string, render func() []byte) []byte {
	r.mu.Lock()
	once, ok := r.byClass[class]
	if !ok {
		if r.byClass == nil {
			r.byClass = map[string]func() []byte{}
		}
		once = sync.OnceValue(render)
		r.byClass[class] = once
	}
	r.mu.Unlock()
	return once()
}
