package kube

import (
	"cmp"
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// gateGrace is how much longer than its own limit a gate is waited for: the cluster ends the Job, and it
// takes a moment until that is seen.
var gateGrace = 30 * time.Second // a variable for tests

// pass applies a gate and waits until its Job has succeeded; see manifest.AnnotationGate.
//
// A Job cannot be run again, so one that failed is deleted first and made anew: it belongs to an earlier
// attempt. One that succeeded is not run again, and one that still runs is waited for, whoever started
// it, so that a portal that was killed in between runs nothing twice.
func (r *run) pass(ctx context.Context, s *step) {
	if !r.clear(ctx, s) {
		return
	}
	r.write(ctx, s)
	if s.outcome.State != manifest.Succeeded || manifest.GateStateOf(s.written) == manifest.GatePassed {
		return
	}
	r.await(ctx, s)
	s.outcome.Note = ""
}

// clear removes a Job of an earlier attempt that failed. It tells whether there is more to do.
func (r *run) clear(ctx context.Context, s *step) bool {
	if s.headErr != nil || s.head == nil || r.owned(s.head) != nil {
		return true // write says what is to be said
	}
	a := patience{patienceLimit, r.stop}.do(ctx, func(ctx context.Context) error {
		give, err := r.cluster.slots.take(ctx)
		if err != nil {
			return &readError{err}
		}
		defer give()
		live, err := r.session.get(ctx, r.place.Namespace, s.outcome.Ref)
		switch {
		case gone(err):
			return nil
		case err != nil:
			return &readError{err}
		case manifest.GateStateOf(live) != manifest.GateBroken, s.uid != "" && s.uid != live.GetUID():
			return nil
		}
		if err := r.session.remove(ctx, r.place.Namespace, s.outcome.Ref, live.GetUID()); err != nil && !gone(err) {
			return err
		}
		s.uid = "" // the Job that was planned for has gone, as it was to
		s.head, s.headErr = r.session.head(ctx, r.place.Namespace, s.outcome.Ref)
		return nil
	})
	if a.err != nil {
		r.fail(ctx, s, a)
		return false
	}
	if gone(s.headErr) {
		s.head, s.outcome.Op = nil, manifest.Create
	}
	return true
}

// await waits for the end of a Job that was applied, and puts it into the outcome. If ctx ends, or
// nothing can be reported any more, the outcome stays Awaited: whoever applies next goes on waiting.
func (r *run) await(ctx context.Context, s *step) {
	s.outcome.State, s.outcome.Since = manifest.Awaited, s.written.GetCreationTimestamp().Time
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v, err := r.cluster.watchJob(ctx, cmp.Or(s.outcome.Ref.Namespace, r.place.Namespace), s.outcome.Ref.Name, s.written.GetUID())
	if err != nil {
		r.fail(ctx, s, attempt{err: err})
		return
	}
	limit := time.NewTimer(manifest.GateOf(s.object, nil).Limit + gateGrace)
	defer limit.Stop()
	said := false
	for {
		if r.ended(s, v) {
			return
		}
		if note := r.note(s, v); !said || note != s.outcome.Note {
			s.outcome.Note, said = note, true
			_ = r.tell(s)
		}
		select {
		case <-v.woke:
		case <-limit.C:
			r.overdue(ctx, s)
			return
		case <-ctx.Done():
			return
		case <-r.stop:
			return
		}
	}
}

// ended tells whether the wait is over, and what came of it.
func (r *run) ended(s *step, v *jobWatch) bool {
	job, known := v.now()
	switch {
	case !known:
		return false
	case job == nil:
		s.outcome.State = manifest.Broken
		s.outcome.Problem = say(manifest.GateFailed, "It was deleted before it had ended, so whether it did its work is not known. Resume makes it anew.")
		return true
	}
	switch manifest.GateStateOf(job) {
	case manifest.GatePassed:
		s.outcome.State = manifest.Succeeded
	case manifest.GateBroken:
		s.outcome.State = manifest.Broken
		s.outcome.Problem = r.whyFailed(s, v, job)
	default:
		return false
	}
	return true
}

// note is how a Job does that has not ended, in one clause.
func (r *run) note(s *step, v *jobWatch) string {
	job, known := v.now()
	if !known || job == nil {
		return ""
	}
	return status.RunningJob(v.about(r.key(), job, v.running()), s.outcome.Ref)
}

func (r *run) key() status.Key {
	return status.Key{Cluster: r.place.Cluster, Namespace: r.place.Namespace, App: r.app}
}

// overdue is the outcome of a Job that has not ended though its own limit is over.
func (r *run) overdue(ctx context.Context, s *step) {
	var job batchv1.Job
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if err := r.session.getInto(ctx, r.place.Namespace, s.outcome.Ref, &job); err != nil {
		s.outcome.State = manifest.Lost
		s.outcome.Problem = say(manifest.Away, "The cluster was not heard of while %s was waited for. How it ended is looked up when the change is resumed.", s.outcome.Ref)
		return
	}
	s.outcome.State = manifest.Broken
	s.outcome.Problem = say(manifest.GateFailed, "It has not ended, and the cluster did not end it when its time was over. Whether it still runs is on the live page; when it has ended, resume the change.")
}

// whyFailed puts into words why a Job failed.
func (r *run) whyFailed(s *step, v *jobWatch, job manifest.Object) *manifest.Problem {
	w := status.FailedJob(v.about(r.key(), job, v.all()), s.outcome.Ref)
	return &manifest.Problem{Kind: manifest.GateFailed, Sentence: w.Sentence, Said: w.Said}
}
