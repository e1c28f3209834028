package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/klog/v2"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/handlers"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/source"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/internal/store"
	"slipway.dev/slipway/web/templates"
)

// drain is how long requests that are under way may take when the portal ends.
const drain = 15 * time.Second

// house is everything that runs.
type house struct {
	c        *config
	log      *slog.Logger
	store    *store.Store
	clusters *kube.Clusters
	library  *source.Library
	auth     *auth.Auth
	feed     *change.Feed
	hub      *status.Hub
	watcher  *kube.Watcher
	changes  *change.Service
	worker   *change.Worker
}

// serve runs the portal until ctx ends. listening, if not nil, is told the address.
//
// What is wrong with the configuration, the database or a kubeconfig ends it at once. A cluster or
// an identity provider that does not answer does not: the pages say so, and both are tried again.
func serve(ctx context.Context, c *config, log *slog.Logger, listening func(net.Addr)) (err error) {
	klog.SetSlogLogger(log.With("part", "client-go"))
	h, err := build(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("portal: %s cannot be listened on: %w\nAnother program may use it; listen in the configuration chooses another address", c.Listen, err)
	}
	log.InfoContext(ctx, "the portal listens", "address", ln.Addr().String(), "publicURL", c.PublicURL, "version", buildVersion())
	if listening != nil {
		listening(ln.Addr())
	}
	return h.run(ctx, ln)
}

func build(ctx context.Context, c *config, log *slog.Logger) (h *house, err error) {
	h = &house{c: c, log: log, feed: change.NewFeed(), hub: status.NewHub()}
	if h.library, err = openTemplates(ctx, c, log); err != nil {
		return nil, err
	}
	if h.clusters, err = openClusters(ctx, c, log); err != nil {
		return nil, err
	}
	var places []manifest.Place
	for _, t := range c.Targets {
		places = append(places, t.place())
	}
	if h.watcher, err = h.clusters.NewWatcher(h.hub, places, h.record); err != nil {
		return nil, fmt.Errorf("portal: the clusters cannot be watched: %w", err)
	}
	if h.store, err = openStore(ctx, c, log); err != nil {
		return nil, err
	}
	if h.auth, err = newAuth(c, h.store, log); err != nil {
		return nil, errors.Join(err, h.close())
	}
	sealer, err := c.sealer()
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	h.changes = change.NewService(change.Config{
		Sealer: sealer, Store: h.store, Cluster: h.clusters, Templates: h.library, Rules: c.rules(), Places: c.places(),
		Domains: c.domains(), Copies: c.copies(), ClusterScoped: c.clusterScoped(), Serving: h.watcher.Serving, Facts: h.clusters.Facts, Health: healthOf(h.hub),
		Expiry: c.ExpireAfter, Feed: h.feed, Log: log,
	})
	h.worker = change.NewWorker(h.changes, log)
	return h, nil
}

func (h *house) close() error {
	h.clusters.Close()
	return h.store.Close()
}

// run serves on ln until ctx ends. Then, in this order: streams end, requests that are under way are
// answered, and the worker gives back what it is applying, for another one to continue.
func (h *house) run(ctx context.Context, ln net.Listener) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()

	var running sync.WaitGroup
	running.Go(func() { h.auth.Run(work) })
	running.Go(func() { h.worker.Run(work) })
	running.Go(func() { h.library.Run(work) })
	running.Go(func() { h.tryClusters(work) })
	running.Go(func() { h.tellRecords(work) })
	running.Go(func() {
		if err := h.watcher.Run(work); err != nil && work.Err() == nil {
			h.log.ErrorContext(work, "the clusters are no longer watched", "err", err)
		}
	})
	defer running.Wait()
	defer stopWork()

	srv := &http.Server{
		Handler:           handlers.New(h.pages(streams)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute, // streams and exports set their own, write by write
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	running.Go(func() { failed <- srv.Serve(ln) })
	select {
	case err := <-failed:
		return fmt.Errorf("portal: serving: %w", err)
	case <-ctx.Done():
	}
	h.log.InfoContext(work, "the portal ends", "requests under way have", drain)
	endStreams()
	grace, cancel := context.WithTimeout(work, drain)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		h.log.WarnContext(work, "requests were cut off", "err", err)
		_ = srv.Close()
	}
	return nil
}

