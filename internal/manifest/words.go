package manifest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"znkr.io/diff"
)

// Beyond these, words are not compared: nobody reads marks in such texts, and it would cost time.
const (
	wordRunLimit  = 200   // lines that were replaced in one go
	wordLineLimit = 2_000 // bytes of a line
)

// markWords marks the words that differ between each removed line and the added one that replaces it.
func markWords(removed, added []DiffLine) {
	if len(removed) > wordRunLimit || len(added) > wordRunLimit {
		return
	}
	if len(removed) == len(added) {
		for i := range removed {
			markPair(&removed[i], &added[i])
		}
		return
	}
	next := 0
	for i := range removed {
		for j := next; j < len(added); j++ {
			if sameKey(removed[i], added[j]) {
				markPair(&removed[i], &added[j])
				next = j + 1
				break
			}
		}
	}
}

// sameKey tells whether both lines are "key: …" with the same key at the same depth.
func sameKey(a, b DiffLine) bool {
	x, _, isKey := strings.Cut(textOf(a), ":")
	y, _, isKeyToo := strings.Cut(textOf(b), ":")
	return isKey && isKeyToo && x == y && a.Indent == b.Indent
}

func textOf(l DiffLine) string {
	if len(l.Spans) == 0 {
		return ""
	}
	return l.Spans[0].Text
}

// markPair marks the words of two lines, unless they have so little in common that one did not become
// the other.
func markPair(a, b *DiffLine) {
	x, y := textOf(*a), textOf(*b)
	if len(x) > wordLineLimit || len(y) > wordLineLimit || x == y {
		return
	}
	var old, now spans
	common := 0
	for _, e := range diff.Edits(tokens(x), tokens(y)) {
		switch e.Op {
		case diff.Match:
			old.add(e.X, false)
			now.add(e.X, false)
			if strings.TrimSpace(e.X) != "" {
				common += len(e.X)
			}
		case diff.Delete:
			old.add(e.X, true)
		case diff.Insert:
			now.add(e.Y, true)
		}
	}
	if common*4 < max(len(x), len(y)) {
		return
	}
	a.Spans, b.Spans = old.joined(), now.joined()
}

type spans []Span

func (s *spans) add(text string, changed bool) {
	if n := len(*s); n > 0 && (*s)[n-1].Changed == changed {
		(*s)[n-1].Text += text
		return
	}
	*s = append(*s, Span{Text: text, Changed: changed})
}

// joined closes gaps of one character between changed words: "1.2.3" is read as one.
func (s spans) joined() []Span {
	var out spans
	for i, sp := range s {
		between := i > 0 && i+1 < len(s) && utf8.RuneCountInString(sp.Text) == 1 && sp.Text != " "
		out.add(sp.Text, sp.Changed || between)
	}
	return out
}

// tokens cuts s into words and single other characters.
func tokens(s string) []string {
	var out []string
	start, inWord := 0, false
	for i, r := range s {
		word := r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
		if i > 0 && !(word && inWord) {
			out = append(out, s[start:i])
			start = i
		}
		inWord = word
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
