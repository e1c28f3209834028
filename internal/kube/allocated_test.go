package kube

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

func serviceWith(spec map[string]any) manifest.Object {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Service", "spec": spec}}
}

func TestWithoutAllocated(t *testing.T) {
	chosen := func() map[string]any {
		return map[string]any{
			"clusterIP": "10.96.0.7", "clusterIPs": []any{"10.96.0.7"}, "healthCheckNodePort": int64(30001), "type": "NodePort",
			"ports": []any{map[string]any{"port": int64(80), "nodePort": int64(30080)}, map[string]any{"port": int64(81), "nodePort": int64(30081)}},
		}
	}
	sent := serviceWith(map[string]any{
		"clusterIP": "None",
		"ports":     []any{map[string]any{"port": int64(80), "nodePort": int64(30080)}, map[string]any{"port": int64(81)}},
	})
	would := serviceWith(chosen())
	got := withoutAllocated(would, sent)
	for field, want := range map[string]bool{"clusterIP": true, "clusterIPs": false, "healthCheckNodePort": false, "type": true} {
		if _, has, _ := unstructured.NestedFieldNoCopy(got.Object, "spec", field); has != want {
			t.Errorf("%s is there: %t", field, has)
		}
	}
	ports, _, _ := unstructured.NestedSlice(got.Object, "spec", "ports")
	if !hasNodePort(ports[0]) || hasNodePort(ports[1]) {
		t.Errorf("ports %v: the one that was asked for stays, the chosen one goes", ports)
	}
	if _, has, _ := unstructured.NestedString(would.Object, "spec", "clusterIP"); !has {
		t.Error("the given object was changed")
	}
}
