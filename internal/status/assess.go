package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// assess is the verdict on a workload: what its controller says, made worse by what its pods say. A
// controller calls a crash loop "in progress"; its pods know better.
func (w *workload) assess(l *look) verdict {
	if w.obj.GetDeletionTimestamp() != nil {
		return verdict{word: Progressing, reason: reasonDeleting}
	}
	if !observed(w.obj) {
		return verdict{word: Progressing, reason: reasonComputing}
	}
	switch w.ref.Kind {
	case "Job":
		return w.assessJob(l)
	case "CronJob":
		return w.assessCronJob()
	case "Pod":
		pods := w.counting()
		if len(pods) == 0 {
			return verdict{word: Unknown, reason: "its state cannot be read"}
		}
		w.blame(pods)
		return pods[0].verdict
	}
	if w.want == 0 {
		return w.assessEmpty()
	}
	return w.assessRunning(l)
}

// assessEmpty is the verdict on a workload of which no pods are asked for.
func (w *workload) assessEmpty() verdict {
	left := 0
	for _, s := range w.sets {
		left += len(s.pods)
	}
	running, _, _ := nestedInt(w.obj, "status", "replicas")
	if n := max(int32(left), int32(running)); n > 0 {
		return verdict{word: Progressing, reason: fmt.Sprintf("%s %s to end", times(n, "pod"), has(n))}
	}
	if w.ref.Kind == "DaemonSet" {
		return verdict{word: Ready, reason: "no node asks for a pod"}
	}
	return verdict{word: Paused, reason: "no pods on purpose"}
}

func has(n int32) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// assessRunning is the verdict on a workload that should have pods.
func (w *workload) assessRunning(l *look) verdict {
	base := general(w.obj)
	if base.word == Ready && w.obj.GetKind() == "StatefulSet" && w.ready < w.want {
		base.word = Progressing // with OnDelete, kstatus calls any StatefulSet current
	}
	pods := w.counting()
	worst := Ready
	for _, p := range pods {
		worst = Worse(worst, p.word)
	}
	stuck := w.refusal()
	switch {
	case worst == Failed || base.word == Failed:
		w.blame(pods)
		if len(w.causes) == 0 {
			w.accuse(w.overdue(), 0)
		}
		return verdict{word: Failed, reason: w.shortfall()}
	case stuck != nil:
		w.accuse(stuck.wrong, max(w.want-int32(len(pods)), 0))
		return verdict{word: stuck.word, reason: stuck.reason}
	case base.word == Unknown:
		return base
	case base.word == Ready && worst == Ready:
		return verdict{word: Ready}
	case slices.ContainsFunc(pods, func(p pod) bool { return p.word == Pending }):
		w.blame(pods)
		return verdict{word: Pending, reason: w.waitingFor(pods)}
	case isPaused(w.obj):
		return verdict{word: Pending, reason: "its rollout is held back (`spec.paused`)"}
	}
	return verdict{word: Progressing, reason: w.progress(pods)}
}

// progress says how far a workload is on its way.
func (w *workload) progress(pods []pod) string {
	if former, _ := w.former(); former > 0 {
		made, ready := int32(len(pods)), readyAmong(pods)
		switch {
		case made < w.want:
			return fmt.Sprintf("%d of %s %s new", made, times(w.want, "pod"), are(made))
		case ready < w.want:
			return fmt.Sprintf("%d of %s %s ready", ready, times(w.want, "new pod"), are(ready))
		case former == 1:
			return "1 old pod still ends"
		}
		return fmt.Sprintf("%d old pods still end", former)
	}
	if n := min(w.ready, w.want); n == 0 {
		return "no pod is ready yet"
	} else if n < w.want {
		return readyOf(n, w.want)
	}
	for _, p := range pods {
		if p.word == Progressing {
			return p.reason
		}
	}
	return reasonComputing
}

// shortfall says what of a failed workload is still there.
func (w *workload) shortfall() string {
	if _, serving := w.former(); serving > 0 {
		return fmt.Sprintf("the new version is not ready, %s %s", times(serving, "old pod"), serve(serving))
	}
	return readyOf(min(w.ready, max(w.want, 0)), max(w.want, 0))
}

func serve(n int32) string {
	if n == 1 {
		return "serves"
	}
	return "serve"
}

func (w *workload) waitingFor(pods []pod) string {
	i := slices.IndexFunc(pods, func(p pod) bool { return p.word == Pending })
	return pods[i].reason
}

func readyAmong(pods []pod) int32 {
	n := int32(0)
	for _, p := range pods {
		if p.word == Ready {
			n++
		}
	}
	return n
}

// refusal is the verdict on a workload for which the API server takes no pods, nil if it does.
func (w *workload) refusal() *verdict {
	for _, c := range append(conditionsOf(w.obj), w.setConditions()...) {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			v := refused(c.Message)
			v.wrong.since = c.LastTransitionTime.Time
			return &v
		}
	}
	return nil
}

func (w *workload) setConditions() []appsv1.DeploymentCondition {
	for _, s := range w.sets {
		if s.current && s.obj != nil {
			return conditionsOf(s.obj)
		}
	}
	return nil
}

// overdue is the cause of a rollout that took longer than its deadline, where no pod says more.
func (w *workload) overdue() *cause {
	c := w.progressing()
	deadline := w.deadline()
	return &cause{
		id: "deadline", title: "did not get ready in time", said: c.Message, since: c.LastTransitionTime.Time,
		sentence: fmt.Sprintf("Its new pods did not get ready within %s, so the cluster counts the rollout as failed. It goes on trying; the logs and events of its pods say more.", seconds(deadline)),
	}
}

