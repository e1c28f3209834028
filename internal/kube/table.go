package kube

import (
	"fmt"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
)

// table holds the live objects of one kind, without what no page shows. It is what a reflector writes
// to; there is no queue of changes in between, because only the newest state of an application
// matters.
type table struct {
	gvk     schema.GroupVersionKind
	home    func(manifest.Object) string // the namespace of the application that an object belongs to
	objects cache.Indexer
	changed func(namespace, app string)
	listed  func()
	seen    atomic.Bool // that it was listed once
}

// byApp is the index by which an application's objects are found.
const byApp = "app"

func newTable(gvk schema.GroupVersionKind, home func(manifest.Object) string, changed func(namespace, app string), listed func()) *table {
	return &table{
		gvk: gvk, home: home, changed: changed, listed: listed,
		objects: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{byApp: func(o any) ([]string, error) {
			u, ok := o.(manifest.Object)
			if !ok {
				return nil, fmt.Errorf("%T is not an object", o)
			}
			return []string{appIndex(home(u), u.GetLabels()[manifest.LabelApp])}, nil
		}}),
	}
}

func appIndex(namespace, app string) string { return namespace + "/" + app }

// of gives the objects of an application. They are only to be read.
func (t *table) of(namespace, app string) []manifest.Object {
	found, err := t.objects.ByIndex(byApp, appIndex(namespace, app))
	if err != nil {
		return nil
	}
	out := make([]manifest.Object, 0, len(found))
	for _, o := range found {
		if u, ok := o.(manifest.Object); ok {
			out = append(out, u)
		}
	}
	return out
}

// app tells which application an object belongs to, and in which namespace that is; empty if it is not
// known.
func (t *table) app(namespace, name string) (home, app string) {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	o, ok, err := t.objects.GetByKey(key)
	if u, is := o.(manifest.Object); err == nil && ok && is {
		return t.home(u), u.GetLabels()[manifest.LabelApp]
	}
	return "", ""
}

// Add implements cache.ReflectorStore.
func (t *table) Add(o any) error {
	u, err := slim(o, t.gvk)
	if err != nil {
		return err
	}
	wasHome, was := t.app(u.GetNamespace(), u.GetName())
	if err := t.objects.Add(u); err != nil {
		return err
	}
	home, is := t.home(u), u.GetLabels()[manifest.LabelApp]
	t.changed(home, is)
	if was != "" && (was != is || wasHome != home) {
		t.changed(wasHome, was)
	}
	return nil
}

// Update implements cache.ReflectorStore.
func (t *table) Update(o any) error { return t.Add(o) }

// Delete implements cache.ReflectorStore.
func (t *table) Delete(o any) error {
	m, err := meta.Accessor(o)
	if err != nil {
		return err
	}
	home, was := t.app(m.GetNamespace(), m.GetName())
	u := new(unstructured.Unstructured)
	u.SetNamespace(m.GetNamespace())
	u.SetName(m.GetName())
	err = t.objects.Delete(u)
	if was != "" {
		t.changed(home, was)
	}
	return err
}

// Replace implements cache.ReflectorStore.
func (t *table) Replace(list []any, version string) error {
	touched := map[[2]string]bool{}
	note := func(u manifest.Object) { touched[[2]string{t.home(u), u.GetLabels()[manifest.LabelApp]}] = true }
	for _, o := range t.objects.List() {
		if u, ok := o.(manifest.Object); ok {
			note(u)
		}
	}
	objects := make([]any, 0, len(list))
	for _, o := range list {
		u, err := slim(o, t.gvk)
		if err != nil {
			return err
		}
		note(u)
		objects = append(objects, u)
	}
	if err := t.objects.Replace(objects, version); err != nil {
		return err
	}
	t.seen.Store(true)
	t.listed()
	for k := range touched {
		t.changed(k[0], k[1])
	}
	return nil
}

// Resync implements cache.ReflectorStore. There is nothing to do: nobody waits for a repetition.
func (t *table) Resync() error { return nil }

// slim converts a typed object to what status.Evaluate reads, without what is large and not shown:
// managed fields, environment variables, volumes and the like.
func slim(o any, gvk schema.GroupVersionKind) (manifest.Object, error) {
	m, err := meta.Accessor(o)
	if err != nil {
		return nil, err
	}
	m.SetManagedFields(nil)
	if a := m.GetAnnotations(); a[corev1.LastAppliedConfigAnnotation] != "" {
		delete(a, corev1.LastAppliedConfigAnnotation)
	}
	switch t := o.(type) {
	case *corev1.Pod:
		slimPod(&t.Spec)
	case *appsv1.ReplicaSet:
		slimPod(&t.Spec.Template.Spec)
	case *networkingv1.Ingress:
		slimIngress(t)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(gvk)
	return u, nil
}

// slimIngress keeps of an Ingress that is no application's what it serves.
func slimIngress(i *networkingv1.Ingress) {
	if i.Labels[manifest.LabelApp] != "" {
		return
	}
	const class = "kubernetes.io/ingress.class"
	kept := map[string]string{}
	if c, ok := i.Annotations[class]; ok {
		kept[class] = c
	}
	i.Labels, i.Annotations, i.Spec.TLS, i.Status = nil, kept, nil, networkingv1.IngressStatus{}
}

func slimPod(s *corev1.PodSpec) {
	s.Volumes, s.Tolerations, s.Affinity, s.TopologySpreadConstraints, s.HostAliases = nil, nil, nil, nil, nil
	for _, list := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			c := &list[i]
			c.Env, c.EnvFrom, c.VolumeMounts, c.Command, c.Args, c.SecurityContext = nil, nil, nil, nil, nil, nil
		}
	}
}

var (
	_ cache.ReflectorStore = (*table)(nil)
	_ cache.ReflectorStore = (*events)(nil)
)
