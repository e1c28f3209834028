package author

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// positions are the lines of a JSON text: by JSON pointer (RFC 6901), the line of each member's name and
// of each item.
type positions struct {
	text   []byte
	lines  map[string]int
	twice  []string // pointers of members that stand twice
	failed error
	at     int // line of the failure
}

const positionDepth = 200

func readPositions(text []byte) *positions {
	p := &positions{text: text, lines: map[string]int{"": 1}}
	d := json.NewDecoder(bytes.NewReader(text))
	p.failed = p.value(d, "", 0)
	if p.failed == nil {
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			p.failed = errors.New("something follows after the end of the object")
		}
	}
	if p.failed != nil {
		p.at = p.failedAt(d)
	}
	return p
}

// failedAt is the line to which the decoder came.
func (p *positions) failedAt(d *json.Decoder) int {
	offset := d.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(p.failed, &syntax) {
		offset = max(offset, syntax.Offset)
	}
	return p.line(offset)
}

func (p *positions) line(offset int64) int {
	return 1 + bytes.Count(p.text[:min(int(offset), len(p.text))], []byte("\n"))
}

// next is the line at which the next token begins.
func (p *positions) next(d *json.Decoder) int {
	i := int(d.InputOffset())
	for i < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[i]) >= 0 {
		i++
	}
	return p.line(int64(i))
}

func (p *positions) value(d *json.Decoder, at string, depth int) error {
	if depth > positionDepth {
		return errors.New("it is nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	for i := 0; d.More(); i++ {
		line, key := p.next(d), strconv.Itoa(i)
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			key, _ = k.(string)
		}
		here := at + "/" + escape(key)
		if _, again := p.lines[here]; again {
			p.twice = append(p.twice, here)
		}
		p.lines[here] = line
		if err := p.value(d, here, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// of is the line of a pointer, or of the nearest that it is in.
func (p *positions) of(pointer string) int {
	for {
		if n, ok := p.lines[pointer]; ok {
			return n
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return 0
		}
		pointer = pointer[:i]
	}
}

// lineOf is the first line that holds a text, or 0.
func (p *positions) lineOf(text string) int {
	i := bytes.Index(p.text, []byte(text))
	if text == "" || i < 0 {
		return 0
	}
	return p.line(int64(i))
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func last(pointer string) string {
	s := pointer[strings.LastIndexByte(pointer, '/')+1:]
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
}

// exactly decodes JSON with its numbers as they are written.
func exactly(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	return m, nil
}
