package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// podsLive is how many pods a workload has now, podsWanted how many it asks for; 0 for other kinds.
func podsLive(u manifest.Object) int32 {
	if u == nil {
		return 0
	}
	switch u.GetKind() {
	case "Deployment", "StatefulSet", "ReplicaSet":
		return number(u, "status", "replicas")
	case "DaemonSet":
		return number(u, "status", "currentNumberScheduled")
	case "Job":
		return number(u, "status", "active")
	case "Pod":
		return 1
	}
	return 0
}

func podsWanted(u manifest.Object) int32 {
	if u == nil {
		return 0
	}
	switch u.GetKind() {
	case "Deployment", "StatefulSet", "ReplicaSet":
		return number(u, "spec", "replicas") // the API server defaults it
	case "DaemonSet":
		return number(u, "status", "desiredNumberScheduled")
	case "Job":
		return number(u, "spec", "parallelism")
	case "Pod":
		return 1
	}
	return 0
}

func number(u manifest.Object, path ...string) int32 {
	n, _, _ := unstructured.NestedInt64(u.Object, path...)
	return int32(min(max(n, 0), 1<<30))
}
