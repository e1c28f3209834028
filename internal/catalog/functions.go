package catalog

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// changing are functions whose answer changes from call to call. What is applied must be what was
// reviewed, byte for byte, so a template that calls one is refused.
var changing = map[string]bool{
	"now": true, "ago": true, "htpasswd": true, "bcrypt": true, "uuidv4": true, "shuffle": true,
	"randAlpha": true, "randAlphaNum": true, "randAscii": true, "randNumeric": true, "randBytes": true, "randInt": true,
	"genPrivateKey": true, "genCA": true, "genCAWithKey": true, "genSelfSignedCert": true, "genSelfSignedCertWithKey": true,
	"genSignedCert": true, "genSignedCertWithKey": true, "encryptAES": true,
}

// costly are functions whose cost is not that of their result. Each is checked before it is called.
var costly = map[string]func(args []any) error{
	"until": counts, "untilStep": counts, "seq": counts,
	"repeat": multiplies, "indent": multiplies, "nindent": multiplies,
	"replace": multiplies, "join": multiplies, "wrapWith": multiplies,
	"regexReplaceAll": replaces, "mustRegexReplaceAll": replaces,
	"regexReplaceAllLiteral": replaces, "mustRegexReplaceAllLiteral": replaces,
	"uniq": compares, "mustUniq": compares, "without": compares, "mustWithout": compares,
	"regexMatch": searches, "mustRegexMatch": searches, "regexFind": searches, "mustRegexFind": searches,
	"regexFindAll": searches, "mustRegexFindAll": searches, "regexSplit": searches, "mustRegexSplit": searches,
	"fromToml": isFlat, "derivePassword": refused, "printf": formats,
}

// counts refuses ranges with too many numbers in them.
func counts(args []any) error {
	for _, a := range args {
		if r := reflect.ValueOf(a); r.CanInt() && (r.Int() > maxListItems || r.Int() < -maxListItems) {
			return tooMuch("a range", maxListItems, "numbers")
		}
	}
	return nil
}

// multiplies refuses calls whose result may be as large as the product of two arguments.
func multiplies(args []any) error {
	product := 1
	for _, a := range args {
		size := extent(a)
		if size > maxTextBytes || product > maxProduct/(size+1) {
			return tooMuch("the result", maxTextBytes, "bytes")
		}
		product *= size + 1
	}
	return nil
}

// extent is how often a number repeats, or how long a text or a list is.
func extent(a any) int {
	if s, ok := a.(string); ok {
		return len(s)
	}
	switch r := reflect.ValueOf(a); r.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return r.Len()
	default:
		if r.IsValid() && r.CanInt() {
			return int(max(0, min(r.Int(), maxProduct)))
		}
	}
	return 0
}

// compares refuses to compare every item of a long list with every other.
func compares(args []any) error {
	for _, a := range args {
		if extent(a) > 2000 {
			return tooMuch("a list whose items are compared", 2000, "items")
		}
	}
	return nil
}

// searches refuses patterns that take long on their text: the time is that of the compiled pattern, in
// which repetitions are written out, times the text.
func searches(args []any) error {
	pattern, ok := args[0].(string)
	if !ok {
		return nil
	}
	steps, err := programSize(pattern)
	if err != nil {
		return err
	}
	if size := extent(args[1]); size > maxSearch/steps {
		return tooMuch("matching", maxSearch, "steps; the pattern is too large for a text of this size")
	}
	return nil
}

var repetition = regexp.MustCompile(`\{([0-9]+)(?:,([0-9]*))?\}`)

// programSize is how many instructions a regular expression (RE2) compiles to, at least 1, or an error for one
// that is too large. One that is wrong has 1: whoever uses it says what is wrong with it.
func programSize(pattern string) (int, error) {
	if len(pattern) > maxPatternBytes {
		return 0, tooMuch("a pattern", maxPatternBytes, "bytes")
	}
	bound := 2 * (len(pattern) + 1)
	for _, m := range repetition.FindAllStringSubmatch(pattern, -1) {
		n, err := strconv.Atoi(cmp.Or(m[2], m[1]))
		if err != nil || n > 1000 {
			return 1, nil // RE2 takes no larger ones
		}
		bound = max(bound, 2*n*(len(pattern)+1)) // nested ones are at most 1000 together
	}
	if bound <= maxProgram {
		return bound, nil
	}
	if bound > 100*maxProgram {
		return 0, tooMuch("a pattern with its repetitions written out", maxProgram, "instructions")
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 1, nil
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 1, nil
	}
	if len(program.Inst) > maxProgram {
		return 0, tooMuch("a pattern with its repetitions written out", maxProgram, "instructions")
	}
	return max(1, len(program.Inst)), nil
}

// replaces is searches and multiplies.
func replaces(args []any) error {
	if err := searches(args); err != nil {
		return err
	}
	return multiplies(args[1:])
}

var widths = regexp.MustCompile(`[0-9]+`)

// formats refuses widths by which printf makes a long text of a short one.
func formats(args []any) error {
	format, _ := args[0].(string)
	if strings.Count(format, "%") > 1000 || strings.Contains(format, "*") {
		return tooMuch("printf", 1000, "places, and widths are written out")
	}
	total := 0
	if strings.Contains(format, "%") {
		for _, w := range widths.FindAllString(format[strings.Index(format, "%"):], -1) {
			if n, err := strconv.Atoi(w); err == nil && n <= 1_000_000 { // fmt takes no larger one
				total += n
			}
		}
	}
	if total > 2*maxTextBytes {
		return tooMuch("printf", maxTextBytes, "bytes of widths")
	}
	return nil
}

// isFlat refuses a text in TOML that nests too much: the parser keeps the whole path of each table within
// another, so that 30 kB of them take gigabytes.
func isFlat(args []any) error {
	text, _ := args[0].(string)
	if len(text) > maxTOMLBytes {
		return tooMuch("a text in TOML", maxTOMLBytes, "bytes")
	}
	dots := 0
	for line := range strings.Lines(text) {
		dots = max(dots, strings.Count(line, "."))
	}
	switch tables := strings.Count(text, "{"); {
	case dots > maxTOMLDots:
		return tooMuch("a line of TOML", maxTOMLDots, "dots")
	case (tables+1)*(dots+1) > maxTOMLDepth:
		return tooMuch("a text in TOML", maxTOMLDepth, "tables in braces times parts of a key")
	}
	return nil
}

func refused([]any) error {
	return fmt.Errorf("not offered to templates")
}