// tryClusters says at the start which clusters cannot be used and what to look at. They are tried again
// all the time by whoever watches them.
func (h *house) tryClusters(ctx context.Context) {
	for _, name := range h.clusters.Names() {
		soon, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := h.clusters.Check(soon, name)
		cancel()
		if err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "a cluster cannot be used yet; it is tried again", "cluster", name, "err", err,
				"look at", "the server and the credentials in its kubeconfig (clusters[].kubeconfig), and whether this machine reaches the server")
		}
	}
}

func (h *house) pages(streams context.Context) handlers.Config {
	titles := map[string]string{}
	for _, t := range h.c.Teams {
		titles[t.Name] = t.Title
	}
	return handlers.Config{
		Auth: h.auth, Changes: h.changes, Catalog: h.library, Sources: h.sources, Hub: h.hub, Audit: h.store, Feed: h.feed,
		Clusters: h.health, Setup: h.setup(), Titles: titles, Checks: h.checks(), Metrics: promhttp.Handler(),
		Proxies: h.c.TrustedProxies, Secure: h.c.secure(), Log: h.log, Ended: streams,
		Logs: h.logs, Usage: h.clusters.Usage, Choices: choices{h.changes, h.clusters}, Seal: h.changes.Sealer, Stage: h.changes.Stage,
	}
}

// logs reads what containers of a target write, with the rights of its team and in the person's name.
// The handlers have asked whether the person may see the target.
func (h *house) logs(who policy.Subject, t policy.Target) logs.Open {
	place, _ := h.changes.Place(t)
	as := policy.Acting{Team: t.Team, Requester: who.Person}
	return func(ctx context.Context, s logs.Source, a logs.Ask) (io.ReadCloser, error) {
		return h.clusters.Log(ctx, as, place, s, a)
	}
}

// health is what the watches know of the clusters.
func (h *house) health() []templates.ClusterHealth {
	var out []templates.ClusterHealth
	for _, name := range h.clusters.Names() {
		healthy, since, err := h.watcher.Healthy(name)
		one := templates.ClusterHealth{Name: name, Answers: healthy, Known: healthy || err != nil && !since.IsZero(), Since: since}
		if err != nil {
			one.Said = err.Error()
		}
		out = append(out, one)
	}
	return out
}

func (h *house) setup() templates.AdminData {
	d := templates.AdminData{Version: buildVersion(), Issuer: h.c.OIDC.Issuer, Bindings: h.c.groupBindings(), Rules: h.c.rules()}
	for _, name := range h.clusters.Names() {
		d.Clusters = append(d.Clusters, templates.AdminCluster{ClusterHealth: templates.ClusterHealth{Name: name}})
	}
	for _, t := range h.c.Targets {
		d.Targets = append(d.Targets, templates.AdminTarget{Target: t.target(), Place: t.place()})
	}
	return d
}

// checks are what /readyz looks at. Anybody can read its answer, so it says what, and the log says why.
func (h *house) checks() []handlers.Check {
	plain := func(says string, probe func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			err := probe(ctx)
			if err == nil {
				return nil
			}
			h.log.DebugContext(ctx, "a check failed", "says", says, "err", err)
			return errors.New(says)
		}
	}
	out := []handlers.Check{
		{Name: "database", Probe: plain("it does not answer", h.store.Ping)},
		{Name: "identity provider " + h.c.OIDC.Issuer, Probe: plain("it cannot be used yet; it is tried again", h.auth.Ready), Informative: true},
	}
	for _, name := range h.clusters.Names() {
		out = append(out, handlers.Check{
			Name: "cluster " + name, Informative: true,
			Probe: plain("it does not answer, or does not know the portal's account", func(ctx context.Context) error { return h.clusters.Check(ctx, name) }),
		})
	}
	return out
}
