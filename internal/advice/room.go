package advice

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"slipway.dev/slipway/internal/manifest"
)

const hostname = corev1.LabelHostname

// withoutNode finds workloads that no node, or not enough nodes, can take.
func (s *set) withoutNode(facts manifest.Facts) []Warning {
	if facts.Nodes == nil {
		return nil
	}
	var out []Warning
	for _, w := range s.works {
		sel := labels.SelectorFromSet(w.pod.NodeSelector)
		fitting, ready := 0, int32(0)
		for _, n := range facts.Nodes {
			if !sel.Matches(labels.Set(n.Labels)) || !allows(w.pod.Affinity, n.Labels) {
				continue
			}
			fitting++
			if n.Ready {
				ready++
			}
		}
		switch {
		case w.replicas == 0:
		case fitting == 0 && len(w.pod.NodeSelector) > 0:
			out = append(out, Warning{fmt.Sprintf("No node carries %s, so no pod of `%s` can start.", inBackticks(w.pod.NodeSelector), w.ref.Name), w.ref, w.at + ".nodeSelector"})
		case fitting == 0:
			out = append(out, Warning{fmt.Sprintf("No node is as the node affinity of `%s` asks, so no pod of it can start.", w.ref.Name), w.ref, w.at + ".affinity.nodeAffinity"})
		case w.apart() && !w.each && w.replicas > ready:
			out = append(out, Warning{fmt.Sprintf("`%s` may have %d pods, no two of them on one node, and %s ready for them: the others will wait.", w.ref.Name, w.replicas, nodes(ready)), w.ref, w.at + ".affinity.podAntiAffinity"})
		}
	}
	return out
}

func nodes(n int32) string {
	if n == 1 {
		return "1 node is"
	}
	return fmt.Sprintf("%d nodes are", n)
}

func inBackticks(selector map[string]string) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(selector)) {
		words = append(words, "`"+k+"="+selector[k]+"`")
	}
	return strings.Join(words, " and ")
}

// allows tells whether a node is as a required node affinity asks. What this does not understand, it
// takes to be met.
func allows(a *corev1.Affinity, node map[string]string) bool {
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	return slices.ContainsFunc(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		for _, e := range t.MatchExpressions {
			value, has := node[e.Key]
			switch e.Operator {
			case corev1.NodeSelectorOpIn:
				has = has && slices.Contains(e.Values, value)
			case corev1.NodeSelectorOpNotIn:
				has = !has || !slices.Contains(e.Values, value)
			case corev1.NodeSelectorOpDoesNotExist:
				has = !has
			case corev1.NodeSelectorOpExists:
			default:
				has = true
			}
			if !has {
				return false
			}
		}
		return true
	})
}

// apart tells whether no two pods of the workload may be on one node.
func (w work) apart() bool {
	a := w.pod.Affinity
	if a == nil || a.PodAntiAffinity == nil {
		return false
	}
	return slices.ContainsFunc(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, func(t corev1.PodAffinityTerm) bool {
		sel, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
		return err == nil && t.TopologyKey == hostname && sel.Matches(labels.Set(w.meta))
	})
}

// withoutClass finds claims of a storage class that is not there.
func (s *set) withoutClass(facts manifest.Facts) []Warning {
	if facts.StorageClasses == nil {
		return nil
	}
	var out []Warning
	for _, c := range s.claims {
		if c.class == nil || *c.class == "" || slices.Contains(facts.StorageClasses, *c.class) {
			continue
		}
		says := fmt.Sprintf("The cluster has no storage class `%s`, so the claim of %s `%s` gets no volume.", *c.class, c.ref.Kind, c.ref.Name)
		if c.ref.Kind == "PersistentVolumeClaim" {
			says = fmt.Sprintf("The cluster has no storage class `%s`, so the claim `%s` gets no volume.", *c.class, c.ref.Name)
		}
		out = append(out, Warning{says, c.ref, c.path})
	}
	return out
}

// Requests are what the pods of an application ask for, when there are as many as there may be.
type Requests struct {
	Pods   int32  `json:"pods"`
	CPU    string `json:"cpu,omitempty"`    // Kubernetes' quantity, "1500m"; empty if no pod asks for any
	Memory string `json:"memory,omitempty"` // Kubernetes' quantity, "2Gi"
	// Of the nodes that take pods, in percent; 0 where the cluster's size is not known.
	CPUPercent    int `json:"cpuPercent,omitempty"`
	MemoryPercent int `json:"memoryPercent,omitempty"`
}

// Sum adds up what the pods of a set ask for: the most that autoscalers allow, one pod on each node of
// DaemonSets. What Jobs ask for while they run is in it too.
func Sum(objects manifest.Set, home string, facts manifest.Facts) Requests {
	s := readSet(objects, home)
	var cpu, memory resource.Quantity
	var r Requests
	for _, w := range s.works {
		n := w.replicas
		if w.each {
			n = int32(len(facts.Nodes))
		}
		r.Pods += n
		c, m := asked(w.pod)
		for range n {
			cpu.Add(c)
			memory.Add(m)
		}
	}
	if !cpu.IsZero() {
		r.CPU = cpu.String()
	}
	if !memory.IsZero() {
		r.Memory = memory.String()
	}
	var allCPU, allMemory resource.Quantity
	for _, n := range facts.Nodes {
		allCPU.Add(n.CPU)
		allMemory.Add(n.Memory)
	}
	r.CPUPercent, r.MemoryPercent = percent(cpu, allCPU), percent(memory, allMemory)
	return r
}

func percent(part, whole resource.Quantity) int {
	w := whole.AsApproximateFloat64()
	if w <= 0 {
		return 0
	}
	return int(part.AsApproximateFloat64()/w*100 + 0.5)
}

// asked is what one pod asks for: its containers together with its sidecars, or the largest of the
// init containers that run before them, if that is more
// (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
func asked(p corev1.PodSpec) (cpu, memory resource.Quantity) {
	return askedOf(p, corev1.ResourceCPU), askedOf(p, corev1.ResourceMemory)
}

func askedOf(p corev1.PodSpec, name corev1.ResourceName) resource.Quantity {
	var sidecars, before, sum resource.Quantity
	for _, c := range p.InitContainers {
		q := requestOf(c, name)
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sidecars.Add(q)
			q = sidecars.DeepCopy()
		} else {
			q.Add(sidecars)
		}
		if q.Cmp(before) > 0 {
			before = q
		}
	}
	for _, c := range p.Containers {
		sum.Add(requestOf(c, name))
	}
	sum.Add(sidecars)
	if before.Cmp(sum) > 0 {
		return before
	}
	return sum
}

// requestOf is a container's request; without one, its limit counts.
func requestOf(c corev1.Container, name corev1.ResourceName) resource.Quantity {
	if q, ok := c.Resources.Requests[name]; ok {
		return q.DeepCopy()
	}
	q := c.Resources.Limits[name]
	return q.DeepCopy()
}
