package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// ErrNoSealer means that the portal has no key to make tokens with, so that it takes no secret values.
var ErrNoSealer = errors.New("change: there is no key for secret values")

// Sealer gives what makes the tokens of the secret values of a target; nil for a target that is not
// configured, and where the portal has no key.
func (s *Service) Sealer(t policy.Target) func(value string) manifest.Token {
	place, ok := s.Places[t]
	if !ok || s.Config.Sealer == nil {
		return nil
	}
	return func(value string) manifest.Token { return s.Config.Sealer.Seal(place, value) }
}

// Stage puts the secret values that somebody has typed for an application aside in the cluster, which
// is the only place where they are ever kept. It comes before Preview and Submit, whose inputs hold the
// tokens. That it is tried is recorded before, and what came of it after, without a value.
//
// It returns ErrNotFound, a *Refusal, ErrNoSealer for a value that was not sealed here, ErrClusterAway,
// or a *manifest.NotStaged with the sentence for the person. Nothing to put aside is no error.
func (s *Service) Stage(ctx context.Context, who policy.Subject, from audit.Request, app AppKey, values manifest.Secrets) error {
	if len(values) == 0 {
		return nil
	}
	entry := audit.Entry{
		Actor: audit.Actor{Person: who.Person}, Action: audit.StageSecrets, Outcome: audit.Intent,
		Target: app.Target, Application: app.Name, Request: from,
		Detail: count(len(values), "secret value.", "secret values."),
	}
	if len(CheckName(app.Name)) > 0 { // as yet; what was typed instead is nothing for the log
		entry.Application = ""
	}
	place, err := s.allowed(who, policy.SubmitChange, app)
	if isRefusal(err) && !errors.Is(err, ErrNoTarget) {
		return s.refuse(ctx, entry, err)
	}
	if err != nil {
		return err
	}
	for t, v := range values {
		if s.Config.Sealer == nil || s.Config.Sealer.Seal(place, v) != t {
			return ErrNoSealer
		}
	}
	as := policy.Acting{Team: app.Team, Requester: who.Person}
	entry.RanAs = as.User()
	if err := s.Store.Record(ctx, entry); err != nil {
		return err
	}
	err = s.Cluster.Stage(ctx, as, place, values)
	entry.Outcome = audit.Done
	if err != nil {
		entry.Outcome, entry.Detail = audit.Failed, whyNotStaged(err)
	}
	// What was done is recorded even if the person has gone away meanwhile.
	if rerr := s.Store.Record(context.WithoutCancel(ctx), entry); rerr != nil {
		return errors.Join(err, rerr)
	}
	return err
}

func whyNotStaged(err error) string {
	var not *manifest.NotStaged
	if errors.As(err, &not) {
		return not.Problem.Sentence
	}
	return "The cluster did not answer, so some of it may be there."
}

// StagedLife is how long a value is kept that nothing refers to: long enough to finish a form.
const StagedLife = 24 * time.Hour

// housekeeper is whom the portal is when it removes what nobody needs.
var housekeeper = policy.Person{Identity: policy.Identity{Issuer: "slipway.dev", Subject: "housekeeping"}, Name: "Slipway"}

// DropUnused deletes from a target's place the secret values that nothing refers to: no revision of a
// living application, no change that may still be applied, no draft, and that were put aside more than
// StagedLife ago. It gives how many it found. The errors are those of Stage.
func (s *Service) DropUnused(ctx context.Context, t policy.Target) (int, error) {
	place, ok := s.Places[t]
	if !ok {
		return 0, ErrNoTarget
	}
	as := policy.Acting{Team: t.Team, Requester: housekeeper}
	// What is there is listed first: what is put aside or referred to after that is not in the list.
	staged, err := s.Cluster.Staged(ctx, as, place)
	if err != nil || len(staged) == 0 {
		return 0, err
	}
	needed, err := s.tokensNeeded(ctx, place)
	if err != nil {
		return 0, err
	}
	var unused []manifest.Staged
	for _, one := range staged {
		if !needed[one.Token] && s.now().Sub(one.At) > StagedLife {
			unused = append(unused, one)
		}
	}
	if len(unused) == 0 {
		return 0, nil
	}
	entry := audit.Entry{
		Actor: audit.Actor{Person: housekeeper, Portal: true}, Action: audit.DropSecrets, Outcome: audit.Intent, Target: t, RanAs: as.User(),
		Detail: fmt.Sprintf("%s that nothing refers to any more.", count(len(unused), "secret value", "secret values")),
	}
	if err := s.Store.Record(ctx, entry); err != nil {
		return 0, err
	}
	err = s.Cluster.Unstage(ctx, as, place, unused)
	entry.Outcome = audit.Done
	if err != nil {
		entry.Outcome, entry.Detail = audit.Failed, whyNotStaged(err)
	}
	return len(unused), errors.Join(err, s.Store.Record(context.WithoutCancel(ctx), entry))
}

// tokensNeeded are the tokens to which something in the place refers. Several targets may share one.
func (s *Service) tokensNeeded(ctx context.Context, place manifest.Place) (map[manifest.Token]bool, error) {
	inUse, err := s.Store.TokensInUse(ctx, place)
	if err != nil {
		return nil, err
	}
	needed := map[manifest.Token]bool{}
	for _, t := range inUse {
		needed[t] = true
	}
	for t, at := range s.Places {
		if at != place {
			continue
		}
		drafts, err := s.Store.DraftTokens(ctx, t, s.now().Add(-DraftLife))
		if err != nil {
			return nil, err
		}
		for _, d := range drafts {
			needed[manifest.Token(d)] = true
		}
	}
	return needed, nil
}

// tokensOf lists the tokens of the values that objects and inputs refer to, sorted, each once.
func tokensOf(set manifest.Set, in catalog.Inputs) []manifest.Token {
	var all []manifest.Token
	for _, u := range set {
		all = append(all, manifest.Tokens(u)...)
	}
	if raw, err := json.Marshal(map[string]any(in)); err == nil { // a token needs no escaping
		all = append(all, manifest.TokensIn(string(raw))...)
	}
	all = slices.DeleteFunc(all, func(t manifest.Token) bool { return !t.Stands() })
	slices.Sort(all)
	return slices.Compact(all)
}
