package main

import (
	"context"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
)

// rereadEvery is how often the list of applications is looked at for what another replica has applied.
const rereadEvery = 30 * time.Second

// record tells the watches what an application is to have, as the database has it: the two packages need
// not know each other.
func (h *house) record(ctx context.Context, k status.Key) (status.Record, error) {
	for t, place := range h.c.places() {
		if place != (manifest.Place{Cluster: k.Cluster, Namespace: k.Namespace}) {
			continue
		}
		s, err := h.store.Standing(ctx, change.AppKey{Target: t, Name: k.App})
		if err != nil || !s.Applied.IsZero() {
			return status.Record{Refs: s.Refs, Applied: s.Applied, Settled: s.Settled}, err
		}
	}
	return status.Record{}, nil
}

// tellRecords tells the watches of each application whose record may have changed, until ctx ends: at the
// start of all, of those about which something is committed here, and of those that another replica changed.
func (h *house) tellRecords(ctx context.Context) {
	places := h.c.places()
	touch := func(app change.AppKey) {
		if p, ok := places[app.Target]; ok {
			h.watcher.Touch(status.Key{Cluster: p.Cluster, Namespace: p.Namespace, App: app.Name})
		}
	}
	defer h.feed.Listen(touch)()
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	told := map[change.AppKey]time.Time{}
	for {
		apps, err := h.store.Applications(ctx, []policy.Target{{Team: policy.Any, Environment: policy.Any}})
		if err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "what applications are to have was not looked at; it is tried again", "err", err)
		}
		for _, a := range apps {
			if at, known := told[a.AppKey]; !known || !at.Equal(a.Changed) {
				told[a.AppKey] = a.Changed
				touch(a.AppKey)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
