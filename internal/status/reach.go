package status

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"slipway.dev/slipway/internal/manifest"
)

// service is how a Service is by the endpoints that take requests. A Service never fails: one without
// endpoints waits for the pods behind it, and is on its way as long as they are.
func (l *look) service(u manifest.Object, w *workload, v verdict) verdict {
	s, _ := read[corev1.Service](u)
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		v.reason = "another name for " + s.Spec.ExternalName
		return v
	}
	found := l.slices[u.GetName()]
	ready, asleep := endpoints(found), w != nil && w.word == Paused
	switch {
	case ready == 0 && asleep:
		return verdict{word: Paused, reason: "no pods behind it, on purpose"}
	case len(found) == 0 && len(s.Spec.Selector) > 0:
		return verdict{word: Progressing, reason: reasonComputing}
	case len(found) == 0: // its endpoints are made by somebody else, if at all
		return verdict{word: Pending, reason: "selects no pods, and nobody gave it endpoints"}
	case ready == 0 && w != nil && w.word == Progressing:
		return verdict{word: Progressing, reason: "no pod behind it is ready yet"}
	case ready == 0 && hasPods(w):
		return verdict{word: Pending, reason: "no pod behind it is ready"}
	case ready == 0:
		return verdict{word: Pending, reason: "there is no pod behind it"}
	case v.word == Progressing: // kstatus waits for what a load balancer gives it
		return verdict{word: Pending, reason: fmt.Sprintf("%s, but no controller has given it an address", times(ready, "endpoint"))}
	}
	v.reason = times(ready, "endpoint")
	return v
}

func hasPods(w *workload) bool {
	if w == nil {
		return false
	}
	for _, s := range w.sets {
		if len(s.pods) > 0 {
			return true
		}
	}
	return false
}

// endpoints is how many of them take requests.
func endpoints(all []manifest.Object) int32 {
	ready := int32(0)
	for _, s := range all {
		slice, _ := read[discoveryv1.EndpointSlice](s)
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				ready++
			}
		}
	}
	return ready
}

// ingress is ready when a controller gave it an address: until then nobody answers there.
func ingress(u manifest.Object, v verdict) verdict {
	i, _ := read[networkingv1.Ingress](u)
	if len(i.Status.LoadBalancer.Ingress) == 0 {
		return verdict{word: Pending, reason: "no controller has given it an address"}
	}
	v.reason = fmt.Sprintf("%d %s", len(i.Spec.Rules), map[bool]string{true: "address", false: "addresses"}[len(i.Spec.Rules) == 1])
	return v
}
