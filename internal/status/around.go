package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"slipway.dev/slipway/internal/manifest"
)

// place gives each of the objects that run nothing to the workload it belongs to. What belongs to none
// or to several comes back, as one node "shared", with what is lost.
func (l *look) place(works []*workload, rest []manifest.Object, lost []Node) []Node {
	shared := lost
	services := map[string]*workload{}
	slices.SortStableFunc(rest, func(a, b manifest.Object) int {
		return cmp.Or(cmp.Compare(aroundRank(a), aroundRank(b)), cmp.Compare(a.GetKind(), b.GetKind()), cmp.Compare(a.GetName(), b.GetName()))
	})
	for _, u := range rest { // Services stand first, so that Ingresses find them
		owner := only(works, func(w *workload) bool { return w.has(u, services) })
		if owner == nil {
			shared = append(shared, l.leaf(u, nil))
			continue
		}
		if u.GetKind() == "Service" {
			services[u.GetName()] = owner
		}
		owner.around = append(owner.around, u)
	}
	if len(shared) == 0 {
		return nil
	}
	head := Node{Ref: manifest.Ref{Name: "shared"}, Note: kinds(shared), Word: Ready, Want: -1, Children: shared}
	for _, n := range shared {
		head.Word = Worse(head.Word, n.Word)
	}
	sortNodes(head.Children)
	return []Node{head}
}

// aroundRank is the order in which objects stand under their workload.
func aroundRank(u manifest.Object) int {
	order := []string{"Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "PersistentVolumeClaim"}
	if i := slices.Index(order, u.GetKind()); i >= 0 {
		return i
	}
	return len(order)
}

// only is the one workload of which is is true, nil if there are none or several.
func only(works []*workload, is func(*workload) bool) *workload {
	var found *workload
	for _, w := range works {
		if !is(w) {
			continue
		}
		if found != nil {
			return nil
		}
		found = w
	}
	return found
}

// has tells whether u belongs to the workload.
func (w *workload) has(u manifest.Object, services map[string]*workload) bool {
	switch u.GetKind() {
	case "Service":
		sel, _, _ := unstructured.NestedStringMap(u.Object, "spec", "selector")
		return len(sel) > 0 && labels.SelectorFromSet(sel).Matches(w.pods)
	case "PodDisruptionBudget":
		return len(w.pods) > 0 && selectorOf(u, "spec", "selector").Matches(w.pods)
	case "HorizontalPodAutoscaler":
		kind, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "name")
		return kind == w.ref.Kind && name == w.ref.Name
	case "Ingress":
		return slices.ContainsFunc(backends(u), func(service string) bool { return services[service] == w })
	case "PersistentVolumeClaim":
		return w.mounts(u.GetName())
	}
	return false
}

// mounts tells whether the workload's pods mount the claim.
func (w *workload) mounts(claim string) bool {
	path := []string{"spec", "template", "spec", "volumes"}
	if w.ref.Kind == "Pod" {
		path = []string{"spec", "volumes"}
	}
	volumes, _, _ := unstructured.NestedSlice(w.obj.Object, path...)
	for _, v := range volumes {
		if m, ok := v.(map[string]any); ok {
			if name, _, _ := unstructured.NestedString(m, "persistentVolumeClaim", "claimName"); name == claim {
				return true
			}
		}
	}
	templates, _, _ := unstructured.NestedSlice(w.obj.Object, "spec", "volumeClaimTemplates")
	for _, t := range templates {
		if m, ok := t.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(m, "metadata", "name")
			if strings.HasPrefix(claim, name+"-"+w.ref.Name+"-") {
				return true
			}
		}
	}
	return false
}

// leaf is the node of an object that runs nothing. w is its workload, nil if it is shared.
func (l *look) leaf(u manifest.Object, w *workload) Node {
	v := l.judgeAround(u, w)
	l.around[u] = v
	n := Node{Ref: manifest.RefIn(u, l.home), Word: v.word, Reason: plain(v.reason), Want: -1, Created: u.GetCreationTimestamp().Time}
	if n.Ref.Namespace != "" {
		n.Note = "in namespace " + n.Ref.Namespace
	}
	return n
}

// judgeAround says how such an object is: by kstatus, and by what the kind's own status adds.
func (l *look) judgeAround(u manifest.Object, w *workload) verdict {
	v := general(u)
	if ofExtension(u) {
		if u.GetKind() == "ExternalSecret" {
			return externalSecret(u, v)
		}
		return l.extension(u, v)
	}
	if v.word == Failed || v.word == Unknown || u.GetDeletionTimestamp() != nil || !observed(u) {
		return v
	}
	switch u.GetKind() {
	case "Service":
		return l.service(u, w, v)
	case "Ingress":
		return ingress(u, v)
	case "HorizontalPodAutoscaler":
		return l.autoscaler(u, v)
	case "PodDisruptionBudget":
		return budget(u, v)
	case "PersistentVolumeClaim":
		return l.claim(u, v)
	case "ResourceQuota":
		return quota(u, v)
	}
	return v
}

// quota says how much of it is used, what is used most first, two things at most.
func quota(u manifest.Object, v verdict) verdict {
	q, _ := read[corev1.ResourceQuota](u)
	type use struct {
		part float64
		text string
	}
	var uses []use
	for name, hard := range q.Status.Hard {
		used := q.Status.Used[name]
		if most := hard.AsApproximateFloat64(); most > 0 {
			uses = append(uses, use{used.AsApproximateFloat64() / most, fmt.Sprintf("%s %s of %s", name, used.String(), hard.String())})
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return cmp.Or(cmp.Compare(b.part, a.part), cmp.Compare(a.text, b.text)) })
	var parts []string
	for _, one := range uses[:min(len(uses), 2)] {
		parts = append(parts, one.text)
	}
	v.reason = strings.Join(parts, ", ")
	return v
}

// kinds is "1 ConfigMap, 4 Secrets".
func kinds(nodes []Node) string {
	n := map[string]int32{}
	for _, node := range nodes {
		n[node.Ref.Kind]++
	}
	var parts []string
	for kind, c := range n {
		parts = append(parts, pluralKind(c, kind))
	}
	slices.SortFunc(parts, func(a, b string) int {
		_, x, _ := strings.Cut(a, " ")
		_, y, _ := strings.Cut(b, " ")
		return cmp.Compare(x, y)
	})
	return strings.Join(parts, ", ")
}

func pluralKind(n int32, kind string) string {
	stem, isY := strings.CutSuffix(kind, "y")
	switch {
	case n != 1 && isY && !strings.HasSuffix(stem, "e"):
		kind = stem + "ies"
	case n != 1 && strings.HasSuffix(kind, "s"):
		kind += "es"
	case n != 1:
		kind += "s"
	}
	return fmt.Sprintf("%d %s", n, kind)
}
