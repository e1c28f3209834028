package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// stuck is a cluster that answers to everything but to dry runs for one application.
type stuck struct {
	taking
	app  string
	came chan struct{}
}

func (s stuck) DryRun(ctx context.Context, as policy.Acting, at manifest.Place, app string, set manifest.Set, prune []manifest.Ref) ([]manifest.DryRun, error) {
	if app != s.app {
		return s.taking.DryRun(ctx, as, at, app, set, prune)
	}
	close(s.came)
	<-ctx.Done()
	return nil, ctx.Err()
}

// behindMany is a server with n applications of version 1.0.0 of a template, of which 1.1.0 is there.
func behindMany(t *testing.T, n int) promoting {
	t.Helper()
	p := newPromoting(t)
	p.Changes.Cluster, p.Changes.Feed = taking{}, change.NewFeed()
	at := policy.Target{Team: "payments", Environment: "production"}
	for i := range n - 1 { // api is there already
		c, err := p.Changes.Store.Create(t.Context(), change.Change{
			App: change.AppKey{Target: at, Name: fmt.Sprintf("app-%02d", i)}, Place: p.Changes.Places[at], Kind: change.Create, State: change.Approved, Title: "Create",
			Requester: p.petra.Person, Template: catalog.TemplateID{Name: "maps", Version: "1.0.0"}, Inputs: catalog.Inputs{"image": "a:1", "old": "yes"}, Rendered: []byte("{}\n"),
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.apply(t, c.ID)
	}
	return p
}

// maps calls a handler of the template, as petra.
func (p promoting) maps(t *testing.T, h echo.HandlerFunc, query string, form url.Values) (*httptest.ResponseRecorder, error) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), p.petra), method, "/x?"+query, strings.NewReader(form.Encode()))
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("template")
	c.SetParamValues("maps")
	return w, h(c)
}

func (p promoting) shows(t *testing.T, h echo.HandlerFunc, query string, form url.Values) string {
	t.Helper()
	w, err := p.maps(t, h, query, form)
	if err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// The list is there at once, and each row gets its plan by itself: one that hangs holds up no other.
func TestUpgradesAreListedThenPlanned(t *testing.T) {
	p := behindMany(t, 56)
	slow := stuck{app: "app-03", came: make(chan struct{})}
	p.Changes.Cluster = slow
	list := p.shows(t, p.upgrade, "", nil)
	holds(t, list, map[string]bool{"56 applications run an older version": true, "Page 1 of 2": true, "page=2": true, `name="digest `: false})
	if got := strings.Count(list, `hx-trigger="load"`); got != 50 {
		t.Errorf("%d rows fetch their plan", got)
	}
	if got := strings.Count(p.shows(t, p.upgrade, "page=2", nil), `hx-trigger="load"`); got != 6 {
		t.Errorf("%d rows of the second page fetch their plan", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		key := change.AppKey{Target: policy.Target{Team: "payments", Environment: "production"}, Name: "app-03"}
		ended <- p.Changes.PlanUpgrade(ctx, p.petra, catalog.TemplateID{Name: "maps", Version: "1.1.0"}, change.Application{AppKey: key}).Err
	}()
	<-slow.came
	row := p.shows(t, p.planUpgrade, "app=payments/production/app-04", nil)
	holds(t, row, map[string]bool{"data-planned": true, `name="digest payments/production/app-04"`: true, "has no field for 1 input": true})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the slow one ended with %v", err)
	}
}

// What another team has, and what never was, is one and the same.
func TestForeignUpgradesAreNotThere(t *testing.T) {
	p := behindMany(t, 1)
	for _, app := range []string{"payments/production/none", "shop/production/api", "payments/production", "", "a/b/c/d"} {
		if _, err := p.maps(t, p.planUpgrade, "app="+url.QueryEscape(app), nil); statusOf(err) != http.StatusNotFound {
			t.Errorf("%q: %v", app, err)
		}
	}
}

// Without script a page plans its rows before it answers. What is submitted is what was reviewed, each by
// itself, and the page says of each what became of it.
func TestUpgradesWithoutScript(t *testing.T) {
	p := behindMany(t, 12)
	page := p.shows(t, p.upgrade, "plan=1&page=2", nil)
	holds(t, page, map[string]bool{"12 applications run an older version": true, "Page 2 of 2": true, "page=1&amp;plan=1": true, "hx-trigger": false})
	digests := regexp.MustCompile(`name="digest ([^"]+)" value="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(digests) != 2 {
		t.Fatalf("the second page has %d plans", len(digests))
	}
	form := url.Values{"version": {"1.1.0"}, "page": {"2"}, "plan": {"1"}}
	holds(t, p.shows(t, p.submitUpgrades, "", form), map[string]bool{"No application is ticked": true, "Page 2 of 2": true})
	form["app"] = []string{digests[0][1], digests[1][1]}
	form.Set("digest "+digests[0][1], digests[0][2])
	form.Set("digest "+digests[1][1], "sha256:"+strings.Repeat("0", 64))
	holds(t, p.shows(t, p.submitUpgrades, "", form), map[string]bool{
		"1 of 2 applications submitted": true, "The plan is no longer the one that you saw": true,
	})
}
