package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// The hands and eyes of a person: what is pressed is found by its words, as a person finds it, and a
// press is a mouse's, so that what is covered or hidden cannot be pressed.

// spot is where a thing is on the screen.
type spot struct {
	X, Y    float64
	Covered string // what lies over it
}

// findJS finds what can be pressed by its name: exactly, else by how it begins. It is brought into view.
const findJS = `((text, selector) => {
	const norm = s => (s || "").replace(/\s+/g, " ").trim();
	const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden" && !e.disabled;
	const name = e => norm(e.getAttribute("aria-label") || e.innerText || e.value);
	const all = [...document.querySelectorAll(selector)].filter(shown);
	const hit = text === "" ? all[0] : all.find(e => name(e) === text) || all.find(e => name(e).startsWith(text));
	if (!hit) return null;
	hit.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
	const r = hit.getClientRects()[0], x = r.left + r.width / 2, y = r.top + r.height / 2;
	const top = document.elementFromPoint(x, y);
	window.found = {hit, top};
	const clear = top && (hit.contains(top) || top.contains(hit) || top.closest("label")?.control === hit);
	return {X: x, Y: y, Covered: clear ? "" : (top ? top.outerHTML.slice(0, 120) : "the edge of the window")};
})`

// aimJS looks at the next press of the mouse. What was found may have moved since, because something above it
// has come or gone; a person sees that and aims again. So a press that would meet something else meets nothing,
// and window.met says so.
const aimJS = `(at => {
	if (!at) return at;
	const {hit, top} = window.found;
	window.met = "";
	window.meets = e => hit.contains(e) || e === top || e.closest("label")?.control === hit;
	if (window.aims) return at;
	window.aims = true;
	for (const kind of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) addEventListener(kind, e => {
		if (!window.meets || !e.isTrusted) return; // another hand's, or a script's
		if (kind === "pointerdown" || kind === "click") window.met = window.meets(e.target) ? "it" : "another";
		if (window.met !== "another") return;
		e.preventDefault();
		e.stopImmediatePropagation();
	}, true);
	return at;
})`

const pressable = "a[href],button,summary,[role=button],[role=radio],input[type=submit]"

func (p *tab) find(text, selector string) spot {
	p.t.Helper()
	var at *spot
	err := eventually(p.ctx, patience, func(ctx context.Context) (err error) {
		at, err = chromedp.Run(ctx, chromedp.Evaluate[*spot](fmt.Sprintf("%s(%s(%s,%s))", aimJS, findJS, js(text), js(selector))))
		switch {
		case err != nil:
			return err
		case at == nil:
			return fmt.Errorf("nothing to press is called %q", text)
		case at.Covered != "":
			return fmt.Errorf("%q is covered by %s", text, at.Covered)
		}
		return nil
	})
	if err != nil {
		p.t.Fatalf("%s at %s: %v\n%s", p.who, p.path(), err, p.text())
	}
	return *at
}

// click presses the link or button of that name.
func (p *tab) click(name string) {
	p.t.Helper()
	p.pressAt(name, pressable)
}

// press presses the first element that a CSS selector finds.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.pressAt("", selector)
}

// pressAt presses what is found, and again where it has moved away from under the mouse meanwhile. A page that
// is gone, or runs no scripts, does not move.
func (p *tab) pressAt(name, selector string) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		at := p.find(name, selector)
		p.do(chromedp.MouseClickXY(at.X, at.Y))
		met, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`(window.meets = null, window.met !== "another")`))
		if met || err != nil {
			return
		}
	}
	p.t.Fatalf("%s at %s: %q does not hold still\n%s", p.who, p.path(), name+selector, p.text())
}

// follow is click, and waits for the page that comes.
func (p *tab) follow(name string) {
	p.t.Helper()
	eval[bool](p, "window.leaving = true")
	p.click(name)
	p.waitFor("the page behind "+name, `!window.leaving && document.readyState === "complete"`)
}

// can tells whether something to press has that name at the moment.
func (p *tab) can(name string) bool {
	p.t.Helper()
	return eval[bool](p, fmt.Sprintf("%s(%s,%s) !== null", findJS, js(name), js(pressable)))
}

