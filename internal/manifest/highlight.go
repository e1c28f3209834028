package manifest

import "strings"

// Class is what a token is, by the names that syntax colours commonly have.
type Class string

// The classes.
const (
	ClassKey         Class = "nt"
	ClassText        Class = "l"
	ClassQuoted      Class = "s2"
	ClassNumber      Class = "m"
	ClassWord        Class = "kc" // true, false, null
	ClassComment     Class = "c1"
	ClassPunctuation Class = "p"
	ClassNone        Class = "" // spaces
)

// Lexeme is a piece of a line.
type Lexeme struct {
	Class Class
	Text  string
}

// Line is one line of YAML for display. The texts of its tokens, joined, are the line without its end.
type Line []Lexeme

// Highlight cuts YAML into coloured tokens. It knows the canonical form that YAML writes; other text
// comes out whole, if perhaps in the wrong colour. It reads each byte once or twice, because the
// manifests beside a form are drawn anew at every pause in typing.
func Highlight(text string) []Line {
	rows := splitLines(text)
	lines := make([]Line, 0, len(rows))
	h := highlighter{block: -1}
	for _, row := range rows {
		lines = append(lines, h.line(row))
	}
	return lines
}

// highlighter remembers the literal block in which the next line may be.
type highlighter struct {
	block int // column of the key or dash that the block belongs to; -1 outside of one
}

func (h *highlighter) line(s string) Line {
	body := strings.TrimLeft(s, " ")
	column := len(s) - len(body)
	if h.block >= 0 && (body == "" || column > h.block) {
		return Line(nil).with(ClassNone, s[:column]).with(ClassText, body)
	}
	h.block = -1
	out := Line(nil).with(ClassNone, s[:column])
	if strings.HasPrefix(body, "#") {
		return out.with(ClassComment, body)
	}
	if column == 0 && (body == "---" || body == "...") {
		return out.with(ClassPunctuation, body)
	}
	owner := column
	for strings.HasPrefix(body, "- ") {
		out = out.with(ClassPunctuation, "- ")
		owner, body, column = column, body[2:], column+2
	}
	if body == "-" {
		return out.with(ClassPunctuation, body)
	}
	if end := keyEnd(body); end > 0 {
		owner = column
		out = out.with(ClassKey, body[:end]).with(ClassPunctuation, ":")
		body = body[end+1:]
	}
	return h.value(out, body, owner)
}

// keyEnd is where the colon of "key: value" stands in s, or -1.
func keyEnd(s string) int {
	from := 0
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if from = quoteEnd(s); from < 0 {
			return -1
		}
		if from == len(s) || s[from] != ':' {
			return -1
		}
	}
	if i := strings.Index(s[from:], ": "); i >= 0 {
		return from + i
	}
	if strings.HasSuffix(s, ":") && len(s) > 1 {
		return len(s) - 1
	}
	return -1
}

// quoteEnd is the place behind the quote that ends what s begins with, or -1.
func quoteEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[0] == '"' && s[i] == '\\':
			i++
		case s[i] == s[0] && s[0] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return -1
}

func (h *highlighter) value(out Line, s string, owner int) Line {
	v := strings.TrimLeft(s, " ")
	out = out.with(ClassNone, s[:len(s)-len(v)])
	switch {
	case v == "":
		return out
	case v[0] == '"' || v[0] == '\'':
		end := quoteEnd(v)
		if end < 0 {
			end = len(v)
		}
		return out.with(ClassQuoted, v[:end]).rest(v[end:])
	case v[0] == '#':
		return out.with(ClassComment, v)
	case isBlockHeader(v):
		h.block = owner
		return out.with(ClassPunctuation, v)
	case v == "{}" || v == "[]":
		return out.with(ClassPunctuation, v)
	}
	end := len(v)
	if i := strings.Index(v, " #"); i >= 0 {
		end = i
	}
	return out.with(classOf(v[:end]), v[:end]).rest(v[end:])
}

func isBlockHeader(v string) bool {
	return (v[0] == '|' || v[0] == '>') && strings.Trim(v[1:], "+-0123456789") == ""
}

func classOf(v string) Class {
	if v == "" {
		return ClassNone
	}
	resolved, ok := resolve(v)
	switch resolved.(type) {
	case string:
		return ClassText
	case int64, float64:
		return ClassNumber
	default:
		if !ok {
			return ClassNumber
		}
		return ClassWord
	}
}

// rest adds what follows a value: a comment, or nothing that canonical YAML has.
func (l Line) rest(s string) Line {
	trimmed := strings.TrimLeft(s, " ")
	return l.with(ClassNone, s[:len(s)-len(trimmed)]).with(restClass(trimmed), trimmed)
}

func restClass(s string) Class {
	if strings.HasPrefix(s, "#") {
		return ClassComment
	}
	return ClassText
}

func (l Line) with(c Class, text string) Line {
	if text == "" {
		return l
	}
	return append(l, Lexeme{Class: c, Text: text})
}
