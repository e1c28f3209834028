package status

import (
	"cmp"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"slipway.dev/slipway/internal/manifest"
)

// labelComponent says what part of an application a workload is
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
const labelComponent = "app.kubernetes.io/component"

// Workload is a workload in one row: what it is, what it runs, and how others reach it.
type Workload struct {
	Ref      manifest.Ref
	Word     Word
	Role     string // its label app.kubernetes.io/component; empty where it has none
	Note     string // as in Node
	Image    string // of its first container
	Others   int    // containers beside the first
	Ready    int32
	Want     int32 // -1 where the kind has no number
	Services []Service
}

// Service is a name under which a workload's pods are reached inside the cluster.
type Service struct {
	Name  string
	Host  string // the full name, in a cluster of the usual domain cluster.local
	Type  string // ClusterIP, NodePort or LoadBalancer
	Pods  bool   // headless: the name leads to each pod by itself, at the pods' own ports
	Ports []Port
}

// Port is a port of a Service.
type Port struct {
	Name     string
	Number   int32
	Protocol string // TCP, UDP or SCTP
	Target   string // the container's port: a number, or a name that no container has
}

// overviews are the rows of all workloads, in order of name.
func overviews(works []*workload, objects []manifest.Object) []Workload {
	var services []*corev1.Service
	for _, u := range objects {
		if u.GetKind() != "Service" {
			continue
		}
		if s, ok := read[corev1.Service](u); ok && len(s.Spec.Selector) > 0 {
			services = append(services, s)
		}
	}
	slices.SortFunc(services, func(a, b *corev1.Service) int { return cmp.Compare(a.Name, b.Name) })
	var out []Workload
	for _, w := range works {
		out = append(out, w.overview(services))
	}
	return out
}

func (w *workload) overview(services []*corev1.Service) Workload {
	o := Workload{Ref: w.ref, Word: w.word, Role: w.obj.GetLabels()[labelComponent], Note: w.note(), Ready: w.ready, Want: w.want}
	pod := w.podSpec()
	if len(pod.Containers) > 0 {
		o.Image, o.Others = pod.Containers[0].Image, len(pod.Containers)-1
	}
	for _, s := range services {
		if len(w.pods) > 0 && s.Namespace == w.obj.GetNamespace() && labels.SelectorFromSet(s.Spec.Selector).Matches(w.pods) {
			o.Services = append(o.Services, serviceOf(s, pod))
		}
	}
	return o
}

// podSpec is what runs in the workload's pods; the zero value where it cannot be read.
func (w *workload) podSpec() corev1.PodSpec {
	path := []string{"spec", "template", "spec"}
	switch w.ref.Kind {
	case "Pod":
		path = path[:1]
	case "CronJob":
		path = append([]string{"spec", "jobTemplate"}, path...)
	}
	found, _, _ := unstructured.NestedFieldNoCopy(w.obj.Object, path...)
	raw, _ := found.(map[string]any)
	var pod corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &pod); err != nil {
		return corev1.PodSpec{}
	}
	return pod
}

func serviceOf(s *corev1.Service, pod corev1.PodSpec) Service {
	out := Service{
		Name: s.Name, Host: s.Name + "." + s.Namespace + ".svc.cluster.local",
		Type: cmp.Or(string(s.Spec.Type), string(corev1.ServiceTypeClusterIP)), Pods: s.Spec.ClusterIP == corev1.ClusterIPNone,
	}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, Port{
			Name: p.Name, Number: p.Port, Protocol: cmp.Or(string(p.Protocol), string(corev1.ProtocolTCP)), Target: targetOf(p, pod),
		})
	}
	return out
}

// targetOf finds the container's port behind a Service's: by its name, by its number, or the same number.
func targetOf(p corev1.ServicePort, pod corev1.PodSpec) string {
	name := p.TargetPort.StrVal
	if name == "" {
		return strconv.Itoa(int(cmp.Or(p.TargetPort.IntVal, p.Port)))
	}
	for _, c := range pod.Containers {
		for _, port := range c.Ports {
			if port.Name == name {
				return strconv.Itoa(int(port.ContainerPort))
			}
		}
	}
	return name
}
