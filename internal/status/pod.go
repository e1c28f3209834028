package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// Time that a pod is given before its state counts as one that it will not leave by itself.
const (
	// readyWithin is how long a running pod may be not ready. A Deployment's own deadline, 10 minutes
	// unless set, is for whole rollouts.
	readyWithin = 5 * time.Minute
	// settled is how long a container must run after a crash before its pod counts as ready again:
	// without it a crash loop would flash green at each start.
	settled = 30 * time.Second
)

// verdict is what is said about one object.
type verdict struct {
	word   Word
	reason string // one clause, beside the word
	wrong  *cause // for Failed and Pending; nil if there is nothing to add
}

// cause is why something is not right.
type cause struct {
	id       string // equal for all that suffer from the same thing
	title    string
	sentence string
	said     string
	since    time.Time
}

// pod is a pod with what is said about it.
type pod struct {
	verdict
	ref     manifest.Ref
	obj     *corev1.Pod
	ready   int32 // containers
	want    int32
	current bool // of the version that is asked for
}

// leaving tells whether the pod no longer counts for its workload: it is being deleted or has ended.
func (p pod) leaving() bool {
	return p.obj.DeletionTimestamp != nil || p.obj.Status.Phase == corev1.PodFailed || p.obj.Status.Phase == corev1.PodSucceeded
}

// serves tells whether the cluster counts the pod as ready.
func (p pod) serves() bool { return p.obj.DeletionTimestamp == nil && isTrue(p.obj, corev1.PodReady) }

func (l *look) pod(u manifest.Object) pod {
	obj, ok := read[corev1.Pod](u)
	p := pod{ref: manifest.RefOf(u), obj: obj, current: true}
	if !ok {
		p.verdict = verdict{word: Unknown, reason: "its state cannot be read"}
		return p
	}
	for _, s := range long(obj) {
		p.want++
		if s.status.Ready {
			p.ready++
		}
	}
	p.verdict = l.judgePod(obj)
	if p.wrong != nil && p.wrong.since.IsZero() {
		p.wrong.since = notReadySince(obj)
	}
	return p
}

// judgePod says how a pod is, from what scheduler and kubelet report. kstatus is not asked: it calls a
// failed pod current, and decides by the clock whether an unscheduled one failed.
func (l *look) judgePod(p *corev1.Pod) verdict {
	switch {
	case p.DeletionTimestamp != nil:
		return verdict{word: Progressing, reason: reasonDeleting}
	case p.Status.Phase == corev1.PodSucceeded:
		return verdict{word: Ready, reason: "done"}
	case p.Status.Phase == corev1.PodFailed:
		return endedPod(p)
	}
	if v, waits := unscheduled(p); waits {
		return v
	}
	if v, is := l.starting(p); is {
		return v
	}
	worst := verdict{word: Ready}
	for _, c := range long(p) {
		if v := l.container(p, c); Rank(v.word) < Rank(worst.word) {
			worst = v
		}
	}
	if worst.word != Ready || isTrue(p, corev1.PodReady) {
		if worst.word == Ready {
			worst.reason = restarts(p)
		}
		return worst
	}
	return l.notReady(p)
}

// endedPod is the verdict on a pod that the cluster ended, or whose containers ended with an error.
func endedPod(p *corev1.Pod) verdict {
	if p.Status.Reason == "Evicted" {
		return verdict{word: Failed, reason: "was evicted from its node", wrong: &cause{
			id: "evicted", title: "was evicted from its node",
			sentence: "The node ran short and ended this pod. Ask for as much memory and disk as the application needs, so that it is placed where there is room.",
			said:     p.Status.Message,
		}}
	}
	for _, s := range p.Status.ContainerStatuses {
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
			return crash(p, named{container: specOf(p, s.Name), status: s}, t)
		}
	}
	return verdict{word: Failed, reason: "ended", wrong: &cause{
		id: "ended", title: "ended", sentence: "The cluster ended this pod and does not start it again.",
		said: cmp.Or(p.Status.Message, p.Status.Reason),
	}}
}

// starting is the verdict on a pod whose containers were not all created yet.
func (l *look) starting(p *corev1.Pod) (verdict, bool) {
	if v, runs := l.initialising(p); runs {
		return v, true
	}
	if len(p.Status.ContainerStatuses) == 0 {
		if v, bad := l.cannotBegin(p); bad {
			return v, true
		}
		return verdict{word: Progressing, reason: "starting"}, true
	}
	return verdict{}, false
}

// initialising is the verdict on a pod whose init containers have not all ended.
func (l *look) initialising(p *corev1.Pod) (verdict, bool) {
	total, done := 0, 0
	var now *named
	for _, spec := range p.Spec.InitContainers {
		if keepsRunning(spec) {
			continue
		}
		total++
		s := statusOf(p.Status.InitContainerStatuses, spec.Name)
		if t := s.State.Terminated; t != nil && t.ExitCode == 0 {
			done++
		} else if now == nil {
			now = &named{container: spec, status: s, init: true}
		}
	}
	if now == nil || isTrue(p, corev1.PodInitialized) {
		return verdict{}, false
	}
	if v := l.container(p, *now); v.word != Progressing && v.word != Ready {
		return v, true
	}
	if v, bad := l.cannotBegin(p); bad {
		return v, true
	}
	return verdict{word: Progressing, reason: fmt.Sprintf("starting, its init container `%s` runs (%d of %d)", now.container.Name, done+1, total)}, true
}

// cannotBegin is the verdict on a pod for which the kubelet cannot prepare what it needs.
func (l *look) cannotBegin(p *corev1.Pod) (verdict, bool) {
	for _, reason := range []string{"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"} {
		for _, e := range l.warnings("Pod", p.Name, reason) {
			v := missing(e.Message)
			v.wrong.said, v.wrong.since = e.Message, p.CreationTimestamp.Time
			return v, true
		}
	}
	return verdict{}, false
}

// notReady is the verdict on a pod that runs and whose containers are well, but that is not ready.
func (l *look) notReady(p *corev1.Pod) verdict {
	for _, g := range p.Spec.ReadinessGates {
		if !isTrue(p, g.ConditionType) {
			return verdict{word: Progressing, reason: fmt.Sprintf("runs, waits for its readiness gate `%s`", g.ConditionType)}
		}
	}
	return verdict{word: Progressing, reason: "starting"}
}

// restarts is what is said beside a ready pod that has been started more than once.
func restarts(p *corev1.Pod) string {
	n := int32(0)
	for _, s := range p.Status.ContainerStatuses {
		n += s.RestartCount
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 restart"
	}
	return fmt.Sprintf("%d restarts", n)
}

// notReadySince is from when on the pod is not ready.
func notReadySince(p *corev1.Pod) time.Time {
	if c := condition(p, corev1.PodReady); c != nil && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.Time
	}
	return p.CreationTimestamp.Time
}

func condition(p *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	i := slices.IndexFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == t })
	if i < 0 {
		return nil
	}
	return &p.Status.Conditions[i]
}

func isTrue(p *corev1.Pod, t corev1.PodConditionType) bool {
	c := condition(p, t)
	return c != nil && c.Status == corev1.ConditionTrue
}
