package status

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"slipway.dev/slipway/internal/manifest"
)

// sort divides the objects into workloads, in order of name, and the rest. What a workload owns goes
// with it, EndpointSlices are kept by Service, and Events are not objects of an application.
func (l *look) sort(objects []manifest.Object) (works []*workload, rest []manifest.Object) {
	here := map[string]bool{}
	for _, u := range objects {
		here[identity(u)] = true
	}
	var orphans []manifest.Object
	for _, u := range objects {
		owner := metav1.GetControllerOf(u)
		switch {
		case u.GetKind() == "EndpointSlice":
			service := u.GetLabels()["kubernetes.io/service-name"]
			l.slices[service] = append(l.slices[service], u)
		case owner != nil && here[ownerIdentity(owner)]:
			id := ownerIdentity(owner)
			l.owned[id] = append(l.owned[id], u)
		case owner != nil && u.GetKind() == "Pod":
			orphans = append(orphans, u)
		case runsPods(u.GetKind()) && !ofExtension(u):
			works = append(works, newWorkload(u))
		default:
			rest = append(rest, u)
		}
	}
	slices.SortFunc(works, func(a, b *workload) int {
		return cmp.Or(cmp.Compare(a.ref.Name, b.ref.Name), cmp.Compare(a.ref.Kind, b.ref.Kind))
	})
	return l.adopt(works, orphans), rest
}

// adopt gives pods whose owner was not seen yet to the workload that selects them, so that a watch
// that is a little behind does not make workloads of pods. A pod that nobody selects stands alone.
func (l *look) adopt(works []*workload, orphans []manifest.Object) []*workload {
	var alone []*workload
next:
	for _, pod := range orphans {
		for _, w := range works {
			if w.selects(pod.GetLabels()) {
				l.owned[identity(w.obj)] = append(l.owned[identity(w.obj)], pod)
				continue next
			}
		}
		alone = append(alone, newWorkload(pod))
	}
	return append(works, alone...)
}

// runsPods tells whether objects of the kind are workloads when nobody owns them.
func runsPods(kind string) bool {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod":
		return true
	}
	return false
}

// identity is by what an owner is found: its UID, or its kind and name where it has none yet.
func identity(u manifest.Object) string {
	if uid := u.GetUID(); uid != "" {
		return string(uid)
	}
	return u.GetKind() + "/" + u.GetName()
}

func ownerIdentity(owner *metav1.OwnerReference) string {
	if owner.UID != "" {
		return string(owner.UID)
	}
	return owner.Kind + "/" + owner.Name
}

// read converts u into its Go type. An object that does not fit its type gives the zero value and
// false; its verdict is then Unknown.
func read[T any](u manifest.Object) (*T, bool) {
	t := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, t); err != nil {
		return new(T), false
	}
	return t, true
}

func nestedInt(u manifest.Object, path ...string) (int64, bool, error) {
	return unstructured.NestedInt64(u.Object, path...)
}

// selectorOf reads a label selector, e.g. at "spec", "selector". One that cannot be read selects nothing.
func selectorOf(u manifest.Object, path ...string) labels.Selector {
	raw, found, err := unstructured.NestedMap(u.Object, path...)
	if !found || err != nil {
		return labels.Nothing()
	}
	sel := new(metav1.LabelSelector)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, sel); err != nil {
		return labels.Nothing()
	}
	s, err := metav1.LabelSelectorAsSelector(sel)
	if err != nil {
		return labels.Nothing()
	}
	return s
}
