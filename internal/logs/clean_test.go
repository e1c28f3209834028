package logs

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain":                    {"level=info msg=\"a\tb\"", "level=info msg=\"a\tb\""},
		"letters":                  {"größer 日本語 ✓", "größer 日本語 ✓"},
		"colour":                   {"\x1b[1;31merror\x1b[0m: no", "error: no"},
		"title and bell":           {"\x1b]0;evil title\x07ok", "ok"},
		"link":                     {"\x1b]8;;https://x.example\x1b\\text\x1b]8;;\x1b\\", "text"},
		"character set":            {"\x1b(Bok", "ok"},
		"single":                   {"\x1bcok", "ok"},
		"sequence without an end":  {"\x1b[12", "12"},
		"string without an end":    {"\x1b]0;title", "0;title"},
		"lone escape":              {"a\x1b", `a\x1b`},
		"sequence broken by a tab": {"\x1b[1\tx", "1\tx"},
		"controls":                 {"a\x00b\x08c\x7fd\re", `a\x00b\x08c\x7fd\x0de`},
		"no UTF-8":                 {"caf\xe9 \xff", `caf\xe9 \xff`},
		"C1":                       {"a\u0085b\u009bc", `a\u0085b\u009bc`},
		"turned text":              {"user\u202egnp.exe", `user\u202egnp.exe`},
		"line separators":          {"a\u2028b\u2029c\ufeff", `a\u2028b\u2029c\ufeff`},
		"markup is text":           {"<script>alert(1)</script>", "<script>alert(1)</script>"},
		"empty":                    {"", ""},
	} {
		if got := Clean([]byte(tc.in)); got != tc.want {
			t.Errorf("%s: %q became %q, wanted %q", name, tc.in, got, tc.want)
		}
	}
}

// Whatever a container writes, what comes out is text that a terminal and a page show as it is, and it
// comes out the same when it is cleaned again.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b[31m", "\x1b]0;x\x07", "\xff\xfe", "\u202e", "a\x1b", "\x1bP\x1b\\", "\x1b\x1b["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got := Clean(in)
		if !utf8.ValidString(got) {
			t.Fatalf("%q became %q, which is no UTF-8", in, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\t' && (unicode.IsControl(r) || unseen(r)) }); i >= 0 {
			t.Fatalf("%q became %q, which is harmful at %d", in, got, i)
		}
		if again := Clean([]byte(got)); again != got {
			t.Fatalf("%q became %q and then %q", in, got, again)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("2026-11-21T14:00:00.5Z one\n2026-11-21T14:00:01Z two"))
	f.Add([]byte("\n\n \r\n2026"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, n := newScanner(strings.NewReader(string(in)), "x"), 0
		for {
			l, err := s.next()
			if err != nil {
				break
			}
			n++
			if strings.Contains(l.Text, "\n") || l.Cut < 0 {
				t.Fatalf("%q has the line %+v", in, l)
			}
		}
		want := strings.Count(string(in), "\n")
		if len(in) > 0 && in[len(in)-1] != '\n' {
			want++
		}
		if n != want {
			t.Fatalf("%q has %d lines, %d came", in, want, n)
		}
	})
}
