package main

import (
	"context"
	"errors"
	"testing"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Who may not plan in a target learns nothing of its cluster, and no cluster is asked for it.
func TestChoicesAreForThoseWhoPlan(t *testing.T) {
	payments := policy.Target{Team: "payments", Environment: "staging"}
	search := policy.Target{Team: "search", Environment: "staging"}
	s := change.NewService(change.Config{Places: map[policy.Target]manifest.Place{
		payments: {Cluster: "c", Namespace: "payments"}, search: {Cluster: "c", Namespace: "search"},
	}})
	clusters, err := kube.New(t.Context(), nil, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := choices{s, clusters}
	who := policy.Subject{Bindings: []policy.Binding{{Role: policy.Developer, Team: "payments", Environment: policy.Any}, {Role: policy.Auditor, Team: "search", Environment: policy.Any}}}
	ask := func(target policy.Target) error {
		_, err := c.Choices(context.Background(), who, target, catalog.Picker{Kind: "Secret"}, "")
		return err
	}
	var refusal *change.Refusal
	if err := ask(search); !errors.As(err, &refusal) {
		t.Errorf("an auditor: %v", err)
	}
	if err := ask(policy.Target{Team: "ops", Environment: "staging"}); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("a target that is not there: %v", err)
	}
	if err := ask(payments); err == nil || errors.As(err, &refusal) {
		t.Errorf("a developer gets as far as the cluster, which is not configured: %v", err)
	}
	who.Bindings = who.Bindings[:1]
	if c.foreign(who, "c", "payments") || !c.foreign(who, "c", "search") || c.foreign(who, "c", "ingress-nginx") {
		t.Error("only the namespaces of targets that one may not see are left out")
	}
}
