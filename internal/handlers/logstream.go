package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/templates"
)

// followMost is how many logs one person follows at once; followRest is how long lines are gathered
// before they are sent.
const (
	followMost = 8
	followRest = 150 * time.Millisecond
)

// logsStream sends what containers write from a cursor on. The identity of each event is the cursor after
// it, so that a browser whose stream was cut goes on where it was. Pods that come and go while somebody
// looks join and leave.
//
// This is not the loop of the pages that show a state: a state that was missed is contained in the next
// one, and a line is not.
func (s *server) logsStream(c echo.Context) error {
	v, err := s.logView(c)
	if err != nil {
		return err
	}
	done, ok := s.followsMore(who(c).Person)
	if !ok {
		return s.tooManyFollowed(c)
	}
	defer done()
	sub := s.Hub.Subscribe(keyFor(v.app))
	defer sub.Close()
	sources, err := v.sources(s.snapshot(v.app))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(s.Ended, cancel)()
	since := fromCursor(c.Request().Header.Get("Last-Event-ID"), c.QueryParam("since"))
	f := logs.Follow(ctx, v.open, since)
	defer f.Close()
	f.Set(sources)
	l := &logStream{s: s, c: c, v: v, w: newSSEWriter(c.Response()), f: f, cursor: since}
	return s.streamEnd(ctx, c, l.w, l.run(ctx, sub))
}

// tooManyFollowed ends a stream with a sentence instead of lines.
func (s *server) tooManyFollowed(c echo.Context) error {
	w := newSSEWriter(c.Response())
	text := fmt.Sprintf("You follow %d logs at once, so this one is not followed. Close one of the others, and load this page again.", followMost)
	b, err := fragments(c.Request().Context(), templates.LogFragment(templates.Page{Now: time.Now()}, logs.Batch{Lines: []logs.Line{{Text: text, Note: true}}}))
	if err != nil {
		return err
	}
	_ = w.Message(b) // if the reader has gone, there is nobody to tell
	_ = w.Event("end", []byte(endBusy))
	return nil
}

// logStream is one log on its way to one browser.
type logStream struct {
	s      *server
	c      echo.Context
	v      logView
	w      *sseWriter
	f      *logs.Follower
	cursor time.Time // of the newest line that was sent
}

func (l *logStream) run(ctx context.Context, sub *status.Subscription) error {
	states := make(chan status.Snapshot)
	go func() {
		for {
			frame, err := sub.Next(ctx)
			if err != nil {
				return
			}
			select {
			case states <- frame.Snapshot:
			case <-ctx.Done():
				return
			}
		}
	}()
	beat, check := time.NewTicker(heartbeat), time.NewTicker(authorizeEvery)
	defer beat.Stop()
	defer check.Stop()
	if err := l.w.Comment("begins"); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-l.f.News():
			if err = rest(ctx, followRest); err == nil {
				err = l.send(ctx)
			}
		case snap := <-states:
			l.join(snap)
		case <-beat.C:
			err = l.w.Comment("ping")
		case <-check.C:
			err = l.s.authorizeAgain(ctx, l.c, stream{allowed: l.allowed})
		}
		if err != nil {
			return err
		}
	}
}

func (l *logStream) allowed(context.Context) error {
	return l.s.Changes.May(who(l.c), policy.ViewTarget, policy.Resource{Target: l.v.app.Target})
}

// join reads the pods of now. A pod or workload that was chosen and has gone leaves none; what it wrote
// last still comes.
func (l *logStream) join(snap status.Snapshot) {
	sources, err := l.v.sources(snap)
	if err != nil {
		sources = nil
	}
	l.f.Set(sources)
}

// send writes what came, as one event.
func (l *logStream) send(ctx context.Context) error {
	batch := l.f.Take()
	if len(batch.Lines)+batch.LeftOut == 0 {
		return nil
	}
	for _, line := range batch.Lines {
		if line.Time.After(l.cursor) {
			l.cursor = line.Time
		}
	}
	b, err := fragments(ctx, templates.LogFragment(templates.Page{Now: time.Now()}, batch))
	if err != nil {
		return err
	}
	return l.w.MessageAt(cursor(l.cursor), b)
}
