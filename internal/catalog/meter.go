package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
)

// meter bounds one rendering: its time, its steps, what it prints and what its values take.
//
// Go's templates cannot be interrupted from outside, so the instrumented templates, all their functions and
// what they write to report here and are stopped by an error. What is thus bounded: endless and nested loops,
// recursion, texts and lists that double, cyclic values, and functions that multiply their
// arguments. What is not: the time of one single call of a function on values within the limits
// (milliseconds), and memory that is garbage but not collected yet. Only a process of its own would
// bound these; Render is pure, so that it can move into one.
type meter struct {
	ctx      context.Context
	deadline time.Time
	steps    int
	nesting  int // templates within templates now
	printed  int
	made     int   // bytes that values took, those that are garbage by now included
	err      error // why it was stopped
}

func newMeter(ctx context.Context) *meter {
	return &meter{ctx: ctx, deadline: time.Now().Add(maxRenderTime)}
}

// stop ends the rendering. text/template turns the panic of a function into an error, as often as templates
// stand in templates, so the reason is kept here.
func (m *meter) stop(err error) {
	if m.err == nil {
		m.err = err
	}
	panic(m.err)
}

// tick counts a step. Reading the clock takes longer than most steps do, so that is not done at each.
func (m *meter) tick() {
	if m.err != nil {
		panic(m.err)
	}
	m.steps++
	if m.steps > maxSteps {
		m.stop(tooMuch("rendering", maxSteps, "steps; a loop of the template may have no end"))
	}
	if m.steps%16 == 0 {
		m.look()
	}
}

// step is called at each turn of a loop.
func (m *meter) step() string {
	m.tick()
	return ""
}

// enter is called at the beginning of each template, leave at its end.
func (m *meter) enter() string {
	m.tick()
	if m.nesting++; m.nesting > maxNesting {
		m.stop(tooMuch("calling templates from templates", maxNesting, "levels; the template may call itself without end"))
	}
	return ""
}

func (m *meter) leave() string {
	m.nesting--
	return ""
}

// writer counts what is printed into w.
func (m *meter) writer(w io.Writer) io.Writer { return &printed{w, m} }

type printed struct {
	w io.Writer
	*meter
}

// Write implements io.Writer.
func (p *printed) Write(text []byte) (int, error) {
	if p.printed += len(text); p.printed > maxPrintedBytes {
		p.stop(tooMuch("what the templates print", maxPrintedBytes, "bytes"))
	}
	return p.w.Write(text)
}

// text accounts for a text that a function made, items for a list or a map: what their places take.
func (m *meter) text(size int) {
	if size > maxTextBytes {
		m.stop(tooMuch("a text", maxTextBytes, "bytes"))
	}
	m.allot(size)
}

func (m *meter) items(n int) {
	const place = 32 // bytes of a value's place in a list or, about, in a map
	if n > maxListItems {
		m.stop(tooMuch("a value", maxListItems, "items"))
	}
	m.allot(n * place)
}

func (m *meter) allot(size int) {
	if m.made += size; m.made > maxMadeBytes {
		m.stop(tooMuch("what the values of a rendering take", maxMadeBytes, "bytes"))
	}
}

// output is called with every value that is printed and may not be a text, and returns it.
func (m *meter) output(v any) any {
	switch v.(type) {
	case string, bool, int, int64, float64, nil:
		return v
	}
	m.tick()
	m.weigh(v)
	// A struct reached through a pointer, as the cluster's version is, prints by the methods of the
	// pointer. It came here as a copy, so it gets a pointer again.
	if r := reflect.ValueOf(v); r.IsValid() && r.Kind() == reflect.Struct && reflect.PointerTo(r.Type()).Implements(stringer) {
		p := reflect.New(r.Type())
		p.Elem().Set(r)
		return p.Interface()
	}
	return v
}

var stringer = reflect.TypeFor[fmt.Stringer]()

// weigh counts the items and the bytes of a value, and stops if it is too large, too deep or cyclic:
// to print a cyclic value would end the process.
//
// Of several values it is asked what they are together, since a function may join them.
func (m *meter) weigh(values ...any) (items, size int) {
	w := weighing{meter: m}
	for _, v := range values {
		w.walk(v, 0)
	}
	return w.items, w.size
}

type weighing struct {
	*meter
	items, size int
}

func (w *weighing) walk(v any, depth int) {
	if w.items++; w.items > maxListItems {
		w.stop(tooMuch("a value", maxListItems, "items"))
	}
	if w.size > 4*maxTextBytes {
		w.stop(tooMuch("a value", 4*maxTextBytes, "bytes"))
	}
	if depth > 100 {
		w.stop(errors.New("a value is nested too deeply, or holds itself"))
	}
	switch v := v.(type) {
	case string:
		if w.size += len(v); len(v) > maxTextBytes && depth == 0 {
			w.stop(tooMuch("a text", maxTextBytes, "bytes"))
		}
	case common.Values:
		w.walk(map[string]any(v), depth+1)
	case map[string]any:
		for k, x := range v {
			w.size += len(k)
			w.walk(x, depth+1)
		}
	case []any:
		for _, x := range v {
			w.walk(x, depth+1)
		}
	case []map[string]any:
		for _, x := range v {
			w.walk(x, depth+1)
		}
	case [][]any:
		for _, x := range v {
			w.walk(x, depth+1)
		}
	case []string:
		for _, x := range v {
			w.walk(x, depth+1)
		}
	case map[string]string:
		for k, x := range v {
			w.size += len(k)
			w.walk(x, depth+1)
		}
	case bool, int, int64, float64, nil:
		w.size += 8
	default:
		w.size += 8
		if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Map { // of numbers, of bytes
			w.items += r.Len()
		}
	}
}
