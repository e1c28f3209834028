package templates

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/status"
)

// view is one page of the gallery.
type view struct {
	name string
	page templ.Component
}

// gallery is every page, each in the states that differ.
func gallery() []view {
	apps := Crumb{"Applications", "/applications"}
	out := Page{Title: "Sign in", Assets: samplePage("", "").Assets, Nonce: "sample", Now: sampleNow}
	split, blocked, moved, submitted, rollback, deletion := planPage(), planPage(), planPage(), planPage(), planPage(), planPage()
	split.Diff.Split, split.Diff.Unchanged = true, true
	blocked.Plan = blockedPlan()
	moved.Moved = true
	submitted.Change, submitted.Diff = 1284, DiffView{URL: "/changes/1284/plan", All: "Deployment api"}
	rollback.Kind, rollback.Revision, rollback.BackPost, rollback.Plan.Demands = change.Rollback, 41, false, nil
	rollback.Diff = DiffView{URL: "/targets/payments/production/apps/api/rollback?revision=41"}
	deletion.Kind, deletion.BackPost, deletion.Plan.Demands = change.Delete, false, nil
	deletion.Diff, deletion.Title = DiffView{URL: "/targets/payments/production/apps/api/delete"}, "Delete api"
	deletion.Plan.Effects = []change.Effect{{Kind: change.DataLoss, Ref: ref("PersistentVolumeClaim", "data"), Sentence: "Claim `data` is deleted, and the data on it.", Why: "Unless its storage class keeps volumes, the data cannot be brought back."}}
	cut, unseen, quiet, list, unmeasured, gone := livePage(), livePage(), livePage(), livePage(), livePage(), livePage()
	gone.Snapshot = goneSnapshot()
	cut.Snapshot.Synced = false
	unseen.Snapshot, unseen.App.Revision, unseen.Changes = status.Snapshot{}, 0, nil
	quiet.Snapshot.Wrong, quiet.Snapshot.Rollouts, quiet.Changes, quiet.CanChange = nil, nil, nil, false
	quiet.Snapshot.Verdict, quiet.Snapshot.Sentence, quiet.Snapshot.Tree = status.Ready, "everything is ready", quiet.Snapshot.Tree[2:]
	list.List = true
	unmeasured.Usage, unmeasured.Snapshot.Pods = status.Usage{Problem: "What it uses is not known: the cluster has no metrics-server."}, samplePods()
	empty := ApplicationsData{CanCreate: true, Team: "payments", Environment: "staging"}
	noQueue := QueueData{View: ViewWaiting}
	ofOne := queuePage()
	ofOne.View, ofOne.App, ofOne.Own = ViewAll, &ofOne.Changes[0].App, nil
	noAudit := AuditData{Query: map[string][]string{"person": {"nobody"}}}
	begun := catalogueData()
	begun.Drafts = sampleDrafts()
	missing := planPage()
	missing.Missing = []MissingValue{{Title: "Secrets, database password", Name: "in/database"}}
	missing.BackPost, missing.Back = true, "/targets/payments/production/new/web-service"
	missing.Plan.Warnings = []advice.Warning{{Sentence: "Environment variables, API_KEY: This looks like a secret. Put it under the secrets.", Path: "/env/0/value"}}
	update := formPage(false)
	update.Kind, update.App, update.Revision = change.Update, api, 42
	explained := planPage()
	explained.Environment, explained.Departures = []environ.Container{sampleContainer("api", "api")}, sampleDepartures(1)[1:]
	pane := formPage(false)
	pane.Manifests.Environment = []environ.Container{sampleContainer("api", "api")}
	all := []view{
		{"plan-explained", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), explained)},
		{"form-offers", Form(samplePage(NavCatalogue, "New web-service", Crumb{"Catalogue", "/catalogue"}, Crumb{"New", ""}), offering())},
		{"form-environment", Form(samplePage(NavCatalogue, "New web-service", Crumb{"Catalogue", "/catalogue"}, Crumb{"New", ""}), pane)},
		{"environment", Environment(samplePage(NavApplications, "Environment", apps, Crumb{"api", "/x"}, Crumb{"Environment", ""}), environmentPage())},
		{"environment-none", Environment(samplePage(NavApplications, "Environment", apps, Crumb{"api", "/x"}, Crumb{"Environment", ""}), EnvironmentData{App: application(api, 0)})},
		{"form-long", Form(samplePage(NavCatalogue, "New application", Crumb{"Catalogue", "/catalogue"}, Crumb{"New", ""}), longForm())},
		{"form-full", Form(samplePage(NavApplications, "New version", apps), fullForm())},
		{"catalogue-drafts", Catalogue(samplePage(NavCatalogue, "Catalogue"), begun)},
		{"plan-missing", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), missing)},
		{"sign-in", SignIn(out, SignInData{Next: "/targets/payments/production/apps/api", Provider: "login.example.com", Portal: "slipway.example.com", Version: "0.1.0"})},
		{"sign-in-problem", SignIn(out, SignInData{Next: "/", Provider: "login.example.com", Portal: "slipway.example.com", Problem: "The identity provider did not answer. Try again in a minute."})},
		{"template", Template(samplePage(NavCatalogue, "Template", Crumb{"Catalogue", "/catalogue"}, Crumb{"web-service", ""}), templateData())},
		{"upgrade", Upgrade(samplePage(NavCatalogue, "Upgrade", Crumb{"Catalogue", "/catalogue"}, Crumb{"Upgrade", ""}), upgradeData())},
		{"upgrade-pending", Upgrade(samplePage(NavCatalogue, "Upgrade", Crumb{"Catalogue", "/catalogue"}, Crumb{"Upgrade", ""}), pendingUpgrades())},
		{"upgraded", Upgraded(samplePage(NavCatalogue, "Upgrade", Crumb{"Catalogue", "/catalogue"}, Crumb{"Upgrade", ""}), upgradedData())},
		{"catalogue", Catalogue(samplePage(NavCatalogue, "Catalogue"), catalogueData())},
		{"form", Form(samplePage(NavCatalogue, "New web-service", Crumb{"Catalogue", "/catalogue"}, Crumb{"web-service 1.0.0", "/catalogue"}, Crumb{"New", ""}), formPage(false))},
		{"form-errors", Form(samplePage(NavCatalogue, "New web-service", Crumb{"Catalogue", "/catalogue"}, Crumb{"New", ""}), formPage(true))},
		{"form-update", Form(samplePage(NavApplications, "New version", apps), update)},
		{"plan", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"api", "/x"}, Crumb{"Plan", ""}), planPage())},
		{"plan-split", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), split)},
		{"plan-blocked", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), blocked)},
		{"plan-moved", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), moved)},
		{"plan-submitted", Plan(samplePage(NavChanges, "Plan", apps, Crumb{"Plan", ""}), submitted)},
		{"plan-rollback", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), rollback)},
		{"plan-delete", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), deletion)},
		{"changes", Queue(samplePage(NavChanges, "Changes"), queuePage())},
		{"changes-empty", Queue(samplePage(NavChanges, "Changes"), noQueue)},
		{"changes-of-one", Queue(samplePage(NavChanges, "Changes"), ofOne)},
		{"live", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), livePage())},
		{"live-list", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), list)},
		{"live-unmeasured", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), unmeasured)},
		{"live-cut", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), cut)},
		{"live-unseen", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), unseen)},
		{"live-gone", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), gone)},
		{"live-quiet", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), quiet)},
		{"applications", Applications(samplePage(NavApplications, "Applications"), applicationsPage())},
		{"applications-empty", Applications(samplePage(NavApplications, "Applications"), empty)},
		{"revisions", Revisions(samplePage(NavApplications, "History", apps, Crumb{"api", "/x"}, Crumb{"History", ""}), revisionsData())},
		{"audit", Audit(samplePage(NavAudit, "Audit"), auditData())},
		{"audit-empty", Audit(samplePage(NavAudit, "Audit"), noAudit)},
		{"admin", Admin(samplePage(NavAdmin, "Admin"), adminData())},
		{"not-found", NotFound(samplePage(NavNone, "Not found"))},
		{"refused", Refused(samplePage(NavNone, "Refused"), RefusedData{Reason: "Only developers of the team can submit changes here.", Request: "01JD6ZC4K8RVN5T2"})},
		{"not-done", NotDone(samplePage(NavNone, "It was not done"), RefusedData{Reason: "What was sent is not a form of this page. Open the page again.", Back: "/x", Request: "01JD6ZC4K8RVN5T2"})},
		{"cluster-away", ClusterAway(samplePage(NavApplications, "Away", apps, Crumb{"api", ""}), ClusterAwayData{Cluster: "nbg1-prod", Since: before(13 * time.Minute), Said: "dial tcp 10.43.0.1:6443: i/o timeout", Others: []string{"nbg1-staging", "aws-use2"}, Waiting: []change.Change{sampleChange(change.Approved)}, Retry: "/x", Request: "01JD6ZC4K8RVN5T2"})},
		{"database-away", DatabaseAway(samplePage(NavNone, "Database"), ProblemData{Request: "01JD6ZC4K8RVN5T2", Retry: "/x"})},
		{"too-large", TooLarge(out, TooLargeData{Limit: 1 << 20})},
		{"error", Failed(samplePage(NavNone, "Error"), ProblemData{Request: "01JD6ZC4K8RVN5T2"})},
	}
	all = append(all, promoteViews()...)
	all = append(all, view{"change-of-nothing", Change(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), ChangeData{Change: sampleChange(change.Withdrawn), NoApp: true})})
	for _, s := range []change.State{change.Pending, change.Approved, change.Applying, change.Applied, change.Failed, change.Stale, change.Rejected, change.Withdrawn, change.Expired} {
		d := ChangeData{Change: sampleChange(s), Can: Can{Change: true, Approve: s == change.Pending, Reject: s == change.Pending, Resume: s == change.Failed, Withdraw: s == change.Approved}}
		if s.Open() || s == change.Failed {
			d.Live = "/changes/1284/stream"
		}
		all = append(all, view{"change-" + string(s), Change(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), d)})
	}
	for _, s := range []change.State{change.Applying, change.Failed} {
		all = append(all, view{"change-gate-" + string(s), Change(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), gateChange(s))})
	}
	left := ChangeData{Change: sampleChange(change.Applied), Can: Can{Change: true}}
	left.Change.Kind, left.Change.Outcomes = change.Delete, leftOutcomes()
	all = append(all, view{"change-left", Change(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), left)})
	all = append(all, actionViews()...)
	all = append(all, viewsOfLogs()...)
	all = append(all, view{"change-again", Again(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), AgainData{Change: 1284, App: sampleChange(change.Rejected).App, Template: "web-service", Begun: sampleNow.Add(-3 * time.Minute), BegunURL: "/x"})})
	own := ChangeData{Change: sampleChange(change.Pending), Can: Can{Withdraw: true, WhyNot: "You submitted it, so somebody else must decide."}}
	all = append(all, undoViews()...)
	all = append(all, endingViews()...)
	return append(all, view{"change-own", Change(samplePage(NavChanges, "#1284", Crumb{"Changes", "/changes"}, Crumb{"#1284", ""}), own)})
}

func draw(t testing.TB, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGallery writes every page into the folder that SLIPWAY_GALLERY names, with the built assets, to
// be looked at in a browser.
func TestGallery(t *testing.T) {
	dir := os.Getenv("SLIPWAY_GALLERY")
	if dir == "" {
		t.Skip("SLIPWAY_GALLERY names no folder to write the pages to")
	}
	for _, v := range gallery() {
		if err := os.WriteFile(filepath.Join(dir, v.name+".html"), []byte(draw(t, v.page)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGalleryNamesDiffer(t *testing.T) {
	var names []string
	for _, v := range gallery() {
		if slices.Contains(names, v.name) {
			t.Errorf("%s is there twice", v.name)
		}
		names = append(names, v.name)
	}
}
