package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var begin = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

// at is a line as the kubelet gives it, so many seconds after the beginning.
func at(seconds float64, text string) string {
	return begin.Add(time.Duration(seconds*float64(time.Second))).Format(time.RFC3339Nano) + " " + text + "\n"
}

// fixed opens sources by pod. A text that begins with ! is an Unreadable, with !! one that has gone.
func fixed(texts map[string]string) Open {
	return func(_ context.Context, s Source, _ Ask) (io.ReadCloser, error) {
		text := texts[s.Pod]
		if why, ok := strings.CutPrefix(text, "!"); ok {
			why, gone := strings.CutPrefix(why, "!")
			return nil, &Unreadable{Sentence: why, Gone: gone}
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

func sources(pods ...string) []Source {
	var all []Source
	for _, p := range pods {
		all = append(all, Source{Pod: p, Container: "app", Label: p})
	}
	return all
}

func told(lines []Line) []string {
	var out []string
	for _, l := range lines {
		text := l.From + ": " + l.Text
		if l.Note {
			text = "(" + text + ")"
		}
		if l.Cut > 0 {
			text += fmt.Sprintf(" [%d]", l.Cut)
		}
		out = append(out, text)
	}
	return out
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%q\nwanted\n%q", what, got, want)
	}
}

func TestTailMergesByTime(t *testing.T) {
	got := Tail(t.Context(), fixed(map[string]string{
		"a": at(0, "a starts") + at(2, "a two") + "no time, so it belongs to the line before\n" + at(4, "a four"),
		"b": at(1, "b starts") + at(2, "b two") + strings.TrimSuffix(at(3, "b three, not at its end"), "\n"),
		"c": "!has not started yet",
		"d": "",
	}), sources("a", "b", "c", "d"), 100)
	expect(t, "lines", told(got.Lines), "a: a starts", "b: b starts", "a: a two", "a: no time, so it belongs to the line before", "b: b two",
		"b: b three, not at its end", "a: a four")
	expect(t, "notes", told(got.Notes), "(c: has not started yet)")
	if want := begin.Add(4 * time.Second); !got.Cursor().Equal(want) {
		t.Errorf("the cursor is %s, not %s", got.Cursor(), want)
	}
}

func TestTailIsBounded(t *testing.T) {
	long := strings.Repeat("x", MaxLine+1000)
	var many strings.Builder
	for i := range 600 {
		many.WriteString(at(float64(i), long))
	}
	got := Tail(t.Context(), fixed(map[string]string{"a": many.String(), "b": at(700, "last")}), sources("a", "b"), 5000)
	size := 0
	for _, l := range got.Lines {
		size += len(l.Text)
	}
	if size > MaxKept || size < MaxKept/2 {
		t.Errorf("%d bytes are kept", size)
	}
	if n := len(got.Lines); n+got.LeftOut != 601 || got.Lines[n-1].Text != "last" {
		t.Errorf("of 601 lines %d are kept and %d left out; the last is %q", n, got.LeftOut, got.Lines[n-1].Text)
	}
	if l := got.Lines[0]; len(l.Text) != MaxLine || l.Cut != 1000 {
		t.Errorf("a line of %d bytes is kept, %d are said to be cut", len(l.Text), l.Cut)
	}
	if got := Tail(t.Context(), fixed(map[string]string{"a": at(0, "1") + at(1, "2") + at(2, "3")}), sources("a"), 2); len(got.Lines) != 2 || got.Lines[0].Text != "2" {
		t.Errorf("the last two lines are %q", told(got.Lines))
	}
}

func TestTailReadsOnlySoMuch(t *testing.T) {
	endless := func(context.Context, Source, Ask) (io.ReadCloser, error) {
		return io.NopCloser(forever{}), nil
	}
	got := Tail(t.Context(), endless, sources("a"), 10)
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0].Text, "32 MiB") {
		t.Errorf("the notes are %q", told(got.Notes))
	}
}

type forever struct{}

func (forever) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
		if i%1000 == 0 {
			b[i] = '\n'
		}
	}
	return len(b), nil
}

func TestTailOfManySources(t *testing.T) {
	texts, pods := map[string]string{}, []string{}
	for i := range MaxSources + 5 {
		p := fmt.Sprintf("p%02d", i)
		texts[p], pods = at(float64(i), "hello"), append(pods, p)
	}
	got := Tail(t.Context(), fixed(texts), sources(pods...), 100)
	if len(got.Lines) != MaxSources || len(got.Notes) != 1 || !strings.Contains(got.Notes[0].Text, "Only 20 of 25 containers") {
		t.Errorf("%d lines and the notes %q", len(got.Lines), told(got.Notes))
	}
}

// node is where containers write while somebody follows.
type node struct {
	mu     sync.Mutex
	asked  []Ask
	opened map[string]*io.PipeWriter
	refuse map[string]error
}

