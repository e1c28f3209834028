package templates

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// promoteData is a comparison with a difference of each sort.
func promoteData() PromoteData {
	from := change.Application{AppKey: change.AppKey{Target: staging, Name: "api"}, Template: webService, Revision: 12}
	older := catalog.TemplateID{Name: webService.Name, Version: "0.9.0"}
	return PromoteData{
		App: from, To: api, May: true, Version: true,
		Others: []PromoteChoice{{Value: "production/api", Label: "production", Chosen: true}, {Value: "production/api-eu", Label: "api-eu in production"}},
		Comparison: change.Comparison{
			From: change.Source{App: from.AppKey, Revision: 12}, To: api, Exists: true, Base: 42, Made: webService, Runs: older, Fields: webService, Stored: 2,
			Differs: []catalog.Difference{
				{Path: "/image", Title: "Image", Section: "What runs", From: "registry.example.com/payments/api:2.5.0@sha256:4f1d0c7b1ba3", To: "registry.example.com/payments/api:2.4.1", Mono: true},
				{Path: "/env/NEW", Title: "Environment variables, NEW", Section: "Settings", From: "1", Mono: true},
				{Path: "/env/OLD", Title: "Environment variables, OLD", Section: "Settings", To: "yes", Removes: true, Mono: true},
				{Path: "/env/URL", Title: "Environment variables, URL", Section: "Settings", From: "https://api.staging.example.com", To: "https://api.example.com", Mono: true, Environment: true, Why: "It names api.example.com."},
				{Path: "/secrets/STRIPE", Title: "Secrets, STRIPE", Section: "Secrets", From: "stored", Secret: true},
				{Path: "/secrets/LEGACY", Title: "Secrets, LEGACY", Section: "Secrets", To: "stored", Secret: true, Removes: true},
				{Path: "/host", Title: "Host name", Section: "Who reaches it", From: "api.staging.example.com", To: "api.example.com", Mono: true, Environment: true},
				{Path: "/storage/class", Title: "Disk, storage class", Section: "Disks", From: "slow", To: "fast", Mono: true, Fixed: true},
			},
		},
		Ticked: map[string]bool{"/image": true, "/env/NEW": true, "/env/OLD": true, "/secrets/STRIPE": true},
	}
}

// promoteViews are the states of the comparison for the gallery.
func promoteViews() []view {
	crumbs := []Crumb{{"Applications", "/applications"}, {"api", "/x"}, {"Promote", ""}}
	page := func(d PromoteData) view {
		return view{page: Promote(samplePage(NavApplications, "Promote", crumbs...), d)}
	}
	posted, compare, refused, same, alone, lost := promoteData(), promoteData(), promoteData(), promoteData(), promoteData(), promoteData()
	posted.Problem, posted.Begun, posted.BegunURL = "Nothing is ticked. Tick what is to go over.", sampleNow.Add(-time.Hour), "/x"
	compare.May = false
	refused.Why = "api is made from template web-service in staging and from worker in production, so their fields are not the same."
	same.Comparison.Differs, same.Comparison.Runs = nil, webService
	alone.Others = nil
	lost.Comparison.Exists, lost.Comparison.Base, lost.Comparison.Stored = false, 0, 0
	lost.Comparison.Differs = lost.Comparison.Differs[:2]
	form := formPage(false)
	form.Source = &change.Source{App: change.AppKey{Target: staging, Name: "api"}, Revision: 12}
	form.Kept = Kept{At: sampleNow, Returned: true}
	plan := planPage()
	plan.Plan.Template = webService
	plan.Plan.Promoted = &change.Promotion{Source: *form.Source, Template: webService, Apart: []string{"Image", "Environment variables, NEW"}}
	views := []view{page(promoteData()), page(posted), page(compare), page(refused), page(same), page(alone), page(lost)}
	for i, name := range []string{"", "-problem", "-compare", "-refused", "-same", "-alone", "-new"} {
		views[i].name = "promote" + name
	}
	views = append(views, longNameViews()...)
	return append(views,
		view{"promote-form", Form(samplePage(NavCatalogue, "New web-service", Crumb{"Catalogue", "/catalogue"}, Crumb{"New", ""}), form)},
		view{"promote-plan", Plan(samplePage(NavApplications, "Plan", crumbs...), plan)},
	)
}

