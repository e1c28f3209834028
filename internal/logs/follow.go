package logs

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How a source is read again after its stream has ended, and how long one that is no longer asked for
// may still say its last words.
const (
	againSoon  = time.Second
	againLater = 15 * time.Second
	lastWords  = 3 * time.Second
)

// Follower reads what sources write, as they write it. Set says which sources, as often as they change,
// and Next gives what came. One goroutine at a time may call Set and Next.
type Follower struct {
	open  Open
	since time.Time // what is older was seen already
	ctx   context.Context
	stop  context.CancelFunc
	all   sync.WaitGroup
	reads map[Source]*reading // by Source.key
	begun bool                // the first Set has been

	mu      sync.Mutex
	waiting []Line
	size    int
	leftOut int
	said    map[string]string // the last note about a source, if nothing came of it since; by Label
	news    chan struct{}     // holds a token while something waits
}

// reading is the reading of one source.
type reading struct {
	source Source
	cancel context.CancelFunc
	timer  *time.Timer // runs once the source is no longer asked for
}

// Batch is what came since the last Next.
type Batch struct {
	Lines []Line
	// LeftOut is how many lines before the first one the reader was too slow for.
	LeftOut int
}

// Follow prepares to read. since is the time of the newest line that was seen already; if it is zero,
// the last lines of the sources come first. Close must be called when done.
func Follow(ctx context.Context, open Open, since time.Time) *Follower {
	ctx, stop := context.WithCancel(ctx)
	return &Follower{open: open, since: since, ctx: ctx, stop: stop, reads: map[Source]*reading{}, said: map[string]string{}, news: make(chan struct{}, 1)}
}

// Close ends all reading and returns when it has ended.
func (f *Follower) Close() {
	f.stop()
	for _, r := range f.reads {
		if r.timer != nil {
			r.timer.Stop()
		}
	}
	f.all.Wait()
}

// Set makes these the sources that are read, at most MaxSources of them. After the first Set, a note says
// which join and which leave.
func (f *Follower) Set(sources []Source) {
	sources, _ = Choose(sources)
	wanted := map[Source]bool{}
	for _, s := range sources {
		k := s.key()
		wanted[k] = true
		if f.reads[k] != nil && f.reads[k].timer == nil {
			continue
		}
		if f.begun {
			f.note(s, "is here now")
		}
		f.start(k, s)
	}
	for k, r := range f.reads {
		switch {
		case wanted[k]:
		case r.timer == nil:
			f.note(r.source, "has gone")
			r.timer = time.AfterFunc(lastWords, r.cancel)
		case len(f.reads) > 4*MaxSources: // many have come and gone
			r.cancel()
			delete(f.reads, k)
		}
	}
	f.begun = true
}

// start reads a source, which may have come back before its last words.
func (f *Follower) start(k, s Source) {
	if r := f.reads[k]; r != nil {
		r.timer.Stop()
		r.cancel()
	}
	ctx, cancel := context.WithCancel(f.ctx)
	f.reads[k] = &reading{source: s, cancel: cancel}
	f.all.Go(func() { f.read(ctx, s) })
}

// Next waits until there is something, and gives all of it. The error is ctx's, or that of the context
// that the Follower was made with.
func (f *Follower) Next(ctx context.Context) (Batch, error) {
	select {
	case <-f.news:
		return f.take(), nil
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	case <-f.ctx.Done():
		return Batch{}, f.ctx.Err()
	}
}

// News holds something while Next would not wait.
func (f *Follower) News() <-chan struct{} { return f.news }

// Take gives what came, which may be nothing.
func (f *Follower) Take() Batch { return f.take() }

func (f *Follower) take() Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := Batch{Lines: f.waiting, LeftOut: f.leftOut}
	f.waiting, f.size, f.leftOut = nil, 0, 0
	return b
}

// put adds a line for the reader, and drops the oldest that it was too slow for. What was said of a source
// is not said again before something else is to be said of it.
func (f *Follower) put(l Line) {
	f.mu.Lock()
	if l.Note && f.said[l.From] == l.Text {
		f.mu.Unlock()
		return
	}
	delete(f.said, l.From)
	if l.Note {
		f.said[l.From] = l.Text
	}
	f.waiting = append(f.waiting, l)
	for f.size += l.size(); f.size > MaxWaiting || len(f.waiting) > MaxLines; f.leftOut++ {
		f.size -= f.waiting[0].size()
		f.waiting = f.waiting[1:]
	}
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

func (f *Follower) note(s Source, text string) { f.put(Line{From: s.name(), Text: text, Note: true}) }

// read follows a source until ctx ends: a container that has ended may be started again.
func (f *Follower) read(ctx context.Context, s Source) {
	cursor := f.since
	for pause := againSoon; ; {
		last, err := f.stream(ctx, s, cursor)
		var u *Unreadable
		switch {
		case ctx.Err() != nil:
			return
		case last.After(cursor):
			cursor, pause = last, againSoon
		case errors.As(err, &u) && u.Gone:
			f.note(s, u.Sentence)
			return
		default:
			pause = min(2*pause, againLater)
		}
		f.note(s, ended(err))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// ended is what is said when nothing more comes of a source.
func ended(err error) string {
	if err == nil {
		return "has ended"
	}
	return why(err)
}

// stream reads what comes after cursor until the container ends, and tells the time of the last line.
// The time in a request has no fractions of a second (metav1.Time), so what was seen of that second is
// skipped here.
func (f *Follower) stream(ctx context.Context, s Source, cursor time.Time) (time.Time, error) {
	ask := Ask{Follow: true, Since: cursor}
	if cursor.IsZero() {
		ask.Tail = MaxLines / MaxSources
	}
	r, err := f.open(ctx, s, ask)
	if err != nil {
		return cursor, err
	}
	defer r.Close()
	defer context.AfterFunc(ctx, func() { r.Close() })()
	lines := newScanner(r, s.Label)
	for last := cursor; ; {
		l, err := lines.next()
		if err != nil {
			return last, nil
		}
		if l.Time.After(last) || l.Time.Equal(last) && last.After(cursor) || l.Time.IsZero() {
			last = l.Time
			f.put(l)
		}
	}
}
