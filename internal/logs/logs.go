// Package logs reads what containers write, several of them as one text: Tail gives the end of it as it
// is, Follow what comes from then on.
//
// Lines arrive from an Open as the kubelet gives them with timestamps=true: an RFC 3339 time, a space,
// and what the container wrote. What a container writes is not trusted. A line is cut at MaxLine, and
// what a terminal would obey (control characters, escape sequences) or what is no text is taken out or
// written out, so that a line on a page or in a file is what it looks like.
//
// Everything is bounded: how much is read of one container, how much is kept of all of them, and how
// much waits for a reader that is slow. What does not fit is left out from the oldest on, and counted.
// Nothing is kept once it was given.
package logs

import (
	"cmp"
	"context"
	"io"
	"time"
)

// Bounds of what is read and kept.
const (
	MaxLine    = 16 << 10 // bytes of one line; the rest of it is counted
	MaxKept    = 4 << 20  // bytes of the lines of one Tail
	MaxRead    = 32 << 20 // bytes read of one container for one Tail
	MaxWaiting = 1 << 20  // bytes of lines that wait for the reader of one Follower
	MaxLines   = 2000     // lines of one Tail, and lines that wait
	MaxSources = 20       // containers read at once; see Choose for what is done with more
)

// Source is the output of one container.
type Source struct {
	Namespace, Pod, Container string
	// Previous asks for the container before its last restart instead of the one of now.
	Previous bool
	// Label tells the source's lines from those of others; empty where there is one source only.
	Label string
}

// name is how notes call the source.
func (s Source) name() string { return cmp.Or(s.Label, s.Pod) }

// key is the source whatever it is called.
func (s Source) key() Source {
	s.Label = ""
	return s
}

// Ask says which part of a Source is wanted.
type Ask struct {
	Tail   int       // at most that many lines from the end; 0 for all
	Since  time.Time // nothing from before this second; zero for no limit
	Follow bool      // goes on with what is written later, until the container ends
}

// Open begins to read a source. The reader is closed by the caller and ends with ctx. The error is an
// *Unreadable if there is a reason to tell; any other is told as "cannot be read at present".
type Open func(ctx context.Context, s Source, a Ask) (io.ReadCloser, error)

// Unreadable is why nothing can be read of a source.
type Unreadable struct {
	Sentence string // after the source's name: "has not started yet"
	// Gone tells that there will never be anything: the pod is deleted, or nothing is kept.
	Gone bool
}

// Error is the sentence.
func (e *Unreadable) Error() string { return "logs: the container " + e.Sentence }

// Line is one line of a log, or a note about it.
type Line struct {
	// Time is when the container wrote it, by its node's clock; zero for a note.
	Time time.Time
	From string // the Label of its source
	Text string // harmless: see Clean
	Cut  int    // how many bytes are left out at its end
	// Note marks what no container wrote: it says what the log cannot, e.g. that a pod has gone.
	Note bool
}

// size is what a line costs in memory, about.
func (l Line) size() int { return len(l.Text) + 64 }
