package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// podsIn is how many pods a workload asks for, 0 for other kinds. Its status lags behind and moves by itself while
// pods come and go: effects that followed it would be new without anybody having done anything (ADR 31).
func podsIn(u manifest.Object) int32 {
	if u == nil {
		return 0
	}
	switch u.GetKind() {
	case "Deployment", "StatefulSet", "ReplicaSet":
		return number(u, "spec", "replicas") // the API server defaults it
	case "DaemonSet":
		return number(u, "status", "desiredNumberScheduled") // of nodes, which moves only with them
	case "Job":
		return podsOfJob(u)
	case "Pod":
		return 1
	}
	return 0
}

func podsOfJob(u manifest.Object) int32 {
	if held, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend"); held || manifest.GateStateOf(u) != manifest.GateRunning {
		return 0
	}
	return number(u, "spec", "parallelism")
}

func number(u manifest.Object, path ...string) int32 {
	n, _, _ := unstructured.NestedInt64(u.Object, path...)
	return int32(min(max(n, 0), 1<<30))
}
