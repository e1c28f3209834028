package manifest

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// words are the plain scalars that YAML 1.1 reads as something else than text. Kubernetes' own tools
// read YAML 1.1, so "on" is a boolean to them, and to Decode.
var words = map[string]any{
	"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil,
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true,
	"true": true, "True": true, "TRUE": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false,
	"false": false, "False": false, "FALSE": false, "off": false, "Off": false, "OFF": false,
}

var decimalFloat = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// resolve tells what a plain scalar means, as sigs.k8s.io/yaml has it: nil, a bool, an int64, a
// float64 or the text itself. ok is false for a number that JSON, or 64 bits, cannot hold.
func resolve(s string) (v any, ok bool) {
	if v, found := words[s]; found {
		return v, true
	}
	switch c := s[0]; {
	case c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9'):
		return resolveNumber(s)
	default:
		return s, true
	}
}

func resolveNumber(s string) (v any, ok bool) {
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case ".inf", ".nan":
		return nil, false
	}
	plain := strings.ReplaceAll(s, "_", "")
	if s[0] == '.' {
		plain = s // a number that begins with a dot has no underscores
	}
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return i, true
	}
	if _, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return nil, false
	}
	if !decimalFloat.MatchString(plain) {
		return s, true
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return s, true
	}
	return wholeNumber(f), true
}

// wholeNumber makes an integer of a float that is one, as it becomes on its way through JSON.
func wholeNumber(f float64) any {
	const exact = 1 << 53
	if f == math.Trunc(f) && math.Abs(f) <= exact {
		return int64(f)
	}
	return f
}

var (
	// sexagesimal is a number of YAML 1.1 in base 60, such as 10:30.
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	datelike    = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}`)
)

// ambiguous tells whether some YAML parser would not read plain s as text.
func ambiguous(s string) bool {
	switch lower := strings.ToLower(s); lower {
	case "", "~", "null", "y", "yes", "true", "on", "n", "no", "false", "off", "=", "<<",
		".inf", "+.inf", "-.inf", ".nan":
		return true
	}
	if c := s[0]; c != '.' && c != '+' && c != '-' && (c < '0' || c > '9') {
		return false
	}
	plain := strings.ReplaceAll(s, "_", "")
	_, err := strconv.ParseInt(plain, 0, 64)
	if err == nil || outOfRange(err) {
		return true
	}
	_, err = strconv.ParseFloat(plain, 64)
	return err == nil || outOfRange(err) || sexagesimal.MatchString(s) || datelike.MatchString(s)
}

func outOfRange(err error) bool { return errors.Is(err, strconv.ErrRange) }

// plainSafe tells whether s can stand without quotes in block context.
func plainSafe(s string) bool {
	if ambiguous(s) || needsEscape(s) || s[0] == ' ' || s[len(s)-1] == ' ' || s[len(s)-1] == ':' {
		return false
	}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		return false
	}
	if s[0] == '-' && (len(s) == 1 || s[1] == ' ') {
		return false
	}
	return !strings.ContainsRune("?:,[]{}#&*!|>'\"%@`", rune(s[0])) &&
		!strings.Contains(s, ": ") && !strings.Contains(s, " #")
}

// literalSafe tells whether s is text of several lines that a literal block holds byte for byte. A
// first line that is empty or indented, and blanks at the very end, are where parsers differ.
func literalSafe(s string) bool {
	if !strings.Contains(s, "\n") || !utf8.ValidString(s) || strings.ContainsAny(s[:1], " \t\n") {
		return false
	}
	if last := s[len(s)-1]; last == ' ' || last == '\t' {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && unseen(r) {
			return false
		}
	}
	return !blankLine(s)
}

// blankLine tells whether a line of s is nothing but blanks.
func blankLine(s string) bool {
	for line := range strings.Lines(s) {
		if line != "\n" && strings.Trim(line, " \t\n") == "" {
			return true
		}
	}
	return false
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// needsEscape tells whether s has a character that only double quotes can hold or show.
func needsEscape(s string) bool {
	for _, r := range s {
		if unseen(r) {
			return true
		}
	}
	return false
}

// unseen tells whether r cannot be seen, or moves what stands around it: controls, line and paragraph
// separators, spaces that look like another, joiners and marks of direction. They are escaped, so
// that what a person signs is what they read. The list is fixed, not unicode.IsPrint, whose answer
// comes with Go's version.
func unseen(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0xa0, r == 0xad, r == 0x34f, r == 0x61c, r == 0x180e:
		return true
	case r < 0x2000:
		return false
	case r <= 0x200f, r >= 0x2028 && r <= 0x202f, r >= 0x205f && r <= 0x206f, r == 0x3000, r == 0xfeff:
		return true
	case r >= 0xfff9 && r <= 0xfffc, r&0xfffe == 0xfffe, r >= 0xe0000 && r <= 0xe01ef, r >= 0xf0000:
		return true
	}
	return false
}
