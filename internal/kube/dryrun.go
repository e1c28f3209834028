package kube

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// DryRun asks, in the team's name, what applying set and deleting prune would do. Nothing is written.
// The results are in the order of set, then of prune; what the API server answers about an object
// stands in its result. Every text in them is masked.
//
// Tokens in Secrets are replaced by the values that are put aside (see Stage) just before they are
// sent, so that live values are compared with real ones. A Secret that lacks one has the problem
// manifest.UnsetSecret.
//
// The error wraps manifest.ErrClusterAway if the cluster does not answer, or stops doing so half-way:
// a plan of which a part is missing is not a plan. It wraps ErrIdentity if nobody acts.
func (cs *Clusters) DryRun(ctx context.Context, as policy.Acting, place manifest.Place, app string, set manifest.Set, prune []manifest.Ref) ([]manifest.DryRun, error) {
	e, err := cs.errand(ctx, as, place, app, set, prune)
	if err != nil {
		return nil, err
	}
	sealed, err := e.unseal(ctx, set)
	if err != nil {
		return nil, inTime(err)
	}
	out := make([]manifest.DryRun, len(set)+len(prune))
	asked := make([]asked, len(set))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(perCall)
	for i, u := range sealed {
		g.Go(func() error {
			var err error
			out[i], err = e.tryApply(ctx, u, &asked[i])
			return err
		})
	}
	for i, ref := range prune {
		g.Go(func() error {
			var err error
			out[len(set)+i], err = e.tryDelete(ctx, ref)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, inTime(err)
	}
	forgiveNew(out[:len(set)], sealed, asked)
	return out, nil
}

// inTime makes a cluster that took too long one that is away.
func inTime(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, manifest.ErrClusterAway) {
		return fmt.Errorf("%w in time: %w", manifest.ErrClusterAway, err)
	}
	return err
}

// asked is what the API server answered about one object, in its own terms.
type asked struct {
	live    manifest.Object // nil if there is none
	liveErr error           // never a NotFound
	would   applied
	err     error
}

// asking is the patience of somebody who waits for a page. Nothing is written, so everything that may
// work later is tried again.
var asking = patience{limit: 2 * time.Second}

func (e *errand) read(ctx context.Context, ref manifest.Ref) (live manifest.Object, err error) {
	err = asking.do(ctx, func(ctx context.Context) (err error) {
		live, err = e.session.get(ctx, e.place.Namespace, ref)
		return err
	}).err
	return live, err
}

// ask reads the live object and tries the apply at the same time.
func (e *errand) ask(ctx context.Context, u manifest.Object) (a asked, err error) {
	give, err := e.cluster.slots.take(ctx)
	if err != nil {
		return a, err
	}
	defer give()
	var reading sync.WaitGroup
	reading.Go(func() {
		if a.live, a.liveErr = e.read(ctx, e.refOf(u)); gone(a.liveErr) {
			a.liveErr = nil
		}
	})
	a.err = asking.do(ctx, func(ctx context.Context) (err error) {
		a.would, err = e.session.apply(ctx, e.place.Namespace, u, applyOptions{dryRun: true})
		return err
	}).err
	reading.Wait()
	for _, err := range []error{a.err, a.liveErr} {
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		if away(err) {
			return a, fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
		}
	}
	return a, nil
}

// moments is how often an object is asked about that others write at the same time.
const moments = 10

// tryApply tells what applying an object would do. Where the live object and the one that would be are of two
// moments, what somebody else wrote between them looks like something that the apply does, so both are asked again.
func (e *errand) tryApply(ctx context.Context, s unsealed, a *asked) (d manifest.DryRun, err error) {
	if s.problem != nil {
		return manifest.DryRun{Ref: e.refOf(s.object), Problem: s.problem}, nil
	}
	var after manifest.Object
	for range moments {
		if *a, err = e.ask(ctx, s.object); err != nil {
			return manifest.DryRun{}, err
		}
		if d, after, err = e.judge(ctx, s, a); err != nil || d.Problem != nil {
			return d, err
		}
		if ofOneMoment(a.live, after) {
			break
		}
	}
	if a.live == nil {
		after = withoutAllocated(after, s.object)
	}
	return d, compare(&d, a.live, after)
}

// ofOneMoment tells whether what would be was made from live. A dry run keeps the resource version of what it
// found, and gives none to what it found missing.
func ofOneMoment(live, after manifest.Object) bool { return versionOf(live) == versionOf(after) }

func versionOf(o manifest.Object) string {
	if o == nil {
		return ""
	}
	return o.GetResourceVersion()
}

// judge tells what the API server's answers about an object mean, and what the object would be: nothing if the
// result has a problem.
func (e *errand) judge(ctx context.Context, s unsealed, a *asked) (manifest.DryRun, manifest.Object, error) {
	u := s.object
	about := append(s.masks(), a.live)
	d := manifest.DryRun{Ref: e.refOf(u), Warnings: a.would.warnings, Gate: manifest.GateOf(u, a.live)}
	for i := range d.Warnings {
		d.Warnings[i] = maskAll(d.Warnings[i], about)
	}
	if a.live != nil {
		d.UID = string(a.live.GetUID())
		if whose, mine := e.mine(a.live); !mine {
			d.Problem = e.problem(ctx, &foreign{whose}, d.Ref)
			return d, nil, nil
		}
	}
	if a.liveErr != nil {
		d.Problem = e.problem(ctx, a.liveErr, d.Ref, about...)
		return d, nil, nil
	}
	after := a.would.object
	if cs := conflictsIn(a.err, a.live, u); len(cs) > 0 {
		if a.live != nil && e.takesOver(ctx, u, a.live.GetManagedFields()) {
			cs = withoutReplicas(cs)
		}
		d.Conflicts = cs
		after = e.forced(ctx, u, a.live)
	} else if a.err != nil {
		d.Problem = e.problem(ctx, a.err, d.Ref, about...)
		return d, nil, nil
	}
	if a.live != nil && a.err == nil && e.givesUp(u, a.live.GetManagedFields()) {
		if err := e.tryKept(ctx, u, a, &d); err != nil || d.Problem != nil {
			return d, nil, err
		}
		after = a.would.object
	}
	return d, after, nil
}

// tryKept tries once more with the live number of replicas, which is kept while an autoscaler takes over.
func (e *errand) tryKept(ctx context.Context, u manifest.Object, a *asked, d *manifest.DryRun) error {
	err := asking.do(ctx, func(ctx context.Context) (err error) {
		a.would, err = e.session.apply(ctx, e.place.Namespace, e.kept(u, a.live), applyOptions{dryRun: true, force: true})
		return err
	}).err
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case away(err):
		return fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
	case err != nil:
		d.Problem = e.problem(ctx, err, d.Ref, u, a.live)
	}
	return nil
}

