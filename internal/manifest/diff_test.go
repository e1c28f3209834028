package manifest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	const head = `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"spec":`
	tests := map[string]struct {
		before, after string
		want          []FieldChange
	}{
		"same":         {`{"a":1,"b":[{"name":"x"}]}`, `{"b":[{"name":"x"}],"a":1.0}`, nil},
		"null is none": {`{"a":null}`, `{}`, nil},
		"values":       {`{"a":1,"b":"x","c":true}`, `{"a":2,"b":"z"}`, []FieldChange{{".spec.a", "1", "2", Change}, {".spec.b", "x", "z", Change}, {".spec.c", "true", "", Delete}}},
		"to empty":     {`{"a":"x"}`, `{"a":""}`, []FieldChange{{".spec.a", "x", "", Change}}},
		"type":         {`{"a":1}`, `{"a":"1"}`, []FieldChange{{".spec.a", "1", "1", Change}}},
		"dots":         {`{"app.kubernetes.io/name":"x"}`, `{"app.kubernetes.io/name":"z"}`, []FieldChange{{`.spec["app.kubernetes.io/name"]`, "x", "z", Change}}},
		"new subtree":  {`{}`, `{"emptyDir":{},"m":{"a":"<b>"}}`, []FieldChange{{".spec.emptyDir", "", "{}", Create}, {".spec.m", "", `{"a":"<b>"}`, Create}}},
		"containers": {`{"containers":[{"name":"api","image":"a:1"},{"name":"log","image":"l:1"}]}`, `{"containers":[{"name":"proxy"},{"name":"api","image":"a:2"}]}`,
			[]FieldChange{{`.spec.containers[name="api"].image`, "a:1", "a:2", Change}, {`.spec.containers[name="log"]`, `{"image":"l:1","name":"log"}`, "", Delete}, {`.spec.containers[name="proxy"]`, "", `{"name":"proxy"}`, Create}}},
		"ports": {`{"ports":[{"containerPort":53,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP"}]}`, `{"ports":[{"containerPort":53,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP","hostPort":1}]}`,
			[]FieldChange{{`.spec.ports[containerPort=53,protocol="UDP"].hostPort`, "", "1", Create}}},
		"order": {`{"env":[{"name":"a"},{"name":"b"}]}`, `{"env":[{"name":"b"},{"name":"a"}]}`,
			[]FieldChange{{".spec.env[order]", `["[name=\"a\"]","[name=\"b\"]"]`, `["[name=\"b\"]","[name=\"a\"]"]`, Change}}},
		"name twice":    {`{"env":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}`, `{"env":[{"name":"a","value":"1"},{"name":"a","value":"3"}]}`, []FieldChange{{".spec.env[1].value", "2", "3", Change}}},
		"arguments":     {`{"args":["a","b"]}`, `{"args":["a","c"]}`, []FieldChange{{".spec.args[1]", "b", "c", Change}}},
		"more of them":  {`{"args":["a"]}`, `{"args":["a","c"]}`, []FieldChange{{".spec.args", `["a"]`, `["a","c"]`, Change}}},
		"list goes":     {`{"l":[{"name":"a"}]}`, `{"l":[]}`, []FieldChange{{".spec.l", `[{"name":"a"}]`, "[]", Change}}},
		"both empty":    {`{"l":[],"m":{}}`, `{"l":[],"m":{}}`, nil},
		"map to list":   {`{"l":{}}`, `{"l":[]}`, []FieldChange{{".spec.l", "{}", "[]", Change}}},
		"empty to full": {`{"l":{}}`, `{"l":{"a":1}}`, []FieldChange{{".spec.l.a", "", "1", Create}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := object(t, head+tt.before+"}"), object(t, head+tt.after+"}")
			if d := cmp.Diff(tt.want, Fields(before, after)); d != "" {
				t.Error(d)
			}
			if Fields(nil, after) != nil || Fields(before, nil) != nil {
				t.Error("a whole object has fields")
			}
		})
	}
}

