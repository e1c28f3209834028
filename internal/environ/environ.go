// Package environ works out which environment variables a container will find, of the objects that ask for
// it: the settings of its own, everything in ConfigMaps and Secrets, single keys of them, and which of these
// wins where two give the same name.
//
// It is pure and follows the kubelet: envFrom is read in its order, then env in its order, and what comes
// later takes the place of what came before
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables).
// Objects that are not among those given are known by their keys alone, or not at all; then only they
// themselves can be named. No value of a Secret is ever in an answer.
package environ

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"slipway.dev/slipway/internal/manifest"
)

// Kind says where a variable comes from.
type Kind string

// The kinds of origins.
const (
	Own       Kind = "own"       // a value that stands in the container's env
	ConfigMap Kind = "ConfigMap" // a key of one
	Secret    Kind = "Secret"    // a key of one
	Field     Kind = "field"     // something about the pod, such as metadata.name
	Resource  Kind = "resource"  // a request or limit of a container
	Other     Kind = "other"     // something that this portal does not know
)

// Container is one container, with all that its processes find set by Kubernetes. What its image sets itself
// is not in it.
type Container struct {
	Workload manifest.Ref
	Name     string
	Init     bool     // it runs, and ends, before the others
	Sources  []Source // what is taken as a whole, in the order in which it counts: what comes later wins
	// Variables are in order of name.
	Variables []Variable
	// Links tells that Kubernetes adds variables for each Service of the namespace, where none of
	// Variables has the name.
	Links bool
}

// Source is a ConfigMap or Secret of which each key becomes a variable.
type Source struct {
	Kind     Kind   // ConfigMap or Secret
	Name     string // of the object
	Prefix   string // put before each key
	Optional bool   // it need not exist
	Known    bool   // its keys are known; else it may give any variable
	Missing  bool   // it is known not to exist
	Gives    int    // how many keys become variables
	Unusable []string
}

// Origin is one place that gives a variable.
type Origin struct {
	Kind Kind
	Name string // of the ConfigMap or Secret; for Field and Resource what is asked for, as a path
	Key  string // in the ConfigMap or Secret
	// Value is what it gives, where that is known and no secret; Shown tells whether it is.
	Value string
	Shown bool
	// Optional tells of a key that need not be there, and Unseen that nobody knows whether it is.
	Optional, Unseen bool
	// Missing tells of a key that must be there and is not: the container cannot start.
	Missing bool
}

// Variable is one variable as the container will have it.
type Variable struct {
	Name string
	Origin
	// Overrides are the origins that give the same name and lose, the nearest first.
	Overrides []Origin
	// Expands are the variables whose values Kubernetes puts in for $(NAME), each once. Literal are the
	// names for which nothing is put in, because no such variable comes before.
	Expands, Literal []string
}

// Of works out the environment of every container of the objects, in their order. home is the namespace of the
// application, known what is known of Secrets and ConfigMaps that are not among them.
func Of(objects manifest.Set, home string, known map[manifest.Ref]manifest.Keyed) []Container {
	l := look{keys: map[manifest.Ref]manifest.Keyed{}, values: map[manifest.Ref]map[string]string{}}
	for ref, k := range known {
		l.keys[bare(ref)] = k
	}
	for _, u := range objects {
		l.learn(u, home)
	}
	var out []Container
	for _, u := range objects {
		if ref := manifest.RefIn(u, home); ref.Namespace == "" {
			pod, ok := podOf(u)
			if ok {
				out = append(out, l.containers(ref, pod)...)
			}
		}
	}
	return out
}

// Wanted are the Secrets and ConfigMaps that are not among the objects and give variables: what has to be
// known of a cluster beside the objects, in order of kind and name.
func Wanted(objects manifest.Set, home string) []manifest.Ref {
	l := look{keys: map[manifest.Ref]manifest.Keyed{}, values: map[manifest.Ref]map[string]string{}}
	for _, u := range objects {
		l.learn(u, home)
	}
	var out []manifest.Ref
	add := func(kind Kind, name string) {
		ref := refTo(kind, name)
		if _, ours := l.keys[ref]; !ours && name != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	for _, c := range Of(objects, home, nil) {
		for _, s := range c.Sources {
			add(s.Kind, s.Name)
		}
		for _, v := range c.Variables {
			for _, o := range append([]Origin{v.Origin}, v.Overrides...) {
				if o.Kind == ConfigMap || o.Kind == Secret {
					add(o.Kind, o.Name)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b manifest.Ref) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// look is what is known of the ConfigMaps and Secrets in the application's namespace.
type look struct {
	keys   map[manifest.Ref]manifest.Keyed
	values map[manifest.Ref]map[string]string // of ConfigMaps
}

func refTo(kind Kind, name string) manifest.Ref {
	return manifest.Ref{Version: "v1", Kind: string(kind), Name: name}
}

func bare(r manifest.Ref) manifest.Ref {
	return manifest.Ref{Version: "v1", Kind: r.Kind, Name: r.Name}
}

// learn reads a ConfigMap or Secret. Of a Secret only the keys are looked at. Keys of binaryData become no
// variables.
func (l *look) learn(u manifest.Object, home string) {
	ref := manifest.RefIn(u, home)
	if ref.Group != "" || ref.Namespace != "" || ref.Kind != "ConfigMap" && ref.Kind != "Secret" {
		return
	}
	fields := []string{"data"}
	if ref.Kind == "Secret" {
		fields = append(fields, "stringData")
	}
	ref = bare(ref)
	have, values := manifest.Keyed{Exists: true}, map[string]string{}
	for _, field := range fields {
		m, _ := u.Object[field].(map[string]any)
		for k, v := range m {
			if !slices.Contains(have.Keys, k) {
				have.Keys = append(have.Keys, k)
			}
			if text, ok := v.(string); ok && ref.Kind == "ConfigMap" {
				values[k] = text
			}
		}
	}
	slices.Sort(have.Keys)
	l.keys[ref], l.values[ref] = have, values
}

// podOf reads what runs in an object's pods.
func podOf(u manifest.Object) (corev1.PodSpec, bool) {
	switch gvk := u.GroupVersionKind(); gvk.Group + "/" + gvk.Kind {
	case "apps/Deployment":
		return as[appsv1.Deployment](u).Spec.Template.Spec, true
	case "apps/StatefulSet":
		return as[appsv1.StatefulSet](u).Spec.Template.Spec, true
	case "apps/DaemonSet":
		return as[appsv1.DaemonSet](u).Spec.Template.Spec, true
	case "apps/ReplicaSet":
		return as[appsv1.ReplicaSet](u).Spec.Template.Spec, true
	case "batch/Job":
		return as[batchv1.Job](u).Spec.Template.Spec, true
	case "batch/CronJob":
		return as[batchv1.CronJob](u).Spec.JobTemplate.Spec.Template.Spec, true
	case "/Pod":
		return as[corev1.Pod](u).Spec, true
	}
	return corev1.PodSpec{}, false
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
