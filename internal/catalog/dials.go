package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	at       []string // where in Object
}

// number is a place in an object where a number of pods stands.
type number struct {
	object   int // in the set
	at       []string
	workload manifest.Ref
	measure  Measure
}

// maxTries is how many renderings are spent on finding dials. A number that no field is found for by then
// has none: it is the form's to change.
const maxTries = 40

// Dials finds the fields that decide how many pods the workloads have, in the order of the set. Only a
// field that holds the very number, and hands it on as it is, is a dial: this is tried, by rendering with
// another one (see Marks). A template need not have any. It returns the errors of Render.
func (t *Template) Dials(ctx context.Context, in Inputs, r Release) ([]Dial, error) {
	now, err := t.Render(ctx, in, r)
	if err != nil {
		return nil, err
	}
	var all []Dial
	for _, n := range numbersOfPods(now.Set, r.Place.Namespace) {
		if pods, ok := wholeAt(now.Set[n.object], n.at); ok {
			all = append(all, Dial{Workload: n.workload, Object: manifest.RefIn(now.Set[n.object], r.Place.Namespace), Measure: n.measure, Now: pods, at: n.at})
		}
	}
	tries := 0
	for _, l := range likelyFirst(t.levers(in)) {
		for _, probe := range l.values {
			if tries == maxTries || !slices.ContainsFunc(all, func(d Dial) bool { return d.mayBe(l) }) {
				break
			}
			tries++
			if other, err := t.render(ctx, t.pulled(in, l, probe), r); err == nil { // a template may refuse one of them
				markDials(all, l, probe, other.Set, r.Place.Namespace)
			}
		}
	}
	return slices.DeleteFunc(all, func(d Dial) bool { return d.Field == nil }), ctx.Err()
}

// mayBe tells whether a lever may be the dial, which is not found yet.
func (d Dial) mayBe(l lever) bool { return d.Field == nil && l.now == strconv.Itoa(d.Now) }

// markDials notes for which numbers another value of the lever stands in their places instead.
func markDials(all []Dial, l lever, probe any, other manifest.Set, home string) {
	for i, d := range all {
		o := slices.IndexFunc(other.RefsIn(home), d.Object.Same)
		if o < 0 || !d.mayBe(l) {
			continue
		}
		if pods, ok := wholeAt(other[o], d.at); ok && strconv.Itoa(pods) == textOf(probe) {
			all[i].Field, all[i].Path = l.field, l.path
		}
	}
}

// likelyFirst are the numbers among the levers, those first whose names sound like numbers of pods. That
// makes the search short; what is found is decided by rendering.
func likelyFirst(levers []lever) []lever {
	levers = slices.DeleteFunc(levers, func(l lever) bool { return l.field == nil || l.field.Kind != Number })
	rank := func(l lever) int {
		name := strings.ToLower(l.field.name)
		return slices.IndexFunc([]string{"replica", "pods", "min", "max", "count", "instance", "scale", ""}, func(s string) bool { return strings.Contains(name, s) })
	}
	slices.SortStableFunc(levers, func(a, b lever) int { return cmp.Compare(rank(a), rank(b)) })
	return levers
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
