package status

import (
	"encoding/json"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

const mi = 1 << 20

func TestMeasure(t *testing.T) {
	api, job := manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}, manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "once"}
	app := Container{Name: "app", Requests: Resources{100, 128 * mi}, Limits: Resources{Memory: 200 * mi}}
	proxy := Container{Name: "proxy", Requests: Resources{CPU: 50}, Limits: Resources{500, 64 * mi}}
	first := Container{Name: "migrate", Init: true, Requests: Resources{1000, 1000 * mi}}
	pods := []Pod{
		{Name: "api-1", Namespace: "pay", Workload: api, Containers: []Container{first, app, proxy}},
		{Name: "api-2", Namespace: "pay", Workload: api, Containers: []Container{first, app, proxy}},
		{Name: "api-3", Namespace: "pay", Workload: api, Containers: []Container{first, app, proxy}},
		{Name: "once-1", Namespace: "pay", Workload: job, Leaving: true, Containers: []Container{app}},
	}
	got := Measure(pods, Usage{Used: map[string]map[string]Resources{
		"pay/api-1":   {"app": {80, 179 * mi}, "proxy": {20, 10 * mi}},
		"pay/api-2":   {"app": {90, 180 * mi}, "proxy": {30, 20 * mi}},
		"pay/once-1":  {"app": {1, 1}},
		"other/api-3": {"app": {5000, 5000 * mi}},
	}})
	if len(got) != 1 {
		t.Fatalf("%d workloads, wanted that which has pods", len(got))
	}
	w := got[0]
	if w.Known != 2 || len(w.Pods) != 3 || w.Pods[2].Known {
		t.Errorf("%d of %d pods are measured", w.Known, len(w.Pods))
	}
	if want := (Share{Used: 220, Requested: 300}); w.CPU != want { // one container has no CPU limit
		t.Errorf("CPU is %+v, wanted %+v", w.CPU, want)
	}
	if want := (Share{Used: 389 * mi, Limit: 528 * mi}); w.Memory != want { // one asks for no memory
		t.Errorf("memory is %+v, wanted %+v", w.Memory, want)
	}
	if w.Near != 1 || w.Pods[0].Near != "" || w.Pods[1].Near != "app" {
		t.Errorf("%d pods are near their limit: %q and %q", w.Near, w.Pods[0].Near, w.Pods[1].Near)
	}
}

func TestNear(t *testing.T) {
	for _, tc := range []struct {
		share Share
		want  bool
	}{{Share{}, false}, {Share{Used: 5}, false}, {Share{Used: 89, Limit: 100}, false}, {Share{Used: 90, Limit: 100}, true}, {Share{Used: 120, Limit: 100}, true}} {
		if got := tc.share.Near(); got != tc.want {
			t.Errorf("%+v is near: %t", tc.share, got)
		}
	}
}

const podsYAML = `
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: api, uid: d}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: api-7f, uid: r, ownerReferences: [{kind: Deployment, name: api, uid: d, controller: true}]}}
- apiVersion: v1
  kind: Pod
  metadata: {name: api-7f-old, namespace: pay, uid: p1, deletionTimestamp: '2026-01-01T03:00:00Z', ownerReferences: [{kind: ReplicaSet, name: api-7f, uid: r, controller: true}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: api-7f-x, namespace: pay, uid: p2, ownerReferences: [{kind: ReplicaSet, name: api-7f, uid: r, controller: true}]}
  spec:
    initContainers: [{name: migrate}, {name: mesh, restartPolicy: Always}]
    containers: [{name: app, resources: {requests: {cpu: 250m, memory: 64Mi}, limits: {memory: 128Mi}}}]
  status: {containerStatuses: [{name: app, restartCount: 3}]}
- {apiVersion: v1, kind: Pod, metadata: {name: alone, namespace: pay, uid: p3, ownerReferences: [{kind: ReplicaSet, name: gone, uid: gone, controller: true}]}}
`

func TestMembers(t *testing.T) {
	var docs []map[string]any
	if raw, err := yaml.YAMLToJSON([]byte(podsYAML)); err != nil {
		t.Fatal(err)
	} else if err := json.Unmarshal(raw, &docs); err != nil {
		t.Fatal(err)
	}
	var objects []manifest.Object
	for _, d := range docs {
		objects = append(objects, &unstructured.Unstructured{Object: d})
	}
	var got []string
	pods := members(objects)
	for _, p := range pods {
		got = append(got, p.Workload.Kind+" "+p.Workload.Name+" "+p.Short())
	}
	if want := []string{"Pod alone alone", "Deployment api 7f-x", "Deployment api 7f-old"}; !slices.Equal(got, want) {
		t.Fatalf("the pods are %q, wanted %q", got, want)
	}
	want := []Container{{Name: "migrate", Init: true}, {Name: "mesh"}, {Name: "app", Restarts: 3, Requests: Resources{250, 64 * mi}, Limits: Resources{Memory: 128 * mi}}}
	if got := pods[1].Containers; !slices.Equal(got, want) {
		t.Errorf("its containers are %+v, wanted %+v", got, want)
	}
	if !pods[2].Leaving || pods[1].Leaving {
		t.Error("the pod that is deleted does not leave, or the other does")
	}
}
