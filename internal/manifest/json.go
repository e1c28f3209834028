package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errNotJSON means that the text may still be YAML, whose maps can begin with a brace too.
var errNotJSON = errors.New("not JSON")

// jsonDocuments reads JSON values that follow each other. encoding/json alone would let the last of
// two equal keys win unseen, so the tokens are put together here.
func jsonDocuments(text []byte) ([]document, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var docs []document
	line, counted := 1, 0 // lines are counted once, however many documents there are
	for n := 1; ; n++ {
		start := skipSpace(text, int(dec.InputOffset()))
		line, counted = line+bytes.Count(text[counted:start], []byte("\n")), start
		p := jsonParser{dec: dec, text: text, document: n}
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, errNotJSON
		}
		v, err := p.value(tok, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, document{number: n, line: line, value: v})
	}
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
		i++
	}
	return i
}

type jsonParser struct {
	dec      *json.Decoder
	text     []byte
	document int
}

func (p *jsonParser) fail(format string, args ...any) error {
	line := lineAt(p.text, int(p.dec.InputOffset()))
	return &DecodeError{Document: p.document, Line: line, Message: fmt.Sprintf(format, args...)}
}

func (p *jsonParser) next() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, errNotJSON
	}
	return tok, nil
}

func (p *jsonParser) value(tok json.Token, depth int) (any, error) {
	if depth > DepthLimit {
		return nil, p.fail("it is nested more than %d levels deep", DepthLimit)
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return p.object(depth)
		}
		return p.array(depth)
	case json.Number:
		return p.number(t)
	case string:
		if strings.IndexByte(t, 0) >= 0 {
			return nil, p.fail("a text holds a NUL")
		}
		return t, nil
	default:
		return t, nil // bool, nil
	}
}

func (p *jsonParser) number(n json.Number) (any, error) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || !strings.ContainsAny(n.String(), ".eE") {
		return nil, p.fail("the number %s is too large", n)
	}
	return wholeNumber(f), nil
}

func (p *jsonParser) object(depth int) (any, error) {
	out := map[string]any{}
	for {
		tok, err := p.next()
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return out, nil // the closing brace
		}
		if _, twice := out[key]; twice {
			return nil, p.fail("the key %q stands twice", key)
		}
		if strings.IndexByte(key, 0) >= 0 {
			return nil, p.fail("a key holds a NUL")
		}
		if tok, err = p.next(); err != nil {
			return nil, err
		}
		if out[key], err = p.value(tok, depth+1); err != nil {
			return nil, err
		}
	}
}

func (p *jsonParser) array(depth int) (any, error) {
	out := []any{}
	for {
		tok, err := p.next()
		if err != nil {
			return nil, err
		}
		if tok == json.Delim(']') {
			return out, nil
		}
		v, err := p.value(tok, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}
