package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// LineLimit is the most bytes of a line of an export.
const LineLimit = 64 << 10

// ErrLineTooLong is returned for a line of more than LineLimit bytes.
var ErrLineTooLong = fmt.Errorf("the line is longer than %d KiB", LineLimit>>10)

type jsonEncoder struct {
	buf *bufio.Writer
	enc *json.Encoder
}

// NewJSONLines writes entries as JSON, one a line, with all that is needed to verify them.
func NewJSONLines(w io.Writer) Encoder {
	buf := bufio.NewWriterSize(w, 32<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &jsonEncoder{buf: buf, enc: enc}
}

// Encode writes one line.
func (j *jsonEncoder) Encode(e Entry) error { return j.enc.Encode(e) }

// Flush writes out what is buffered.
func (j *jsonEncoder) Flush() error { return j.buf.Flush() }

// Decoder reads JSON lines in constant memory.
type Decoder struct {
	r    *bufio.Reader
	line int
}

// NewDecoder reads what NewJSONLines wrote.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: bufio.NewReaderSize(r, LineLimit)} }

// Line is the number of the line that was read last, from 1.
func (d *Decoder) Line() int { return d.line }

// LineError says that a line is not an entry. The lines after it can be read.
type LineError struct {
	Line int
	Err  error
}

// Error names the line.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Next gives the next entry; empty lines are passed over. It returns io.EOF at the end, a *LineError
// for a line that is no entry, and what the reader returned if that failed.
func (d *Decoder) Next() (Entry, error) {
	for {
		line, err := d.read()
		if err != nil {
			return Entry{}, err
		}
		if len(line) == 0 {
			continue
		}
		e, err := decodeEntry(line)
		if err != nil {
			return Entry{}, &LineError{Line: d.line, Err: err}
		}
		return e, nil
	}
}

func (d *Decoder) read() ([]byte, error) {
	line, err := d.r.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, err
	}
	d.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = d.r.ReadSlice('\n')
		}
		return nil, &LineError{Line: d.line, Err: ErrLineTooLong}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return bytes.TrimSpace(line), nil
}

func decodeEntry(line []byte) (Entry, error) {
	if !utf8.Valid(line) { // encoding/json would replace what is wrong, and so hide it
		return Entry{}, errors.New("this is not UTF-8")
	}
	if err := checkKeys(line); err != nil {
		return Entry{}, err
	}
	var e Entry
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return Entry{}, fmt.Errorf("this is not an entry of the log: %w", err)
	}
	if dec.More() {
		return Entry{}, errors.New("more than one entry stands in the line")
	}
	return e, nil
}

// checkKeys refuses a key that stands twice: programs differ in which of the two they read, so a
// line could show one thing to a person and another to the verifier.
func checkKeys(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	var open []map[string]bool // keys seen in each object that is open; nil for an array
	wantKey := false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("this is not JSON: %w", err)
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		if key, ok := tok.(string); ok && inObject && wantKey {
			key = strings.ToLower(key) // encoding/json ignores case
			if open[len(open)-1][key] {
				return fmt.Errorf("the key %q stands twice", key)
			}
			open[len(open)-1][key] = true
			wantKey = false
			continue
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		wantKey = len(open) > 0 && open[len(open)-1] != nil
	}
}
