package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tokensOf(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		for _, tok := range l {
			if tok.Class == ClassNone {
				b.WriteString(tok.Text)
				continue
			}
			b.WriteString(string(tok.Class) + "(" + tok.Text + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestHighlight(t *testing.T) {
	text := `# a comment
apiVersion: v1
"on": 'yes' # why
a"b: "x: \"y\""
list:
- name: api
  port: 8080
- - true
- -c
- |
  key: not a key

  more
- url: http://x:80/#a
script: |-
    echo
      key: x
  odd: x
next: {}
last: null
---
`
	want := `c1(# a comment)
nt(apiVersion)p(:) l(v1)
nt("on")p(:) s2('yes') c1(# why)
nt(a"b)p(:) s2("x: \"y\"")
nt(list)p(:)
p(- )nt(name)p(:) l(api)
  nt(port)p(:) m(8080)
p(- )p(- )kc(true)
p(- )l(-c)
p(- )p(|)
  l(key: not a key)

  l(more)
p(- )nt(url)p(:) l(http://x:80/#a)
nt(script)p(:) p(|-)
    l(echo)
      l(key: x)
  l(odd: x)
nt(next)p(:) p({})
nt(last)p(:) kc(null)
p(---)
`
	if d := cmp.Diff(want, tokensOf(Highlight(text))); d != "" {
		t.Error(d)
	}
}

func FuzzHighlight(f *testing.F) {
	for _, s := range []string{"a: b\n", "- - a: |\n  x\n", "\"a", "'a''b': c", ":", "- ", "a: \"b\" c", "|", "a: 'x' #", "\x00", "- -"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got []string
		for _, l := range Highlight(s) {
			line := ""
			for _, tok := range l {
				line += tok.Text
			}
			got = append(got, line)
		}
		if d := cmp.Diff(splitLines(s), got); d != "" {
			t.Errorf("%q: %s", s, d)
		}
	})
}

func BenchmarkHighlight(b *testing.B) {
	s := strings.Repeat("        - name: api\n          image: \"foo/bar:1\"\n          port: 8080\n", 1667)
	for b.Loop() {
		Highlight(s)
	}
}
