package status

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

// What says little by itself still says what there is to say.
func TestReasonsOfQuietObjects(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		word Word
		want string // "Kind name (note): reason"
	}{
		"a CronJob that has not run": {"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night, namespace: pay, uid: u}\nspec: {schedule: '0 3 * * *'}", Ready,
			"CronJob night (0 3 * * *): waits for its first run"},
		"a CronJob whose runs are cleaned up": {"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night, namespace: pay, uid: u}\nspec: {schedule: '0 3 * * *'}\nstatus: {lastScheduleTime: '2026-01-01T03:00:00Z'}", Ready,
			"CronJob night (0 3 * * *): waits for its time"},
		"a quota": {"apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: all, namespace: pay}\nstatus: {hard: {pods: '10', requests.cpu: '4', services: '5'}, used: {pods: '2', requests.cpu: '3', services: '0'}}", Ready,
			"ResourceQuota all (): requests.cpu 3 of 4, pods 2 of 10"},
		"outside the namespace": {"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: search}", Ready,
			"NetworkPolicy closed in namespace search (in namespace search): "},
		"a namespace on its way out": {"apiVersion: v1\nkind: Namespace\nmetadata: {name: search, deletionTimestamp: '2026-01-01T03:00:00Z'}", Progressing,
			"Namespace search (): " + reasonDeleting},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := yaml.YAMLToJSON([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			u := new(unstructured.Unstructured)
			if err := json.Unmarshal(raw, &u.Object); err != nil {
				t.Fatal(err)
			}
			snap := Evaluate(Input{Key: Key{Namespace: "pay", App: "a"}, Now: time.Now(), Objects: []manifest.Object{u}})
			nodes := snap.Tree
			if len(nodes) == 1 && nodes[0].Ref.Kind == "" {
				nodes = nodes[0].Children
			}
			if len(nodes) != 1 {
				t.Fatalf("%+v", snap.Tree)
			}
			n := nodes[0]
			if got := strings.Join([]string{n.Ref.String(), " (", n.Note, "): ", n.Reason}, ""); got != tc.want || n.Word != tc.word {
				t.Errorf("got %s: %q", n.Word, got)
			}
		})
	}
}
