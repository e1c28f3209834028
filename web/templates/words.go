package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// span says a length of time as people do, with two figures at most: "6 s", "2 min", "3 h", "34 d",
// "3 mo". What lies in the future counts as now.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "0 s"
	case d < 100*time.Second:
		return strconv.Itoa(int(d/time.Second)) + " s"
	case d < 100*time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d < 60*day:
		return strconv.Itoa(int(d/day)) + " d"
	case d < 730*day:
		return strconv.Itoa(int(d/(30*day))) + " mo"
	}
	return strconv.Itoa(int(d/(365*day))) + " y"
}

// since is the span from t to now.
func since(now, t time.Time) string { return span(now.Sub(t)) }

// ago says when t was: "just now", "2 min ago", or "" for the zero time.
func ago(now, t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case now.Sub(t) < time.Second:
		return "just now"
	}
	return since(now, t) + " ago"
}

// took says how long something took that may be quick: "84 ms", "1.2 s", "47 s".
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return span(d)
}

// machine is how a time is written for machines, in <time datetime>.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// clock is the time of day in UTC, with the date where it is another day than now's.
func clock(now, t time.Time) string {
	now, t = now.UTC(), t.UTC()
	if now.YearDay() == t.YearDay() && now.Year() == t.Year() {
		return t.Format("15:04:05")
	}
	if now.Year() == t.Year() {
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// full is a time with everything, for the title that one sees when pointing at it.
func full(t time.Time) string { return t.UTC().Format("Monday 2 January 2006, 15:04:05 UTC") }

// day heads the entries of one day.
func day(t time.Time) string { return t.UTC().Format("Monday 2 January 2006") }

// count is a number with its noun: "1 object", "3 objects".
func count[N int | int32 | int64](n N, noun string) string {
	return thousands(int64(n)) + " " + plural(n, noun)
}

// plural is the noun as it stands after a number.
func plural[N int | int32 | int64](n N, noun string) string {
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay"):
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}

// verb is the form of a verb after a number of things: "1 waits", "3 wait".
func verb[N int | int32 | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// thousands writes a number with commas: 184,201.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// numberWord writes small numbers out, as one does at the start of a sentence.
func numberWord(n int) string {
	words := []string{"No", "One", "Two", "Three", "Four", "Five"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

// bytesSize writes a number of bytes: "512 bytes", "64 KiB", "1 MiB".
func bytesSize(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return count(n, "byte")
}

// list joins words: "a", "a and b", "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// initials of a person, at most two, for the round picture.
func initials(p policy.Person) string {
	words := strings.Fields(display(p))
	if len(words) == 0 {
		return "?"
	}
	out := firstRune(words[0])
	if len(words) > 1 {
		out += firstRune(words[len(words)-1])
	}
	return strings.ToUpper(out)
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// display is what a person is called: the name, else the address, else the subject.
func display(p policy.Person) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return p.Subject
}

// envClass marks production, by its word and its ink.
func envClass(environment string) string {
	if environment == "production" || environment == "prod" {
		return "tag env-production"
	}
	return "tag"
}

// digestRest is what follows the short form of a digest.
func digestRest(d manifest.Digest) string { return strings.TrimPrefix(string(d), d.Short()) }

// groups sets spaces after each 8 digits, so that long digests can be compared by eye.
func groups(hex string) string {
	var b strings.Builder
	for i, r := range hex {
		if i > 0 && i%8 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// run is a piece of a sentence: plain, bold or what a machine wrote.
type run struct {
	Text string
	Bold bool
	Code bool
}

// runs reads a sentence in which `x` is what a machine wrote and **x** is bold. Marks without a
// partner stay as they are.
func runs(s string) []run {
	var out []run
	for i, part := range strings.Split(s, "**") {
		bold := i%2 == 1
		if bold && i == strings.Count(s, "**") {
			part, bold = "**"+part, false
		}
		for j, text := range strings.Split(part, "`") {
			code := j%2 == 1
			if code && j == strings.Count(part, "`") {
				text, code = "`"+text, false
			}
			if text != "" {
				out = append(out, run{Text: text, Bold: bold, Code: code})
			}
		}
	}
	return out
}
