package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// enter fills in the form that is open with the inputs of an application, as a person would who has
// them on paper: adds rows, opens folded sections, chooses, ticks and types, each control by itself.
// What stands under a condition is filled in when it appears. Where inputs hold null, a secret field gets the value
// that secret gives, and another one is emptied.
func (p *tab) enter(inputs map[string]any, secret func(path string) string) {
	p.t.Helper()
	e := entry{tab: p, secret: secret}
	e.object("in", inputs)
}

type entry struct {
	*tab
	secret func(path string) string
}

// object fills in the values of an object, those first that are there already: others may depend on them.
func (e entry) object(name string, values map[string]any) {
	e.t.Helper()
	pending := slices.Sorted(maps.Keys(values))
	last := time.Now()
	for len(pending) > 0 {
		var later []string
		// What decides which fields there are comes before what is typed.
		slices.SortStableFunc(pending, func(a, b string) int { return e.rank(name, a, values) - e.rank(name, b, values) })
		for _, key := range pending {
			at := name + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
			if !e.offered(at) {
				later = append(later, key)
				continue
			}
			e.value(at, values[key])
			last = time.Now()
		}
		if len(later) == len(pending) && time.Since(last) > patience {
			e.t.Fatalf("%s: the form does not offer %s of %s\n%s", e.who, strings.Join(later, ", "), name, e.text())
		}
		if pending = later; len(pending) > 0 {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func (e entry) rank(name, key string, values map[string]any) int {
	switch values[key].(type) {
	case bool:
		return 0
	case string:
		if eval[bool](e.tab, fmt.Sprintf(`%s(%s).some(c => c.tagName === "SELECT" || c.type === "radio")`, controlsJS, js(name+"/"+key))) {
			return 0
		}
		return 1
	case map[string]any, []any:
		return 2
	}
	return 1
}

// controlsJS finds what can be filled in under a name.
const controlsJS = `(name => [...document.getElementsByName(name)].filter(e => e.type !== "hidden" && e.tagName !== "BUTTON"))`

// offered tells whether the form has a field of that name, whatever it is made of.
func (e entry) offered(name string) bool {
	e.t.Helper()
	return eval[bool](e.tab, fmt.Sprintf(`(n => %s(n).length > 0 || [...document.querySelectorAll("[name]")].some(e => e.name.startsWith(n + "/") || e.name === "_add" && e.value === n))(%s)`, controlsJS, js(name)))
}

func (e entry) value(name string, v any) {
	e.t.Helper()
	rows := eval[bool](e.tab, fmt.Sprintf(`(n => [...document.querySelectorAll("button[name=_add]")].some(e => e.value === n))(%s)`, js(name)))
	switch v := v.(type) {
	case map[string]any:
		if rows {
			e.entries(name, v)
			return
		}
		e.object(name, v)
	case []any:
		e.remove(name, len(v))
		for i, item := range v {
			e.row(name, i)
			e.value(fmt.Sprintf("%s/%d", name, i), item)
		}
	default:
		e.scalar(name, v)
	}
}

func (e entry) entries(name string, values map[string]any) {
	e.t.Helper()
	for i, key := range slices.Sorted(maps.Keys(values)) {
		e.row(name, i)
		e.scalar(fmt.Sprintf("%s/%d/key", name, i), key)
		e.valueNamed(fmt.Sprintf("%s/%d/value", name, i), key, values[key])
	}
}

// valueNamed types a value whose secret goes by another name than its control.
func (e entry) valueNamed(name, key string, v any) {
	e.t.Helper()
	if v == nil {
		e.typeInto(e.element(name, `e => e.type !== "checkbox"`), e.secret(key))
		return
	}
	e.value(name, v)
}

// remove takes away the rows that a list has by default beyond those that are wanted.
func (e entry) remove(name string, keep int) {
	e.t.Helper()
	last := fmt.Sprintf(`[...document.querySelectorAll("button[name=_remove]")].filter(b => b.value.startsWith(%s) && !b.value.slice(%d).includes("/"))`, js(name+"/"), len(name)+1)
	for n := eval[int](e.tab, last+".length"); n > keep; n-- {
		e.unfold(last + ".at(-1)")
		e.press(fmt.Sprintf(`button[name=_remove][value=%s]`, js(fmt.Sprintf("%s/%d", name, n-1))))
		e.waitFor("a row less of "+name, fmt.Sprintf("%s.length === %d", last, n-1))
		e.settled()
	}
}

// row makes sure that a list has a row of that number.
func (e entry) row(name string, i int) {
	e.t.Helper()
	there := fmt.Sprintf(`[...document.querySelectorAll("[name]")].some(e => e.name === %s || e.name.startsWith(%s))`, js(fmt.Sprintf("%s/%d", name, i)), js(fmt.Sprintf("%s/%d/", name, i)))
	if eval[bool](e.tab, there) {
		return
	}
	e.unfold(fmt.Sprintf(`[...document.querySelectorAll("button[name=_add]")].find(e => e.value === %s)`, js(name)))
	e.press(fmt.Sprintf(`button[name=_add][value=%s]`, js(name)))
	e.waitFor("a new row of "+name, there)
	e.settled()
}

// scalar fills in one control.
func (e entry) scalar(name string, v any) {
	e.t.Helper()
	kind := eval[string](e.tab, fmt.Sprintf(`(c => c.length === 0 ? "" : c.some(e => e.closest("[data-secret]")) ? "secret" : c[0].tagName === "SELECT" ? "select" : c[0].type)(%s(%s))`, controlsJS, js(name)))
	if v == nil {
		var text string // of a field that holds no secret: nothing, which takes a default away
		if kind == "secret" {
			text = e.secret(name[strings.LastIndexByte(name, '/')+1:])
		}
		e.typeInto(e.element(name, `e => e.type !== "checkbox"`), text)
		return
	}
	text := fmt.Sprint(v)
	switch kind {
	case "checkbox":
		on := e.element(name, `e => e.type === "checkbox"`)
		if eval[bool](e.tab, "("+on+").checked") != (text == "true") {
			eval[bool](e.tab, fmt.Sprintf(`(e => { e.click(); return true })(%s)`, on))
			e.settled()
		}
	case "radio":
		eval[bool](e.tab, fmt.Sprintf(`(e => { e.click(); return true })(%s)`, e.element(name, "e => e.value === "+js(text))))
		e.settled()
	case "select":
		e.element(name, "e => true")
		eval[bool](e.tab, fmt.Sprintf(`((e, v) => {
			if (![...e.options].some(o => o.value === v)) throw new Error(e.name + " does not offer " + v);
			e.focus(); e.value = v;
			e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
			return true })(%s(%s)[0], %s)`, controlsJS, js(name), js(text)))
		e.settled()
	case "secret":
		if text == "" { // on purpose
			eval[bool](e.tab, fmt.Sprintf(`(e => { e.checked || e.click(); return true })(%s)`, e.element(name, "e => e.value === "+js(manifest.Empty))))
			e.settled()
			return
		}
		e.typeInto(e.element(name, `e => e.type !== "checkbox"`), text)
	default:
		e.typeInto(e.element(name, "e => true"), text)
	}
}

// element waits for a control and opens what it is folded in.
func (e entry) element(name, which string) string {
	e.t.Helper()
	script := fmt.Sprintf("%s(%s).find(%s)", controlsJS, js(name), which)
	e.waitFor("control "+name, script)
	e.unfold(script)
	return script
}

func (e entry) unfold(element string) {
	e.t.Helper()
	eval[bool](e.tab, fmt.Sprintf(`(e => { for (let d = e?.closest("details:not([open])"); d; d = d.parentElement.closest("details:not([open])")) d.open = true; return true })(%s)`, element))
}

// settled waits until the form has answered to a choice.
func (e entry) settled() {
	e.t.Helper()
	time.Sleep(50 * time.Millisecond)
	e.waitFor("the form to be quiet", `!document.querySelector(".htmx-request, form[aria-busy=true]")`)
}
