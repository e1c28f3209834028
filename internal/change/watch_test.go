package change

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

var (
	apiRef  = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}
	oldRef  = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "old"}
	jobRef  = manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "migrate"}
	cronRef = manifest.Ref{Group: "batch", Version: "v1", Kind: "CronJob", Name: "nightly"}
	confRef = manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "api"}
)

func did(op manifest.Op, r manifest.Ref, after string) manifest.DryRun {
	return manifest.DryRun{Op: op, Ref: r, After: after}
}

var watchedPlan = Plan{Base: 1, Objects: []manifest.DryRun{
	did(manifest.Change, confRef, ""), did(manifest.Change, apiRef, "spec: {progressDeadlineSeconds: 120}"),
	did(manifest.Unchanged, oldRef, ""), did(manifest.Create, cronRef, ""),
}}

// Each step is what is seen in that second; what a watch concludes, and when, is what is tested.
func TestVigil(t *testing.T) {
	timing := WatchTiming{Settle: 60 * time.Second, Grace: 30 * time.Second}
	begin := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	up := Condition{Ref: apiRef, Ready: true}
	down := Condition{Ref: apiRef, Failed: true, Why: "cannot start: its image does not exist"}
	slow := Condition{Ref: apiRef, Why: "1 of 3 pods is ready"}
	withJob := watchedPlan
	withJob.Objects = append([]manifest.DryRun{did(manifest.Create, jobRef, "")}, watchedPlan.Objects...)
	nothing := Plan{Objects: []manifest.DryRun{did(manifest.Change, confRef, "")}}
	cases := []struct {
		name string
		plan Plan
		seen func(second int) []Condition // nil: the cluster is away
		want WatchState
		at   int // the second of the verdict
		why  string
	}{
		{"gets ready and stays so", watchedPlan, func(s int) []Condition {
			if s < 20 {
				return []Condition{slow}
			}
			return []Condition{up}
		}, Settled, 80, "stayed"},
		{"cannot start", watchedPlan, func(s int) []Condition {
			if s < 5 {
				return []Condition{slow}
			}
			return []Condition{down}
		}, RolledBack, 35, "api cannot start: its image does not exist."},
		{"fails a little while, as its old pods do when a new version mends it", watchedPlan, func(s int) []Condition {
			if s < 29 {
				return []Condition{down}
			}
			return []Condition{up}
		}, Settled, 89, ""},
		{"is neither by its deadline and a minute", watchedPlan, func(int) []Condition { return []Condition{slow} }, RolledBack, 180, "api was not ready in time: 1 of 3 pods is ready."},
		{"is not there", watchedPlan, func(int) []Condition { return []Condition{} }, RolledBack, 180, "api was not ready in time: it is not there."},
		{"falls over once it was ready", watchedPlan, func(s int) []Condition {
			if s < 50 {
				return []Condition{up}
			}
			return []Condition{down}
		}, RolledBack, 80, "api cannot start"},
		{"gets ready just before the end", watchedPlan, func(s int) []Condition {
			if s < 179 {
				return []Condition{slow}
			}
			return []Condition{up}
		}, Settled, 239, ""},
		{"another workload, which the change does not touch, fails all the time", watchedPlan, func(int) []Condition {
			return []Condition{{Ref: oldRef, Failed: true, Why: "starts and ends again"}, up}
		}, Settled, 60, ""},
		{"the last run of a CronJob failed", watchedPlan, func(int) []Condition {
			return []Condition{{Ref: cronRef, Failed: true, Why: "its last run failed"}, up}
		}, Settled, 60, ""},
		{"touches nothing that runs", nothing, func(int) []Condition { return []Condition{} }, Settled, 60, ""},
		{"a Job still runs at the end", withJob, func(int) []Condition { return []Condition{{Ref: jobRef}, up} }, Settled, 900, "still runs"},
		{"a Job fails after the rest was ready for long", withJob, func(s int) []Condition {
			if s < 300 {
				return []Condition{{Ref: jobRef}, up}
			}
			return []Condition{{Ref: jobRef, Failed: true, Why: "failed"}, up}
		}, RolledBack, 330, "migrate failed."},
		{"the cluster is away in the middle", watchedPlan, func(s int) []Condition {
			if s >= 20 && s < 1000 {
				return nil
			}
			return []Condition{down}
		}, RolledBack, 1030, "api cannot start"},
		{"the cluster comes back after the deadline and needs a moment", watchedPlan, func(s int) []Condition {
			switch {
			case s < 1000:
				return nil
			case s < 1020:
				return []Condition{slow}
			}
			return []Condition{up}
		}, Settled, 1080, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := newVigil(Change{Plan: c.plan, Watch: &Watch{Since: begin}}, timing)
			for s := range 2000 {
				seen := c.seen(s)
				got, why := v.see(begin.Add(time.Duration(s)*time.Second), Health{Known: seen != nil, Conditions: seen})
				if got == Watching {
					continue
				}
				if got != c.want || s != c.at || !strings.Contains(why, c.why) {
					t.Errorf("after %d s: %s, %q; want %s after %d s, %q", s, got, why, c.want, c.at, c.why)
				}
				return
			}
			t.Errorf("nothing was concluded; want %s after %d s", c.want, c.at)
		})
	}
}