func TestLongValuesStayApart(t *testing.T) {
	long := strings.Repeat("é", 500)
	fields := Fields(configMap(map[string]any{"a": long + "x"}), configMap(map[string]any{"a": long + "z"}))
	if len(fields) != 1 || fields[0].From == fields[0].To {
		t.Fatalf("%+v", fields)
	}
	if n := utf8.RuneCountInString(fields[0].From); n != ValueLimit {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(fields[0].From, "(501 characters, ") {
		t.Error(fields[0].From)
	}
}

// show draws hunks as text: one mark, both numbers, and changed words in brackets.
func show(hunks []Hunk) string {
	var b strings.Builder
	for _, h := range hunks {
		if h.Gap != nil {
			fmt.Fprintf(&b, "… %d lines from %d, %d\n", h.Gap.Count, h.Gap.Old, h.Gap.New)
		}
		for _, l := range h.Lines {
			b.WriteString(showLine(&l) + "\n")
		}
	}
	return b.String()
}

func showLine(l *DiffLine) string {
	if l == nil {
		return ""
	}
	s := fmt.Sprintf("%s %d %d |%s", map[LineOp]string{Same: " ", Added: "+", Removed: "-"}[l.Op], l.Old, l.New, l.Indent)
	for _, sp := range l.Spans {
		if sp.Changed {
			s += "[" + sp.Text + "]"
			continue
		}
		s += sp.Text
	}
	return s
}

func numbered(n int, change map[int]string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		line, changed := change[i]
		if !changed {
			line = fmt.Sprintf("line %d\n", i)
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestHunks(t *testing.T) {
	tests := map[string]struct {
		before, after string
		context       int
		want          string
	}{
		"same":    {"a\n", "a\n", 2, ""},
		"no end":  {"a\n", "a", 2, ""},
		"created": {"", "a:\n  b: c\n", 2, "+ 0 1 |a:\n+ 0 2 |  b: c\n"},
		"deleted": {"a\n", "", 2, "- 1 0 |a\n"},
		"gaps": {numbered(20, nil), numbered(20, map[int]string{5: "new\n", 15: ""}), 1,
			"… 3 lines from 1, 1\n  4 4 |line 4\n- 5 0 |line 5\n+ 0 5 |new\n  6 6 |line 6\n… 7 lines from 7, 7\n  14 14 |line 14\n- 15 0 |line 15\n  16 15 |line 16\n… 4 lines from 17, 16\n"},
		"no gap of one": {numbered(3, nil), numbered(3, map[int]string{3: "x\n"}), 1, "  1 1 |line 1\n  2 2 |line 2\n- 3 0 |line 3\n+ 0 3 |x\n"},
		"all":           {numbered(4, nil), numbered(4, map[int]string{4: ""}), AllLines, "  1 1 |line 1\n  2 2 |line 2\n  3 3 |line 3\n- 4 0 |line 4\n"},
		"no context":    {numbered(4, nil), numbered(4, map[int]string{2: ""}), 0, "  1 1 |line 1\n- 2 0 |line 2\n… 2 lines from 3, 2\n"},
		"words":         {"  image: reg/api:237c6b8\n", "  image: reg/api:9c41e7d\n", 2, "- 1 0 |  image: reg/api:[237c6b8]\n+ 0 1 |  image: reg/api:[9c41e7d]\n"},
		"version":       {"v: a-1.2.3\n", "v: a-1.3.4\n", 2, "- 1 0 |v: a-1.[2.3]\n+ 0 1 |v: a-1.[3.4]\n"},
		"nothing alike": {"abc\n", "xyz\n", 2, "- 1 0 |abc\n+ 0 1 |xyz\n"},
		"by key":        {"a: one\nb: one\n", "z: q\nb: two\nc: d\n", 2, "- 1 0 |a: one\n- 2 0 |b: [one]\n+ 0 1 |z: q\n+ 0 2 |b: [two]\n+ 0 3 |c: d\n"},
		"spaces only":   {"a:\n    b\n", "a:\n  b\n", 2, "  1 1 |a:\n- 2 0 |    b\n+ 0 2 |  b\n"},
		"empty line":    {"a\n\nb\n", "a\nb\n", 2, "  1 1 |a\n- 2 0 |\n  3 2 |b\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, show(Hunks(tt.before, tt.after, tt.context))); d != "" {
				t.Error(d)
			}
		})
	}
	if a, r := CountLines(Hunks("a\nb\n", "b\nc\nd\n", 0)); a != 2 || r != 1 {
		t.Errorf("+%d -%d", a, r)
	}
}

func TestSplit(t *testing.T) {
	var b strings.Builder
	for _, r := range Split(Hunks(numbered(8, nil), numbered(8, map[int]string{2: "x\ny\n", 4: ""}), 1)) {
		if r.Gap != nil {
			fmt.Fprintf(&b, "… %d\n", r.Gap.Count)
			continue
		}
		fmt.Fprintf(&b, "%s || %s\n", showLine(r.Left), showLine(r.Right))
	}
	want := "  1 1 |line 1 ||   1 1 |line 1\n- 2 0 |line 2 || + 0 2 |x\n || + 0 3 |y\n  3 4 |line 3 ||   3 4 |line 3\n- 4 0 |line 4 || \n  5 5 |line 5 ||   5 5 |line 5\n… 3\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// Both sides can be read off any difference, whatever the texts.
func FuzzHunks(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd\n", 1)
	f.Add("a\nb\nc\nd\n", "a\nb\nc\n", math.MaxInt)
	f.Add("  a: b\n", "  a: c\n", -1)
	f.Fuzz(func(t *testing.T, before, after string, context int) {
		Split(Hunks(before, after, context))
		hunks := Hunks(before, after, AllLines)
		if hunks == nil {
			return
		}
		var o, n []string
		for _, l := range hunks[0].Lines {
			text := l.Indent
			for _, sp := range l.Spans {
				text += sp.Text
			}
			if l.Op != Added {
				o = append(o, text)
			}
			if l.Op != Removed {
				n = append(n, text)
			}
		}
		if cmp.Diff(splitLines(before), o) != "" || cmp.Diff(splitLines(after), n) != "" {
			t.Errorf("%q, %q: %q, %q", before, after, o, n)
		}
	})
}

func TestLargeTextsAreQuick(t *testing.T) {
	var a, b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&a, "line %d of a\n", i*7919%60_000)
		fmt.Fprintf(&b, "line %d of b\n", i*104729%60_000)
	}
	start := time.Now()
	Hunks(a.String(), b.String(), 3)
	Highlight(a.String())
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkHunks(b *testing.B) {
	before := numbered(30_000, nil)
	after := numbered(30_000, map[int]string{100: "x\n", 20_000: ""})
	for b.Loop() {
		Hunks(before, after, 3)
	}
}
