package status

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"slipway.dev/slipway/internal/manifest"
)

const annotationRevision = "deployment.kubernetes.io/revision"

// workload is something that runs pods, with all that belongs to it.
type workload struct {
	verdict
	obj    manifest.Object
	ref    manifest.Ref
	pods   labels.Set // the labels of the pods it asks for
	sets   []podSet   // of the version asked for first; never empty once judged
	jobs   []Node     // of a CronJob
	around []manifest.Object
	want   int32 // pods asked for; -1 where the kind has no number
	ready  int32 // pods that the cluster counts as ready
	causes []Wrong
}

// podSet is the pods of one version of a workload.
type podSet struct {
	obj     manifest.Object // the ReplicaSet; nil where pods belong to the workload itself
	rs      *appsv1.ReplicaSet
	current bool
	pods    []pod
}

func newWorkload(u manifest.Object) *workload {
	w := &workload{obj: u, ref: manifest.RefOf(u), want: -1}
	path := []string{"spec", "template", "metadata", "labels"}
	switch u.GetKind() {
	case "Pod":
		w.pods = u.GetLabels()
		return w
	case "CronJob":
		path = append([]string{"spec", "jobTemplate"}, path...)
	}
	w.pods, _, _ = unstructured.NestedStringMap(u.Object, path...)
	return w
}

// selects tells whether pods with these labels are the workload's, by its own selector.
func (w *workload) selects(pod map[string]string) bool {
	s := selectorOf(w.obj, "spec", "selector")
	return !s.Empty() && s.Matches(labels.Set(pod))
}

// judge finds the workload's pods and says how it is.
func (w *workload) judge(l *look) {
	w.gather(l)
	w.count()
	w.verdict = w.assess(l)
}

// gather collects the pods by version.
func (w *workload) gather(l *look) {
	own := podSet{current: true}
	var outdated podSet
	for _, u := range l.owned[identity(w.obj)] {
		switch u.GetKind() {
		case "ReplicaSet":
			if s, keep := l.replicaSet(w, u); keep {
				w.sets = append(w.sets, s)
			}
		case "Pod":
			p := l.pod(u)
			p.current = w.isCurrent(p.obj)
			if p.current {
				own.pods = append(own.pods, p)
			} else {
				outdated.pods = append(outdated.pods, p)
			}
		case "Job":
			w.jobs = append(w.jobs, l.job(u))
		}
	}
	if w.ref.Kind == "Pod" {
		own.pods = append(own.pods, l.pod(w.obj))
	}
	if len(own.pods) > 0 {
		w.sets = append(w.sets, own)
	}
	if len(outdated.pods) > 0 {
		w.sets = append(w.sets, outdated)
	}
	slices.SortStableFunc(w.sets, newerSet)
}

// replicaSet is a version of a Deployment. Former ones without pods are history and are left out.
func (l *look) replicaSet(w *workload, u manifest.Object) (podSet, bool) {
	rs, ok := read[appsv1.ReplicaSet](u)
	s := podSet{obj: u, rs: rs, current: ok && u.GetAnnotations()[annotationRevision] == w.obj.GetAnnotations()[annotationRevision]}
	for _, p := range l.owned[identity(u)] {
		pod := l.pod(p)
		pod.current = s.current
		s.pods = append(s.pods, pod)
	}
	asked := rs.Spec.Replicas == nil || *rs.Spec.Replicas > 0
	return s, s.current || len(s.pods) > 0 || asked || rs.Status.Replicas > 0
}

// isCurrent tells whether a pod is of the version that a StatefulSet or DaemonSet asks for now.
func (w *workload) isCurrent(p *corev1.Pod) bool {
	switch w.ref.Kind {
	case "StatefulSet":
		newest, _, _ := unstructured.NestedString(w.obj.Object, "status", "updateRevision")
		return newest == "" || p.Labels[appsv1.StatefulSetRevisionLabel] == newest
	case "DaemonSet":
		newest := w.obj.GetAnnotations()[appsv1.DeprecatedTemplateGeneration]
		has := p.Labels["pod-template-generation"]
		return newest == "" || has == "" || has == newest
	}
	return true
}

// newerSet puts the version that is asked for first, then the others, newest first.
func newerSet(a, b podSet) int {
	switch {
	case a.current != b.current && a.current:
		return -1
	case a.current != b.current:
		return 1
	case a.rs != nil && b.rs != nil:
		return cmp.Or(b.rs.CreationTimestamp.Compare(a.rs.CreationTimestamp.Time), cmp.Compare(a.rs.Name, b.rs.Name))
	}
	return 0
}

// count finds how many pods are asked for, and how many are ready.
func (w *workload) count() {
	switch w.ref.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet":
		w.want = 1
		if n, found, _ := nestedInt(w.obj, "spec", "replicas"); found {
			w.want = int32(n)
		}
	case "DaemonSet":
		n, _, _ := nestedInt(w.obj, "status", "desiredNumberScheduled")
		w.want = int32(n)
	case "Pod":
		w.want = 1
	}
	for _, s := range w.sets {
		for _, p := range s.pods {
			if p.serves() {
				w.ready++
			}
		}
	}
}

// counting are the pods of the version asked for that neither leave nor have ended, in order of name.
func (w *workload) counting() []pod {
	var pods []pod
	for _, s := range w.sets {
		for _, p := range s.pods {
			if s.current && p.current && (!p.leaving() || w.ref.Kind == "Pod" || w.ref.Kind == "Job") {
				pods = append(pods, p)
			}
		}
	}
	slices.SortFunc(pods, func(a, b pod) int { return cmp.Compare(a.ref.Name, b.ref.Name) })
	return pods
}

// former is how many pods of other versions are still there, and how many of them serve.
func (w *workload) former() (pods, serving int32) {
	for _, s := range w.sets {
		for _, p := range s.pods {
			if p.current || p.leaving() {
				continue
			}
			pods++
			if p.serves() {
				serving++
			}
		}
	}
	return pods, serving
}
