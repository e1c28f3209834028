package e2e

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axeSource is axe-core as npm installed it for the front end.
var axeSource = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("../../web/static/node_modules/axe-core/axe.min.js")
	return string(b), err
})

type axeViolation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		Target  []any  `json:"target"`
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axe fails the story for each rule of WCAG 2.0 to 2.2, A and AA, that the page breaks.
func (p *tab) axe() {
	p.t.Helper()
	source, err := axeSource()
	if err != nil {
		p.t.Fatalf("axe-core is not installed; run “npm ci” in web/static: %v", err)
	}
	if p.noScript { // axe needs timers; the page's own scripts are not run any more
		p.disableScript(false)
		defer p.disableScript(true)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source)); err != nil {
		p.t.Fatal(err)
	}
	// What is still fading in has no contrast yet. Within a folded section it would fade for ever, so nobody waits.
	const still = `document.getAnimations().filter(a => a.effect?.getComputedTiming().endTime < Infinity).forEach(a => a.finish())`
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](still)); err != nil {
		p.t.Fatal(err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]axeViolation](
		`axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r => r.violations)`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes {
			p.t.Errorf("axe at %s: %s: %s\n  %v %s\n  %s", p.path(), v.ID, v.Help, n.Target, n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n  "))
		}
	}
}
