package main

import (
	"context"
	"errors"
	"slices"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// choices offers what there is in the cluster to whoever may plan changes in a target.
type choices struct {
	changes  *change.Service
	clusters *kube.Clusters
}

// Choices implements handlers.Choices. The error is one of change.Service.May, a *change.Refusal whose
// reason says why the cluster does not tell, or wraps change.ErrClusterAway.
func (c choices) Choices(ctx context.Context, who policy.Subject, target policy.Target, p catalog.Picker, of string) ([]manifest.Choice, error) {
	if err := c.changes.May(who, policy.PreviewChange, policy.Resource{Target: target}); err != nil {
		return nil, err
	}
	place, _ := c.changes.Place(target)
	q := manifest.Question{Kind: p.Kind, Of: of, Type: p.Type}
	found, err := c.clusters.Choices(ctx, policy.Acting{Team: target.Team, Requester: who.Person}, place, q)
	var not *kube.NotListed
	if errors.As(err, &not) {
		return nil, &change.Refusal{Reason: not.Sentence}
	}
	if p.Kind == "Namespace" {
		found = slices.DeleteFunc(slices.Clone(found), func(n manifest.Choice) bool { return c.foreign(who, place.Cluster, n.Value) })
	}
	return found, err
}

// foreign tells whether a namespace is that of a target which the person may not see.
func (c choices) foreign(who policy.Subject, cluster, namespace string) bool {
	for t, place := range c.changes.Places {
		if place == (manifest.Place{Cluster: cluster, Namespace: namespace}) {
			return !policy.Decide(who, policy.ViewTarget, policy.Resource{Target: t}).Allowed
		}
	}
	return false
}
