package templates

import (
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

func templateData() TemplateData {
	e := catalogueData().Entries[0]
	e.About.Readme = "# web-service\n\nIt *answers*. See <https://example.com>.\n\n|a|b|\n|-|-|\n|1|2|\n"
	older, lost := catalog.TemplateID{Name: e.ID.Name, Version: "0.9.0"}, catalog.TemplateID{Name: e.ID.Name, Version: "0.1.0"}
	from := catalog.Origin{Source: "oci://registry.example.com/charts/web-service", Pin: "sha256:" + strings.Repeat("4f", 32)}
	return TemplateData{
		Entry: e, Origin: from, Newest: e.ID, Behind: 2, Targets: []policy.Target{staging}, Allows: []string{"cluster-scoped:Namespace", "hooks", "kind:ExternalSecret", "rbac"},
		Versions: []TemplateVersion{
			{ID: catalog.TemplateID{Name: e.ID.Name, Version: "9.0.0"}, Broken: "templates/x.yaml:1: missing value for if", Origin: from},
			{ID: e.ID, Origin: from, UsedBy: []change.AppKey{api}},
			{ID: older, Origin: from}, {ID: lost, Absent: true, UsedBy: []change.AppKey{api, api, api, api, api, api, api}},
		},
	}
}

func upgradeData() UpgradeData {
	app := change.Application{AppKey: api, Template: catalog.TemplateID{Name: "web-service", Version: "0.9.0"}}
	another := app
	another.Name = "another"
	return UpgradeData{
		To: webService, Title: "Web service", Submit: "/catalogue/web-service/upgrade/submit", Total: 53, Page: 2, Pages: 6, Planned: true, Problem: "No application is ticked.",
		Rows: []UpgradeRow{
			NewUpgradeRow(change.Upgrade{App: app, Plan: planPage().Plan, Gone: []catalog.Gone{{Path: "/probe", Value: "/healthz"}}}, "k1"),
			NewUpgradeRow(change.Upgrade{App: another, Err: catalog.Errors{{Path: "/size", Title: "Size", Message: "Write a number."}}}, "k2"),
		},
	}
}

// pendingUpgrades are the same rows, before they are planned.
func pendingUpgrades() UpgradeData {
	d := upgradeData()
	d.Planned, d.Problem, d.Page, d.Pages = false, "", 1, 2
	for i, r := range d.Rows {
		d.Rows[i] = NewPendingRow(r.App)
	}
	return d
}

func upgradedData() UpgradedData {
	return UpgradedData{To: webService, Back: "/catalogue/web-service/upgrade", Rows: []UpgradedRow{
		{App: api, Change: sampleChange(change.Pending)},
		{App: change.AppKey{Target: staging, Name: "another"}, Why: "Size: Write a number.", Form: true},
	}}
}

// Whoever takes a template into a catalogue reads what it may make, in words.
func TestWhatATemplateMayMake(t *testing.T) {
	page := draw(t, Template(samplePage(NavCatalogue, "web-service"), templateData()))
	for _, want := range []string{
		"Namespace, which belongs to no namespace", "ExternalSecret, a kind that an extension brings into the cluster",
		"roles and their bindings", "Helm hooks, which are left out and listed in the plan",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestUpgradeRows(t *testing.T) {
	page := draw(t, Upgrade(samplePage(NavCatalogue, "Upgrade"), upgradeData()))
	for want, n := range map[string]int{
		`name="app"`: 1, `name="digest `: 1, `name="key `: 1, "has no field for 1 input": 1, "Size: Write a number.": 1,
		"edit?version=": 2, "53 applications run": 1, "Page 2 of 6": 1, `href="/catalogue/web-service/upgrade?page=3&amp;plan=1"`: 1,
	} {
		if got := strings.Count(page, want); got != n {
			t.Errorf("%q is %d times on the page, want %d", want, got, n)
		}
	}
	// What loses data is chosen by hand.
	loss := planPage().Plan
	loss.Effects = []change.Effect{{Kind: change.DataLoss, Sentence: "Claim `data` is deleted."}}
	if r := NewUpgradeRow(change.Upgrade{Plan: loss}, "k"); r.Why != "" || r.Chosen {
		t.Errorf("%+v", r)
	}
	if r := NewUpgradeRow(change.Upgrade{Plan: blockedPlan()}, "k"); r.Why == "" || r.Chosen {
		t.Errorf("%+v", r)
	}
}
