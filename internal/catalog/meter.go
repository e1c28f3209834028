package catalog

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
)

// meter bounds one rendering: its time, its steps, what it prints and how large its values get.
//
// Go's templates cannot be interrupted from outside, so the instrumented templates and all their
// functions report here and are stopped by an error. What is thus bounded: endless and nested loops,
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
	err      error // why it was stopped
}

func newMeter(ctx context.Context) *meter {
	return &meter{ctx: ctx, deadline: time.Now().Add(maxRenderTime)}
}

// stop ends the rendering. text/template turns the panic of a function into an error; Helm then
// rewrites errors as texts, so the reason is kept here.
func (m *meter) stop(err error) {
	if m.err == nil {
		m.err = err
	}
	panic(m.err)
}

// tick counts a step.
func (m *meter) tick() {
	if m.err != nil {
		panic(m.err)
	}
	m.steps++
	if m.steps > maxSteps {
		m.stop(tooMuch("rendering", maxSteps, "steps; a loop of the template may have no end"))
	}
	if err := m.ctx.Err(); err != nil {
		m.stop(err)
	}
	if time.Now().After(m.deadline) {
		m.stop(fmt.Errorf("rendering is limited to %s", maxRenderTime))
	}
}

// step is called at the beginning of each template and each turn of a loop, with the size of the
// text in it.
func (m *meter) step(size int) string {
	m.tick()
	m.print(size)
	return ""
}

// enter is called at the beginning of each template, leave at its end.
func (m *meter) enter() string {
	if m.nesting++; m.nesting > maxNesting {
		m.stop(tooMuch("calling templates from templates", maxNesting, "levels; the template may call itself without end"))
	}
	return ""
}

func (m *meter) leave() string {
	m.nesting--
	return ""
}

func (m *meter) print(size int) {
	if m.printed += size; m.printed > maxPrintedBytes {
		m.stop(tooMuch("what the templates print", maxPrintedBytes, "bytes"))
	}
}

// output is called with every value that is printed, and returns it.
func (m *meter) output(v any) any {
	m.tick()
	_, size := m.weigh(v)
	m.print(size)
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

// template instruments a text before tpl runs it.
func (m *meter) template(text string) (string, error) {
	m.steps += tplSteps
	m.tick()
	return instrument("tpl", text)
}

// weigh counts the items and the bytes of a value, and stops if it is too large, too deep or cyclic:
// to print a cyclic value would end the process.
func (m *meter) weigh(v any) (items, size int) {
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		if depth > 100 {
			m.stop(errors.New("a value is nested too deeply, or holds itself"))
		}
		if items++; items > maxListItems {
			m.stop(tooMuch("a value", maxListItems, "items"))
		}
		if size > 4*maxTextBytes {
			m.stop(tooMuch("a value", 4*maxTextBytes, "bytes"))
		}
		switch v := v.(type) {
		case string:
			if size += len(v); len(v) > maxTextBytes && depth == 0 {
				m.stop(tooMuch("a text", maxTextBytes, "bytes"))
			}
		case common.Values:
			walk(map[string]any(v), depth+1)
		case map[string]any:
			for k, x := range v {
				size += len(k)
				walk(x, depth+1)
			}
		case []any:
			for _, x := range v {
				walk(x, depth+1)
			}
		case []string:
			for _, x := range v {
				walk(x, depth+1)
			}
		case map[string]string:
			for k, x := range v {
				size += len(k)
				walk(x, depth+1)
			}
		default:
			size += 8
		}
	}
	walk(v, 0)
	return items, size
}
