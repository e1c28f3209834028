package kube

import (
	"cmp"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// Bounds of what is remembered of one cluster's events. The API server itself forgets them after an
// hour or so.
const (
	eventsPerObject = 10
	eventsPerPlace  = 20_000
)

// about is what an event is about.
type about struct{ namespace, kind, name string }

// reported is one event.
type reported struct {
	id     types.UID // of the event, which is updated when the same thing happens again
	object types.UID
	event  status.Event
}

// events holds the newest events about objects in the namespaces that the portal looks after. Events
// carry no labels, so they cannot be selected by application.
type events struct {
	keep    func(namespace string) bool
	changed func(about)
	listed  func()

	mu    sync.RWMutex
	of    map[about][]reported // oldest first
	count int
}

func newEvents(keep func(string) bool, changed func(about), listed func()) *events {
	return &events{keep: keep, changed: changed, listed: listed, of: map[about][]reported{}}
}

// on gives the events about an object.
func (e *events) on(u manifest.Object) []status.Event {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var out []status.Event
	for _, r := range e.of[about{u.GetNamespace(), u.GetKind(), u.GetName()}] {
		if r.object == "" || r.object == u.GetUID() { // not of a former object of the name
			out = append(out, r.event)
		}
	}
	return out
}

// Add implements cache.ReflectorStore.
func (e *events) Add(o any) error {
	ev, ok := o.(*corev1.Event)
	if !ok || !e.keep(ev.Namespace) {
		return nil
	}
	a, r := read(ev)
	e.mu.Lock()
	e.put(a, r)
	e.mu.Unlock()
	e.changed(a)
	return nil
}

func (e *events) put(a about, r reported) {
	list := e.without(a, r.id)
	at := len(list)
	for at > 0 && list[at-1].event.Time.After(r.event.Time) {
		at--
	}
	list = append(list[:at:at], append([]reported{r}, list[at:]...)...)
	e.count++
	if extra := len(list) - eventsPerObject; extra > 0 {
		list, e.count = list[extra:], e.count-extra
	}
	e.of[a] = list
	for other, theirs := range e.of {
		if e.count <= eventsPerPlace {
			break
		}
		if other != a { // any one: in such a storm all of it is noise
			e.count -= len(theirs)
			delete(e.of, other)
		}
	}
}

// without gives the events about a but one, which is no longer counted.
func (e *events) without(a about, id types.UID) []reported {
	list := e.of[a]
	for i, r := range list {
		if r.id == id {
			e.count--
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// Update implements cache.ReflectorStore.
func (e *events) Update(o any) error { return e.Add(o) }

// Delete implements cache.ReflectorStore. The API server deletes what is old, which changes nothing
// that a page would have to be made anew for.
func (e *events) Delete(o any) error {
	ev, ok := o.(*corev1.Event)
	if !ok || !e.keep(ev.Namespace) {
		return nil
	}
	a, r := read(ev)
	e.mu.Lock()
	defer e.mu.Unlock()
	if list := e.without(a, r.id); len(list) > 0 {
		e.of[a] = list
	} else {
		delete(e.of, a)
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (e *events) Replace(list []any, _ string) error {
	e.mu.Lock()
	e.of, e.count = map[about][]reported{}, 0
	for _, o := range list {
		if ev, ok := o.(*corev1.Event); ok && e.keep(ev.Namespace) {
			e.put(read(ev))
		}
	}
	var all []about
	for a := range e.of {
		all = append(all, a)
	}
	e.mu.Unlock()
	e.listed()
	for _, a := range all {
		e.changed(a)
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (e *events) Resync() error { return nil }

// read takes from an event what is shown.
func read(ev *corev1.Event) (about, reported) {
	o := ev.InvolvedObject
	gvk := o.GroupVersionKind()
	r := reported{id: ev.UID, object: o.UID, event: status.Event{
		Time:   eventTime(ev),
		First:  cmp.Or(ev.FirstTimestamp.Time, ev.EventTime.Time),
		Word:   status.Progressing,
		Object: manifest.Ref{Group: gvk.Group, Version: gvk.Version, Kind: o.Kind, Name: o.Name},
		Reason: ev.Reason, Message: ev.Message, Count: max(ev.Count, 1),
	}}
	if ev.Type == corev1.EventTypeWarning {
		r.event.Word = status.Failed
	}
	if ev.Series != nil {
		r.event.Count = max(r.event.Count, ev.Series.Count)
	}
	return about{ev.Namespace, o.Kind, o.Name}, r
}

// eventTime is when it last happened. Which field says so depends on who reported it.
func eventTime(ev *corev1.Event) time.Time {
	t := ev.CreationTimestamp.Time
	for _, other := range []time.Time{ev.FirstTimestamp.Time, ev.EventTime.Time, ev.LastTimestamp.Time} {
		if other.After(t) {
			t = other
		}
	}
	if ev.Series != nil && ev.Series.LastObservedTime.After(t) {
		t = ev.Series.LastObservedTime.Time
	}
	return t
}