// type_ replaces what is in a field, found by a CSS selector, by what is typed.
func (p *tab) type_(selector, text string) {
	p.t.Helper()
	p.waitFor(selector, fmt.Sprintf("document.querySelector(%s)", js(selector)))
	p.typeInto(fmt.Sprintf("document.querySelector(%s)", js(selector)), text)
}

// field is a script that finds a field by its label: exactly, else by how it begins.
func field(label string) string {
	return fmt.Sprintf(`((text) => {
		const name = l => l.textContent.replace(/\s+/g, " ").trim();
		const all = [...document.querySelectorAll("label")].filter(l => l.control);
		return (all.find(l => name(l) === text) || all.find(l => name(l).startsWith(text)))?.control;
	})(%s)`, js(label))
}

// fill types into the field with that label. A folded section is opened first.
func (p *tab) fill(label, text string) {
	p.t.Helper()
	p.waitFor("field "+label, field(label))
	eval[bool](p, fmt.Sprintf(`(() => { const d = (%s).closest("details:not([open])"); if (d) d.open = true; return true })()`, field(label)))
	p.typeInto(field(label), text)
}

func (p *tab) typeInto(element, text string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(e => { e.scrollIntoView({block: "center", behavior: "instant"}); e.focus(); e.select(); return true })(%s)`, element))
	if text == "" {
		p.do(chromedp.KeyEvent("\b"))
		return
	}
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
}

// value is what stands in the field with that label.
func (p *tab) value(label string) string {
	p.t.Helper()
	p.waitFor("field "+label, field(label))
	return eval[string](p, "("+field(label)+").value")
}

// keys presses keys, one after another. A key and its character are one event, as from a keyboard, so
// that a page can keep the character from being typed.
func (p *tab) keys(keys string) {
	p.t.Helper()
	for _, r := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: string(r), Text: string(r)}
		switch r {
		case '\t':
			down.Key, down.Code, down.Text, down.WindowsVirtualKeyCode = "Tab", "Tab", "", 9
		case '\x1b':
			down.Key, down.Code, down.Text, down.WindowsVirtualKeyCode = "Escape", "Escape", "", 27
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		for _, event := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, event); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

// text is all that a person could read on the page.
func (p *tab) text() string {
	p.t.Helper()
	return eval[string](p, "document.body.innerText")
}

// textOf is what a person could read in an element.
func (p *tab) textOf(selector string) string {
	p.t.Helper()
	p.waitFor(selector, fmt.Sprintf("document.querySelector(%s)", js(selector)))
	return strings.Join(strings.Fields(eval[string](p, fmt.Sprintf("document.querySelector(%s).innerText", js(selector)))), " ")
}

// sees waits until all of these can be read on the page.
func (p *tab) sees(texts ...string) {
	p.t.Helper()
	p.seesWithin(patience, texts...)
}

func (p *tab) seesWithin(d time.Duration, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		err := eventually(p.ctx, d, func(ctx context.Context) error {
			body, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
			if err == nil && !strings.Contains(squeeze(body), squeeze(text)) {
				err = fmt.Errorf("%q is not on the page", text)
			}
			return err
		})
		if err != nil {
			p.t.Fatalf("%s at %s: %v\n%s", p.who, p.path(), err, p.text())
		}
	}
}

// squeeze makes texts comparable however they were wrapped.
func squeeze(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ")
}

// seesNot checks that none of these can be read on the page as it is.
func (p *tab) seesNot(texts ...string) {
	p.t.Helper()
	body := squeeze(p.text())
	for _, text := range texts {
		if strings.Contains(body, squeeze(text)) {
			p.t.Errorf("%s at %s reads %q", p.who, p.path(), text)
		}
	}
}

// waitFor waits until an expression is true in the page.
func (p *tab) waitFor(what, expression string) {
	p.t.Helper()
	err := eventually(p.ctx, patience, func(ctx context.Context) error {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && !ok {
			err = fmt.Errorf("%s is not there", what)
		}
		return err
	})
	if err != nil {
		p.t.Fatalf("%s at %s: %v\n%s", p.who, p.path(), err, p.text())
	}
}