func TestPatience(t *testing.T) {
	stateful := manifest.Ref{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "db"}
	for _, c := range []struct {
		name    string
		objects []manifest.DryRun
		want    time.Duration
	}{
		{"what the Deployment says", []manifest.DryRun{did(manifest.Change, apiRef, "spec: {progressDeadlineSeconds: 900}")}, 16 * time.Minute},
		{"the API server's default", []manifest.DryRun{did(manifest.Change, apiRef, "spec: {}")}, 11 * time.Minute},
		{"the longest", []manifest.DryRun{did(manifest.Change, apiRef, "spec: {progressDeadlineSeconds: 60}"), did(manifest.Create, oldRef, "spec: {progressDeadlineSeconds: 1200}")}, 21 * time.Minute},
		{"only what is touched", []manifest.DryRun{did(manifest.Change, apiRef, "spec: {progressDeadlineSeconds: 60}"), did(manifest.Unchanged, oldRef, "spec: {progressDeadlineSeconds: 1200}")}, 2 * time.Minute},
		{"without a deadline", []manifest.DryRun{did(manifest.Change, stateful, "spec: {}")}, 15 * time.Minute},
		{"nothing runs", []manifest.DryRun{did(manifest.Change, confRef, "")}, 15 * time.Minute},
		{"not to be read", []manifest.DryRun{did(manifest.Change, apiRef, "spec: [")}, 11 * time.Minute},
	} {
		if got := (Plan{Objects: c.objects}).Patience(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWhatCanBeRolledBackByItself(t *testing.T) {
	rerun := Plan{Base: 1, Objects: []manifest.DryRun{did(manifest.Delete, jobRef, "")}}
	gateGoes := Plan{Base: 1, Objects: []manifest.DryRun{did(manifest.Delete, jobRef, "")}}
	gateGoes.Objects[0].Gate = &manifest.Gate{Limit: time.Minute, Live: manifest.GatePassed}
	for _, c := range []struct {
		name string
		plan Plan
		kind Kind
		ok   bool
		why  string
	}{
		{"an update", watchedPlan, Update, true, ""},
		{"a new application", Plan{}, Create, false, ""},
		{"an update of what was never applied", Plan{}, Update, false, ""},
		{"a roll back", watchedPlan, Rollback, false, ""},
		{"a deletion", watchedPlan, Delete, false, ""},
		{"a Job would run once more", rerun, Update, false, "migrate"},
		{"a gate would not", gateGoes, Update, true, ""},
	} {
		if ok, why := c.plan.CanRollBack(c.kind); ok != c.ok || !strings.Contains(why, c.why) || c.why == "" && why != "" {
			t.Errorf("%s: %t, %q", c.name, ok, why)
		}
	}
}
