package templates

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

func TestCommandsOfRestartAndScale(t *testing.T) {
	bounds := scalePlan()
	bounds.Plan.Objects = []manifest.DryRun{{Ref: manifest.Ref{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Name: "worker"}, Op: manifest.Change,
		Fields: []manifest.FieldChange{{Path: ".spec.maxReplicas", From: "6", To: "8"}}}}
	for name, tc := range map[string]struct{ got, want string }{
		"restart": {planCommand(restartPlan()), "kubectl rollout restart -n payments \\\n  deployment/api"},
		"scale":   {planCommand(scalePlan()), "kubectl scale -n payments \\\n  deployment/api --replicas=5"},
		"bounds":  {planCommand(bounds), "kubectl patch -n payments hpa/worker \\\n  -p '{\"spec\":{\"maxReplicas\":8}}'"},
		"one of two": {RestartData{ActionData: ActionData{App: application(api, 43)}, Workloads: []RestartRow{{ref("Deployment", "api"), false}, {ref("Deployment", "worker"), true}}}.command(),
			"kubectl rollout restart -n payments \\\n  deployment/worker"},
		"form": {ScaleData{ActionData: ActionData{App: application(api, 43)}, Rows: sampleDials()[:2]}.command(),
			"kubectl scale -n payments \\\n  deployment/api --replicas=3\nkubectl patch -n payments hpa/worker \\\n  -p '{\"spec\":{\"minReplicas\":2}}'"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, tc.got, tc.want)
		}
	}
}

// A command is copied into a shell, so what somebody typed is in it only if it is a number.
func TestCommandOfNumbersTakesNumbersOnly(t *testing.T) {
	rows := sampleDials()[:1]
	rows[0].Value = "3; rm -rf ~"
	if got := (ScaleData{ActionData: ActionData{App: application(api, 43)}, Rows: rows}).command(); strings.Contains(got, "rm") {
		t.Error(got)
	}
}

func TestStopIsOfferedWhereItIsTaken(t *testing.T) {
	d := ScaleData{ActionData: ActionData{App: application(api, 43)}, Rows: sampleDials()}
	if got := d.stop(d.Rows[0]); got != "/targets/payments/production/apps/api/scale?in%2Freplicas=0&plan=1" {
		t.Errorf("stop is %q", got)
	}
	one := 1.0
	for name, r := range map[string]ScaleRow{
		"stopped already": {Dials: []catalog.Dial{{Measure: catalog.ExactPods, Field: &catalog.Field{}}}},
		"at least one":    {Dials: []catalog.Dial{{Measure: catalog.ExactPods, Field: &catalog.Field{Min: &one}, Now: 2}}},
		"autoscaled":      d.Rows[1],
	} {
		if got := d.stop(r); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := d.Rows[0].help(); got != "From 0 to 100. 0 stops all its pods and keeps the rest." {
		t.Errorf("help is %q", got)
	}
}

func TestLivePageOffersWhatCanBeDone(t *testing.T) {
	d := livePage()
	for _, want := range []bool{true, false} {
		d.CanRestart, d.CanScale = want, want
		page := draw(t, Live(samplePage(NavApplications, "api"), d))
		if strings.Contains(page, "Restart…") != want || strings.Contains(page, "Scale…") != want {
			t.Errorf("offered where it is %v", want)
		}
	}
	for kind, words := range map[change.Kind][2]string{
		change.RestartPods: {"restart of revision 4", "restarted"}, change.ScalePods: {"other number of pods for revision 4", "scaled"},
	} {
		if kindWord(kind, 4) != words[0] || pastKind(kind) != words[1] {
			t.Errorf("%s: %q, %q", kind, kindWord(kind, 4), pastKind(kind))
		}
	}
}

// A change that waits for a Job, or failed with it, leads to what the Job's pods write. Once another change was
// applied the Job may be gone, and a link to nowhere helps nobody.
func TestAChangeLeadsToTheLogsOfItsJob(t *testing.T) {
	waits, failed := gateChange(change.Applying), gateChange(change.Failed)
	spent := failed
	spent.Spent = true
	const page, job = `href="/targets/payments/production/apps/api/logs?`, `workload=Job%2Fapi-migrate-3f9c21aa"`
	for name, tc := range map[string]struct {
		data ChangeData
		want string
	}{"waits": {waits, page + `follow=1&amp;` + job}, "failed": {failed, page + job}, "spent": {spent, ""}} {
		drawn := draw(t, Change(samplePage(NavChanges, "#1284"), tc.data))
		if has := strings.Contains(drawn, page); has != (tc.want != "") || !strings.Contains(drawn, tc.want) {
			t.Errorf("%s: has such a link: %v, want %q", name, has, tc.want)
		}
	}
}

// What is said of a change that ended does not contradict what happened before.
func TestWhatEndedAgrees(t *testing.T) {
	p := samplePage(NavChanges, "#1284")
	stale := ChangeData{Change: sampleChange(change.Stale), Can: Can{Change: true}}
	resumed, never, spent := stale, stale, ChangeData{Change: sampleChange(change.Failed), Can: Can{Change: true}, Spent: true}
	resumed.Change.Started, resumed.Change.Attempt, resumed.Change.Outcomes = sampleNow, 2, sampleChange(change.Failed).Outcomes
	never.Change.Started, never.Change.Outcomes = time.Time{}, nil
	for name, tc := range map[string]struct {
		data     ChangeData
		has, not []string
	}{
		"never begun": {never, []string{"Nothing was applied. Submit it again", "and applied nothing<"}, []string{"Nothing further", "the effects are the ones that were submitted"}},
		"resumed":     {resumed, []string{"Nothing further was applied. What an earlier attempt applied stays", "and applied nothing further", "2 attempts were made"}, []string{"Nothing was applied", "once more first: the effects are", "This is attempt", "loader-circle"}},
		"spent":       {spent, []string{"It cannot be resumed", "Edit and submit again…"}, []string{"/resume", "applies the same signed bytes"}},
	} {
		page := draw(t, Change(p, tc.data))
		for _, s := range tc.has {
			if !strings.Contains(page, s) {
				t.Errorf("%s: no %q", name, s)
			}
		}
		for _, s := range tc.not {
			if strings.Contains(page, s) {
				t.Errorf("%s: %q", name, s)
			}
		}
	}
}
