package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/templates"
)

// authorizeEvery is how often a running stream asks whether its reader may still read it.
const authorizeEvery = 3 * time.Second

// errEnded ends a stream whose session or right has ended.
var errEnded = errors.New("handlers: the session has ended")

// stream keeps one page up to date. There is one loop for all streams: what differs is what wakes it
// and what is then sent.
type stream struct {
	// allowed tells whether the reader may still read; it is asked again and again.
	allowed func(context.Context) error
	// wakes each wait until there is something new to draw.
	wakes []func(context.Context) error
	// draw gives the fragments as they are now.
	draw func(context.Context) ([]byte, error)
	// rest is how long to gather news before drawing again.
	rest time.Duration
}

// run sends the fragments as they are, then again after each news, until the reader is gone, may no
// longer read, or the portal shuts down. Whoever subscribed did so before, so nothing falls between. A
// browser that comes back says in Last-Event-ID what it has seen; it gets the state of now, in which
// whatever it missed is contained.
func (s *server) run(c echo.Context, st stream) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	stop := context.AfterFunc(s.Ended, cancel)
	news := make(chan struct{}, 1)
	var waiters sync.WaitGroup
	for _, wait := range st.wakes {
		waiters.Go(func() { relay(ctx, wait, news) })
	}
	defer waiters.Wait()
	defer cancel()
	defer stop()
	return s.pump(ctx, c, newSSEWriter(c.Response()), st, news)
}

// relay turns what a waiter waits for into news, of which one at a time is enough.
func relay(ctx context.Context, wait func(context.Context) error, news chan<- struct{}) {
	for wait(ctx) == nil {
		select {
		case news <- struct{}{}:
		default:
		}
	}
}

// onState waits for a new state of what was subscribed to.
func onState(sub *status.Subscription) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := sub.Next(ctx)
		return err
	}
}

// onCommit waits for a commit, and marks that there was one.
func onCommit(feed <-chan struct{}, mark func()) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-feed:
			mark()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *server) pump(ctx context.Context, c echo.Context, w *sseWriter, st stream, news <-chan struct{}) error {
	beat, check := time.NewTicker(heartbeat), time.NewTicker(authorizeEvery)
	defer beat.Stop()
	defer check.Stop()
	var last []byte
	send := func() error {
		b, err := st.draw(ctx)
		if err != nil || bytes.Equal(b, last) {
			return err
		}
		last = b
		return w.Message(b)
	}
	if err := send(); err != nil {
		return s.streamEnd(ctx, c, w, err)
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-news:
			if err = rest(ctx, st.rest); err == nil {
				err = send()
			}
		case <-beat.C:
			err = w.Comment("ping")
		case <-check.C:
			err = s.authorizeAgain(ctx, c, st)
		}
		if err != nil {
			return s.streamEnd(ctx, c, w, err)
		}
	}
}

// authorizeAgain looks up the session once more, with the rights that it gives now. That it cannot be read
// ends the stream, and not the session.
func (s *server) authorizeAgain(ctx context.Context, c echo.Context, st stream) error {
	me, ok, err := s.Auth.Current(ctx, c.Request())
	switch {
	case err != nil:
		return fmt.Errorf("handlers: a session cannot be read: %w", err)
	case !ok:
		return errEnded
	}
	c.SetRequest(c.Request().WithContext(auth.WithSubject(c.Request().Context(), me)))
	return st.allowed(ctx)
}

// What the event "end" says: why the stream ends.
const (
	endSession = "session" // sign in again
	endGone    = "gone"    // what was shown is not there any more, or not for this person
	endBusy    = "busy"    // there are too many streams; what was sent last says so
)

