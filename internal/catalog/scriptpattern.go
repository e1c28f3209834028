package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// scriptPattern compiles a regular expression by which both the portal and the script of the form judge. It
// refuses what either does not take, and what RE2 (https://github.com/google/re2/wiki/Syntax) and ECMA-262
// (section 22.2.1 with annex B.1.2, without flags) read as different things. Its errors are for the
// template's author.
func scriptPattern(p string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression: %w", p, err)
	}
	if err := forScripts(p); err != nil {
		return nil, fmt.Errorf("%q is no regular expression that browsers know: %w", p, err)
	}
	return re, nil
}

var (
	errFlags   = errors.New("write a group as (?:…), and both cases as [Aa]")
	errFarRune = errors.New("browsers take a character beyond U+FFFF for two")
	// A repetition, as it follows what is repeated.
	repeats = regexp.MustCompile(`^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})`)
	// What Go knows and browsers do not, after a backslash.
	onlyGo = regexp.MustCompile(`^(?:[AzaQpPC0-9]|x\{)`)
)

// forScripts looks through a pattern that Go takes for what browsers do not.
func forScripts(p string) error {
	class := false // within [ ]
	for i := 0; i < len(p); {
		rest := p[i:]
		n := len(step(rest, class))
		switch {
		case rest[0] == '\\' && onlyGo.MatchString(rest[1:]):
			return fmt.Errorf(`browsers do not know \%s so`, onlyGo.FindString(rest[1:]))
		case rest[0] >= 0xF0:
			return errFarRune
		case class:
			if strings.HasPrefix(rest, "[:") {
				return errors.New("browsers do not know [:…:]; write the characters, as in [a-z]")
			}
			class = rest[0] != ']'
		case rest[0] == '[':
			class = true
			if strings.HasPrefix(rest[n:], "]") {
				return errors.New(`write the ] at the beginning of a class as \]`)
			}
		case strings.HasPrefix(rest, "(?") && !strings.HasPrefix(rest, "(?:"):
			return errFlags
		case assertion(rest[:n]) && repeats.MatchString(rest[n:]):
			return fmt.Errorf("nothing is repeated after %s", rest[:n])
		}
		i += n
	}
	return nil
}

// step is what stands at the beginning of a pattern as one piece: an escape, the head of a class, a byte.
func step(rest string, class bool) string {
	switch {
	case rest[0] == '\\':
		return rest[:2] // of a pattern that compiles something always follows
	case !class && strings.HasPrefix(rest, "[^"):
		return "[^"
	}
	return rest[:1]
}

// assertion tells whether a piece stands for a place between characters.
func assertion(piece string) bool {
	return piece == "^" || piece == "$" || piece == `\b` || piece == `\B`
}
