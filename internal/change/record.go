package change

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
)

// recorder stores what becomes of the objects while they are applied. Reports that come while a
// transaction is under way share the next one, so that the database's speed never limits the
// cluster's. That a report is stored a moment later is safe: the intent was committed before, and
// what is applied twice is applied once.
type recorder struct {
	r      *run
	ctx    context.Context
	mu     sync.Mutex
	queue  []manifest.Outcome
	failed error
	wake   chan struct{}
	closed chan struct{}
	ended  sync.WaitGroup
}

// recordTime is how long a database may take for one batch: a shutdown must not wait for ever.
const recordTime = 10 * time.Second

func startRecorder(ctx context.Context, r *run) *recorder {
	// What was done is stored even while the portal shuts down; the holder is checked all the same.
	rec := &recorder{r: r, ctx: context.WithoutCancel(ctx), wake: make(chan struct{}, 1), closed: make(chan struct{})}
	rec.ended.Go(rec.loop)
	return rec
}

// report takes an outcome without waiting. It fails once storing has failed, so that nothing further
// is applied that could not be recorded.
func (rec *recorder) report(o manifest.Outcome) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.queue = append(rec.queue, o)
	wake(rec.wake)
	return rec.failed
}

// stop stores what is left and tells whether everything was stored.
func (rec *recorder) stop() error {
	close(rec.closed)
	rec.ended.Wait()
	rec.flush()
	return rec.failed
}

func (rec *recorder) loop() {
	for {
		select {
		case <-rec.closed:
			return
		case <-rec.wake:
			rec.flush()
		}
	}
}

func (rec *recorder) flush() {
	rec.mu.Lock()
	batch := rec.queue
	rec.queue = nil
	rec.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(rec.ctx, recordTime)
	defer cancel()
	err := rec.r.update(ctx, func(c *Change) (Commit, error) {
		var commit Commit
		for _, o := range batch {
			if e, ok := rec.r.objectEntry(stateOf(c.Outcomes, o.Ref), o); ok {
				commit.Audit = append(commit.Audit, e)
			}
			c.Outcomes = merge(c.Outcomes, o)
			if o.State == manifest.Succeeded && (o.Op == manifest.Delete || o.Left != "") { // what is another's is not looked after any more
				commit.Gone = append(commit.Gone, o.Ref)
			}
		}
		return commit, nil
	})
	if err != nil {
		rec.mu.Lock()
		rec.failed = err
		rec.mu.Unlock()
	}
}

func merge(all []manifest.Outcome, o manifest.Outcome) []manifest.Outcome {
	for i := range all {
		if all[i].Ref.Same(o.Ref) {
			all[i] = o
			return all
		}
	}
	return append(all, o)
}

func stateOf(all []manifest.Outcome, ref manifest.Ref) manifest.OutcomeState {
	for _, o := range all {
		if o.Ref.Same(ref) {
			return o.State
		}
	}
	return manifest.Waiting
}

// objectEntry is the audit entry of an object that came from one state to another. An object at which
// nothing had to be done has none: nothing was done. A gate is applied when it begins to be waited for,
// which may be long before it ends, and has that entry then.
func (r *run) objectEntry(was manifest.OutcomeState, o manifest.Outcome) (audit.Entry, bool) {
	action := audit.ApplyObject
	if o.Op == manifest.Delete {
		action = audit.DeleteObject
	}
	e := r.entry(action, audit.Done)
	e.Object = o.Ref.String()
	switch o.State {
	case manifest.Succeeded, manifest.Awaited:
		return e, o.Op != manifest.Unchanged && was != manifest.Awaited
	case manifest.Broken:
		e.Outcome = audit.Failed
	case manifest.Lost:
		e.Outcome = audit.Unknown
	default:
		return e, false
	}
	if o.Problem != nil {
		e.Detail = o.Problem.Sentence
	}
	return e, true
}

// Left are the objects that were to be deleted and are still in the cluster, because they are somebody else's
// by now.
func (c Change) Left() []manifest.Outcome {
	return slices.DeleteFunc(slices.Clone(c.Outcomes), func(o manifest.Outcome) bool { return o.Left == "" })
}

// leftInWords is what the audit log keeps of that.
func leftInWords(left []manifest.Outcome) string {
	var words []string
	for _, o := range left {
		words = append(words, fmt.Sprintf("%s belongs to %s now", o.Ref, o.Left))
	}
	if len(words) == 0 {
		return ""
	}
	return "Left in the cluster: " + strings.Join(atMost(words, 5), "; ") + "."
}

func unfinished(outcomes []manifest.Outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.State != manifest.Succeeded {
			n++
		}
	}
	return n
}

// failureInWords says what is applied, what is not and why, the first failure by name.
func failureInWords(outcomes []manifest.Outcome) string {
	var done, skipped int
	var broken []manifest.Outcome
	for _, o := range outcomes {
		switch o.State {
		case manifest.Succeeded:
			done++
		case manifest.Broken, manifest.Lost:
			broken = append(broken, o)
		default:
			skipped++
		}
	}
	var b strings.Builder
	switch {
	case len(broken) == 0:
		b.WriteString("It was interrupted.")
	case broken[0].Problem != nil && broken[0].Problem.Kind == manifest.GateFailed:
		fmt.Fprintf(&b, "%s did not succeed, so the rollout has not begun: what runs is as it was.", broken[0].Ref)
	case broken[0].State == manifest.Lost:
		fmt.Fprintf(&b, "Whether %s was applied is not known: no answer came.", broken[0].Ref)
	default:
		fmt.Fprintf(&b, "%s was not applied.", broken[0].Ref)
	}
	if len(broken) > 1 {
		fmt.Fprintf(&b, " So it went for %d more.", len(broken)-1)
	}
	fmt.Fprintf(&b, " %s applied", count(done, "object is", "objects are"))
	if skipped > 0 {
		fmt.Fprintf(&b, ", %s behind it", count(skipped, "waits", "wait"))
	}
	b.WriteString(".")
	return b.String()
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func decodeSet(rendered []byte) (manifest.Set, error) {
	if len(bytes.TrimSpace(rendered)) == 0 {
		return nil, nil
	}
	return manifest.Decode(bytes.NewReader(rendered))
}
