package kube

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
)

// byHost is the index by which the Ingresses of a host are found.
const byHost = "host"

// unlabelled chooses all objects of a kind, whoever they belong to.
func unlabelled(*metav1.ListOptions) {}

// indexHosts makes the Ingresses of a table findable by host.
func indexHosts(t *table) error {
	return t.objects.AddIndexers(cache.Indexers{byHost: func(o any) ([]string, error) {
		u, ok := o.(manifest.Object)
		if !ok {
			return nil, fmt.Errorf("%T is not an object", o)
		}
		var hosts []string
		for _, s := range manifest.ServedBy(u) {
			hosts = append(hosts, s.Host)
		}
		return hosts, nil
	}})
}

// Serving lists what the Ingresses of a cluster serve at a host, in all namespaces and whoever they
// belong to. It reads what is watched anyway and asks nobody. known is false while that is not up to
// date, and then the answer proves nothing.
func (w *Watcher) Serving(cluster, host string) (served []manifest.Served, known bool) {
	f := w.feeds[cluster]
	if f == nil {
		return nil, false
	}
	synced, _, _ := f.link.state()
	found, err := f.tables["Ingress"].objects.ByIndex(byHost, host)
	if err != nil {
		return nil, false
	}
	for _, o := range found {
		u, ok := o.(manifest.Object)
		if !ok {
			continue
		}
		for _, s := range manifest.ServedBy(u) {
			if s.Host == host {
				served = append(served, s)
			}
		}
	}
	return served, synced
}
