package status

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// node is the workload with all that belongs to it: its pods by version, then what stands around it.
func (w *workload) node(l *look) Node {
	n := Node{
		Ref: w.ref, Word: w.word, Reason: plain(w.reason), Note: w.note(),
		Ready: w.ready, Want: w.want, Created: w.obj.GetCreationTimestamp().Time,
	}
	if w.ref.Kind == "Pod" {
		for _, p := range w.counting() {
			n.Ready, n.Want = p.ready, p.want
		}
	} else {
		n.Children = w.versions()
	}
	n.Children = append(n.Children, w.jobs...)
	for _, u := range w.around {
		n.Children = append(n.Children, l.leaf(u, w))
	}
	return n
}

// versions are the nodes of the pods, those of Deployments under their ReplicaSets.
func (w *workload) versions() []Node {
	several := len(w.sets) > 1
	var nodes []Node
	for _, s := range w.sets {
		pods := make([]Node, len(s.pods))
		for i, p := range s.pods {
			pods[i] = p.node()
		}
		sortNodes(pods)
		if s.obj == nil {
			nodes = append(nodes, pods...)
			continue
		}
		nodes = append(nodes, s.node(pods, several))
	}
	return nodes
}

func (s podSet) node(pods []Node, several bool) Node {
	v := s.verdict()
	if several && v.reason == "" {
		v.reason = map[bool]string{true: "new version", false: "old version"}[s.current]
	}
	n := Node{
		Ref: manifest.RefOf(s.obj), Word: v.word, Reason: plain(v.reason),
		Want: cmp.Or(deref(s.rs.Spec.Replicas), s.rs.Status.Replicas), Created: s.rs.CreationTimestamp.Time, Children: pods,
	}
	for _, p := range s.pods {
		if p.serves() {
			n.Ready++
		}
	}
	return n
}

// verdict on a ReplicaSet: kstatus', made worse by its pods.
func (s podSet) verdict() verdict {
	v := general(s.obj)
	if deref(s.rs.Spec.Replicas) == 0 && s.rs.Spec.Replicas != nil {
		if len(s.pods) > 0 || s.rs.Status.Replicas > 0 {
			return verdict{word: Progressing, reason: "its pods end"}
		}
		return verdict{word: Paused, reason: "no pods on purpose"}
	}
	for _, c := range conditionsOf(s.obj) {
		if c.Type == "ReplicaFailure" && c.Status == corev1.ConditionTrue {
			return refused(c.Message)
		}
	}
	worst, waits := v.word, false
	for _, p := range s.pods {
		if !p.leaving() {
			worst, waits = Worse(worst, p.word), waits || p.word == Pending
		}
	}
	switch {
	case worst == Progressing && waits:
		return verdict{word: Pending}
	case worst != v.word:
		return verdict{word: worst}
	}
	return v
}

func (p pod) node() Node {
	return Node{Ref: p.ref, Word: p.word, Reason: plain(p.reason), Ready: p.ready, Want: p.want, Created: p.obj.CreationTimestamp.Time}
}

// note says beside the kind how many pods there are to be.
func (w *workload) note() string {
	i := slices.IndexFunc(w.around, func(u manifest.Object) bool { return u.GetKind() == "HorizontalPodAutoscaler" })
	if i >= 0 {
		least, found, _ := nestedInt(w.around[i], "spec", "minReplicas")
		if !found {
			least = 1
		}
		most, _, _ := nestedInt(w.around[i], "spec", "maxReplicas")
		return fmt.Sprintf("%d to %d pods by load", least, most)
	}
	switch w.ref.Kind {
	case "DaemonSet":
		return "one pod on each node"
	case "CronJob":
		schedule, _ := w.obj.Object["spec"].(map[string]any)["schedule"].(string)
		return schedule
	case "Deployment", "StatefulSet", "ReplicaSet":
	default:
		return ""
	}
	text := times(w.want, "pod")
	if w.want == 1 && w.replacesAtOnce() {
		text = "exactly one pod"
	}
	if slices.ContainsFunc(w.around, func(u manifest.Object) bool { return u.GetKind() == "PersistentVolumeClaim" }) {
		text += map[bool]string{true: " with a disk", false: " with disks"}[w.want == 1]
	}
	return text
}

// replacesAtOnce tells whether the old pod ends before the new one starts.
func (w *workload) replacesAtOnce() bool {
	spec, _ := w.obj.Object["spec"].(map[string]any)
	strategy, _ := spec["strategy"].(map[string]any)
	return strategy["type"] == "Recreate"
}
