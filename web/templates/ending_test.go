package templates

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

var (
	week       = change.CopyRule{MaxAge: 7 * 24 * time.Hour, Domain: "preview.example.com"}
	inPreview  = policy.Target{Team: "payments", Environment: "preview"}
	inPreview2 = policy.Target{Team: "payments", Environment: "preview-of-a-branch-with-a-long-name"}
)

// endingIn is an application's page when it has so long to live.
func endingIn(left time.Duration) LiveData {
	d := livePage()
	d.App.Ending = &change.Ending{Until: sampleNow.Add(left), Made: 1290}
	d.CanCopy = true
	return d
}

// endingViews are the pages of what ends by itself, in the states that differ.
func endingViews() []view {
	apps := Crumb{"Applications", "/applications"}
	live := func(d LiveData) Page { return samplePage(NavApplications, "api", apps, Crumb{d.App.Name, ""}) }
	plan, agreed := planPage(), planPage()
	plan.Kind, plan.Plan.Copies, plan.Ends = change.Create, &week, EndsData{Chosen: 24 * time.Hour}
	agreed.Change, agreed.Plan.Until = 1290, sampleNow.Add(24*time.Hour)
	agreed.Diff = DiffView{URL: "/changes/1290/plan"}
	stuck := endingIn(-3 * time.Hour)
	stuck.App.Ending.Tries, stuck.App.Ending.Next, stuck.App.Ending.Why = 7, sampleNow.Add(50*time.Minute), "The cluster does not answer."
	going := endingIn(-time.Minute)
	going.App.Ending.By, going.Changes = 1291, []change.Change{sampleChange(change.Applying)}
	going.Changes[0].ID = 1291
	places := []change.CopyPlace{{Target: inPreview, Rule: week, Name: "api-copy"}, {Target: inPreview2, Rule: change.CopyRule{MaxAge: time.Hour}, There: 3, Name: "api-copy-2"}}
	app := livePage().App
	copied := CopyData{App: app, Places: places, Begun: []string{"preview"}, Hosts: []catalog.HostClaim{{Host: "api.example.com"}}}
	wrong := copied
	wrong.NameError, wrong.Name, wrong.Places, wrong.Begun = "There is an application of this name there already. Take another name.", "api", places[:1], nil
	refused := copied
	refused.Problem = "No source has a version of template web-service that these were made from and that can be used. Take the application to another version first."
	made, over := ChangeData{Change: sampleChange(change.Pending)}, ChangeData{Change: sampleChange(change.Applied)}
	made.Change.Plan.Until = sampleNow.Add(24 * time.Hour)
	over.Change.Kind, over.Change.Plan.Over, over.Change.Title = change.Delete, sampleNow.Add(-time.Minute), "Delete api-copy"
	ends := endingIn(5 * time.Hour).App
	later := ExtendData{App: ends, Laters: []change.Later{{Lives: 24 * time.Hour, Until: sampleNow.Add(24 * time.Hour)}, {Lives: 3 * 24 * time.Hour, Until: sampleNow.Add(3 * 24 * time.Hour)}, {Until: sampleNow.Add(6 * 24 * time.Hour)}}}
	moved, oldest := later, ExtendData{App: endingIn(-time.Hour).App, WhyNot: "Its time is over, and it is being deleted. Make another copy.", Problem: "Its time is over, and it is being deleted. Make another copy."}
	moved.Moved = true
	changePage := samplePage(NavChanges, "#1290", Crumb{"Changes", "/changes"}, Crumb{"#1290", ""})
	return []view{
		{"ending-plan", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), plan)},
		{"ending-agreed", Plan(samplePage(NavChanges, "Plan", apps, Crumb{"Plan", ""}), agreed)},
		{"ending-change", Change(changePage, made)},
		{"ending-over", Change(changePage, over)},
		{"ending-later", Live(live(endingIn(5*24*time.Hour)), endingIn(5*24*time.Hour))},
		{"ending-soon", Live(live(endingIn(5*time.Hour)), endingIn(5*time.Hour))},
		{"ending-going", Live(live(going), going)},
		{"ending-stuck", Live(live(stuck), stuck)},
		{"copy", Copy(live(livePage()), copied)},
		{"copy-wrong", Copy(live(livePage()), wrong)},
		{"copy-refused", Copy(live(livePage()), refused)},
		{"copy-nowhere", Copy(live(livePage()), CopyData{App: app})},
		{"extend", Extend(live(livePage()), later)},
		{"extend-moved", Extend(live(livePage()), moved)},
		{"extend-over", Extend(live(livePage()), oldest)},
	}
}

func TestWhatAPageSaysOfAnEnd(t *testing.T) {
	stuck := endingIn(-3 * time.Hour)
	stuck.App.Ending.Tries, stuck.App.Ending.Why = 7, "The cluster does not answer."
	stays, looks := livePage(), endingIn(time.Hour)
	looks.CanChange = false
	for name, tc := range map[string]struct {
		page        LiveData
		says, keeps []string
	}{
		"stays":      {stays, nil, []string{"ends by itself", "Its time is over", "Put it off"}},
		"in days":    {endingIn(5 * 24 * time.Hour), []string{"ends by itself", "in 5 d", "Put its end off"}, []string{"It ends by itself", "Its time is over"}},
		"in a day":   {endingIn(24 * time.Hour), []string{"It ends by itself", "Put it off", "Delete it now", "data on its claims"}, nil},
		"to look at": {looks, []string{"It ends by itself"}, []string{"Put it off", "Delete it now", "Put its end off"}},
		"over":       {endingIn(0), []string{"Its time is over", "in a moment"}, []string{"could not be deleted", "Put it off"}},
		"stuck":      {stuck, []string{"could not be deleted", "The cluster does not answer. Tried 7 times"}, nil},
	} {
		page := draw(t, Live(samplePage(NavApplications, "api"), tc.page))
		for _, want := range tc.says {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q", name, want)
			}
		}
		for _, not := range tc.keeps {
			if strings.Contains(page, not) {
				t.Errorf("%s: the page says %q", name, not)
			}
		}
	}
}

func TestLifetimeWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 90 * time.Minute: "90 minutes", time.Hour: "1 hour", 5 * time.Hour: "5 hours",
		24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", 168 * time.Hour: "7 days", 61 * time.Second: "61 seconds",
	} {
		if got := lifetimeWords(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