// longNameViews are pages of an application whose name is as long as one may be, and has no dash to wrap at.
func longNameViews() []view {
	name := strings.Repeat("m", 53)
	crumbs := []Crumb{{"Applications", "/applications"}, {name, "/x"}, {"Promote", ""}}
	full, compare, environment := promoteData(), promoteData(), environmentPage()
	full.App.Name, full.To.Name = name, name
	full.Begun, full.BegunURL = sampleNow.Add(-time.Hour), "/x"
	full.Others = append(full.Others, PromoteChoice{Value: "production/" + name, Label: name + " in production"})
	full.Comparison.Differs[0].Title = "Workloads, " + name + ", image"
	compare.App, compare.To, compare.May = full.App, full.To, false
	compare.To.Team, compare.To.Environment = name, name
	environment.App.Name = name
	for i := range environment.Containers {
		c := &environment.Containers[i]
		c.Workload.Name, c.Name = name, name[1:]+string(rune('a'+i)) // no two ids are the same
		for n := range c.Sources {
			c.Sources[n].Name = name
			c.Sources[n].Missing = true
		}
	}
	form := formPage(false)
	form.App.Name, form.Source = name, &change.Source{App: full.App.AppKey, Revision: 12}
	return []view{
		{"promote-long", Promote(samplePage(NavApplications, "Promote", crumbs...), full)},
		{"promote-compare-long", Promote(samplePage(NavApplications, "Compare", crumbs...), compare)},
		{"environment-long", Environment(samplePage(NavApplications, "Environment", crumbs...), environment)},
		{"promote-form-long", Form(samplePage(NavCatalogue, "New", crumbs...), form)},
	}
}

func TestPromotePage(t *testing.T) {
	text := draw(t, Promote(samplePage(NavApplications, "Promote"), promoteData()))
	for want, n := range map[string]int{
		`name="take"`: 7, `name="version"`: 1, " checked": 6, // one is of the keys "9 values differ": 1, "It names api.example.com.": 1,
		"Fixed once the application exists.": 1, "the form asks for one": 1, `value="12"`: 1, `value="42"`: 1,
		"2 secrets have values in both": 1, "Take over into the form": 1,
	} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q is %d times on the page, want %d", want, got, n)
		}
	}
	only := promoteData()
	only.May = false
	if text := draw(t, Promote(samplePage(NavApplications, "Compare"), only)); strings.Contains(text, `name="take"`) || strings.Contains(text, "Take over into") || !strings.Contains(text, "Compare api") {
		t.Error("who may change nothing is offered to take something over")
	}
}

// Whoever approves a promotion can read the title of each field that differs, though the sentence names five.
func TestAPromotionNamesAllThatDiffers(t *testing.T) {
	d := planPage()
	src := change.Source{App: change.AppKey{Target: policy.Target{Team: "payments", Environment: "staging"}, Name: "api"}, Revision: 12}
	d.Plan.Promoted = &change.Promotion{Source: src, Template: d.Plan.Template, Apart: []string{"A1", "B2", "C3", "D4", "E5", "F6", "G7"}, More: 2}
	page := draw(t, Plan(samplePage(NavApplications, "plan"), d))
	for _, want := range []string{"A1; B2; C3; D4; E5; and 4 fields more", "The others that differ", "<li>F6</li>", "<li>G7</li>", "<li>and 2 fields more</li>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	d.Plan.Promoted.Apart, d.Plan.Promoted.More = d.Plan.Promoted.Apart[:5], 0
	if strings.Contains(draw(t, Plan(samplePage(NavApplications, "plan"), d)), "The others that differ") {
		t.Error("nothing more differs, and the page offers it")
	}
}

func TestPromotedWords(t *testing.T) {
	at := change.AppKey{Target: policy.Target{Team: "payments", Environment: "production"}, Name: "api"}
	src := change.Source{App: change.AppKey{Target: policy.Target{Team: "payments", Environment: "staging"}, Name: "api"}, Revision: 12}
	another := src
	another.App.Name = "api-next"
	for want, p := range map[string]change.Promotion{
		"Taken over from staging revision 12. But for what belongs to the environment, and the values of secrets, all is as it is there.":        {Source: src, Template: webService},
		"Taken over from api-next of staging, revision 12. It differs from there in Image.":                                                      {Source: another, Template: webService, Apart: []string{"Image"}},
		"Taken over from staging revision 12. It differs from there in A; B; C; D; E; and 3 fields more.":                                        {Source: src, Template: webService, Apart: []string{"A", "B", "C", "D", "E", "F"}, More: 2},
		"Taken over from staging revision 12. That is of web-service 0.1.0; this is of " + webService.String() + ". It differs from there in A.": {Source: src, Template: catalog.TemplateID{Name: "web-service", Version: "0.1.0"}, Apart: []string{"A"}},
	} {
		if got := promotedWords(change.Plan{Template: webService, Promoted: &p}, at); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
