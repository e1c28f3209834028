package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// Measure is what a Dial sets of a workload.
type Measure string

// The measures. A workload has the first, or one or both of the others.
const (
	ExactPods  Measure = "pods"   // spec.replicas of the workload
	FewestPods Measure = "fewest" // spec.minReplicas of its HorizontalPodAutoscaler
	MostPods   Measure = "most"   // spec.maxReplicas of it
)

// Dial is a field of the form that decides how many pods a workload has.
type Dial struct {
	Workload manifest.Ref
	Object   manifest.Ref // in which the number stands: the workload, or its autoscaler
	Measure  Measure
	Path     string // of the control, see View
	Field    *Field // its title, help and limits
	Now      int
}

// number is a place in an object where a number of pods stands.
type number struct {
	object   int // in the set
	at       []string
	workload manifest.Ref
	measure  Measure
}

// Dials finds the fields that decide how many pods the workloads have, in the order of the set. Only a
// field that holds the very number, and hands it on as it is, is a dial: this is tried, by rendering with
// another one (see Marks). A template need not have any. It returns the errors of Render.
func (t *Template) Dials(ctx context.Context, in Inputs, r Release) ([]Dial, error) {
	now, err := t.Render(ctx, in, r)
	if err != nil {
		return nil, err
	}
	var out []Dial
	levers := t.levers(in)
	for _, n := range numbersOfPods(now.Set, r.Place.Namespace) {
		pods, ok := wholeAt(now.Set[n.object], n.at)
		if !ok {
			continue
		}
		for _, l := range levers {
			if l.field == nil || l.field.Kind != Number || l.now != strconv.Itoa(pods) {
				continue
			}
			if t.handsOn(ctx, in, r, l, now.Set[n.object], n.at) {
				out = append(out, Dial{Workload: n.workload, Object: manifest.RefIn(now.Set[n.object], r.Place.Namespace), Measure: n.measure, Path: l.path, Field: l.field, Now: pods})
				break
			}
		}
	}
	return out, ctx.Err()
}

// handsOn tells whether another value of the lever stands at the place instead.
func (t *Template) handsOn(ctx context.Context, in Inputs, r Release, l lever, u manifest.Object, at []string) bool {
	for _, probe := range l.values {
		other, err := t.render(ctx, t.pulled(in, l, probe), r)
		if err != nil { // a template may refuse one of them
			continue
		}
		i := slices.IndexFunc(other.Set, func(o manifest.Object) bool { return sameObject(o, u) })
		if i < 0 {
			continue
		}
		if pods, ok := wholeAt(other.Set[i], at); ok && strconv.Itoa(pods) == textOf(probe) {
			return true
		}
	}
	return false
}

// Dialled are the inputs with dials set, by their paths; a number that is there already stays as it is set
// or not set. It returns false if one of the paths is no number of the form. Whether the form takes the
// numbers is for Check to say.
func (t *Template) Dialled(in Inputs, pods map[string]int) (Inputs, bool) {
	out := in
	left := len(pods)
	for _, l := range t.levers(in) {
		n, chosen := pods[l.path]
		if !chosen || l.field == nil || l.field.Kind != Number {
			continue
		}
		left--
		if l.now != strconv.Itoa(n) {
			out = t.pulled(out, l, native(json.Number(strconv.Itoa(n))))
		}
	}
	return out, left == 0
}

// numbersOfPods lists where the set says how many pods its workloads have. What an autoscaler scales has
// the autoscaler's numbers, whatever the workload says.
func numbersOfPods(set manifest.Set, home string) []number {
	var out []number
	scaled := map[string]int{} // "Deployment api" → its autoscaler
	for i, u := range set {
		if u.GroupVersionKind().Group == "autoscaling" && u.GetKind() == "HorizontalPodAutoscaler" {
			kind, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "kind")
			name, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "name")
			scaled[podsOf(u.GetNamespace(), kind, name)] = i
		}
	}
	for i, u := range set {
		ref := manifest.RefIn(u, home)
		if !manifest.Restartable(ref) || ref.Kind == "DaemonSet" {
			continue
		}
		if hpa, ok := scaled[podsOf(u.GetNamespace(), ref.Kind, ref.Name)]; ok {
			out = append(out, number{hpa, []string{"spec", "minReplicas"}, ref, FewestPods}, number{hpa, []string{"spec", "maxReplicas"}, ref, MostPods})
			continue
		}
		out = append(out, number{i, []string{"spec", "replicas"}, ref, ExactPods})
	}
	return out
}

func podsOf(namespace, kind, name string) string {
	return fmt.Sprintf("%s/%s/%s", namespace, kind, name)
}

func wholeAt(u manifest.Object, at []string) (int, bool) {
	v, ok, _ := unstructured.NestedFieldNoCopy(u.Object, at...)
	n, isNumber := numberOf(v)
	if !ok || !isNumber || !isWhole(n) {
		return 0, false
	}
	i, err := strconv.Atoi(string(n))
	return i, err == nil
}
