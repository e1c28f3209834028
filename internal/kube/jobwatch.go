package kube

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// jobWatch is what is known of one Job and its pods while somebody waits for it. It is fed by watches of the
// Job, of its pods, and of what goes wrong with pods of the namespace. They heal by themselves when they
// are cut; nothing is asked again and again.
type jobWatch struct {
	uid    types.UID // of the Job
	woke   chan struct{}
	events *events

	mu   sync.Mutex
	job  manifest.Object // nil until it was listed, and when it is gone
	seen bool            // jobs were listed
	pods map[types.UID]*watchedPod
}

// watchedPod is a pod of the Job. When a Job is ended its pods are deleted, and with them goes what they
// suffered from; so what they were like before is kept.
type watchedPod struct {
	alive manifest.Object // as last seen before it was on its way out
	gone  bool            // it is on its way out, or is no more
}

// watchJob begins to watch a Job in the namespace where it is, which lasts until ctx ends. The portal watches for
// itself, as it does for live pages.
func (c *cluster) watchJob(ctx context.Context, namespace, name string, uid types.UID) (*jobWatch, error) {
	v := &jobWatch{uid: uid, woke: make(chan struct{}, 1), pods: map[types.UID]*watchedPod{}}
	jobs := watchedKind{gv: batchv1.SchemeGroupVersion, kind: "Job", resource: "jobs", example: &batchv1.Job{}}
	pods := watchedKind{gv: corev1.SchemeGroupVersion, kind: "Pod", resource: "pods", example: &corev1.Pod{}}
	one := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
	}
	v.events = newEvents(func(string) bool { return true }, func(about) { v.wake() }, func() {})
	bad := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.Set{"involvedObject.kind": "Pod", "type": corev1.EventTypeWarning}.String()
	}
	its := func(o *metav1.ListOptions) {
		o.LabelSelector = labels.Set{batchv1.ControllerUidLabel: string(uid)}.String()
	}
	if err := c.feed(ctx, jobs, namespace, one, jobsOf{v}); err != nil {
		return nil, err
	}
	if err := c.feed(ctx, pods, namespace, its, podsOf{v}); err != nil {
		return nil, err
	}
	reported := watchedKind{gv: corev1.SchemeGroupVersion, kind: "Event", resource: "events", example: &corev1.Event{}}
	return v, c.feed(ctx, reported, namespace, bad, v.events)
}

// feed lists and watches objects of one namespace into a store, until ctx ends.
func (c *cluster) feed(ctx context.Context, k watchedKind, namespace string, choose func(*metav1.ListOptions), into cache.ReflectorStore) error {
	src, err := c.sourceIn(k, namespace, choose)
	if err != nil {
		return err
	}
	log := logr.FromSlogHandler(c.log.Handler())
	r := cache.NewReflectorWithOptions(src, nil, into, cache.ReflectorOptions{
		Name: c.name + "/" + namespace + "/" + k.resource, TypeDescription: k.kind, Logger: &log,
		Backoff: &wait.Backoff{Duration: 200 * time.Millisecond, Cap: 5 * time.Second, Steps: 10, Factor: 2, Jitter: 0.5},
	})
	go r.RunWithContext(klog.NewContext(ctx, log))
	return nil
}

// now gives the Job, or nil if it is known not to be there any more; known is false until it was looked for.
func (v *jobWatch) now() (job manifest.Object, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.job, v.seen
}

// running are the pods that are there.
func (v *jobWatch) running() []manifest.Object {
	return v.each(func(p *watchedPod) bool { return !p.gone })
}

// all are the pods that were ever seen, each as it was before it was on its way out, oldest first.
func (v *jobWatch) all() []manifest.Object { return v.each(func(*watchedPod) bool { return true }) }

func (v *jobWatch) each(keep func(*watchedPod) bool) []manifest.Object {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []manifest.Object
	for _, p := range v.pods {
		if keep(p) {
			out = append(out, p.alive)
		}
	}
	slices.SortFunc(out, func(a, b manifest.Object) int {
		return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
	})
	return out
}

// about is what status is told of the Job, with those of its pods.
func (v *jobWatch) about(k status.Key, job manifest.Object, pods []manifest.Object) status.Input {
	in := status.Input{Key: k, Now: time.Now(), Objects: append([]manifest.Object{job}, pods...)}
	for _, p := range pods {
		in.Events = append(in.Events, v.events.on(p)...)
	}
	return in
}

func (v *jobWatch) wake() {
	select {
	case v.woke <- struct{}{}:
	default:
	}
}

// jobsOf takes what is seen of the Job.
type jobsOf struct{ *jobWatch }

// Add implements cache.ReflectorStore.
func (s jobsOf) Add(o any) error {
	u, err := slim(o, batchv1.SchemeGroupVersion.WithKind("Job"))
	if err != nil {
		return err
	}
	s.set(u)
	return nil
}

// set keeps the Job; one that was made in its place by somebody is another one.
func (s jobsOf) set(u manifest.Object) {
	s.mu.Lock()
	s.seen, s.job = true, nil
	if u != nil && u.GetUID() == s.uid {
		s.job = u
	}
	s.mu.Unlock()
	s.wake()
}

// Update implements cache.ReflectorStore.
func (s jobsOf) Update(o any) error { return s.Add(o) }

// Delete implements cache.ReflectorStore.
func (s jobsOf) Delete(any) error { s.set(nil); return nil }

// Replace implements cache.ReflectorStore.
func (s jobsOf) Replace(list []any, _ string) error {
	if len(list) == 0 {
		s.set(nil)
	}
	for _, o := range list {
		if err := s.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (s jobsOf) Resync() error { return nil }

// podsOf takes what is seen of the pods.
type podsOf struct{ *jobWatch }

// Add implements cache.ReflectorStore.
func (s podsOf) Add(o any) error {
	u, err := slim(o, corev1.SchemeGroupVersion.WithKind("Pod"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	p := s.pods[u.GetUID()]
	if p == nil {
		p = &watchedPod{alive: u}
		s.pods[u.GetUID()] = p
	}
	if p.gone = u.GetDeletionTimestamp() != nil; !p.gone {
		p.alive = u
	}
	s.mu.Unlock()
	s.wake()
	return nil
}

// Update implements cache.ReflectorStore.
func (s podsOf) Update(o any) error { return s.Add(o) }

// Delete implements cache.ReflectorStore.
func (s podsOf) Delete(o any) error {
	m, err := meta.Accessor(o)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if p := s.pods[m.GetUID()]; p != nil {
		p.gone = true
	}
	s.mu.Unlock()
	s.wake()
	return nil
}

// Replace implements cache.ReflectorStore.
func (s podsOf) Replace(list []any, _ string) error {
	s.mu.Lock()
	for _, p := range s.pods {
		p.gone = true
	}
	s.mu.Unlock()
	for _, o := range list {
		if err := s.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (s podsOf) Resync() error { return nil }
