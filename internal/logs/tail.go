package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// atOnce is how many sources of one Tail are read at once.
const atOnce = 8

// Text is the end of a log.
type Text struct {
	Lines []Line // oldest first
	// Notes are what is to be said of sources that could not be read, or not wholly, in order of them.
	Notes []Line
	// LeftOut is how many of the lines that were asked for did not fit.
	LeftOut int
}

// Cursor is the time of the newest line, for Follow to go on from; zero if there is none.
func (t Text) Cursor() time.Time {
	if len(t.Lines) == 0 {
		return time.Time{}
	}
	return t.Lines[len(t.Lines)-1].Time
}

// Tail reads the last n lines of all sources together, in order of time; lines of one source stay in the
// order in which it wrote them. n is brought within 1 and MaxLines. Of more than MaxSources sources the
// first are read, and a note says so. What of the sources cannot be read becomes a note, so there is no
// error; it takes as long as ctx allows.
func Tail(ctx context.Context, open Open, sources []Source, n int) Text {
	n = min(max(n, 1), MaxLines)
	sources, more := Choose(sources)
	parts := make([]part, len(sources))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, s := range sources {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			parts[i].read(ctx, open, s, n)
		})
	}
	all.Wait()
	out := Text{Notes: more}
	for _, p := range parts {
		out.Lines = append(out.Lines, p.lines...)
		out.LeftOut += p.leftOut
		if p.note != "" {
			out.Notes = append(out.Notes, Line{From: p.from, Text: p.note, Note: true})
		}
	}
	slices.SortStableFunc(out.Lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	out.Lines = out.Lines[max(len(out.Lines)-n, 0):]
	out.fit()
	return out
}

// Choose gives the sources that are read at once, and notes about the rest.
func Choose(sources []Source) ([]Source, []Line) {
	if len(sources) <= MaxSources {
		return sources, nil
	}
	return sources[:MaxSources], []Line{{Note: true, Text: fmt.Sprintf(
		"Only %d of %d containers are read at once. Choose a workload or a pod to see the others.", MaxSources, len(sources))}}
}

// fit drops the oldest lines until the rest is within MaxKept.
func (t *Text) fit() {
	size := 0
	for i, l := range slices.Backward(t.Lines) {
		if size += l.size(); size > MaxKept {
			t.LeftOut += i + 1
			t.Lines = slices.Clone(t.Lines[i+1:])
			return
		}
	}
}

// part is what was read of one source.
type part struct {
	from    string
	lines   []Line
	size    int
	leftOut int
	note    string
}

func (p *part) read(ctx context.Context, open Open, s Source, n int) {
	p.from = s.name()
	r, err := open(ctx, s, Ask{Tail: n})
	if err != nil {
		p.note = why(err)
		return
	}
	defer r.Close()
	bounded := &io.LimitedReader{R: r, N: MaxRead}
	lines := newScanner(bounded, s.Label)
	for {
		l, err := lines.next()
		switch {
		case err == nil:
			p.add(l)
		case errors.Is(err, io.EOF) && bounded.N <= 0:
			p.note = fmt.Sprintf("wrote more than %d MiB in these lines; the newest of them are missing. Ask for fewer lines.", MaxRead>>20)
			return
		case errors.Is(err, io.EOF):
			return
		default:
			p.note = "could not be read to the end. Load the page again."
			return
		}
	}
}

// add keeps the newest lines, within the bound for all of them.
func (p *part) add(l Line) {
	p.lines = append(p.lines, l)
	for p.size += l.size(); p.size > MaxKept; p.leftOut++ {
		p.size -= p.lines[0].size()
		p.lines = p.lines[1:]
	}
}

// why is what is said of a source that cannot be read.
func why(err error) string {
	var u *Unreadable
	if errors.As(err, &u) {
		return u.Sentence
	}
	return "cannot be read at present"
}
