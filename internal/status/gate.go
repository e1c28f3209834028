package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// RunningJob says how a Job does that has not ended and that something waits for, in one clause: "1 pod
// runs", "its pod is starting". in holds the Job, the pods that it has, and what was reported of them. It
// is empty if the Job is not there.
func RunningJob(in Input, ref manifest.Ref) string {
	w, job, l := jobOf(in, ref)
	if w == nil {
		return ""
	}
	words := w.running(job)
	if v := w.assessJob(l); v.word == Failed || v.word == Pending {
		words = plain(v.reason)
	}
	if n := job.Status.Failed; n > 0 {
		words += fmt.Sprintf(", %s failed before", times(n, "attempt"))
	}
	return words
}

// running counts the pods of a Job that has not ended.
func (w *workload) running(job *batchv1.Job) string {
	var run int32
	starting := ""
	for _, p := range w.counting() {
		switch {
		case p.leaving():
		case p.word == Ready:
			run++
		default:
			starting = cmp.Or(starting, plain(p.reason))
		}
	}
	switch {
	case run > 0:
		return times(run, "pod") + " " + runs(run)
	case starting != "":
		return "its pod is " + strings.TrimPrefix(starting, "is ")
	case job.Status.Active > 0:
		return "its pod is starting"
	}
	return "its pod is not made yet"
}

func runs(n int32) string {
	if n == 1 {
		return "runs"
	}
	return "run"
}

// FailedJob says why a Job failed that something waited for. in holds the Job, its pods as they last
// were, though they may be gone, and what was reported of them. The sentence does not name the Job.
func FailedJob(in Input, ref manifest.Ref) Wrong {
	w, job, l := jobOf(in, ref)
	if w == nil {
		return Wrong{Word: Failed, Ref: ref, Sentence: "It failed."}
	}
	condition := failed(job)
	w.blame(w.counting())
	why := Wrong{Word: Failed, Ref: ref, Said: condition.Message, Since: condition.LastTransitionTime.Time}
	if len(w.causes) > 0 {
		why = w.causes[0]
	}
	var before string
	if condition.Reason == batchv1.JobReasonDeadlineExceeded {
		before = fmt.Sprintf("It did not end within %s, so the cluster ended it.", seconds(time.Duration(deref(job.Spec.ActiveDeadlineSeconds))*time.Second))
		if why.Sentence == "" {
			why.Sentence, why.Said = l.unfinished(w, why.Said)
		}
	} else if n := job.Status.Failed; n > 1 {
		before = fmt.Sprintf("It was tried %s.", times(n, "time"))
	}
	why.Sentence = strings.TrimSpace(before + " " + cmp.Or(why.Sentence, "It failed; the logs of its pods say why."))
	return why
}

// unfinished is why the pods of a Job that ran out of time had not ended, and what was said of it.
func (l *look) unfinished(w *workload, said string) (sentence, words string) {
	for _, p := range slices.Backward(w.counting()) {
		for _, c := range long(p.obj) {
			if answer := l.failing(p.obj, "Startup"); answer != "" && c.container.StartupProbe != nil {
				return fmt.Sprintf("Until then %s failed. Compare the check's path and port with what the application answers to, or give it more time to start.", checkOf(c.container.StartupProbe)), answer
			}
		}
	}
	return "Its pod was still at it. Give it more time, or look into its logs for what it waits for.", said
}

func failed(job *batchv1.Job) batchv1.JobCondition {
	i := slices.IndexFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue
	})
	if i < 0 {
		return batchv1.JobCondition{}
	}
	return job.Status.Conditions[i]
}

// jobOf finds the Job with its pods; nil if it is not there or cannot be read.
func jobOf(in Input, ref manifest.Ref) (*workload, *batchv1.Job, *look) {
	l := newLook(in)
	works, _ := l.sort(in.Objects)
	i := slices.IndexFunc(works, func(w *workload) bool { return w.ref.Kind == ref.Kind && w.ref.Name == ref.Name })
	if i < 0 {
		return nil, nil, l
	}
	w := works[i]
	job, ok := read[batchv1.Job](w.obj)
	if !ok {
		return nil, nil, l
	}
	w.gather(l)
	return w, job, l
}
