package main

import (
	"cmp"
	"strings"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// healthOf tells the watches of changes what the live pages show: the two packages need not know each
// other, and there is one opinion on how an application does.
func healthOf(hub *status.Hub) func(manifest.Place, string) change.Health {
	return func(place manifest.Place, app string) change.Health {
		f, ok := hub.Latest(status.Key{Cluster: place.Cluster, Namespace: place.Namespace, App: app})
		if !ok || !f.Synced {
			return change.Health{} // not seen, or no longer
		}
		h := change.Health{Known: true}
		for _, n := range f.Tree {
			if n.Ref.Kind != "" {
				h.Conditions = append(h.Conditions, conditionOf(n, f.Wrong))
			}
		}
		return h
	}
}

func conditionOf(n status.Node, wrong []status.Wrong) change.Condition {
	c := change.Condition{Ref: n.Ref, Ready: n.Word == status.Ready || n.Word == status.Paused, Failed: n.Word == status.Failed}
	c.Why = cmp.Or(n.Reason, string(n.Word))
	for _, w := range wrong {
		if c.Failed && w.Word == status.Failed && w.Ref.Same(n.Ref) {
			c.Why = w.Title
			break
		}
	}
	c.Why = strings.ReplaceAll(c.Why, "`", "")
	return c
}
