package change

import (
	"context"
	"errors"
	"slices"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// CopyRule makes an environment one for copies: whatever is made in it ends by itself (ADR 25).
type CopyRule struct {
	// MaxAge is how old an application of the environment gets at most, however often its end is put off.
	MaxAge time.Duration `json:"maxAge"`
	// Domain is what all its host names are below, in place of the team's own domains; "" leaves those.
	Domain string `json:"domain,omitempty"`
}

// Ending is when an application ends by itself, and what came of that so far.
type Ending struct {
	Until time.Time // in UTC, by the database's clock
	Made  int64     // the change that made the application
	By    int64     // the Delete that was made last, since its time was over; 0 for none
	Tries int       // how often it was tried since Until
	Next  time.Time // not before then it is tried again; zero before the first time
	Why   string    // why the last try came to nothing, one sentence in plain text; "" if it did not
}

// Over tells whether the application's time is over at a moment.
func (e Ending) Over(now time.Time) bool { return !now.Before(e.Until) }

// lifetimes are what people choose from.
var lifetimes = []time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour}

// Choices are how long a new application may live, the shortest first. The last one is MaxAge.
func (r CopyRule) Choices() []time.Duration {
	i, _ := slices.BinarySearch(lifetimes, r.MaxAge)
	return append(slices.Clone(lifetimes[:i]), r.MaxAge)
}

// Usual is how long it lives where nobody says: a day, or MaxAge if that is less.
func (r CopyRule) Usual() time.Duration { return min(24*time.Hour, r.MaxAge) }

// BadLifetime means that somebody asked for a lifetime that is none of CopyRule.Choices. It carries the
// plan, of which nothing was submitted.
type BadLifetime struct {
	Plan Plan
	Rule CopyRule
}

// Error says so.
func (*BadLifetime) Error() string { return "change: that is not how long a copy may live" }

// ErrEndingMoved means that the end of an application is not, or is no longer, the one that was seen.
var ErrEndingMoved = errors.New("change: the end is not the one that was seen")

// CopyRule is the rule of a target's environment; false for one in which applications stay.
func (s *Service) CopyRule(t policy.Target) (CopyRule, bool) {
	r, ok := s.Copies[t.Environment]
	return r, ok
}

// DomainsOf are the host names that applications of a target may have, with all below them; nil for any. They
// are those of its team, but for environments whose copies have a domain.
func DomainsOf(t policy.Target, teams map[string][]string, copies map[string]CopyRule) []string {
	if r := copies[t.Environment]; r.Domain != "" {
		return []string{r.Domain}
	}
	return teams[t.Team]
}

// checkLifetime tells whether what a plan makes may live so long.
func checkLifetime(p Plan, lives time.Duration) error {
	if p.Copies != nil && !slices.Contains(p.Copies.Choices(), lives) {
		return &BadLifetime{Plan: p, Rule: *p.Copies}
	}
	return nil
}

// livesFor gives a change that makes a copy its end, so long after its submission. It waits for approval no
// longer than that.
func (c *Change) livesFor(lives time.Duration) {
	if c.Plan.Copies == nil {
		return
	}
	c.Plan.Until = c.Submitted.Add(lives)
	if c.Plan.Until.Before(c.Expires) {
		c.Expires = c.Plan.Until
	}
}

// Later is one way to put off the end of an application.
type Later struct {
	Lives time.Duration // from now on; 0 stands for as long as the rule allows
	Until time.Time
}

// worthIt is how much later an end must be at least to be offered.
const worthIt = 5 * time.Minute

// Laters are the ways to put off an application's end, none where there is none: it stays, its time is over, its
// environment is not one for copies any more, or it gets as old as may be already.
func (s *Service) Laters(app Application) []Later {
	rule, ok := s.CopyRule(app.Target)
	now := s.now()
	if !ok || app.Ending == nil || app.Ending.Over(now) {
		return nil
	}
	last := app.Created.Add(rule.MaxAge)
	var out []Later
	for _, lives := range lifetimes {
		if until := now.Add(lives); until.After(app.Ending.Until.Add(worthIt)) && until.Before(last) {
			out = append(out, Later{lives, until})
		}
	}
	if last.After(app.Ending.Until) {
		out = append(out, Later{0, last})
	}
	return out
}

// Extend puts off the end of an application: to so long from now on as one of Laters says. seen is the end that
// the person saw, so that a form which is sent twice counts once.
//
// It returns ErrNotFound, also for an application that stays, a *Refusal, or ErrEndingMoved.
func (s *Service) Extend(ctx context.Context, who policy.Subject, from audit.Request, key AppKey, seen time.Time, lives time.Duration) (Application, error) {
	entry := audit.Entry{
		Actor: audit.Actor{Person: who.Person}, Action: audit.ExtendCopy, Outcome: audit.Done,
		Target: key.Target, Application: key.Name, Request: from,
	}
	if err := s.May(who, policy.SubmitChange, policy.Resource{Target: key.Target}); err != nil {
		if isRefusal(err) && !errors.Is(err, ErrNoTarget) {
			return Application{}, s.refuse(ctx, entry, err)
		}
		return Application{}, err
	}
	app, err := s.Store.Application(ctx, key)
	switch {
	case err != nil:
		return Application{}, err
	case app.Ending == nil:
		return Application{}, ErrNotFound
	case !app.Ending.Until.Equal(seen):
		return app, ErrEndingMoved
	}
	laters := s.Laters(app)
	i := slices.IndexFunc(laters, func(l Later) bool { return l.Lives == lives })
	if i < 0 {
		return app, s.refuse(ctx, entry, &Refusal{Reason: s.WhyNotLater(app)})
	}
	until := laters[i].Until
	entry.Change = app.Ending.Made
	entry.Detail = "Lives until " + momentInWords(until) + " instead of " + momentInWords(seen) + "."
	if err := s.Store.Extend(ctx, key, seen, until, []audit.Entry{entry}); err != nil {
		return app, err
	}
	s.Feed.Publish(app.Ending.Made, key)
	return s.Store.Application(ctx, key)
}

// WhyNotLater says why an application's end cannot be put off, or not as somebody asked, in a sentence.
func (s *Service) WhyNotLater(app Application) string {
	rule, ok := s.CopyRule(app.Target)
	switch {
	case !ok:
		return "Environment " + app.Environment + " is not one for copies any more, so this one ends when it was to end. Make another copy elsewhere."
	case app.Ending.Over(s.now()):
		return "Its time is over, and it is being deleted. Make another copy."
	case len(s.Laters(app)) == 0:
		return "It gets as old as applications of " + app.Environment + " may get already. Make another copy."
	}
	return "It cannot live so long: until " + momentInWords(app.Created.Add(rule.MaxAge)) + " at most. Choose an earlier end."
}

// momentInWords is a moment for the audit log and for reasons, which have no reader's zone.
func momentInWords(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