// maskAll removes the secret values of all objects, of which some may be nil, from a text.
func maskAll(text string, about []manifest.Object) string {
	for _, o := range about {
		text = manifest.MaskText(text, o)
	}
	return text
}

// forced tells what it would be if the conflicting fields were taken, so that the plan can show it.
// It is a dry run too; nothing is ever written by force. Without an answer the live object is given.
func (e *errand) forced(ctx context.Context, u, live manifest.Object) manifest.Object {
	would, err := e.session.apply(ctx, e.place.Namespace, u, applyOptions{dryRun: true, force: true})
	if err != nil {
		return live
	}
	return would.object
}

// compare fills in the two states of an object, and what differs between them. before is nil for a new
// object, after for one that goes.
func compare(d *manifest.DryRun, before, after manifest.Object) error {
	was, is := manifest.Clean(before), manifest.Clean(after)
	d.Fields = manifest.Fields(was, is)
	d.Op = opBetween(was, is, d.Fields)
	d.PodsLive, d.PodsWanted = podsIn(before), podsIn(after)
	if before != nil && before.GetDeletionTimestamp() != nil {
		d.UID = ""
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s is being deleted at present. It is made anew when it is gone.", d.Ref))
	}
	was, is = manifest.MaskPair(was, is)
	var err error
	if d.Before, err = canonical(was); err != nil {
		return err
	}
	d.After, err = canonical(is)
	return err
}

func opBetween(was, is manifest.Object, fields []manifest.FieldChange) manifest.Op {
	switch {
	case was == nil:
		return manifest.Create
	case is == nil:
		return manifest.Delete
	case len(fields) == 0:
		return manifest.Unchanged
	}
	return manifest.Change
}

func canonical(u manifest.Object) (string, error) {
	if u == nil {
		return "", nil
	}
	y, err := manifest.YAML(u)
	return string(y), err
}

// tryDelete tells what deleting an object would do. What is gone, or is somebody else's, is left alone.
func (e *errand) tryDelete(ctx context.Context, ref manifest.Ref) (manifest.DryRun, error) {
	d := manifest.DryRun{Ref: ref, Op: manifest.Unchanged}
	give, err := e.cluster.slots.take(ctx)
	if err != nil {
		return d, err
	}
	defer give()
	live, err := e.read(ctx, ref)
	switch {
	case ctx.Err() != nil:
		return d, ctx.Err()
	case away(err):
		return d, fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
	case gone(err):
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s is gone already.", ref))
		return d, nil
	case err != nil:
		d.Problem = e.problem(ctx, err, ref)
		return d, nil
	}
	d.UID = string(live.GetUID())
	if whose, mine := e.mine(live); !mine {
		d.Left = whose
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s is left as it is: it belongs to %s now.", ref, whose))
		return d, nil
	}
	return d, compareDeletion(&d, live)
}

func compareDeletion(d *manifest.DryRun, live manifest.Object) error {
	if live.GetDeletionTimestamp() != nil {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s is being deleted already.", d.Ref))
	}
	d.Op, d.PodsLive, d.Gate = manifest.Delete, podsIn(live), manifest.GateOf(live, live)
	masked, _ := manifest.MaskPair(manifest.Clean(live), nil)
	var err error
	d.Before, err = canonical(masked)
	return err
}
