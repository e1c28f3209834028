// Package advice says what is likely to be wrong with the objects of an application though the API
// server takes them: an address inside the cluster that nobody answers, a key that a Secret has not, a
// node selector that no node carries.
//
// It is pure: objects and what is known of the cluster go in, sentences come out. Ask tells what has to
// be known, so that whoever knows clusters can find it out meanwhile. What is not known is never warned
// of, and nothing here stops a change.
package advice

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"slipway.dev/slipway/internal/manifest"
)

// Warning is one thing that is likely to be wrong.
type Warning struct {
	Sentence string       `json:"sentence"` // plain text in which `name` marks what a machine wrote
	Ref      manifest.Ref `json:"ref"`      // the object; zero for one about the inputs
	Path     string       `json:"path,omitempty"`
}

// set is the objects of an application, read.
type set struct {
	home      string
	works     []work
	configs   map[string]manifest.Object // ConfigMaps in the own namespace
	keyed     map[manifest.Ref][]string  // keys of the set's Secrets and ConfigMaps
	later     map[manifest.Ref]bool      // Secrets that something fills later, with keys that nobody knows yet
	services  map[manifest.Ref]corev1.Service
	claims    []claim
	ingresses []manifest.Object
	most      map[string]int32 // pods at most, by kind and name, where an autoscaler says so
}

// work is a workload.
type work struct {
	ref      manifest.Ref
	at       string // path of its pod template
	pod      corev1.PodSpec
	meta     map[string]string // labels of its pods
	replicas int32
	each     bool // one pod on each node
}

// claim asks for storage.
type claim struct {
	ref   manifest.Ref
	path  string
	class *string
}

func readSet(objects manifest.Set, home string) set {
	s := set{
		home: home, configs: map[string]manifest.Object{}, keyed: map[manifest.Ref][]string{}, later: map[manifest.Ref]bool{},
		services: map[manifest.Ref]corev1.Service{}, most: map[string]int32{},
	}
	for _, u := range objects {
		s.read(u)
	}
	for i := range s.works {
		w := &s.works[i]
		if most, ok := s.most[w.ref.Kind+"/"+w.ref.Name]; ok {
			w.replicas = most
		}
	}
	return s
}

func (s *set) read(u manifest.Object) {
	ref := manifest.RefIn(u, s.home)
	switch ref.Kind {
	case "ConfigMap", "Secret":
		if ref.Namespace == "" && ref.Kind == "ConfigMap" {
			s.configs[ref.Name] = u
		}
		s.keyed[ref] = keysOf(u)
	case "ExternalSecret":
		s.readExternal(u, ref)
	case "Service":
		s.services[ref] = as[corev1.Service](u)
	case "Ingress":
		s.ingresses = append(s.ingresses, u)
	case "PersistentVolumeClaim":
		c := as[corev1.PersistentVolumeClaim](u)
		s.claims = append(s.claims, claim{ref, ".spec.storageClassName", c.Spec.StorageClassName})
		s.keyed[ref] = nil // it is there, without keys
	case "HorizontalPodAutoscaler":
		h := as[autoscalingv2.HorizontalPodAutoscaler](u)
		s.most[h.Spec.ScaleTargetRef.Kind+"/"+h.Spec.ScaleTargetRef.Name] = h.Spec.MaxReplicas
	default:
		s.readWork(u, ref)
	}
}

func (s *set) readWork(u manifest.Object, ref manifest.Ref) {
	add := func(t corev1.PodTemplateSpec, at string, replicas *int32) {
		n := int32(1)
		if replicas != nil {
			n = *replicas
		}
		s.works = append(s.works, work{ref: ref, at: at, pod: t.Spec, meta: t.Labels, replicas: n, each: ref.Kind == "DaemonSet"})
	}
	const template = ".spec.template.spec"
	switch ref.Kind {
	case "Deployment":
		d := as[appsv1.Deployment](u)
		add(d.Spec.Template, template, d.Spec.Replicas)
	case "StatefulSet":
		d := as[appsv1.StatefulSet](u)
		add(d.Spec.Template, template, d.Spec.Replicas)
		for _, c := range d.Spec.VolumeClaimTemplates {
			s.claims = append(s.claims, claim{ref, ".spec.volumeClaimTemplates", c.Spec.StorageClassName})
		}
	case "DaemonSet":
		add(as[appsv1.DaemonSet](u).Spec.Template, template, nil)
	case "Job":
		j := as[batchv1.Job](u)
		add(j.Spec.Template, template, j.Spec.Parallelism)
	case "CronJob":
		j := as[batchv1.CronJob](u).Spec.JobTemplate.Spec
		add(j.Template, ".spec.jobTemplate"+template, j.Parallelism)
	}
}

// as reads an object as its Go type. What does not fit is the zero value: the API server says so better.
func as[T any](u manifest.Object) T {
	var t T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &t); err != nil {
		var zero T
		return zero
	}
	return t
}

func keysOf(u manifest.Object) []string {
	var keys []string
	for _, field := range []string{"data", "stringData", "binaryData"} {
		m, _ := u.Object[field].(map[string]any)
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// Ask tells what has to be known of the cluster to judge the objects of an application in the namespace
// home.
func Ask(objects manifest.Set, home string) manifest.Wanted {
	s := readSet(objects, home)
	w := manifest.Wanted{StorageClasses: len(s.claims) > 0, Nodes: len(s.works) > 0}
	for _, a := range s.addresses() {
		if _, mine := s.services[a.service]; !mine && !slices.Contains(w.Services, a.service) {
			w.Services = append(w.Services, a.service)
		}
	}
	for _, u := range s.uses() {
		if _, mine := s.keyed[u.ref]; !mine && !s.later[u.ref] && !slices.Contains(w.Keyed, u.ref) {
			w.Keyed = append(w.Keyed, u.ref)
		}
	}
	return w
}

// Judge says what is likely to be wrong, in the order of the objects, each thing once.
func Judge(objects manifest.Set, home string, facts manifest.Facts) []Warning {
	s := readSet(objects, home)
	var out []Warning
	out = append(out, s.wrongAddresses(facts)...)
	out = append(out, s.missing(facts)...)
	out = append(out, s.unmounted()...)
	out = append(out, s.withoutNode(facts)...)
	out = append(out, s.withoutClass(facts)...)
	out = append(out, s.lax()...)
	order := objects.RefsIn(home)
	slices.SortStableFunc(out, func(a, b Warning) int {
		return cmp.Compare(slices.IndexFunc(order, a.Ref.Same), slices.IndexFunc(order, b.Ref.Same))
	})
	return slices.Compact(out)
}
