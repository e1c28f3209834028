package change

import "sync"

// AnyChange subscribes to all changes.
const AnyChange int64 = 0

// Feed tells who wants to know that something about a change was committed. It carries no content:
// whoever is woken reads the store, so that what is shown is what is true. A subscriber's slot holds
// one wake-up; a slow one loses none that matters and holds up nobody.
type Feed struct {
	mu   sync.Mutex
	seq  uint64
	subs map[topic]map[chan struct{}]struct{}

	listeners map[int]func(AppKey)
	listener  int // the number of the last one
}

// topic is a change by its id, or all changes of an application.
type topic struct {
	id  int64
	app AppKey
}

// NewFeed makes an empty feed.
func NewFeed() *Feed { return &Feed{subs: map[topic]map[chan struct{}]struct{}{}} }

// Subscribe gives a channel that receives after each commit about change id, or about any change for
// AnyChange. The function ends the subscription; the channel is never closed.
func (f *Feed) Subscribe(id int64) (<-chan struct{}, func()) { return f.subscribe(topic{id: id}) }

// SubscribeApp is Subscribe for the changes of one application.
func (f *Feed) SubscribeApp(app AppKey) (<-chan struct{}, func()) {
	return f.subscribe(topic{app: app})
}

func (f *Feed) subscribe(t topic) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs[t] == nil {
		f.subs[t] = map[chan struct{}]struct{}{}
	}
	f.subs[t][ch] = struct{}{}
	return ch, func() { f.unsubscribe(t, ch) }
}

func (f *Feed) unsubscribe(t topic, ch chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.subs[t], ch)
	if len(f.subs[t]) == 0 {
		delete(f.subs, t)
	}
}

// Listen has fn called for each commit about a change, with its application, until the function that it
// returns was called. fn must be quick, and must not call the Feed.
func (f *Feed) Listen(fn func(AppKey)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners = map[int]func(AppKey){}
	}
	f.listener++
	n := f.listener
	f.listeners[n] = fn
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, n)
	}
}

// Publish wakes the subscribers of change id, of its application, and of AnyChange.
func (f *Feed) Publish(id int64, app AppKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	for _, t := range []topic{{id: id}, {app: app}, {id: AnyChange}} {
		for ch := range f.subs[t] {
			wake(ch)
		}
	}
	for _, fn := range f.listeners {
		fn(app)
	}
}

// Seq grows with each Publish.
func (f *Feed) Seq() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seq
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
