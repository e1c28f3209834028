package templates

import (
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// longName is as long as names of applications get.
const longName = "payments-settlement-reconciliation-nightly-worker-eu1"

func sampleDials() []ScaleRow {
	zero, one, most := 0.0, 1.0, 100.0
	worker, web := ref("Deployment", "worker"), ref("Deployment", "api")
	pods := &catalog.Field{Kind: catalog.Number, Title: "Pods", Min: &zero, Max: &most}
	return []ScaleRow{
		{Dials: []catalog.Dial{{Workload: web, Object: web, Measure: catalog.ExactPods, Path: "/replicas", Field: pods, Now: 3}}, Name: "in/replicas", Value: "3"},
		{Dials: []catalog.Dial{{Workload: worker, Object: worker, Measure: catalog.FewestPods, Path: "/autoscale/min", Field: &catalog.Field{Min: &one, Max: &most}, Now: 2}}, Name: "in/autoscale/min", Value: "2"},
		{Dials: []catalog.Dial{{Workload: worker, Object: worker, Measure: catalog.MostPods, Path: "/autoscale/max", Field: &catalog.Field{Max: &most}, Now: 6}}, Name: "in/autoscale/max", Value: "6"},
	}
}

// restartPlan is the plan of a restart, scalePlan that of other numbers of pods.
func restartPlan() PlanData {
	d := planPage()
	d.Kind, d.Title, d.BackPost, d.Plan.Demands, d.Plan.Inputs = change.RestartPods, "Restart api", false, nil, nil
	d.Diff = DiffView{URL: "/targets/payments/production/apps/api/restart?at=2026-11-21T14%3A32%3A40Z&plan=1"}
	d.Plan.Objects = []manifest.DryRun{{
		Ref: ref("Deployment", "api"), Op: manifest.Change, Before: beforeYAML, After: beforeYAML, PodsLive: 3, PodsWanted: 3,
		Fields: []manifest.FieldChange{{Path: `.spec.template.metadata.annotations["slipway.dev/restarted-at"]`, To: "2026-11-21T14:32:40Z", Op: manifest.Create}},
	}}
	d.Plan.Effects = []change.Effect{{Kind: change.Restart, Ref: ref("Deployment", "api"), Pods: 3, Sentence: "3 pods of `api` restart, a new one is ready before an old one goes. No outage.", Why: "Because of the restart."}}
	return d
}

func scalePlan() PlanData {
	d := restartPlan()
	d.Kind, d.Title, d.Diff.URL = change.ScalePods, "Scale api from 3 to 5 pods", "/targets/payments/production/apps/api/scale?in%2Freplicas=5&plan=1"
	d.Plan.Objects[0].Fields = []manifest.FieldChange{{Path: ".spec.replicas", From: "3", To: "5", Op: manifest.Change}}
	d.Plan.Effects = []change.Effect{{Kind: change.Scaled, Ref: ref("Deployment", "api"), Pods: 5, Sentence: "`api` runs 5 pods instead of 3."}}
	return d
}

// actionViews are the pages of restarts and of numbers of pods.
func actionViews() []view {
	page := func(title string) Page {
		return samplePage(NavApplications, title, Crumb{"Applications", "/applications"}, Crumb{"api", "/x"}, Crumb{title, ""})
	}
	about := ActionData{App: application(api, 43), Snapshot: sampleSnapshot()}
	restart := RestartData{ActionData: about, Workloads: []RestartRow{{ref("Deployment", "api"), true}, {ref("Deployment", "worker-with-a-name-that-is-as-long-as-names-of-workloads-get"), false}},
		Others: []change.Fixed{{Ref: ref("CronJob", "nightly"), Why: "Each of its runs begins with new pods anyway."}}}
	none := restart
	none.Workloads = nil
	unticked := restart
	unticked.Error, unticked.Changes = "Tick at least one.", []change.Change{sampleChange(change.Pending)}
	scale := ScaleData{ActionData: about, Rows: sampleDials()}
	wrong := ScaleData{ActionData: unticked.ActionData, Rows: sampleDials(), Errors: []string{"Room for updates: Take fewer than there are pods."}}
	wrong.Rows[0].Value, wrong.Rows[0].Error = "1000", "Take 100 or less."
	gone := ScaleData{ActionData: about, NoTemplate: true}
	shared := wrong
	shared.Rows, shared.Errors, shared.Reason = sampleDials()[:1], []string{"What was sent sets none of these numbers. They are as the application has them now."}, "the rush at noon"
	other := shared.Rows[0].Dials[0]
	other.Workload = ref("Deployment", longName)
	shared.Rows[0].Dials = append(shared.Rows[0].Dials, other)
	shared.App.Name = longName
	spending := restartPlan()
	spending.Failed = []change.Change{sampleChange(change.Failed)}
	spending.Plan.Objects = append(spending.Plan.Objects, manifest.DryRun{Ref: ref("Job", "api-migrate-3f9c21aa"), Op: manifest.Delete, Before: beforeYAML})
	spent := ChangeData{Change: sampleChange(change.Failed), Can: Can{Change: true}, Spent: true}
	resumed := ChangeData{Change: sampleChange(change.Stale), Can: Can{Change: true}}
	resumed.Change.Started, resumed.Change.Attempt, resumed.Change.Outcomes = before(time.Hour), 2, sampleChange(change.Failed).Outcomes
	long := restartPlan()
	long.App.Name, long.Title, long.Plan.Objects[0].Ref.Name = longName, "Restart "+longName, longName
	return []view{
		{"plan-spends", Plan(page("Plan"), spending)}, {"plan-long", Plan(page("Plan"), long)},
		{"change-spent", Change(page("#1284"), spent)}, {"change-stale-resumed", Change(page("#1284"), resumed)},
		{"restart", Restart(page("Restart"), restart)}, {"restart-unticked", Restart(page("Restart"), unticked)}, {"restart-nothing", Restart(page("Restart"), none)},
		{"scale", Scale(page("Pods"), scale)}, {"scale-wrong", Scale(page("Pods"), wrong)}, {"scale-gone", Scale(page("Pods"), gone)}, {"scale-shared", Scale(page("Pods"), shared)},
		{"plan-restart", Plan(page("Plan"), restartPlan())}, {"plan-scale", Plan(page("Plan"), scalePlan())},
	}
}
