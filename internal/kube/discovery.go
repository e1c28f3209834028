package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"

	"slipway.dev/slipway/internal/manifest"
)

// Discovery is asked again when a kind is unknown, but not more often than refreshMin, so that a
// template with a kind that does not exist cannot keep the API server busy; and when it is older than
// refreshMax, because clusters are upgraded.
const (
	refreshMin = 5 * time.Second
	refreshMax = 10 * time.Minute
	retryMin   = 500 * time.Millisecond // while there is no answer at all
)

// discoverer is the part of the discovery client that is used.
type discoverer interface {
	ServerGroupsAndResourcesWithContext(context.Context) ([]*metav1.APIGroup, []*metav1.APIResourceList, error)
}

// discovered remembers what kinds a cluster has.
type discovered struct {
	client  discoverer
	release func(context.Context) (string, error) // of Kubernetes; gives up soon
	now     func() time.Time

	mu      sync.Mutex // held while asking: whoever needs the answer waits for the one request
	at      time.Time  // of the last answer; zero before the first
	tried   time.Time
	err     error // of the last try
	mapper  meta.RESTMapper
	cluster manifest.ClusterVersion
}

// resource is where objects of a kind are.
type resource struct {
	schema.GroupVersionResource
	namespaced bool
}

// resource finds where objects of a kind are. The error is a NoMatch of package meta if the cluster
// does not have the kind, and wraps manifest.ErrClusterAway if it could not be asked.
func (d *discovered) resource(ctx context.Context, gvk schema.GroupVersionKind) (resource, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx, refreshMax); err != nil {
		return resource{}, err
	}
	m, err := d.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		if err := d.refresh(ctx, refreshMin); err != nil {
			return resource{}, err
		}
		m, err = d.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return resource{}, err
	}
	return resource{m.Resource, m.Scope.Name() == meta.RESTScopeNameNamespace}, nil
}

func (d *discovered) version(ctx context.Context) (manifest.ClusterVersion, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refresh(ctx, refreshMax); err != nil {
		return manifest.ClusterVersion{}, err
	}
	return manifest.ClusterVersion{Kube: d.cluster.Kube, APIs: slices.Clone(d.cluster.APIs)}, nil
}

// refresh asks again if the last answer is older than age. An old answer is better than none: it
// fails only if there was never one.
func (d *discovered) refresh(ctx context.Context, age time.Duration) error {
	now := d.now()
	known := !d.at.IsZero()
	switch {
	case known && (now.Sub(d.at) < age || now.Sub(d.tried) < refreshMin):
		return nil
	case !known && now.Sub(d.tried) < retryMin: // those who waited for the one request share its answer
		return d.err
	}
	if d.err = d.ask(ctx); d.err != nil {
		d.err = fmt.Errorf("%w: %w", manifest.ErrClusterAway, d.err)
	}
	d.tried = d.now()
	if d.err == nil {
		d.at = d.tried
	} else if !known {
		return d.err
	}
	return nil
}

func (d *discovered) ask(ctx context.Context) error {
	release, err := d.release(ctx)
	if err != nil {
		return err
	}
	groups, lists, err := d.client.ServerGroupsAndResourcesWithContext(ctx)
	var partly *discovery.ErrGroupDiscoveryFailed
	if err != nil && !errors.As(err, &partly) { // an aggregated API that is down takes only its own kinds with it
		return err
	}
	d.cluster = manifest.ClusterVersion{Kube: release, APIs: apis(lists)}
	d.mapper = restmapper.NewDiscoveryRESTMapper(grouped(groups, lists))
	return nil
}

// apis lists what Helm calls the capabilities: "apps/v1" and "apps/v1/Deployment".
func apis(lists []*metav1.APIResourceList) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l.GroupVersion)
		for _, r := range l.APIResources {
			if !strings.Contains(r.Name, "/") {
				out = append(out, l.GroupVersion+"/"+r.Kind)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func grouped(groups []*metav1.APIGroup, lists []*metav1.APIResourceList) []*restmapper.APIGroupResources {
	byVersion := map[string][]metav1.APIResource{}
	for _, l := range lists {
		byVersion[l.GroupVersion] = l.APIResources
	}
	var out []*restmapper.APIGroupResources
	for _, g := range groups {
		r := &restmapper.APIGroupResources{Group: *g, VersionedResources: map[string][]metav1.APIResource{}}
		for _, v := range g.Versions {
			if rs, ok := byVersion[v.GroupVersion]; ok {
				r.VersionedResources[v.Version] = rs
			}
		}
		out = append(out, r)
	}
	return out
}
