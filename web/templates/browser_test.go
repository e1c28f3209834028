package templates

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"slipway.dev/slipway/web/static"
)

// policyHeader is the strictest Content-Security-Policy that the pages work with; pictures in the
// stylesheet are data.
const policyHeader = "default-src 'none'; script-src 'nonce-%s'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types htmx"

// site serves the gallery as the portal would.
type site struct {
	pages   map[string]templ.Component
	mu      sync.Mutex
	posts   []string
	streams int
	refuse  []int          // the statuses of the first answers to who asks for a stream
	plans   map[string]int // how often the plan of a row was asked for
}

func newSite() *site {
	s := &site{pages: map[string]templ.Component{}, plans: map[string]int{}}
	for _, v := range gallery() {
		s.pages["/"+v.name] = v.page
	}
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	nonce := "sample"
	if r.Method == http.MethodPost {
		nonce = "another" // every answer has its own
	}
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(policyHeader, nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch page := s.pages[r.URL.Path]; {
	case page != nil:
		_ = page.Render(r.Context(), w)
	case strings.HasSuffix(r.URL.Path, "/stream"):
		s.stream(w, r)
	case strings.HasSuffix(r.URL.Path, "/upgrade/plan"):
		s.plan(w, r)
	case strings.HasSuffix(r.URL.Path, "/preview"):
		s.post(r)
		d := formPage(false)
		d.Manifests.Objects[0].YAML = "image: " + r.PostFormValue("in/image") + "\n"
		d.Manifests.Objects[0].By = map[int]MarkedBy{1: {Path: r.PostFormValue("_focus"), Title: "Image"}}
		d.View.Sections[2].Controls[0].Error = "Take 50 or less."
		_ = PreviewFragments(samplePage(NavCatalogue, ""), d).Render(r.Context(), w)
	case strings.HasSuffix(r.URL.Path, "/new/web-service"):
		s.post(r)
		d := formPage(false)
		env := &d.View.Sections[3].Controls[0]
		row := env.Rows[1]
		key := *row.Key
		row.Index, key.Name, key.ID, key.Value = 2, "in/env/2/key", "in-env-2-key", ""
		row.Key, row.Item.Name, row.Item.ID = &key, "in/env/2/value", "in-env-2-value"
		env.Rows = append(env.Rows, row)
		p := samplePage(NavCatalogue, "")
		p.Nonce = nonce
		_ = Form(p, d).Render(r.Context(), w)
	default:
		http.NotFound(w, r)
	}
}

func (s *site) post(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseMultipartForm(1 << 20)
	s.posts = append(s.posts, r.PostForm.Encode())
}

// plan answers with the row that is asked for; to "another" only when it is asked for the second time.
func (s *site) plan(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	app := r.URL.Query().Get("app")
	s.plans[app]++
	n := s.plans[app]
	s.mu.Unlock()
	for _, row := range upgradeData().Rows {
		if row.ID != app {
			continue
		}
		if row.App.Name == "another" && n == 1 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_ = UpgradePlanned(samplePage(NavCatalogue, ""), upgradeData(), row).Render(r.Context(), w)
	}
}

// stream sends one change of state and stays open; when it is asked for a second time it says that
// the session has ended. Before that it is refused as often as the test wants.
func (s *site) stream(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if len(s.refuse) > 0 {
		w.WriteHeader(s.refuse[0])
		s.refuse = s.refuse[1:]
		s.mu.Unlock()
		return
	}
	s.streams++
	n := s.streams
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	if n > 1 {
		fmt.Fprintf(w, "id: 2\nevent: end\ndata: %s\n\n", r.Header.Get("Last-Event-ID"))
		return
	}
	d := livePage()
	d.Snapshot.Sentence = "2 of 2 workloads failed"
	var b strings.Builder
	_ = LiveFragments(samplePage(NavApplications, ""), d).Render(r.Context(), &b)
	fmt.Fprintf(w, "id: 1\ndata: %s\n\n", strings.ReplaceAll(b.String(), "\n", "\ndata: "))
	w.(http.Flusher).Flush()
	time.Sleep(1500 * time.Millisecond)
}

// browser starts Chromium on the gallery. Every error that a page logs fails the test.
func browser(t *testing.T) (context.Context, *httptest.Server, *site) {
	t.Helper()
	binary := os.Getenv("SLIPWAY_TEST_CHROMIUM")
	switch {
	case static.Check() != nil && os.Getenv("SLIPWAY_TEST_REQUIRE") == "1":
		t.Fatal(static.Check())
	case binary == "" && os.Getenv("SLIPWAY_TEST_REQUIRE") == "1":
		t.Fatal("SLIPWAY_TEST_CHROMIUM names no browser")
	case binary == "" || static.Check() != nil:
		t.Skip("SLIPWAY_TEST_CHROMIUM names no browser, or the assets are not built")
	}
	s := newSite()
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/app.css", redirectTo("app.css"))
	mux.HandleFunc("/app.js", redirectTo("app.js"))
	mux.HandleFunc("/favicon.svg", redirectTo("favicon.svg"))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Headless,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	watchConsole(t, ctx)
	ctx, cancel = context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancel)
	return ctx, server, s
}

