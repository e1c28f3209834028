package catalog

import (
	"slices"
	"strings"
)

// Rehosted is a host name that has become another one; To is "" for one that was left out.
type Rehosted struct{ From, To string }

// Rehost gives inputs other host names, for a copy that is served beside the original. rename is asked once for
// each host name, in the order of the form, and answers "" where there is none. Texts that name one of them, as
// a whole, name the new one afterwards; texts is how many these are. Secrets and choices stay as they are, and
// in is not changed.
func (t *Template) Rehost(in Inputs, rename func(host string) string) (out Inputs, hosts []Rehosted, texts int) {
	for _, claim := range t.Hosts(in) {
		if !slices.ContainsFunc(hosts, func(r Rehosted) bool { return strings.EqualFold(r.From, claim.Host) }) {
			hosts = append(hosts, Rehosted{claim.Host, rename(claim.Host)})
		}
	}
	w := rehoster{hosts: hosts}
	out = w.object(&Field{Kind: Object, Fields: t.Fields}, in)
	return out, hosts, w.texts
}

type rehoster struct {
	hosts []Rehosted
	texts int
}

func (w *rehoster) object(f *Field, m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if inner := named(f.Fields, name); inner != nil {
			v = w.value(inner, v)
		}
		out[name] = v
	}
	return out
}

func (w *rehoster) value(f *Field, v any) any {
	s, isText := v.(string)
	switch {
	case !isText:
		return f.within(v, w.object, w.value)
	case f.Secret || f.Kind == Choice:
		return v
	case f.Host:
		for _, h := range w.hosts {
			if strings.EqualFold(h.From, s) {
				return h.To
			}
		}
		return v
	}
	renamed := s
	for _, h := range w.hosts {
		if h.To != "" && !strings.HasPrefix(h.From, "*.") {
			renamed = replaceHost(renamed, h.From, h.To)
		}
	}
	if renamed != s {
		w.texts++
	}
	return renamed
}

// replaceHost puts another host name where one stands in a text as a whole: neither a part of a longer name
// nor of another word. Letters of host names are the same in both cases (RFC 4343).
func replaceHost(s, from, to string) string {
	lower, want := asciiLower(s), asciiLower(from)
	if want == "" {
		return s
	}
	var b strings.Builder
	for done := 0; ; {
		i := strings.Index(lower[done:], want)
		if i < 0 {
			b.WriteString(s[done:])
			return b.String()
		}
		begin, end := done+i, done+i+len(want)
		b.WriteString(s[done:begin])
		if begin > 0 && hostByte(lower[begin-1], true) || goesOn(lower[end:]) {
			b.WriteString(s[begin:end])
		} else {
			b.WriteString(to)
		}
		done = end
	}
}

// goesOn tells whether a host name does not end where rest begins. A dot at the end of a sentence is none of it.
func goesOn(rest string) bool {
	return rest != "" && (hostByte(rest[0], false) || rest[0] == '.' && len(rest) > 1 && hostByte(rest[1], false))
}

func hostByte(c byte, dot bool) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || dot && c == '.'
}

// asciiLower keeps the length of s, as strings.ToLower does not of every text.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
