package kube

import (
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// A status moves by itself: pods start, a rollout has one too many for a while, a Job's pod ends. No number in a
// plan may move with it.
func TestPodsAreCountedByWhatIsAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		object string
		want   int32
	}{
		"a Deployment that has not been looked at":  {"kind: Deployment\nspec: {replicas: 3}", 3},
		"one that is rolled out":                    {"kind: Deployment\nspec: {replicas: 3}\nstatus: {replicas: 4}", 3},
		"one whose pods still go":                   {"kind: Deployment\nspec: {replicas: 0}\nstatus: {replicas: 2}", 0},
		"a StatefulSet":                             {"kind: StatefulSet\nspec: {replicas: 2}\nstatus: {replicas: 1}", 2},
		"a DaemonSet, which is on the nodes it can": {"kind: DaemonSet\nspec: {}\nstatus: {desiredNumberScheduled: 5, currentNumberScheduled: 4}", 5},
		"a Job before its pod":                      {"kind: Job\nspec: {parallelism: 2}", 2},
		"a Job that is done":                        {"kind: Job\nspec: {parallelism: 2}\nstatus: {conditions: [{type: Complete, status: 'True'}]}", 0},
		"a Job that failed":                         {"kind: Job\nspec: {parallelism: 2}\nstatus: {conditions: [{type: Failed, status: 'True'}]}", 0},
		"a Job that did not fail":                   {"kind: Job\nspec: {parallelism: 2}\nstatus: {conditions: [{type: Failed, status: 'False'}]}", 2},
		"a Job that is held back":                   {"kind: Job\nspec: {parallelism: 2, suspend: true}", 0},
		"a Pod":                                     {"kind: Pod\nspec: {}", 1},
		"a ConfigMap":                               {"kind: ConfigMap\ndata: {replicas: '3'}", 0},
	} {
		set, err := manifest.Decode(strings.NewReader("apiVersion: v1\nmetadata: {name: x}\n" + tc.object))
		if err != nil || len(set) != 1 {
			t.Fatal(name, err)
		}
		if got := podsIn(set[0]); got != tc.want {
			t.Errorf("%s: %d pods, want %d", name, got, tc.want)
		}
	}
	if podsIn(nil) != 0 {
		t.Error("nothing has pods")
	}
}
