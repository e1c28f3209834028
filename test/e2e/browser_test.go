package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a story waits for something that should come within a second or two.
const patience = 60 * time.Second

// browser is one Chromium for all stories.
type browser struct {
	ctx  context.Context
	stop func()
}

func startBrowser() (*browser, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv("SLIPWAY_TEST_CHROMIUM")),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	b := &browser{ctx: ctx, stop: func() { cancel(); cancelAlloc() }}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

// tab is one person's browser: cookies are its own.
type tab struct {
	t     *testing.T
	ctx   context.Context
	base  string
	who   string
	noise *noise

	noScript bool
}

// noise is what the page complained of: exceptions, and what the Content-Security-Policy refused.
type noise struct {
	mu    sync.Mutex
	lines []string
}

func (n *noise) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

// tab opens a browser for a person. It is closed, and must have been without exceptions, at the end of
// the story; of a failed story there is a picture.
func (b *browser) tab(t *testing.T, base, who string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx, base: base, who: who, noise: &noise{}}
	t.Cleanup(func() {
		if t.Failed() {
			p.picture(filepath.Join(os.TempDir(), "slipway-failed-"+strings.ReplaceAll(t.Name(), "/", "-")+"-"+who+".png"))
		}
		cancel()
		p.noise.mu.Lock()
		defer p.noise.mu.Unlock()
		for _, line := range p.noise.lines {
			t.Errorf("%s's page: %s", who, line)
		}
	})
	// The first step makes the tab, which lives as long as that step's context.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.noise.add("exception: " + ev.ExceptionDetails.Text + " " + describeException(ev.ExceptionDetails))
		case *log.EventEntryAdded:
			if ev.Entry.Source == log.EntrySourceSecurity || strings.Contains(ev.Entry.Text, "Content Security Policy") {
				p.noise.add(ev.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func describeException(d *runtime.ExceptionDetails) string {
	if d.Exception == nil {
		return ""
	}
	return d.Exception.Description
}

// do runs steps and fails the story if one of them does.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", p.who, err)
	}
}

// visit goes to a path of the portal and returns the HTTP status of what came.
func (p *tab) visit(path string) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Navigate(p.base+path))
	if err != nil {
		p.t.Fatalf("%s visits %s: %v", p.who, path, err)
	}
	return int(resp.Status)
}

// open is visit for a page that must be there.
func (p *tab) open(path string) {
	p.t.Helper()
	if status := p.visit(path); status != 200 {
		p.t.Fatalf("%s visits %s: status %d\n%s", p.who, path, status, p.text())
	}
}

// path is where the tab is, with its query.
func (p *tab) path() string {
	p.t.Helper()
	u, err := url.Parse(eval[string](p, "location.href"))
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimPrefix(u.RequestURI(), p.base)
}

// eval evaluates an expression in the page. A page that is just being left is asked again.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	var got T
	err := eventually(p.ctx, patience, func(ctx context.Context) (err error) {
		got, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression))
		return err
	})
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.who, expression, err)
	}
	return got
}

// js is a Go value as it stands in a script.
func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings and numbers come here
	}
	return string(b)
}

// look sets how wide the window is, and whether the system is dark.
func (p *tab) look(width int64, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do(chromedp.EmulateViewport(width, 900))
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		p.t.Fatal(err)
	}
}

// withoutScript turns JavaScript off in the pages that follow.
func (p *tab) withoutScript() {
	p.t.Helper()
	p.noScript = true
	p.disableScript(true)
}

func (p *tab) disableScript(off bool) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
		p.t.Fatal(err)
	}
}

// screenshot puts a picture of the whole page into the folder for screenshots, if one is named.
func (p *tab) screenshot(name string) {
	p.t.Helper()
	if dir := os.Getenv("SLIPWAY_TEST_SCREENSHOTS"); dir != "" {
		p.picture(filepath.Join(dir, name+".png"))
	}
}

func (p *tab) picture(path string) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		p.t.Errorf("no picture of %s's page: %v", p.who, err)
		return
	}
	p.t.Logf("%s's page: %s", p.who, path)
}

// signIn signs somebody in at the provider and leaves the tab on the first page.
func (w *world) signIn(t *testing.T, who string) *tab {
	t.Helper()
	p := w.browser.tab(t, w.base, who)
	p.signIn()
	return p
}

// stranger is a tab without a session.
func (w *world) stranger(t *testing.T) *tab {
	t.Helper()
	return w.browser.tab(t, w.base, "stranger")
}

func (p *tab) signIn() {
	p.t.Helper()
	p.open("/sign-in")
	p.follow("Sign in with")
	p.waitFor("the provider's form", "document.querySelector('input[type=password]')")
	p.type_("input[name=login]", p.who+"@example.com")
	p.type_("input[type=password]", "password")
	p.press("button[type=submit]")
	p.waitFor("the portal", fmt.Sprintf("location.origin === %s && document.querySelector('main')", js(p.base)))
	if got := p.path(); got != "/applications" {
		p.t.Fatalf("%s is at %s after signing in\n%s", p.who, got, p.text())
	}
}
