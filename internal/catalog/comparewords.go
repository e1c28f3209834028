package catalog

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// unsealed is a value without the tokens in it: where one stands, a value is asked for.
func (f *Field) unsealed(v any) any {
	if f.Secret {
		if s, isText := v.(string); isText && s == "" || v == nil {
			return v
		}
		return string(manifest.Unset)
	}
	if v == nil {
		return nil
	}
	return f.within(v, func(f *Field, m map[string]any) map[string]any {
		out := make(map[string]any, len(m))
		for k, x := range m {
			if inner := named(f.Fields, k); inner != nil {
				out[k] = inner.unsealed(x)
			}
		}
		return out
	}, (*Field).unsealed)
}

// Describe says on one line what a value of the field holds, as a person would: the titles of options,
// numbers with their units, and of an object what is not so by default. Of a secret it says whether there
// is one. Texts are cut after 80 characters. It is "" for nothing.
func (f *Field) Describe(v any) string { return f.described(v) }

// described says what a value holds, for a row that is looked at as a whole.
func (f *Field) described(v any) string {
	if f.Secret {
		return secretInWords(v)
	}
	var parts []string
	switch x := v.(type) {
	case []any:
		if f.Kind == List {
			for _, row := range x {
				parts = append(parts, f.Item.described(row))
			}
		}
	case map[string]any:
		parts = f.describedParts(x)
	default:
		return f.inWords(v)
	}
	return shortened(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", "))
}

// worded says what a value that is there holds, also where that is nothing: a row without anything in it
// is a row.
func (f *Field) worded(v any) string {
	if f.Kind == Object {
		return cmp.Or(f.described(v), "a row")
	}
	return cmp.Or(f.described(v), f.inWords(v), "empty")
}

// wordedIfAny is worded of a value that may not be there.
func (f *Field) wordedIfAny(v any) string {
	if isNothing(v) {
		return ""
	}
	return f.worded(v)
}

// describedParts says what stands in an object or a map, but for what is so by default.
func (f *Field) describedParts(m map[string]any) []string {
	var parts []string
	say := func(title, words string) {
		if words != "" {
			parts = append(parts, title+" "+words)
		}
	}
	for i := range f.Fields {
		p := &f.Fields[i]
		if v := m[p.name]; !same(v, p.Default) {
			say(lowerTitle(p.Title), p.described(v))
		}
	}
	if f.Kind == Map {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			say(name, f.Item.described(m[name]))
		}
	}
	return parts
}

// describedApart says what two values hold, and where they differ if their beginnings are the same.
func (f *Field) describedApart(a, b any) (from, to string) {
	from, to = f.described(a), f.described(b)
	x, okX := a.(string)
	y, okY := b.(string)
	if from != to || !okX || !okY {
		return from, to
	}
	xs, ys := strings.Split(x, "\n"), strings.Split(y, "\n")
	for i := range max(len(xs), len(ys)) {
		if i < len(xs) && i < len(ys) && xs[i] == ys[i] {
			continue
		}
		where := ""
		if max(len(xs), len(ys)) > 1 {
			where = "line " + strconv.Itoa(i+1) + ": "
		}
		line := func(all []string) string {
			if i >= len(all) {
				return where + "none"
			}
			return where + all[i]
		}
		from, to = excerpts(line(xs), line(ys))
		break
	}
	return from, to
}

// excerpts cuts the same beginning off two texts that are too long to be shown whole.
func excerpts(a, b string) (string, string) {
	const before = 20 // characters that stay for orientation
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	if max(len(x), len(y)) <= 80 || n <= before {
		return shortened(a), shortened(b)
	}
	return shortened("…" + string(x[n-before:])), shortened("…" + string(y[n-before:]))
}

// locals are the texts that say in which environment an application runs.
type locals struct {
	words map[string]string         // a whole value → what it is
	parts map[string]*regexp.Regexp // what it is → how it stands within a value
}

func localsOf(t *Template, from, to Side, a, b map[string]any) *locals {
	l := &locals{words: map[string]string{}, parts: map[string]*regexp.Regexp{}}
	for _, side := range []Side{from, to} {
		if side.Environment != "" {
			l.words[strings.ToLower(side.Environment)] = "It is the name of an environment."
		}
		// An address within the cluster is SERVICE.NAMESPACE, and may go on (DNS-Based Service Discovery, section 2.3).
		if side.Namespace != "" {
			l.parts["It names namespace "+side.Namespace+"."] = regexp.MustCompile(`[a-z0-9]\.` + regexp.QuoteMeta(side.Namespace) + `(\.svc\b|[:/]|$)`)
		}
	}
	for _, values := range []map[string]any{a, b} {
		visit(t.Fields, values, "", func(f *Field, v any, _ string, _ map[string]any) {
			if host, ok := v.(string); ok && f.Host && host != "" {
				l.parts["It names "+shortened(host)+"."] = regexp.MustCompile(`(?i)(^|[^-a-z0-9.])` + regexp.QuoteMeta(host) + `($|[^-a-z0-9.])`)
			}
		})
	}
	return l
}

// says tells why one of two values belongs to its environment, "" if neither does.
func (l *locals) says(f *Field, a, b any) string {
	why := ""
	for _, v := range []any{a, b} {
		f.visit(v, "", nil, func(f *Field, v any, _ string, _ map[string]any) {
			s, isText := v.(string)
			if !isText || s == "" || f.Secret || why != "" || f.Kind == Choice {
				return
			}
			if why = l.words[strings.ToLower(s)]; why != "" {
				return
			}
			for _, says := range slices.Sorted(maps.Keys(l.parts)) {
				if l.parts[says].MatchString(s) {
					why = says
					return
				}
			}
		})
	}
	return why
}
