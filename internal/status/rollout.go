package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rollout says how far the workload is on its way to the version asked for. Pods that come and go
// within one version, because a node went or the number changed, are none.
func (w *workload) rollout() (Rollout, bool) {
	if w.word == Ready || w.word == Paused || w.want <= 0 || w.obj.GetDeletionTimestamp() != nil || !w.underWay() {
		return Rollout{}, false
	}
	r := Rollout{Ref: w.ref, Image: w.image(), Deadline: w.deadline()}
	for _, s := range w.sets {
		for _, p := range s.pods {
			switch {
			case p.leaving():
			case p.current:
				r.New = append(r.New, p.state())
				r.Since = earlier(r.Since, p.obj.CreationTimestamp.Time)
				r.NewSet = cmp.Or(r.NewSet, hash(p.obj.Labels))
			default:
				r.Old = append(r.Old, p.oldState())
				r.OldSet = cmp.Or(r.OldSet, hash(p.obj.Labels))
			}
		}
		if s.current && s.rs != nil {
			r.NewSet = cmp.Or(hash(s.rs.Labels), s.rs.Name)
		}
	}
	for int32(len(r.New)) < w.want {
		r.New = append(r.New, PodToCome)
	}
	if r.Since.IsZero() {
		r.Since = cmp.Or(w.progressing().LastUpdateTime.Time, w.obj.GetCreationTimestamp().Time)
	}
	slices.SortStableFunc(r.New, func(a, b PodState) int { return cmp.Compare(podOrder(a), podOrder(b)) })
	slices.SortStableFunc(r.Old, func(a, b PodState) int { return cmp.Compare(podOrder(a), podOrder(b)) })
	r.Sentence = tell(r.New)
	return r, true
}

// underWay tells whether the workload's controller is between two versions, or at its first one.
func (w *workload) underWay() bool {
	if former, _ := w.former(); former > 0 {
		return true
	}
	switch w.ref.Kind {
	case "Deployment":
		return w.progressing().Reason != "NewReplicaSetAvailable"
	case "StatefulSet":
		now, _, _ := unstructured.NestedString(w.obj.Object, "status", "currentRevision")
		next, _, _ := unstructured.NestedString(w.obj.Object, "status", "updateRevision")
		return now != next || !observed(w.obj)
	}
	return false
}

// image is that of the first container asked for.
func (w *workload) image() string {
	t, ok := read[struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}](w.obj)
	if !ok || len(t.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	return t.Spec.Template.Spec.Containers[0].Image
}

func (p pod) state() PodState {
	switch p.word {
	case Ready:
		return PodReady
	case Failed:
		return PodFailed
	}
	return PodStarting
}

func (p pod) oldState() PodState {
	if p.word == Failed {
		return PodFailed
	}
	return PodOld
}

func podOrder(s PodState) int {
	return slices.Index([]PodState{PodReady, PodOld, PodStarting, PodFailed, PodToCome}, s)
}

// hash is what tells the pods of one version from those of another.
func hash(l map[string]string) string {
	return cmp.Or(l["pod-template-hash"], l["controller-revision-hash"])
}

// tell is "1 ready, 1 starting, 1 to come".
func tell(pods []PodState) string {
	words := []struct {
		state PodState
		text  string
	}{{PodReady, "ready"}, {PodStarting, "starting"}, {PodFailed, "failed"}, {PodToCome, "to come"}}
	var parts []string
	for _, w := range words {
		n := 0
		for _, p := range pods {
			if p == w.state {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, w.text))
		}
	}
	return strings.Join(parts, ", ")
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
