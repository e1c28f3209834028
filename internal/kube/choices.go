package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/apimachinery/pkg/api/meta"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// What is in a cluster is asked for while somebody types, so the answers are remembered for a moment,
// one request serves all who ask the same meanwhile, and nobody waits long.
const (
	choicesLimit  = 500 // more than that helps nobody
	choicesWait   = 2 * time.Second
	choicesOwn    = 20 * time.Second // classes, issuers, nodes: they change rarely
	choicesTeam   = 3 * time.Second  // what may have been made a moment ago
	choicesFailed = time.Second
	choicesKept   = 1000 // answers
)

// ErrNoSuchChoice is returned for a Question of a kind that is not known.
var ErrNoSuchChoice = errors.New("kube: nothing of this kind can be chosen")

// NotListed is why the cluster does not say what there is. Sentence is for people.
type NotListed struct{ Sentence string }

// Error is the sentence.
func (e *NotListed) Error() string { return "kube: " + e.Sentence }

// Choices tells what there is in the cluster that q asks for: what belongs to the whole cluster is read
// by the portal itself, what is in the namespace with the team's rights. Of Secrets only names and keys
// are kept; values are dropped as the answer is read.
//
// An object of Question.Of that does not exist has no keys and is no error. The error wraps
// manifest.ErrClusterAway if the cluster does not answer within two seconds, is a *NotListed if it
// answers that it may not be known, ErrIdentity if nobody acts and ErrNoSuchChoice for an unknown kind.
func (cs *Clusters) Choices(ctx context.Context, as policy.Acting, place manifest.Place, q manifest.Question) ([]manifest.Choice, error) {
	c, err := cs.cluster(place.Cluster)
	if err != nil {
		return nil, err
	}
	find, ok := choosers[q.Kind]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoSuchChoice, q.Kind)
	}
	asker, key := chooser{q: q, cluster: c, place: place, as: as}, answerKey{q: q}
	keep := choicesOwn
	if find.team {
		asker.session, err = c.as(as)
		key.team, key.namespace, keep = as.Team, place.Namespace, choicesTeam
	} else {
		asker.session, err = c.own()
	}
	if err != nil {
		return nil, err
	}
	all, err := c.answers.get(ctx, key, keep, func(ctx context.Context) ([]manifest.Choice, error) {
		found, err := find.list(ctx, asker)
		return found, asker.inWords(err)
	})
	if q.Kind == "Namespace" {
		all = notOfOthers(all, as.Team)
	}
	return all, err
}

// chooser is one Question on its way.
type chooser struct {
	q       manifest.Question
	cluster *cluster
	session *session
	place   manifest.Place
	as      policy.Acting
}

// inWords says why nothing can be listed.
func (c chooser) inWords(err error) error {
	status, answered := answerOf(err)
	switch {
	case err == nil, gone(err), meta.IsNoMatchError(err): // not installed, or not there: there is none
		return nil
	case answered && (status.Code == http.StatusForbidden || status.Code == http.StatusUnauthorized):
		if choosers[c.q.Kind].team {
			return &NotListed{fmt.Sprintf("The team %s may not read this in the namespace %s. Type the name.", c.as.Team, c.place.Namespace)}
		}
		return &NotListed{"Slipway may not read this in the cluster. Type the name."}
	case away(err), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
	}
	return err
}

// answerKey is what an answer depends on.
type answerKey struct {
	q               manifest.Question
	team, namespace string // empty for what belongs to the cluster
}

// answers remembers what a cluster said for a while. The zero value is ready.
type answers struct {
	asking singleflight.Group

	mu    sync.Mutex
	known map[answerKey]known
}

type known struct {
	choices []manifest.Choice
	err     error
	until   time.Time
}

// get gives the remembered answer, or asks. The request belongs to nobody in particular: it goes on if
// the one who was first gives up.
func (a *answers) get(ctx context.Context, k answerKey, keep time.Duration, ask func(context.Context) ([]manifest.Choice, error)) ([]manifest.Choice, error) {
	a.mu.Lock()
	last, ok := a.known[k]
	a.mu.Unlock()
	if ok && time.Now().Before(last.until) {
		return last.choices, last.err
	}
	got := a.asking.DoChan(fmt.Sprintf("%q", []string{k.q.Kind, k.q.Of, k.q.Type, k.team, k.namespace}), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), choicesWait)
		defer cancel()
		found, err := ask(ctx)
		if err != nil {
			keep = choicesFailed
		}
		a.remember(k, known{found[:min(len(found), choicesLimit)], err, time.Now().Add(keep)})
		return found[:min(len(found), choicesLimit)], err
	})
	select {
	case r := <-got:
		found, _ := r.Val.([]manifest.Choice)
		return found, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// remember keeps an answer, and drops old ones when there are many.
func (a *answers) remember(k answerKey, one known) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= choicesKept {
		kept := map[answerKey]known{}
		for k, old := range a.known {
			if time.Now().Before(old.until) && len(kept) < choicesKept/2 {
				kept[k] = old
			}
		}
		a.known = kept
	}
	a.known[k] = one
}
