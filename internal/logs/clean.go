package logs

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes harmless what a container wrote. Escape sequences of terminals (ECMA-48: colours, cursor
// movements, titles, links) are taken out; other control characters, characters that change the
// direction of what follows them, and bytes that are no UTF-8 are written out, e.g. \x07, \u202e, \xff.
// Tabs stay, and so do all letters.
func Clean(line []byte) string {
	if plain(line) {
		return string(line)
	}
	var b strings.Builder
	b.Grow(len(line))
	for len(line) > 0 {
		if n := escape(line); n > 0 {
			line = line[n:]
			continue
		}
		r, n := utf8.DecodeRune(line)
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, line[0])
		case r != '\t' && r < 0x80 && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unseen(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.Write(line[:n])
		}
		line = line[n:]
	}
	return b.String()
}

// plain tells whether a line is printable ASCII and tabs, which most are.
func plain(line []byte) bool {
	for _, c := range line {
		if c != '\t' && (c < 0x20 || c >= 0x7f) {
			return false
		}
	}
	return true
}

// unseen tells whether a character beyond ASCII is not shown as itself: controls, line separators, and
// what turns the direction of text (Unicode Standard Annex 9), with which a line could be made to look
// like another one.
func unseen(r rune) bool {
	switch {
	case r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= '\u200e' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u061c':
		return true
	}
	return r >= 0x80 && unicode.IsControl(r)
}

// escape is the length of the escape sequence that b begins with; 0 if it begins with none. One that
// does not end within the line is taken as far as its introducer.
func escape(b []byte) int {
	if b[0] != 0x1b || len(b) < 2 {
		return 0
	}
	switch c := b[1]; {
	case c == '[': // CSI: parameters and intermediates, then one final byte
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				return i + 1
			}
			if b[i] < 0x20 || b[i] > 0x7e {
				break
			}
		}
		return 2
	case c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_': // strings, ended by BEL or ESC \
		for i := 2; i < len(b); i++ {
			if b[i] == 0x07 {
				return i + 1
			}
			if b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\' {
				return i + 2
			}
		}
		return 2
	case c >= 0x20 && c <= 0x2f && len(b) > 2: // e.g. the choice of a character set
		return 3
	case c >= 0x30 && c <= 0x7e:
		return 2
	}
	return 0
}