// streamEnd says why a stream ends, if there is anybody to hear it. A database that is away ends it
// without a word: the browser comes back and is told what is so then. A stream that has not begun gets its
// error as the answer.
func (s *server) streamEnd(ctx context.Context, c echo.Context, w *sseWriter, err error) error {
	var refusal *change.Refusal
	switch {
	case errors.Is(err, errEnded):
		_ = w.Event("end", []byte(endSession))
	case errors.Is(err, change.ErrNotFound), errors.As(err, &refusal):
		_ = w.Event("end", []byte(endGone))
	case !w.begun && ctx.Err() == nil:
		return err
	case ctx.Err() == nil:
		s.Log.DebugContext(ctx, "a stream ended", "id", c.Get(requestIDKey), "err", err)
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *server) liveStream(c echo.Context) error {
	app, err := s.Changes.Application(c.Request().Context(), who(c), appOf(c))
	if err != nil {
		return err
	}
	sub := s.Hub.Subscribe(keyFor(app))
	defer sub.Close()
	feed, stop := s.Feed.SubscribeApp(app.AppKey)
	defer stop()
	d, err := s.liveData(c)
	if err != nil {
		return err
	}
	l := &liveView{s: s, c: c, d: d, app: app}
	return s.run(c, stream{
		allowed: func(context.Context) error {
			return s.Changes.May(who(c), policy.ViewTarget, policy.Resource{Target: app.Target})
		},
		wakes: []func(context.Context) error{onState(sub), onCommit(feed, func() { l.committed.Store(true) }), l.measure()},
		draw:  l.draw,
	})
}

// liveView is what one reader of an application's page sees. The database is asked only when a change
// of the application was committed, once for all who may the same; a new state of the cluster costs one rendering for all readers
// who see the same.
type liveView struct {
	s         *server
	c         echo.Context
	app       change.Application // as it was at the beginning
	d         templates.LiveData
	committed atomic.Bool
	usage     atomic.Pointer[status.Usage]
}

func (l *liveView) draw(ctx context.Context) ([]byte, error) {
	if l.committed.Swap(false) {
		d, err := l.s.lives.get(l.s.Feed.Seq(), l.readers(), func() (templates.LiveData, error) { return l.s.liveData(l.c) })
		if err != nil {
			return nil, err
		}
		l.d = d
	}
	if now := l.usage.Load(); now != nil {
		l.d.Usage = *now
	}
	f, ok := l.s.Hub.Latest(keyFor(l.d.App))
	if !ok {
		l.d.Snapshot = l.s.unseen(l.d.App)
		return fragments(ctx, templates.LiveFragments(templates.Page{Now: time.Now()}, l.d))
	}
	var err error
	b := f.Render(l.class(), func(snap status.Snapshot) []byte {
		l.d.Snapshot = snap
		var b []byte
		b, err = fragments(context.WithoutCancel(ctx), templates.LiveFragments(templates.Page{Now: snap.At}, l.d))
		return b
	})
	return b, err
}

// readers names those who are told the same of the application's changes.
func (l *liveView) readers() string {
	return fmt.Sprintf("%q %t %q", l.app.AppKey, l.d.List, who(l.c).Bindings)
}

// class names all but the snapshot that the fragments depend on: readers of one class see the same.
func (l *liveView) class() string {
	var b strings.Builder
	fmt.Fprintf(&b, "live list=%t may=%t revision=%d usage=%d%s", l.d.List, l.d.CanChange, l.d.App.Revision, l.d.Usage.At.Unix(), l.d.Usage.Problem)
	if n := l.d.Newest; n != nil && n.Watch != nil {
		fmt.Fprintf(&b, " watch=%q", n.Watch.State)
	}
	for _, ch := range l.d.History {
		fmt.Fprintf(&b, " %d/%d", ch.ID, ch.Version)
	}
	return b.String()
}

func (s *server) changeStream(c echo.Context) error {
	ch, err := s.changeAt(c, c.Param("id"))
	if err != nil {
		return err
	}
	feed, stop := s.Feed.Subscribe(ch.ID)
	defer stop()
	return s.run(c, stream{
		allowed: func(context.Context) error {
			return s.Changes.May(who(c), policy.ViewTarget, policy.Resource{Target: ch.App.Target})
		},
		wakes: []func(context.Context) error{onCommit(feed, func() {})},
		draw: func(ctx context.Context) ([]byte, error) {
			now, err := s.Changes.Change(ctx, who(c), ch.ID)
			if err != nil {
				return nil, err
			}
			d := s.changeData(c, now)
			d.Answered = c.QueryParam(streamAnswered) == strconv.FormatInt(now.Version, 10)
			return fragments(ctx, templates.ChangeFragments(templates.Page{Now: time.Now()}, d))
		},
	})
}

// listEvery is how often the list of applications is drawn anew at most.
const listEvery = 500 * time.Millisecond

func (s *server) applicationsStream(c echo.Context) error {
	me := who(c) // the right to be woken is that of the beginning; what is drawn is that of the moment
	sub := s.Hub.SubscribeFunc(func(k status.Key) bool { return s.sees(me, k) })
	defer sub.Close()
	feed, stop := s.Feed.Subscribe(change.AnyChange)
	defer stop()
	return s.run(c, stream{
		allowed: func(context.Context) error { return nil }, // it shows what one may see at the moment, which may be nothing
		wakes:   []func(context.Context) error{onState(sub), onCommit(feed, func() {})},
		rest:    listEvery,
		draw:    func(ctx context.Context) ([]byte, error) { return s.drawList(ctx, c) },
	})
}

// drawList draws the list once for all who see the same of it. The state is taken before the list is
// read: what comes in between is drawn again.
func (s *server) drawList(ctx context.Context, c echo.Context) ([]byte, error) {
	state := [2]uint64{s.Hub.Seq(), s.Feed.Seq()}
	class := fmt.Sprintf("%q %q", who(c).Bindings, c.QueryString())
	return s.lists.get(state, class, func() ([]byte, error) {
		d, err := s.applicationsData(c)
		if err != nil {
			return nil, err
		}
		return fragments(context.WithoutCancel(ctx), templates.ApplicationsFragments(templates.Page{Now: time.Now()}, d))
	})
}

// sees tells whether a person may see the application with this key.
func (s *server) sees(me policy.Subject, k status.Key) bool {
	for t, place := range s.Changes.Places {
		if place.Cluster == k.Cluster && place.Namespace == k.Namespace {
			return policy.Decide(me, policy.ViewTarget, policy.Resource{Target: t}).Visible
		}
	}
	return false
}

func fragments(ctx context.Context, t templ.Component) ([]byte, error) {
	var b bytes.Buffer
	err := t.Render(ctx, &b)
	return b.Bytes(), err
}
