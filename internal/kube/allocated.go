package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// allocated are the fields of a Service that the API server chooses when the Service is created. A
// dry run shows a choice that the real write will not repeat, so a plan must not show it.
var allocated = []string{"clusterIP", "clusterIPs", "healthCheckNodePort"}

// withoutAllocated is would, a new object, less what the API server has chosen for this dry run only;
// what was asked for in sent stays.
func withoutAllocated(would, sent manifest.Object) manifest.Object {
	if would == nil || would.GetKind() != "Service" || would.GroupVersionKind().Group != "" {
		return would
	}
	out := would.DeepCopy()
	for _, field := range allocated {
		if _, asked, _ := unstructured.NestedFieldNoCopy(sent.Object, "spec", field); !asked {
			unstructured.RemoveNestedField(out.Object, "spec", field)
		}
	}
	ports, _, _ := unstructured.NestedSlice(out.Object, "spec", "ports")
	wanted, _, _ := unstructured.NestedSlice(sent.Object, "spec", "ports")
	for i, p := range ports {
		if port, ok := p.(map[string]any); ok && !(i < len(wanted) && hasNodePort(wanted[i])) {
			delete(port, "nodePort")
		}
	}
	if len(ports) > 0 {
		_ = unstructured.SetNestedSlice(out.Object, ports, "spec", "ports") // spec is a map: it has ports
	}
	return out
}

func hasNodePort(port any) bool {
	m, ok := port.(map[string]any)
	_, has := m["nodePort"]
	return ok && has
}
