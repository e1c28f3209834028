package kube

import "time"

// SetGateGrace lets a test wait less for a Job that the cluster does not end.
func SetGateGrace(d time.Duration) (reset func()) {
	was := gateGrace
	gateGrace = d
	return func() { gateGrace = was }
}

// AskExtensionsAgain sets how soon a cluster is asked again for a kind that it did not have.
func (w *Watcher) AskExtensionsAgain(d time.Duration) {
	for _, f := range w.feeds {
		f.extensions.mu.Lock()
		f.extensions.again = d
		f.extensions.mu.Unlock()
	}
}

// Extensions lists the kinds of extensions that are watched in a cluster.
func (w *Watcher) Extensions(cluster string) []string {
	var out []string
	for _, e := range w.feeds[cluster].extensions.all() {
		out = append(out, e.namespace+"/"+e.GroupVersionKind.String())
	}
	return out
}