// watchConsole fails the test for each error that a page reports, breaches of its policy included. That the
// browser tells of a stream that was refused is as it should be.
func watchConsole(t *testing.T, ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			refused := strings.HasPrefix(m.Text, "Failed to load resource") && strings.HasSuffix(m.URL, "/stream")
			if err == nil && !refused && (m.IsException() || m.Type == "error") {
				t.Errorf("the page reported: %s %s", m.Text, m.URL)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// redirectTo sends the fixed names of the gallery to the built files.
func redirectTo(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, static.URL(name), http.StatusFound) }
}

func perform(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page, awaiting what it promises.
func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for a condition in the page.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
}

// axeRun lists the faults of a page by the rules or standards in %q.
const axeRun = `axe.run({runOnly: %q.split(" ")}).then(r => r.violations.flatMap(v =>
	v.nodes.map(n => v.id + ": " + n.html + " " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message)))`

// TestAxe finds no fault of WCAG 2.2 A and AA on any page, light, dark and narrow; none scrolls sideways.
func TestAxe(t *testing.T) {
	ctx, server, s := browser(t)
	axe, err := os.ReadFile(filepath.Join("..", "static", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("axe-core is not installed: run npm ci in web/static")
	}
	// The dark theme differs in its colours only.
	for scheme, rules := range map[string]string{"light": "wcag2a wcag2aa wcag21a wcag21aa wcag22aa", "dark": "color-contrast"} {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
			t.Fatal(err)
		}
		for path := range s.pages {
			for _, width := range []int64{1440, 390, 320} {
				if scheme == "dark" && width < 1440 {
					continue
				}
				perform(t, ctx, chromedp.EmulateViewport(width, 1200), chromedp.Navigate(server.URL+path))
				if ask[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`) {
					t.Errorf("%s, %d wide: it scrolls sideways", path, width)
				}
				if width == 320 {
					continue
				}
				perform(t, ctx, chromedp.Evaluate[chromedp.Void](string(axe)))
				for _, fault := range ask[[]string](t, ctx, fmt.Sprintf(axeRun, rules)) {
					t.Errorf("%s, %s, %d wide: %s", path, scheme, width, fault)
				}
			}
		}
	}
}

// TestPreviewFollowsTyping under the strict policy: the manifests and messages come while one types.
func TestPreviewFollowsTyping(t *testing.T) {
	ctx, server, _ := browser(t)
	perform(t, ctx, chromedp.EmulateViewport(1440, 1200), chromedp.Navigate(server.URL+"/form"), chromedp.SendKeys(chromedp.CSS("#in-image"), "x"))
	until(t, ctx, `document.querySelector("#manifest-list .yaml")?.textContent.trim() === "image: xregistry.example.com/payments/partner:4f02be1"`)
	until(t, ctx, `document.querySelector(".yaml li.hit[data-by=Image]") !== null`)
	if got := ask[string](t, ctx, `document.getElementById("in-replicas-e").textContent + " " + document.getElementById("in-replicas").ariaInvalid`); got != "Take 50 or less. true" {
		t.Errorf("beside the field: %q", got)
	}
	if got := ask[string](t, ctx, `document.activeElement.id + " " + document.activeElement.value.slice(0, 3)`); got != "in-image xre" {
		t.Errorf("the focus and what was typed: %q", got)
	}
	perform(t, ctx, chromedp.Click(chromedp.CSS("#s-settings summary")), chromedp.Click(chromedp.CSS("#s-settings button[name=_add]")))
	until(t, ctx, `document.activeElement.id === "in-env-2-key"`)
	if got := ask[int](t, ctx, `document.querySelectorAll("#s-settings [data-row]").length`); got != 3 {
		t.Errorf("%d rows", got)
	}
	if !ask[bool](t, ctx, `document.querySelector("#s-settings").open`) {
		t.Error("adding a row folded its section")
	}
}

// TestPatternThatABrowserDoesNotTake: the script goes on without it, and what is typed is kept.
func TestPatternThatABrowserDoesNotTake(t *testing.T) {
	ctx, server, _ := browser(t)
	perform(t, ctx, chromedp.EmulateViewport(1440, 1200), chromedp.Navigate(server.URL+"/form"), chromedp.Click(chromedp.CSS("#s-settings summary")))
	ask[bool](t, ctx, `(() => {
		const row = document.getElementById("in-env-0-key").closest("[data-row]");
		Object.assign(document.getElementById("in-env-0-value").dataset, { offers: "none", offersKeys: "(" });
		row.append(Object.assign(document.createElement("p"), { id: "hint", hidden: true }));
		document.getElementById("hint").dataset.shapeHint = "";
		row.closest("fieldset").dataset.shapes = JSON.stringify([{ keys: "[" }, { keys: "", pattern: "(", hint: "Usually short." }]);
		return true;
	})()`)
	perform(t, ctx, chromedp.SendKeys(chromedp.CSS("#in-env-0-key"), "x"))
	until(t, ctx, `document.querySelector("form[data-form]").elements._typed.value === "1"`)
	if got := ask[string](t, ctx, `document.getElementById("hint").textContent`); got != "Usually short." {
		t.Errorf("the hint is %q", got)
	}
}

// TestRowsFetchTheirPlans: each by itself; of one that got no answer the plan can be asked for again.
func TestRowsFetchTheirPlans(t *testing.T) {
	ctx, server, _ := browser(t)
	perform(t, ctx, chromedp.EmulateViewport(1440, 1200), chromedp.Navigate(server.URL+"/upgrade-pending"))
	until(t, ctx, `document.getElementById("planned").textContent === "1 of 2 are planned."`)
	if !ask[bool](t, ctx, `document.querySelector("#upgrades input[name=app]").form.id === "submit"`) {
		t.Error("what is ticked is not sent")
	}
	ask[bool](t, ctx, `(li => li.dispatchEvent(new CustomEvent("htmx:error", { bubbles: true, detail: { ctx: { sourceElement: li } } })))(document.querySelectorAll("#upgrades > li")[1])`)
	until(t, ctx, `/did not answer/.test(document.querySelectorAll("#upgrades > li")[1].innerText)`)
	perform(t, ctx, chromedp.Click(chromedp.CSS("#upgrades [data-again] button")))
	until(t, ctx, `document.getElementById("planned").textContent === "All are planned." && /Size: Write a number/.test(document.getElementById("upgrades").innerText)`)
}

// TestStreamRenewsThePage and says when the session has ended.
func TestStreamRenewsThePage(t *testing.T) {
	ctx, server, _ := browser(t)
	perform(t, ctx, chromedp.Navigate(server.URL+"/live"))
	ask[bool](t, ctx, `document.querySelector("#n-deployment-api details").open = false`)
	until(t, ctx, `document.querySelector("#verdict").textContent === "2 of 2 workloads failed"`)
	if ask[bool](t, ctx, `document.querySelector("#n-deployment-api details").open`) {
		t.Error("what was folded opened by itself")
	}
	until(t, ctx, `document.querySelector("#stream-note a")?.textContent === "Sign in"`)
	if got := ask[string](t, ctx, `document.getElementById("stream").textContent`); got != "signed out" {
		t.Errorf("the pill says %q", got)
	}
}

// TestStreamThatDoesNotBegin is tried again until it does, and not where nothing will come of it.
func TestStreamThatDoesNotBegin(t *testing.T) {
	for name, c := range map[string]struct {
		refuse  []int
		verdict string
		note    string
	}{
		"the portal starts anew":   {[]int{http.StatusBadGateway, http.StatusServiceUnavailable}, "2 of 2 workloads failed", "Sign in"},
		"an answer of nothing":     {[]int{http.StatusOK}, "2 of 2 workloads failed", "Sign in"},
		"the session has ended":    {[]int{http.StatusUnauthorized}, "", "Sign in"},
		"it is not there any more": {[]int{http.StatusNotFound}, "", "Applications"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, server, s := browser(t)
			s.refuse = c.refuse
			perform(t, ctx, chromedp.Navigate(server.URL+"/live"))
			if c.verdict != "" {
				until(t, ctx, fmt.Sprintf(`document.querySelector("#verdict").textContent === %q`, c.verdict))
			}
			until(t, ctx, fmt.Sprintf(`document.querySelector("#stream-note a")?.textContent === %q`, c.note))
			s.mu.Lock()
			defer s.mu.Unlock()
			if c.verdict == "" && s.streams > 0 {
				t.Errorf("it was asked for again, though it is over")
			}
		})
	}
}

// TestKeys: a key does what the dialog behind “?” says, and nothing while one types.
func TestKeys(t *testing.T) {
	ctx, server, _ := browser(t)
	perform(t, ctx, chromedp.EmulateViewport(1440, 1200), chromedp.Navigate(server.URL+"/applications"), chromedp.KeyEvent("?"))
	if !ask[bool](t, ctx, `document.getElementById("keys").open`) {
		t.Error("? does not open the keys")
	}
	ask[bool](t, ctx, `document.getElementById("keys").close() ?? true`)
	perform(t, ctx, chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	if got := ask[string](t, ctx, `document.activeElement.textContent`); got != "satellite" {
		t.Errorf("j j leads to %q", got)
	}
	perform(t, ctx, chromedp.KeyEvent("/"), chromedp.KeyEvent("?"))
	if got := ask[string](t, ctx, `document.activeElement.id + " " + document.getElementById("keys").open`); got != "search false" {
		t.Errorf("after / and ?: %q", got)
	}
}
