package kube

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Bounds of what is looked up for one plan. What is over is not known.
const (
	factsWait  = 2 * time.Second
	factsLimit = 100
	nodesKept  = 20 * time.Second
)

// Facts looks up what wanted asks for. Secrets, ConfigMaps, claims and Services are read with the team's rights,
// so that nobody learns here what there is elsewhere; of Secrets only the keys are kept. Nodes and
// storage classes are read by the portal itself. It takes two seconds at most, and what could not be read
// by then, or at all, is not in the answer.
func (cs *Clusters) Facts(ctx context.Context, as policy.Acting, place manifest.Place, wanted manifest.Wanted) manifest.Facts {
	c, err := cs.cluster(place.Cluster)
	if err != nil {
		return manifest.Facts{}
	}
	team, err := c.as(as)
	if err != nil {
		return manifest.Facts{}
	}
	ctx, cancel := context.WithTimeout(ctx, factsWait)
	defer cancel()
	l := &lookup{cluster: c, team: team, place: place, as: as, facts: manifest.Facts{Services: map[manifest.Ref]manifest.Service{}, Keyed: map[manifest.Ref]manifest.Keyed{}}}
	var g errgroup.Group
	g.SetLimit(perCall)
	for _, ref := range wanted.Services[:min(len(wanted.Services), factsLimit)] {
		g.Go(func() error { l.service(ctx, ref); return nil })
	}
	for _, ref := range wanted.Keyed[:min(len(wanted.Keyed), factsLimit)] {
		g.Go(func() error { l.keyed(ctx, ref); return nil })
	}
	if wanted.Nodes {
		g.Go(func() error { l.nodes(ctx); return nil })
	}
	if wanted.StorageClasses {
		g.Go(func() error { l.classes(ctx); return nil })
	}
	_ = g.Wait()
	return l.facts
}

// lookup is one call of Facts.
type lookup struct {
	cluster *cluster
	team    *session
	place   manifest.Place
	as      policy.Acting

	mu    sync.Mutex
	facts manifest.Facts
}

func (l *lookup) learn(put func(*manifest.Facts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	put(&l.facts)
}

// read reads an object as the team. known is false if it cannot be told whether it exists.
func (l *lookup) read(ctx context.Context, ref manifest.Ref, into any) (exists, known bool) {
	give, err := l.cluster.slots.take(ctx)
	if err != nil {
		return false, false
	}
	defer give()
	err = l.team.getInto(ctx, l.place.Namespace, ref, into)
	return err == nil, err == nil || gone(err)
}

func (l *lookup) service(ctx context.Context, ref manifest.Ref) {
	var s corev1.Service
	exists, known := l.read(ctx, ref, &s)
	if !known {
		return
	}
	out := manifest.Service{Exists: exists, External: s.Spec.Type == corev1.ServiceTypeExternalName || s.Spec.ClusterIP == corev1.ClusterIPNone}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, p.Port)
	}
	l.learn(func(f *manifest.Facts) { f.Services[ref] = out })
}

func (l *lookup) keyed(ctx context.Context, ref manifest.Ref) {
	var o keyed
	exists, known := l.read(ctx, ref, &o)
	if !known {
		return
	}
	maps.Copy(o.Data.ready(), o.BinaryData)
	l.learn(func(f *manifest.Facts) {
		f.Keyed[ref] = manifest.Keyed{Exists: exists, Keys: slices.Sorted(maps.Keys(o.Data))}
	})
}

func (l *lookup) classes(ctx context.Context) {
	own, err := l.cluster.own()
	if err != nil {
		return
	}
	all, err := listOf[storagev1.StorageClass](ctx, own, kindRef("storage.k8s.io", "v1", "StorageClass"), "", nil)
	if err != nil {
		return
	}
	names := []string{}
	for _, s := range all {
		names = append(names, s.Name)
	}
	l.learn(func(f *manifest.Facts) { f.StorageClasses = names })
}

// nodes are remembered for a while: a node is a large object, and there may be many.
func (l *lookup) nodes(ctx context.Context) {
	own, err := l.cluster.own()
	if err != nil {
		return
	}
	all, err := l.cluster.known.nodes(ctx, own)
	if err == nil {
		l.learn(func(f *manifest.Facts) { f.Nodes = all })
	}
}

// knownNodes remembers the nodes of a cluster. Whoever asks meanwhile waits for the one request.
type knownNodes struct {
	mu    sync.Mutex
	all   []manifest.Node
	until time.Time
}

func (k *knownNodes) nodes(ctx context.Context, own *session) ([]manifest.Node, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Now().Before(k.until) {
		return k.all, nil
	}
	all, err := listOf[corev1.Node](ctx, own, kindRef("", "v1", "Node"), "", nil)
	if err != nil {
		return nil, err
	}
	k.all, k.until = []manifest.Node{}, time.Now().Add(nodesKept)
	for i := range all {
		k.all = append(k.all, nodeOf(&all[i]))
	}
	return k.all, nil
}

func nodeOf(n *corev1.Node) manifest.Node {
	out := manifest.Node{Name: n.Name, Labels: n.Labels, CPU: *n.Status.Allocatable.Cpu(), Memory: *n.Status.Allocatable.Memory()}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			out.Ready = !n.Spec.Unschedulable
		}
	}
	return out
}