func (w *workload) deadline() time.Duration {
	n, found, _ := nestedInt(w.obj, "spec", "progressDeadlineSeconds")
	if !found || w.ref.Kind != "Deployment" {
		return 0
	}
	return time.Duration(n) * time.Second
}

// progressing is the Deployment's condition of that name; the zero value if there is none.
func (w *workload) progressing() appsv1.DeploymentCondition {
	for _, c := range conditionsOf(w.obj) {
		if c.Type == appsv1.DeploymentProgressing {
			return c
		}
	}
	return appsv1.DeploymentCondition{}
}

// blame tells the causes that the pods give, each once.
func (w *workload) blame(pods []pod) {
	for _, p := range pods {
		if p.wrong == nil || (p.word != Failed && p.word != Pending) {
			continue
		}
		i := slices.IndexFunc(w.causes, func(c Wrong) bool { return c.Title == plain(p.wrong.title) && c.Sentence == p.wrong.sentence })
		if i < 0 {
			w.causes = append(w.causes, Wrong{
				Word: p.word, Ref: w.ref, Title: plain(p.wrong.title), Sentence: p.wrong.sentence,
				Said: p.wrong.said, Since: p.wrong.since, Pods: 1,
			})
			continue
		}
		c := &w.causes[i]
		c.Pods++
		c.Said = cmp.Or(c.Said, p.wrong.said)
		if p.wrong.since.Before(c.Since) {
			c.Since = p.wrong.since
		}
	}
}

// accuse tells a cause that stands with the workload itself.
func (w *workload) accuse(c *cause, pods int32) {
	word := Failed
	if w.refusal() != nil {
		word = w.refusal().word
	}
	w.causes = append(w.causes, Wrong{Word: word, Ref: w.ref, Title: plain(c.title), Sentence: c.sentence, Said: c.said, Since: c.since, Pods: int(pods)})
}

// assessJob is the verdict on a Job. kstatus calls a running Job current; here it is on its way.
func (w *workload) assessJob(l *look) verdict {
	v := general(w.obj)
	job, ok := read[batchv1.Job](w.obj)
	if !ok {
		return verdict{word: Unknown, reason: "its state cannot be read"}
	}
	want := cmp.Or(deref(job.Spec.Completions), 1)
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return verdict{word: Ready, reason: "done"}
		case batchv1.JobFailed:
			w.blame(w.counting())
			if len(w.causes) == 0 {
				w.accuse(&cause{title: "failed", said: c.Message, since: c.LastTransitionTime.Time,
					sentence: "The job failed and does not start again. The logs of its pods say why."}, 0)
			}
			return verdict{word: Failed, reason: times(job.Status.Failed, "attempt")}
		}
	}
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		return verdict{word: Paused, reason: "is held back on purpose"}
	}
	if v.word == Failed || v.word == Unknown {
		return v
	}
	if job.Status.StartTime == nil {
		return verdict{word: Progressing, reason: "not started yet"}
	}
	for _, p := range w.counting() {
		if p.word == Pending || (p.word == Failed && !p.leaving()) {
			w.blame([]pod{p})
			return verdict{word: p.word, reason: p.reason}
		}
	}
	return verdict{word: Progressing, reason: fmt.Sprintf("runs, %d of %d done", job.Status.Succeeded, want)}
}

// assessCronJob is the verdict on a CronJob: its newest Job's where that failed.
func (w *workload) assessCronJob() verdict {
	if held, _, _ := unstructured.NestedBool(w.obj.Object, "spec", "suspend"); held {
		return verdict{word: Paused, reason: "is held back on purpose"}
	}
	v := general(w.obj)
	if v.word != Ready {
		return v
	}
	if len(w.jobs) == 0 {
		v.reason = "waits for its time"
		if _, ran, _ := unstructured.NestedString(w.obj.Object, "status", "lastScheduleTime"); !ran {
			v.reason = "waits for its first run"
		}
		return v
	}
	slices.SortFunc(w.jobs, func(a, b Node) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Ref.Name, b.Ref.Name))
	})
	last := w.jobs[0]
	if last.Word == Failed {
		w.causes = append(w.causes, Wrong{Word: Failed, Ref: w.ref, Title: "failed in its last run", Since: last.Created, Pods: 1,
			Sentence: fmt.Sprintf("The job `%s` failed. The next run starts by the schedule; the logs of this one say why.", last.Ref.Name)})
		return verdict{word: Failed, reason: "its last run failed"}
	}
	return verdict{word: Ready, reason: "waits for its time"}
}

// job is a Job of a CronJob, as a node.
func (l *look) job(u manifest.Object) Node {
	w := newWorkload(u)
	w.judge(l)
	return w.node(l)
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func isPaused(u manifest.Object) bool {
	held, _, _ := unstructured.NestedBool(u.Object, "spec", "paused")
	return held
}

// conditionsOf reads status.conditions. The types of the workloads' conditions are alike.
func conditionsOf(u manifest.Object) []appsv1.DeploymentCondition {
	d, ok := read[struct {
		Status struct {
			Conditions []appsv1.DeploymentCondition `json:"conditions"`
		} `json:"status"`
	}](u)
	if !ok {
		return nil
	}
	return d.Status.Conditions
}
