package kube

import (
	"context"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// write brings one object to the cluster.
func (r *run) write(ctx context.Context, s *step) {
	if p := s.sealed.problem; p != nil {
		s.outcome.State, s.outcome.Problem = manifest.Broken, p
		return
	}
	var got applied
	absent := gone(s.headErr)
	a := patience{patienceLimit, r.stop}.do(ctx, func(ctx context.Context) error {
		give, err := r.cluster.slots.take(ctx)
		if err != nil {
			return &readError{err}
		}
		defer give()
		if err := r.mayWrite(ctx, s); err != nil {
			return err
		}
		got, err = r.send(ctx, s)
		return r.orReplaced(ctx, s, err)
	})
	s.outcome.Tries = a.tries
	if a.err != nil {
		r.fail(ctx, s, a)
		return
	}
	s.written = got.object
	s.outcome.State, s.outcome.UID = manifest.Succeeded, string(got.object.GetUID())
	if s.outcome.Op = opOf(s.head, got); absent {
		s.outcome.Op = manifest.Create // by a try whose answer was lost, if s.head is there by now
	}
}

// mayWrite looks whether the object is there, and ours. The first look was taken already, long ago perhaps if
// a gate was waited for. Another one is needed if it failed, if the object was on its way out, and if there was
// none: then somebody may have made it, or a try whose answer was lost has.
func (r *run) mayWrite(ctx context.Context, s *step) error {
	first := s.outcome.Tries == 0
	s.outcome.Tries++
	unclear := s.head == nil || s.head.DeletionTimestamp != nil
	if unclear && !first {
		s.head, s.headErr = r.session.head(ctx, r.place.Namespace, s.outcome.Ref)
	}
	switch {
	case gone(s.headErr):
		return s.goneMeanwhile()
	case s.headErr != nil:
		return &readError{s.headErr}
	}
	return r.stillThatOne(s)
}

// opOf tells what an apply did. Others write to the object too (its controller, its status), so a new
// resource version alone does not mean that this apply changed it. Times are kept to the second, so
// that our own fields have the same time is not enough either.
func opOf(before *metav1.PartialObjectMetadata, got applied) manifest.Op {
	switch {
	case before == nil || got.created || before.UID != got.object.GetUID():
		return manifest.Create
	case before.ResourceVersion == got.object.GetResourceVersion():
		return manifest.Unchanged
	}
	ours, others := byOwner(before.ManagedFields)
	oursNow, othersNow := byOwner(got.object.GetManagedFields())
	sameSpec := before.Generation > 0 && before.Generation == got.object.GetGeneration() && maps.Equal(before.Labels, got.object.GetLabels())
	if maps.Equal(ours, oursNow) && (sameSpec || !maps.Equal(others, othersNow)) {
		return manifest.Unchanged
	}
	return manifest.Change
}

// byOwner tells what this portal applied from what others wrote, each with the second of the last time.
func byOwner(all []metav1.ManagedFieldsEntry) (ours, others map[string]int64) {
	ours, others = map[string]int64{}, map[string]int64{}
	for _, m := range all {
		into := others
		if m.Manager == manifest.FieldManager && m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == "" {
			into = ours
		}
		if m.Time != nil {
			into[m.Manager+"/"+string(m.Operation)+"/"+m.Subresource] = m.Time.Unix()
		}
	}
	return ours, others
}

// remove deletes one object, if it is there and ours.
func (r *run) remove(ctx context.Context, s *step) {
	a := patience{patienceLimit, r.stop}.do(ctx, func(ctx context.Context) error {
		give, err := r.cluster.slots.take(ctx)
		if err != nil {
			return &readError{err}
		}
		defer give()
		return r.removeOnce(ctx, s)
	})
	s.outcome.Tries = a.tries
	if a.err != nil {
		r.fail(ctx, s, a)
		return
	}
	s.outcome.State = manifest.Succeeded
}

// removeOnce reads afresh each time, since deletions come last and a former try may have worked. Gone
// already, or on its way out, is what was wanted; somebody else's is left alone.
func (r *run) removeOnce(ctx context.Context, s *step) error {
	head, err := r.session.head(ctx, r.place.Namespace, s.outcome.Ref)
	if gone(err) {
		return nil
	}
	if err != nil {
		return &readError{err}
	}
	if whose, mine := r.mine(head); !mine {
		s.outcome.Op, s.outcome.Left = manifest.Unchanged, whose
		return nil
	}
	if s.uid != "" && s.uid != head.UID {
		return &replaced{there: true}
	}
	s.outcome.UID = string(head.UID)
	if head.DeletionTimestamp != nil {
		return nil
	}
	if err := r.session.remove(ctx, r.place.Namespace, s.outcome.Ref, head.UID); !gone(err) {
		return err
	}
	return nil
}

// fail records why a step did not succeed.
func (r *run) fail(ctx context.Context, s *step, a attempt) {
	s.outcome.State, s.outcome.Problem = manifest.Broken, r.whyNot(ctx, a.err, s)
	if a.lost {
		s.outcome.State = manifest.Lost
		s.outcome.Problem = say(manifest.Away, "The cluster was told, and no answer came. Whether %s was written is looked up when the change is resumed.", s.outcome.Ref)
	}
}

// whyNot puts into words why a step failed.
func (r *run) whyNot(ctx context.Context, err error, s *step) *manifest.Problem {
	if cs := conflictsIn(err, nil, nil); len(cs) > 0 {
		p := conflictProblem(cs)
		if status, ok := answerOf(err); ok {
			p.Said = maskAll(status.Message, s.sealed.masks())
		}
		return p
	}
	return r.problem(ctx, err, s.outcome.Ref, s.sealed.masks()...)
}
