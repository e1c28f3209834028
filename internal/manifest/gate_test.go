package manifest_test

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

const gate = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {slipway.dev/gate: complete}}
spec: {activeDeadlineSeconds: 600}
`

func decodeOne(t *testing.T, text string) manifest.Object {
	t.Helper()
	set, err := manifest.Decode(strings.NewReader(text))
	if err != nil || len(set) != 1 {
		t.Fatalf("%d objects, %v", len(set), err)
	}
	return set[0]
}

func TestStage(t *testing.T) {
	for text, want := range map[string]int{
		"{apiVersion: v1, kind: Service, metadata: {name: a}}": manifest.StageStorage,
		gate: manifest.StageGates,
		strings.Replace(gate, "slipway.dev/gate", "example.com/gate", 1):                                               manifest.StageWorkloads,
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}":      manifest.StageWorkloads,
		"{apiVersion: example.com/v1, kind: Job, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}":      manifest.StageWorkloads,
		"{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}}":                             manifest.StageAround,
		"{apiVersion: example.com/v1, kind: Anything, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}": manifest.StageAround,
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}":            manifest.StageSettings,
		strings.Replace(gate, "complete", "trial", 1):                                                                  manifest.StageTrials,
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}":        manifest.StageWorkloads,
	} {
		if got := manifest.Stage(decodeOne(t, text)); got != want {
			t.Errorf("stage %d, want %d:\n%s", got, want, text)
		}
	}
	hpa := manifest.Ref{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Name: "a"}
	if s := manifest.StageOfDeletion(hpa); s <= manifest.StageGates || s >= manifest.StageWorkloads {
		t.Errorf("an autoscaler that goes does so in stage %d, but a gate that fails must leave it, and the workload needs it gone", s)
	}
}

func TestSetSortPutsGatesBeforeWorkloads(t *testing.T) {
	set, err := manifest.Decode(strings.NewReader("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---" + gate + "---\n{apiVersion: v1, kind: Service, metadata: {name: a}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	set.Sort()
	var kinds []string
	for _, u := range set {
		kinds = append(kinds, u.GetKind())
	}
	if got := strings.Join(kinds, " "); got != "Service Job Deployment" {
		t.Error(got)
	}
}

func TestCheckGate(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(gate, old, new, 1) }
	for name, c := range map[string]struct{ text, says string }{
		"a migration":    {gate, ""},
		"a trial":        {swap("complete", "trial"), ""},
		"no gate":        {swap("{slipway.dev/gate: complete}", "{}"), ""},
		"another kind":   {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, annotations: {slipway.dev/gate: complete}}}", "only a Job"},
		"another value":  {swap("complete", "soon"), `write "complete"`},
		"no limit":       {swap("activeDeadlineSeconds: 600", "parallelism: 1"), "spec.activeDeadlineSeconds, from 1 to 86400"},
		"too long":       {swap("600", "86401"), "from 1 to 86400"},
		"suspended":      {swap("600", "600, suspend: true"), "suspended"},
		"deletes itself": {swap("600", "600, ttlSecondsAfterFinished: 5"), "ttlSecondsAfterFinished"},
	} {
		t.Run(name, func(t *testing.T) {
			err := manifest.CheckGate(decodeOne(t, c.text))
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestGateOf(t *testing.T) {
	asked := decodeOne(t, gate)
	live := func(conditions string) manifest.Object {
		return decodeOne(t, "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, status: {conditions: ["+conditions+"]}}")
	}
	for name, c := range map[string]struct {
		live manifest.Object
		want manifest.GateState
	}{
		"none yet":         {nil, manifest.GateToCome},
		"new":              {live(""), manifest.GateRunning},
		"about to succeed": {live(`{type: SuccessCriteriaMet, status: "True"}`), manifest.GateRunning},
		"about to fail":    {live(`{type: FailureTarget, status: "True"}`), manifest.GateRunning},
		"succeeded":        {live(`{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}`), manifest.GatePassed},
		"not succeeded":    {live(`{type: Complete, status: "False"}`), manifest.GateRunning},
		"failed":           {live(`{type: FailureTarget, status: "True"}, {type: Failed, status: "True"}`), manifest.GateBroken},
	} {
		g := manifest.GateOf(asked, c.live)
		if g == nil || g.Live != c.want || g.Limit != 10*time.Minute || g.Trial {
			t.Errorf("%s: %+v, want %q", name, g, c.want)
		}
	}
	if g := manifest.GateOf(decodeOne(t, "{apiVersion: batch/v1, kind: Job, metadata: {name: a}}"), nil); g != nil {
		t.Errorf("an ordinary Job is a gate: %+v", g)
	}
}
