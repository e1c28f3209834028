package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// scanner reads lines of any length in constant memory.
type scanner struct {
	r    *bufio.Reader
	from string
	last time.Time // of the line before, for one without a time
	line []byte
}

// prefix is how long the time in front of a line and the space after it may be.
const prefix = 40

func newScanner(r io.Reader, from string) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 32<<10), from: from}
}

// next reads a line. The error is io.EOF after the last one, or the reader's.
func (s *scanner) next() (Line, error) {
	s.line = s.line[:0]
	cut, read := 0, false
	for {
		part, err := s.r.ReadSlice('\n')
		read = read || len(part) > 0
		room := min(MaxLine+prefix-len(s.line), len(part))
		s.line = append(s.line, part[:room]...)
		cut += len(part) - room
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !read {
			return Line{}, err
		}
		if cut > 0 && len(part) > 0 && part[len(part)-1] == '\n' {
			cut--
		}
		return s.parse(cut), nil // an error that came with the last bytes comes again
	}
}

// parse takes the time off the line.
func (s *scanner) parse(cut int) Line {
	text := bytes.TrimSuffix(bytes.TrimSuffix(s.line, []byte("\n")), []byte("\r"))
	l := Line{Time: s.last, From: s.from, Cut: cut}
	if stamp, rest, ok := bytes.Cut(text, []byte(" ")); ok || len(stamp) > 0 {
		if t, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil {
			l.Time, text = t.UTC(), rest
		}
	}
	if more := len(text) - MaxLine; more > 0 {
		text, l.Cut = text[:MaxLine], l.Cut+more
	}
	s.last, l.Text = l.Time, Clean(text)
	return l
}
