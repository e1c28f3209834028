package change

import (
	"context"
	"errors"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// step is one thing that a person does to a change that is there.
type step struct {
	may    policy.Action
	log    audit.Action
	run    func(c *Change) error
	detail string
	digest bool // the audit entry carries the change's digest
	atBase bool // only while the application is at the change's base, see Commit
}

// Approve signs a change. The digest must be the change's: it is what the person saw. The last
// approval that is needed makes the change Approved.
//
// It returns ErrNotFound, a *Refusal, ErrDigest, or a *WrongState when the change no longer waits.
func (s *Service) Approve(ctx context.Context, who policy.Subject, from audit.Request, id int64, digest manifest.Digest, comment string) (Change, error) {
	comment = cutReason(comment)
	return s.take(ctx, who, from, id, step{
		may: policy.ApproveChange, log: audit.ApproveChange, detail: comment, digest: true,
		run: func(c *Change) error { return s.sign(c, who.Person, digest, comment) },
	})
}

func (s *Service) sign(c *Change, by policy.Person, digest manifest.Digest, comment string) error {
	switch {
	case c.State != Pending:
		return &WrongState{*c, "approved"}
	case digest != c.Plan.Digest:
		return ErrDigest
	case c.SignedBy(by.Identity):
		return &Refusal{Reason: "You have approved it already; another person must approve too."}
	case s.now().After(c.Expires):
		return &Refusal{Reason: "It has waited too long and expires; it has to be submitted again."}
	}
	c.Approvals = append(c.Approvals, Approval{By: by, At: s.now(), Comment: comment, Digest: digest})
	if len(c.Approvals) >= policy.ApprovalsNeeded(c.Plan.Demands) {
		c.State = Approved
	}
	return nil
}

// Reject ends a change that waits for approval. A comment is required: the requester must learn why.
func (s *Service) Reject(ctx context.Context, who policy.Subject, from audit.Request, id int64, comment string) (Change, error) {
	comment = cutReason(comment)
	return s.take(ctx, who, from, id, step{
		may: policy.RejectChange, log: audit.RejectChange, detail: comment,
		run: func(c *Change) error {
			if c.State == Pending && comment == "" {
				return &Refusal{Reason: "Say why in the comment: the person who submitted it reads it."}
			}
			return s.end(c, Rejected, "rejected", who.Person, comment)
		},
	})
}

// Withdraw takes a change back before it is applied.
func (s *Service) Withdraw(ctx context.Context, who policy.Subject, from audit.Request, id int64, comment string) (Change, error) {
	comment = cutReason(comment)
	return s.take(ctx, who, from, id, step{
		may: policy.WithdrawChange, log: audit.WithdrawChange, detail: comment,
		run: func(c *Change) error { return s.end(c, Withdrawn, "withdrawn", who.Person, comment) },
	})
}

func (s *Service) end(c *Change, to State, word string, by policy.Person, comment string) error {
	if !c.State.CanBecome(to) {
		return &WrongState{*c, word}
	}
	c.State = to
	c.Closed = &Closing{By: by, At: s.now(), Comment: comment}
	return nil
}

// Resume goes on with a change that failed: the same bytes once more, what is applied stays. Once another
// change of the application was applied it returns ErrSuperseded and leaves the change as it is: applied
// then, it would take back what the other one did.
func (s *Service) Resume(ctx context.Context, who policy.Subject, from audit.Request, id int64) (Change, error) {
	return s.take(ctx, who, from, id, step{
		may: policy.ResumeChange, log: audit.ResumeChange, digest: true, atBase: true,
		run: func(c *Change) error {
			if c.State != Failed {
				return &WrongState{*c, "resumed"}
			}
			c.State, c.Failure = Applying, ""
			c.Holder, c.Lease = "", s.now() // anybody may claim it now
			return nil
		},
	})
}

// take decides, runs the step and commits its outcome with its audit entry; a refusal is recorded too.
func (s *Service) take(ctx context.Context, who policy.Subject, from audit.Request, id int64, st step) (Change, error) {
	entry := audit.Entry{
		Actor: audit.Actor{Person: who.Person}, Action: st.log, Outcome: audit.Done,
		Change: id, Detail: st.detail, Request: from,
	}
	known := false
	c, err := s.Store.Update(ctx, id, func(c *Change) (Commit, error) {
		known = true
		entry.Target, entry.Application = c.App.Target, c.App.Name
		if err := s.May(who, st.may, policy.Resource{Target: c.App.Target, Requester: c.Requester.Identity}); err != nil {
			return Commit{}, err
		}
		if err := st.run(c); err != nil {
			return Commit{}, err
		}
		if st.digest {
			entry.Digest = string(c.Plan.Digest)
		}
		return Commit{Audit: []audit.Entry{entry}, AtBase: st.atBase}, nil
	})
	if err == nil {
		s.Feed.Publish(id, c.App)
		return c, nil
	}
	var wrong *WrongState
	if known && (isRefusal(err) || errors.Is(err, ErrDigest) || errors.Is(err, ErrSuperseded) || errors.As(err, &wrong)) {
		return c, s.refuse(ctx, entry, err)
	}
	return c, err
}

// ExpireOverdue ends the changes that have waited too long. It is called now and then by the Worker.
func (s *Service) ExpireOverdue(ctx context.Context) error {
	ids, err := s.Store.Overdue(ctx, s.now())
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		ch, err := s.Store.Update(ctx, id, func(c *Change) (Commit, error) {
			if err := s.end(c, Expired, "expired", policy.Person{}, ""); err != nil {
				return Commit{}, err
			}
			return Commit{Audit: []audit.Entry{{
				Actor: audit.Actor{Portal: true, Person: c.Requester}, Action: audit.ExpireChange, Outcome: audit.Done,
				Target: c.App.Target, Application: c.App.Name, Change: c.ID, Detail: "Nobody decided in time.",
			}}}, nil
		})
		var wrong *WrongState
		switch {
		case err == nil:
			s.Feed.Publish(id, ch.App)
		case !errors.As(err, &wrong):
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
