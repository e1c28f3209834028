package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/manifest"
)

func event(ns, object, id string, at time.Time) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: ns, UID: types.UID(id)},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Name: object, Namespace: ns},
		Type:           corev1.EventTypeWarning, Reason: "BackOff", Count: 3, LastTimestamp: metav1.NewTime(at),
	}
}

func pod(ns, name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{manifest.LabelApp: "shop"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i", Env: []corev1.EnvVar{{Name: "TOKEN", Value: "hunter2"}}}}},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEventsAreBounded(t *testing.T) {
	var told []about
	e := newEvents(func(ns string) bool { return ns == "ours" }, func(a about) { told = append(told, a) }, func() {})
	start := time.Now()
	for i := range 3 * eventsPerObject {
		must(t, e.Add(event("ours", "p", fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))))
		must(t, e.Add(event("theirs", "p", fmt.Sprint(i), start)))
	}
	u, err := slim(pod("ours", "p"), corev1.SchemeGroupVersion.WithKind("Pod"))
	must(t, err)
	got := e.on(u)
	if len(got) != eventsPerObject || !got[len(got)-1].Time.Equal(start.Add((3*eventsPerObject-1)*time.Second)) || e.count != eventsPerObject || len(e.of) != 1 {
		t.Errorf("%d kept, counted %d, of %d objects", len(got), e.count, len(e.of))
	}
	if len(told) != 3*eventsPerObject {
		t.Errorf("told of %d events", len(told))
	}
	last := event("ours", "p", fmt.Sprint(3*eventsPerObject-1), start.Add(time.Hour))
	last.Count = 9
	must(t, e.Update(last))
	if got := e.on(u); len(got) != eventsPerObject || got[len(got)-1].Count != 9 {
		t.Errorf("an event that happened again: %+v", got)
	}
	for i := range 3 * eventsPerObject {
		must(t, e.Delete(event("ours", "p", fmt.Sprint(i), start)))
	}
	if e.count != 0 || len(e.of) != 0 {
		t.Errorf("%d left", e.count)
	}
	for i := range eventsPerPlace + 100 {
		must(t, e.Add(event("ours", fmt.Sprint(i), fmt.Sprint(i), start)))
	}
	if e.count > eventsPerPlace || len(e.of) != e.count {
		t.Errorf("%d events of %d objects in a storm", e.count, len(e.of))
	}
	must(t, e.Replace([]any{event("ours", "p", "1", start)}, "1"))
	if e.count != 1 {
		t.Errorf("%d after a new list", e.count)
	}
}

func TestTableKeepsWhatIsShown(t *testing.T) {
	changes, lists := map[string]int{}, 0
	table := newTable(corev1.SchemeGroupVersion.WithKind("Pod"), manifest.Object.GetNamespace, func(ns, app string) { changes[ns+"/"+app]++ }, func() { lists++ })
	must(t, table.Replace([]any{pod("ours", "a"), pod("ours", "b")}, "1"))
	if got := table.of("ours", "shop"); len(got) != 2 || lists != 1 || changes["ours/shop"] != 1 {
		t.Fatalf("%d objects, %d lists, changes %v", len(got), lists, changes)
	}
	u := table.of("ours", "shop")[0]
	if text, _ := u.MarshalJSON(); u.GetKind() != "Pod" || u.GetAPIVersion() != "v1" || contains(text, "hunter2") || !contains(text, `"image":"i"`) {
		t.Errorf("%s", text)
	}
	moved := pod("ours", "a")
	moved.Labels[manifest.LabelApp] = "other"
	must(t, table.Update(moved))
	if changes["ours/shop"] != 2 || changes["ours/other"] != 1 || len(table.of("ours", "shop")) != 1 {
		t.Errorf("an object that changed hands: %v", changes)
	}
	must(t, table.Delete(pod("ours", "b")))
	if changes["ours/shop"] != 3 || len(table.of("ours", "shop")) != 0 {
		t.Errorf("an object that went: %v", changes)
	}
	must(t, table.Replace(nil, "2"))
	if changes["ours/other"] != 2 || len(table.objects.List()) != 0 {
		t.Errorf("all went while nobody looked: %v", changes)
	}
}

func contains(text []byte, part string) bool { return bytes.Contains(text, []byte(part)) }

func TestSlimReplicaSet(t *testing.T) {
	rs := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: corev1.PodTemplateSpec{Spec: pod("a", "b").Spec}}}
	u, err := slim(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	must(t, err)
	if text, _ := u.MarshalJSON(); contains(text, "hunter2") {
		t.Errorf("%s", text)
	}
}

func TestLink(t *testing.T) {
	var told atomic.Int32
	l := newLink(func(context.Context) error { return nil }, func() { told.Add(1) })
	l.expect("Pod")
	if ok, _, err := l.state(); ok || !errors.Is(err, errNotAsked) || l.settled() {
		t.Errorf("before anything: %v %v", ok, err)
	}
	l.reached(nil)
	if ok, _, err := l.state(); ok || err != nil {
		t.Errorf("reached, not listed: %v %v", ok, err)
	}
	l.hasListed("Pod")
	if ok, _, err := l.state(); !ok || err != nil || !l.settled() || told.Load() != 1 {
		t.Errorf("listed: %v %v, told %d times", ok, err, told.Load())
	}
	forbidden := answer(403, "no")
	l.watched("Pod", forbidden)
	if ok, _, err := l.state(); ok || !errors.Is(err, forbidden) || told.Load() != 2 {
		t.Errorf("a watch that is refused: %v %v, told %d times", ok, err, told.Load())
	}
	l.watched("Pod", nil)
	l.reached(errors.New("away"))
	if ok, _, err := l.state(); ok || err == nil {
		t.Errorf("away: %v %v", ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the gate is open while the cluster is away: %v", err)
	}
	l.reached(nil)
	if err := l.wait(t.Context()); err != nil {
		t.Errorf("the gate is shut: %v", err)
	}
}
