package kube

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"golang.org/x/sync/errgroup"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Apply writes set and deletes prune in the team's name: stage by stage, in parallel within a stage,
// never forcing, and exactly the objects that it is given. report is called for each change of an
// object's state, one call at a time, and before an object is first written (Working); if it returns
// an error, Apply starts nothing further, waits for what is under way and returns that error. A stage
// that has a failure is finished, the ones after it are Skipped.
//
// A gate (manifest.AnnotationGate) is Awaited once it is written, and reported whenever what can be said
// of it changes. It has succeeded when its Job has; a Job that fails is Broken, with the problem
// manifest.GateFailed. It is waited for as long as the Job itself may take.
//
// Objects that carry another application's labels, or none, are neither written nor deleted; nor is an object that is
// another one than seen has under its name, or that has gone since (manifest.Replaced, ADR 32). What is
// gone already counts as deleted. Tokens in Secrets are replaced in memory, just before they are sent,
// by the values that are put aside (see Stage); a Secret that lacks one is not written. A write whose
// answer is lost is sent again, which server-side apply makes harmless; if no answer comes in the end, the outcome is Lost.
//
// The error wraps manifest.ErrClusterAway if the cluster was never reached, and ErrIdentity if nobody
// acts; then nothing was written. If ctx ends, Apply returns its error with what was done till then.
func (cs *Clusters) Apply(ctx context.Context, as policy.Acting, place manifest.Place, app string, set manifest.Set, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) ([]manifest.Outcome, error) {
	e, err := cs.errand(ctx, as, place, app, set, prune)
	if err != nil {
		return nil, err
	}
	sealed, err := e.unseal(ctx, set)
	if err != nil {
		return nil, err
	}
	r := newRun(e, sealed, prune, seen, report)
	r.readHeads(ctx)
	for _, stage := range r.stages() {
		r.runStage(ctx, stage)
	}
	r.heads.Wait()
	return r.outcomes(), r.result(ctx)
}

// step is one object of a run.
type step struct {
	object  manifest.Object // nil to delete; with its secret values
	sealed  unsealed        // the same, with what is needed to mask it
	outcome manifest.Outcome
	written manifest.Object // as the API server answered

	// uid is of the object that the plan was made against, empty where there was none.
	uid types.UID
	// ending is set once that object was seen on its way out: when it is gone, it is made anew.
	ending bool

	known chan struct{} // closed when head and headErr are set
	head  *metav1.PartialObjectMetadata
	// headErr is a NotFound for what does not exist.
	headErr error
}

// run is one attempt to apply.
type run struct {
	*errand
	steps []*step
	heads sync.WaitGroup

	mu     sync.Mutex // held while reporting
	report func(manifest.Outcome) error
	failed bool  // a step did not succeed
	err    error // of report
	stop   chan struct{}
}

func newRun(e *errand, set []unsealed, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) *run {
	r := &run{errand: e, report: report, stop: make(chan struct{})}
	for _, u := range set {
		ref := manifest.RefIn(u.object, e.place.Namespace)
		r.add(&step{object: u.object, sealed: u, outcome: manifest.Outcome{Ref: ref, Stage: manifest.Stage(u.object), Op: manifest.Change}})
	}
	for _, ref := range prune {
		r.add(&step{outcome: manifest.Outcome{Ref: ref, Stage: manifest.StageOfDeletion(ref), Op: manifest.Delete}})
	}
	for _, s := range r.steps {
		s.uid = types.UID(seen[s.outcome.Ref])
	}
	return r
}

func (r *run) add(s *step) {
	s.known = make(chan struct{})
	s.outcome.State = manifest.Waiting
	r.steps = append(r.steps, s)
}

func (r *run) stages() []int {
	var stages []int
	for _, s := range r.steps {
		stages = append(stages, s.outcome.Stage)
	}
	slices.Sort(stages)
	return slices.Compact(stages)
}

// readHeads reads the metadata of all objects, the first stage's first. Later stages' are read while
// earlier ones are written, so that only the first ones are waited for.
func (r *run) readHeads(ctx context.Context) {
	inOrder := slices.Clone(r.steps)
	slices.SortStableFunc(inOrder, func(a, b *step) int { return a.outcome.Stage - b.outcome.Stage })
	r.heads.Go(func() {
		var g errgroup.Group
		g.SetLimit(perCall)
		for _, s := range inOrder {
			g.Go(func() error {
				defer close(s.known)
				s.head, s.headErr = r.readHead(ctx, s)
				return nil
			})
		}
		_ = g.Wait()
	})
}

func (r *run) readHead(ctx context.Context, s *step) (*metav1.PartialObjectMetadata, error) {
	give, err := r.cluster.slots.take(ctx)
	if err != nil {
		return nil, err
	}
	defer give()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return r.session.head(ctx, r.place.Namespace, s.outcome.Ref)
}

func (r *run) runStage(ctx context.Context, stage int) {
	skip := r.hasFailed()
	var g errgroup.Group
	g.SetLimit(perCall)
	for _, s := range r.steps {
		switch {
		case s.outcome.Stage != stage || r.stopped() || ctx.Err() != nil:
		case skip:
			s.outcome.State = manifest.Skipped
			_ = r.tell(s)
		default:
			g.Go(func() error { r.runStep(ctx, s); return nil })
		}
	}
	_ = g.Wait()
}

// runStep does one object and reports what came of it.
func (r *run) runStep(ctx context.Context, s *step) {
	<-s.known
	if r.stopped() || ctx.Err() != nil {
		return
	}
	start := time.Now()
	s.outcome.State = manifest.Working
	if s.object != nil && s.head == nil {
		s.outcome.Op = manifest.Create
	}
	if err := r.tell(s); err != nil {
		s.outcome.State = manifest.Waiting // nobody knows of it, so it must not be done
		return
	}
	switch {
	case s.object == nil:
		r.remove(ctx, s)
	case manifest.IsGate(s.object):
		r.pass(ctx, s)
	default:
		r.write(ctx, s)
	}
	s.outcome.Took = time.Since(start)
	_ = r.tell(s)
}

// tell reports the state of a step. After the first error of report nothing is reported any more.
func (r *run) tell(s *step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch s.outcome.State {
	case manifest.Broken, manifest.Lost:
		r.failed = true
	}
	if r.err != nil {
		return r.err
	}
	if err := r.report(s.outcome); err != nil {
		r.err = err
		close(r.stop)
	}
	return r.err
}

func (r *run) hasFailed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *run) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

func (r *run) outcomes() []manifest.Outcome {
	out := make([]manifest.Outcome, len(r.steps))
	for i, s := range r.steps {
		out[i] = s.outcome
	}
	return out
}

func (r *run) result(ctx context.Context) error {
	if r.err != nil {
		return r.err
	}
	if err := ctx.Err(); err != nil && slices.ContainsFunc(r.steps, func(s *step) bool { return s.outcome.State != manifest.Succeeded }) {
		return errors.Join(errors.New("kube: the apply was interrupted"), err)
	}
	return nil
}
