// Package kube speaks to clusters: it asks what a set of objects would do (DryRun), writes it
// (Apply), and watches what becomes of it (Watcher).
//
// Whatever a person causes reaches the API server in the team's name, by impersonation, so that RBAC
// in the team's namespace is the limit and the cluster's own audit log says who it was. What the
// portal does for itself (discovery, watching, looking whether a namespace exists) uses its own
// account, which reads and cannot read Secrets. The two are different functions, as and own, so that
// no call can take the wrong one by leaving something out.
//
// Writes are unforced server-side apply (https://kubernetes.io/docs/reference/using-api/server-side-apply/)
// with the field manager manifest.FieldManager.
package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"slipway.dev/slipway/internal/manifest"
)

// perCall is how many objects of one dry run or apply are under way at once, perCluster how many of
// all of them. The API server's priority and fairness does the rest; client-go's own limit is off.
const (
	perCall    = 16
	perCluster = 64
)

// ClusterConfig tells how to reach a cluster.
type ClusterConfig struct {
	Name       string // by which targets and manifest.Place name it
	Kubeconfig string // path of a file; empty for the service account of the pod that the portal runs in
	Context    string // of the file; empty for its current one
}

// Options are what all clusters share.
type Options struct {
	Log *slog.Logger // nil logs nothing
}

// Clusters are the configured clusters. A process makes one, because connections and discovery are
// shared through it. It may be used from several goroutines.
type Clusters struct {
	byName map[string]*cluster
	log    *slog.Logger
}

// New prepares to speak to the clusters. It reads configuration and does not connect, so a cluster
// that is away is not an error here; see Check.
func New(_ context.Context, configs []ClusterConfig, opts Options) (*Clusters, error) {
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	all := &Clusters{byName: map[string]*cluster{}, log: log}
	for _, c := range configs {
		if c.Name == "" {
			return nil, errors.New("a cluster has no name")
		}
		if all.byName[c.Name] != nil {
			return nil, fmt.Errorf("the cluster %s is configured twice", c.Name)
		}
		one, err := newCluster(c, log.With("cluster", c.Name))
		if err != nil {
			return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
		}
		all.byName[c.Name] = one
	}
	return all, nil
}

// Names are the clusters' names in alphabetical order.
func (cs *Clusters) Names() []string {
	names := make([]string, 0, len(cs.byName))
	for n := range cs.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Check tells whether a cluster answers and knows the portal's account. The error wraps
// manifest.ErrClusterAway if it does not answer.
func (cs *Clusters) Check(ctx context.Context, name string) error {
	c, err := cs.cluster(name)
	if err != nil {
		return err
	}
	return c.ready(ctx)
}

// Version tells the cluster's version and its APIs. It is remembered for a while, so that rendering
// works while a cluster is away. The error wraps manifest.ErrClusterAway if it was never reached.
func (cs *Clusters) Version(ctx context.Context, name string) (manifest.ClusterVersion, error) {
	c, err := cs.cluster(name)
	if err != nil {
		return manifest.ClusterVersion{}, err
	}
	return c.discovery.version(ctx)
}

// Close drops the idle connections to all clusters.
func (cs *Clusters) Close() {
	for _, c := range cs.byName {
		c.transport.CloseIdleConnections()
	}
}

func (cs *Clusters) cluster(name string) (*cluster, error) {
	if c := cs.byName[name]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("kube: the cluster %q is not configured", name)
}
