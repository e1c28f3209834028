package change

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Submission is a draft that somebody wants to become a change.
type Submission struct {
	Draft
	Seen   manifest.Digest // of the plan that the person saw
	Reason string          // the person's words for those who approve; at most ReasonLimit characters
	// Key is chosen by the form. The same person's same key gives the same change, if it is also for the same
	// application and of the same kind: what was sent for another thing answers for nothing here.
	Key string
	// RollBack asks that the change be rolled back by itself if it does not get ready. It counts where
	// Plan.CanRollBack says so.
	RollBack bool
	// Lives is how long what a Create makes shall live, one of CopyRule.Choices. It counts in environments for
	// copies.
	Lives time.Duration
}

// idempotency is what is stored of Key: a digest of all that it counts for, of one length whatever was sent.
func (sub Submission) idempotency() string {
	if sub.Key == "" {
		return ""
	}
	h := sha256.New()
	for _, part := range []string{string(sub.Kind), sub.App.Team, sub.App.Environment, sub.App.Name, sub.Key} {
		fmt.Fprintf(h, "%d %s ", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReasonLimit is the most characters of a reason or a comment; more is cut.
const ReasonLimit = 1000

// Submit plans once more and, if the outcome is the one that was seen, stores the change: as Pending
// where somebody must approve, else as Approved, which is the worker's order to apply it.
//
// Besides the errors of Preview it returns *PlanChanged, *Blocked, *BadLifetime or ErrNothingChanges.
func (s *Service) Submit(ctx context.Context, who policy.Subject, from audit.Request, sub Submission) (Change, error) {
	entry := audit.Entry{
		Actor: audit.Actor{Person: who.Person}, Action: audit.SubmitChange, Outcome: audit.Done,
		Target: sub.App.Target, Application: sub.App.Name, Request: from,
	}
	p, err := s.prepare(ctx, who, policy.SubmitChange, sub.Draft)
	if isRefusal(err) && !errors.Is(err, ErrNoTarget) { // made-up names do not get into the log
		return Change{}, s.refuse(ctx, entry, err)
	}
	if errors.Is(err, ErrNameTaken) {
		if again, ok := s.replayed(ctx, who, sub); ok {
			return again, nil
		}
	}
	if err != nil {
		return Change{}, err
	}
	if err := s.dryRun(ctx, &p, policy.Acting{Team: sub.App.Team, Requester: who.Person}); err != nil {
		return Change{}, err
	}
	if err := submittable(p, sub.Seen); err != nil {
		if again, ok := s.replayed(ctx, who, sub); ok {
			return again, nil
		}
		return Change{}, err
	}
	if err := checkLifetime(p.plan, sub.Lives); err != nil {
		return Change{}, err
	}
	c := s.newChange(p, who.Person, sub)
	c.livesFor(sub.Lives)
	entry.Digest, entry.Detail = string(c.Plan.Digest), submittedInWords(c)
	stored, err := s.Store.Create(ctx, c, []audit.Entry{entry})
	if err == nil {
		s.Feed.Publish(stored.ID, stored.App)
	}
	return stored, err
}

// replayed finds the change that this very submission has become already.
func (s *Service) replayed(ctx context.Context, who policy.Subject, sub Submission) (Change, bool) {
	if sub.Key == "" {
		return Change{}, false
	}
	recent, err := s.Store.Changes(ctx, Query{Visible: []policy.Target{sub.App.Target}, App: &sub.App, By: who.Identity, Limit: 20})
	if err != nil {
		return Change{}, false
	}
	for _, c := range recent {
		if c.Idempotency == sub.idempotency() {
			return c, true
		}
	}
	return Change{}, false
}

func submittable(p prepared, seen manifest.Digest) error {
	switch {
	case p.plan.Blocked():
		return &Blocked{p.plan}
	case p.plan.Digest != seen:
		return &PlanChanged{p.plan}
	case (p.Kind == Update || p.Kind == ScalePods || p.Kind == RestartPods) && p.made == p.Template && p.plan.Count(manifest.Unchanged) == len(p.plan.Objects) && reflect.DeepEqual(p.former, p.Inputs):
		return ErrNothingChanges
	}
	return nil
}

func (s *Service) newChange(p prepared, by policy.Person, sub Submission) Change {
	now := s.now()
	c := Change{
		App: p.App, Place: p.place, Kind: p.Kind, State: Approved,
		Title: Title(p.Draft, p.plan), Reason: cutReason(sub.Reason),
		Requester: by, Submitted: now, Expires: now.Add(s.Expiry),
		Template: p.Template, Inputs: p.Inputs, Rendered: p.rendered, Plan: p.plan,
		Base: p.base, Idempotency: sub.idempotency(), Tokens: tokensOf(p.set, p.Inputs),
	}
	if policy.ApprovalsNeeded(p.plan.Demands) > 0 {
		c.State = Pending
	}
	if ok, _ := p.plan.CanRollBack(p.Kind); ok && sub.RollBack {
		c.Watch = &Watch{State: Asked}
	}
	return c
}

// submittedInWords is what the audit log keeps of a submission beside its digest.
func submittedInWords(c Change) string {
	var words []string
	if from := c.Plan.Promoted; from != nil {
		words = append(words, from.Verb(c.Plan)+" from "+from.Claim(c.App)+".")
	}
	if c.Watch != nil {
		words = append(words, "To be rolled back by itself if it does not get ready.")
	}
	if !c.Plan.Until.IsZero() {
		words = append(words, "Ends by itself at "+momentInWords(c.Plan.Until)+".")
	}
	return strings.TrimSpace(strings.Join(append(words, c.Reason), " "))
}

func isRefusal(err error) bool {
	var r *Refusal
	return errors.As(err, &r) || errors.Is(err, ErrNotFound)
}

// reasonOf says in a sentence why something was refused.
func reasonOf(err error) string {
	var r *Refusal
	var w *WrongState
	switch {
	case errors.As(err, &r):
		return r.Reason
	case errors.As(err, &w):
		return "The change is " + string(w.Change.State) + " and cannot be " + w.Wanted + "."
	case errors.Is(err, ErrDigest):
		return "The digest is not the one of this change."
	case errors.Is(err, ErrSuperseded):
		return "Another change of the application was applied since this one failed."
	case errors.Is(err, ErrNotFound):
		return "There is no such thing for this person."
	}
	return "It could not be done."
}

func cutReason(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "�"))
	if r := []rune(s); len(r) > ReasonLimit {
		return string(r[:ReasonLimit-1]) + "…"
	}
	return s
}
