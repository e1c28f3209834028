package catalog

import (
	"fmt"
	"reflect"
	"sync"
	"text/template"
	"time"
)

// Weighing a value goes through all of it, so it is done where a function does that anyway: before one that
// prints or copies its arguments, not after one that only puts them into a list or a map.
//
// selecting functions give one of their arguments or a part of it; building ones put their arguments, or
// parts of them, into a new list or map without looking into them.
var (
	selecting = setOf("default", "ternary", "coalesce", "get", "dig", "first", "last", "mustFirst", "mustLast",
		"set", "unset", "required", "empty", "all", "any", "hasKey", "typeOf", "typeIs", "typeIsLike", "kindOf", "kindIs")
	building = setOf("dict", "list", "tuple", "pick", "omit", "keys", "values", "pluck", "append", "mustAppend", "push",
		"mustPush", "prepend", "mustPrepend", "rest", "mustRest", "initial", "mustInitial", "reverse", "mustReverse",
		"slice", "mustSlice", "concat", "compact", "mustCompact")
)

func setOf(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

// function is a template function as it is before a meter stands in front of it.
type function struct {
	name string
	fn   any
	// check is asked before the call; see costly.
	check func(args []any) error
	// walks tells that it may go through all of an argument, builds that its result is a new list or map of
	// its arguments. One that does neither gives a part of an argument.
	walks, builds bool
}

// functions are all that templates can call, but for include and tpl, and for the meter's own.
var functions = sync.OnceValue(func() map[string]function {
	all := helmFunctions()
	all["print"], all["printf"], all["println"] = fmt.Sprint, fmt.Sprintf, fmt.Sprintln
	all["html"], all["js"], all["urlquery"] = template.HTMLEscaper, template.JSEscaper, template.URLQueryEscaper
	made := make(map[string]function, len(all))
	for name, fn := range all {
		made[name] = function{
			name: name, fn: fn, check: costly[name], builds: building[name],
			walks: !selecting[name] && !building[name] && takesValues(reflect.TypeOf(fn)),
		}
	}
	dict := made["dict"]
	dict.check = textKeys
	made["dict"] = dict
	return made
})

// takesValues tells whether a function has a parameter that can hold lists and maps.
func takesValues(t reflect.Type) bool {
	for i := range t.NumIn() {
		switch t.In(i).Kind() {
		case reflect.Interface, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Struct:
			return true
		}
	}
	return false
}

// textKeys refuses a dict whose keys are lists or maps: they would be printed, however large they are.
func textKeys(args []any) error {
	for i := 0; i < len(args); i += 2 {
		switch reflect.ValueOf(args[i]).Kind() {
		case reflect.Map, reflect.Slice, reflect.Pointer, reflect.Struct:
			return fmt.Errorf("key %d is no text", i/2+1)
		}
	}
	return nil
}

// returnsText tells whether a function certainly gives a text.
func returnsText(name string) bool {
	if name == "include" || name == "tpl" {
		return true
	}
	f, ok := functions()[name]
	return ok && reflect.TypeOf(f.fn).Out(0).Kind() == reflect.String
}

// call is a function in a rendering.
type call struct {
	function
	*meter
}

// before is asked with the arguments, where it has to look at them.
func (c *call) before(args ...any) {
	if c.check != nil {
		if !c.builds {
			c.look() // a costly one
		}
		if err := c.check(args); err != nil {
			c.stop(fmt.Errorf("%s: %w", c.name, err))
		}
	}
	if c.walks {
		c.weigh(args...)
	}
}

// after accounts for what the call made.
func (c *call) after(v any) {
	switch x := v.(type) {
	case string:
		c.text(len(x))
	case bool, int, int64, float64, nil:
	default:
		switch {
		case c.builds:
			c.items(extent(v))
		case c.walks || !selecting[c.name]:
			items, size := c.weigh(v)
			c.items(items)
			c.made += size
		}
	}
}

func (c *call) looks() bool { return c.check != nil || c.walks }

// wrap puts the meter in front of a function. Those of the usual signatures are called as they are, any other by
// reflection.
func (m *meter) wrap(f function) any {
	c := &call{f, m}
	if changing[f.name] {
		return func(...any) (string, error) {
			m.stop(fmt.Errorf("the template calls %s, whose answer changes each time: what is applied would not be what was reviewed. Take it from a value, so that it is made once and stays", f.name))
			return "", nil
		}
	}
	switch fn := f.fn.(type) {
	case func(string) string:
		return call1(c, fn)
	case func(any) string:
		return call1(c, fn)
	case func(any) bool:
		return call1(c, fn)
	case func(any) int:
		return call1(c, fn)
	case func(any) int64:
		return call1(c, fn)
	case func(string) map[string]any:
		return call1(c, fn)
	case func(string, string) string:
		return call2(c, fn)
	case func(string, string) bool:
		return call2(c, fn)
	case func(int, string) string:
		return call2(c, fn)
	case func(string, any) string:
		return call2(c, fn)
	case func(string, any) bool:
		return call2(c, fn)
	case func(any, any) bool:
		return call2(c, fn)
	case func(any, any) []any:
		return call2(c, fn)
	case func(map[string]any, string) bool:
		return call2(c, fn)
	case func(map[string]any, string) any:
		return call2(c, fn)
	case func(string, any) (any, error):
		return func(a string, b any) (any, error) { return try(c, func() (any, error) { return fn(a, b) }, a, b) }
	case func(string, string, string) string:
		return call3(c, fn)
	case func(any, any, bool) any:
		return call3(c, fn)
	case func(map[string]any, string, any) map[string]any:
		return call3(c, fn)
	case func(...any) string:
		return callAll(c, fn)
	case func(...any) []any:
		return callAll(c, fn)
	case func(...any) map[string]any:
		return callAll(c, fn)
	case func(...any) any:
		return callAll(c, fn)
	case func(string, ...any) string:
		return callMore(c, fn)
	case func(any, ...any) any:
		return callMore(c, fn)
	}
	return c.reflected()
}

func call1[A, R any](c *call, fn func(A) R) func(A) R {
	return func(a A) R {
		c.tick()
		if c.looks() {
			c.before(a)
		}
		return made(c, fn(a))
	}
}

func call2[A, B, R any](c *call, fn func(A, B) R) func(A, B) R {
	return func(a A, b B) R {
		c.tick()
		if c.looks() {
			c.before(a, b)
		}
		return made(c, fn(a, b))
	}
}

func call3[A, B, C, R any](c *call, fn func(A, B, C) R) func(A, B, C) R {
	return func(a A, b B, d C) R {
		c.tick()
		if c.looks() {
			c.before(a, b, d)
		}
		return made(c, fn(a, b, d))
	}
}

func callAll[R any](c *call, fn func(...any) R) func(...any) R {
	return func(all ...any) R {
		c.tick()
		c.before(all...)
		return made(c, fn(all...))
	}
}

func callMore[A, R any](c *call, fn func(A, ...any) R) func(A, ...any) R {
	return func(a A, more ...any) R {
		c.tick()
		if c.looks() {
			c.before(append([]any{a}, more...)...)
		}
		return made(c, fn(a, more...))
	}
}

func try[R any](c *call, fn func() (R, error), args ...any) (R, error) {
	c.tick()
	c.before(args...)
	v, err := fn()
	if err != nil {
		return v, err
	}
	return made(c, v), nil
}

func made[R any](c *call, v R) R {
	// A text is told from the rest here, so that it need not be put into an interface.
	if s, ok := any(v).(string); ok {
		c.text(len(s))
	} else {
		c.after(v)
	}
	return v
}

func (c *call) reflected() any {
	fn := reflect.ValueOf(c.fn)
	variadic := fn.Type().IsVariadic()
	return reflect.MakeFunc(fn.Type(), func(args []reflect.Value) []reflect.Value {
		c.tick()
		if c.looks() {
			c.before(flat(args, variadic)...)
		}
		var out []reflect.Value
		if variadic {
			out = fn.CallSlice(args)
		} else {
			out = fn.Call(args)
		}
		if len(out) > 0 && out[0].CanInterface() {
			c.after(out[0].Interface())
		}
		return out
	}).Interface()
}

// flat spreads the last argument of a variadic call.
func flat(args []reflect.Value, variadic bool) []any {
	var all []any
	for i, a := range args {
		if !variadic || i < len(args)-1 {
			all = append(all, a.Interface())
			continue
		}
		for j := range a.Len() {
			all = append(all, a.Index(j).Interface())
		}
	}
	return all
}

// functions are all functions of templates but for include and tpl, with the meter in front of them.
func (m *meter) functions() template.FuncMap {
	all := make(template.FuncMap, len(functions())+8)
	for name, f := range functions() {
		all[name] = m.wrap(f)
	}
	all[enterFunc], all[leaveFunc], all[stepFunc], all[printFunc], all[takeFunc], all[globFunc] = m.enter, m.leave, m.step, m.output, m.take, m.glob
	all["eq"], all["ne"] = equal, unequal
	return all
}

// look stops a rendering whose time is over.
func (m *meter) look() {
	if err := m.ctx.Err(); err != nil {
		m.stop(err)
	}
	if time.Now().After(m.deadline) {
		m.stop(fmt.Errorf("rendering is limited to %s", maxRenderTime))
	}
}
