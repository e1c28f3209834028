package audit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most bytes of the other texts of an entry. They keep a line of an export below LineLimit,
// whatever a provider or a browser sends.
const (
	UserAgentLimit = 200
	FieldLimit     = 512
)

// Tidy brings e within its limits: texts are cut at a rune and end in "…", control characters and
// marks of direction become spaces, and what is not UTF-8 becomes U+FFFD. Doing it twice changes nothing.
func Tidy(e Entry) Entry {
	for _, s := range []*string{
		&e.Actor.Issuer, &e.Actor.Subject, &e.Actor.Name, &e.Actor.Email,
		(*string)(&e.Action), (*string)(&e.Outcome), &e.Target.Team, &e.Target.Environment,
		&e.Application, &e.Object, &e.Digest, &e.RanAs, &e.Request.ID, &e.Request.RemoteIP,
	} {
		*s = cut(visible(*s), FieldLimit)
	}
	e.Request.UserAgent = cut(visible(e.Request.UserAgent), UserAgentLimit)
	e.Detail = cut(visible(e.Detail), DetailLimit)
	return e
}

// visible replaces what cannot be seen, or would disturb what stands around it, by spaces.
func visible(s string) string {
	if printable(s) || (strings.IndexFunc(s, disturbs) < 0 && utf8.ValidString(s)) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if disturbs(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// printable tells whether s is nothing but printable ASCII, as nearly all texts are: an export of a
// million entries asks this twenty million times.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func disturbs(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || unicode.Is(unicode.Bidi_Control, r)
}

func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}