func newNode() *node { return &node{opened: map[string]*io.PipeWriter{}, refuse: map[string]error{}} }

func (n *node) open(_ context.Context, s Source, a Ask) (io.ReadCloser, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, a)
	if err := n.refuse[s.Pod]; err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	n.opened[s.Pod] = w
	return r, nil
}

func (n *node) pod(name string) *io.PipeWriter {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.opened[name]
}

func (n *node) set(name string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuse[name] = err
}

// writes writes lines of a pod and waits until they were read.
func (n *node) writes(pod string, lines ...string) {
	for _, l := range lines {
		_, _ = io.WriteString(n.pod(pod), l)
	}
	synctest.Wait()
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		f := Follow(t.Context(), n.open, begin.Add(10*time.Second))
		defer f.Close()
		f.Set(sources("a", "b"))
		synctest.Wait()
		n.writes("a", at(9.5, "before"), at(10, "seen already"), at(10.5, "one"))
		n.writes("b", at(11, "two"))
		expect(t, "what came", told(f.Take().Lines), "a: one", "b: two")
		if !n.asked[0].Follow || !n.asked[0].Since.Equal(begin.Add(10*time.Second)) || n.asked[0].Tail != 0 {
			t.Errorf("asked for %+v", n.asked[0])
		}

		f.Set(sources("b", "c"))
		synctest.Wait()
		expect(t, "who comes and goes", told(f.Take().Lines), "(c: is here now)", "(a: has gone)")
		n.writes("a", at(12, "last words"))
		n.writes("c", at(12.5, "first words"))
		expect(t, "last words", told(f.Take().Lines), "a: last words", "c: first words")
		renamed := sources("b", "c")
		renamed[0].Label = "pod b"
		f.Set(renamed) // that is no other source
		synctest.Wait()
		expect(t, "after another name", told(f.Take().Lines))
		time.Sleep(lastWords + time.Second)
		if _, err := io.WriteString(n.pod("a"), at(20, "nobody listens")); err == nil {
			t.Error("a pod that has gone is still read")
		}
	})
}

// A container that ends and starts again is read on, from where it was; that it ended is said once.
func TestFollowThroughRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		f := Follow(t.Context(), n.open, time.Time{})
		defer f.Close()
		f.Set(sources("a"))
		synctest.Wait()
		if n.asked[0].Tail == 0 {
			t.Error("without a beginning, all of the log is asked for")
		}
		n.writes("a", at(1, "one"))
		n.set("a", &Unreadable{Sentence: "has not started yet"})
		n.pod("a").Close()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		expect(t, "while it is away", told(f.Take().Lines), "a: one", "(a: has ended)", "(a: has not started yet)")
		n.set("a", nil)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		n.writes("a", at(1, "one"), at(30, "two"))
		expect(t, "after the restart", told(f.Take().Lines), "a: two")
		if last := n.asked[len(n.asked)-1]; !last.Since.Equal(begin.Add(time.Second)) {
			t.Errorf("it is read on from %s", last.Since)
		}
	})
}

func TestFollowGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		n.set("a", &Unreadable{Sentence: "may not be read", Gone: true})
		n.set("b", errors.New("a broken wire, of which nobody needs to know more"))
		f := Follow(t.Context(), n.open, begin)
		defer f.Close()
		f.Set(sources("a", "b"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		got := told(f.Take().Lines)
		slices.Sort(got)
		expect(t, "what is said", got, "(a: may not be read)", "(b: cannot be read at present)")
		if len(n.asked) > 45 {
			t.Errorf("asked %d times in ten minutes", len(n.asked))
		}
	})
}

// A reader that does not fetch holds up nobody: the oldest lines are left out, and counted.
func TestFollowDropsForTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		f := Follow(t.Context(), n.open, begin)
		defer f.Close()
		f.Set(sources("a"))
		synctest.Wait()
		for i := range MaxLines + 120 {
			n.writes("a", at(float64(i+1), fmt.Sprint(i)))
		}
		got, err := f.Next(t.Context())
		if err != nil || got.LeftOut != 120 || len(got.Lines) != MaxLines || got.Lines[0].Text != "120" {
			t.Errorf("%d lines, %d left out, %v", len(got.Lines), got.LeftOut, err)
		}
		big := strings.Repeat("x", MaxLine)
		for i := range 100 {
			n.writes("a", at(float64(5000+i), big))
		}
		got, _ = f.Next(t.Context())
		if kept := len(got.Lines) * MaxLine; kept > MaxWaiting || got.LeftOut+len(got.Lines) != 100 {
			t.Errorf("%d bytes wait, %d lines are left out", kept, got.LeftOut)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with nothing new, Next ends with %v", err)
		}
	})
}
