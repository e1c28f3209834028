package handlers

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// sseWriteTimeout is how long one write to a stream may take. A client that reads nothing for so long
// is dropped: it gets a snapshot when it comes back.
const sseWriteTimeout = 10 * time.Second

// sseRetry is after how long the browser connects again when a stream was cut.
const sseRetry = 2 * time.Second

// sseWriter writes server-sent events (WHATWG HTML, section 9.2) to one client. It is for one
// goroutine. An error of any method means that nothing can be written any more: the client has gone,
// or was dropped because it read nothing.
type sseWriter struct {
	w       http.ResponseWriter
	ctl     *http.ResponseController
	timeout time.Duration
	begun   bool
	last    int64 // the identity of the last event
	buf     bytes.Buffer
}

// newSSEWriter makes a stream of the response. Nothing is written before the first event.
func newSSEWriter(w http.ResponseWriter) *sseWriter {
	return &sseWriter{w: w, ctl: http.NewResponseController(w), timeout: sseWriteTimeout}
}

// Message sends an unnamed event. htmx swaps it into the page.
func (s *sseWriter) Message(data []byte) error { return s.Event("", data) }

// MessageAt is Message with an identity of the sender's own: Last-Event-ID of a browser that comes back.
// An empty one leaves the browser's as it is.
func (s *sseWriter) MessageAt(id string, data []byte) error {
	if err := s.begin(); err != nil {
		return err
	}
	appendSSE(&s.buf, id, "", data)
	return s.flush()
}

// Event sends a named event. htmx makes it a DOM event of that name.
func (s *sseWriter) Event(name string, data []byte) error {
	if err := s.begin(); err != nil {
		return err
	}
	// Identities grow over streams and restarts, so that they say which of two events is newer.
	s.last = max(s.last+1, time.Now().UnixMilli())
	appendSSE(&s.buf, strconv.FormatInt(s.last, 10), name, data)
	return s.flush()
}

// Comment sends something that browsers ignore, so that proxies keep a quiet stream open and a client
// that has gone is noticed.
func (s *sseWriter) Comment(text string) error {
	if err := s.begin(); err != nil {
		return err
	}
	s.buf.WriteString(": " + oneLine(text) + "\n\n")
	return s.flush()
}

// begin sets the headers. A response that cannot be given deadlines is refused before anything is
// written: a stream that a wrapper holds back would only look alive.
func (s *sseWriter) begin() error {
	if s.begun {
		return nil
	}
	if err := s.ctl.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return fmt.Errorf("handlers: this response cannot be streamed: %w", err)
	}
	// The server's read timeout is for whole requests too: when it passes, net/http takes the client for
	// gone and cancels the request's context.
	if err := s.ctl.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("handlers: this response cannot be streamed: %w", err)
	}
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for a full buffer
	s.w.WriteHeader(http.StatusOK)
	fmt.Fprintf(&s.buf, "retry: %d\n\n", sseRetry.Milliseconds())
	s.begun = true
	return nil
}

// flush sends what is in the buffer, with a deadline of its own: the server's write timeout is for
// whole responses, and would end every stream.
func (s *sseWriter) flush() error {
	defer s.buf.Reset()
	if err := s.ctl.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	return s.ctl.Flush()
}

// appendSSE appends one event. CR, LF and CRLF in data all end a line, as the format has it, so the
// client gets LF for each; everything else arrives as it is. id and event are cut at the first byte
// that would end their line.
func appendSSE(b *bytes.Buffer, id, event string, data []byte) {
	if id != "" {
		b.WriteString("id: ")
		b.WriteString(oneLine(id))
		b.WriteByte('\n')
	}
	if event != "" {
		b.WriteString("event: ")
		b.WriteString(oneLine(event))
		b.WriteByte('\n')
	}
	for more := true; more; {
		var line []byte
		line, data, more = cutLine(data)
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

// cutLine splits data at its first CR, LF or CRLF. more is false when there is none.
func cutLine(data []byte) (line, rest []byte, more bool) {
	i := bytes.IndexAny(data, "\r\n")
	if i < 0 {
		return data, nil, false
	}
	rest = data[i+1:]
	if data[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return data[:i], rest, true
}

// oneLine is s up to its first line end or NUL; with a NUL in it a browser would ignore the id.
func oneLine(s string) string {
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' || s[i] == 0 {
			return s[:i]
		}
	}
	return s
}
