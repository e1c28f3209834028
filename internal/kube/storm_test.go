package kube_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// expired is what a watch is told whose place in the history the API server has forgotten
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses).
const expired = `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}}`

// A watch that is told that it comes too late lists anew, and misses nothing that happened meanwhile.
func TestWatchThatComesTooLate(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", api))
	m := newMeddler(t, s.world)
	var late, told atomic.Int32
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("watch") == "" || late.Load() == 0 {
			return false
		}
		if late.Add(-1) < 0 {
			late.Store(0)
			return false
		}
		told.Add(1)
		w.Header().Set("Content-Type", "application/json;stream=watch")
		fmt.Fprintln(w, expired)
		return true
	}
	s.cs = s.portal(t, s.kubeconfig(t, m.URL, m.ca()))
	hub, _ := s.watch()
	s.awaitStatus(hub, "three pods", ready(3))

	late.Store(60) // all kinds, twice
	m.CloseClientConnections()
	s.scale("1")
	s.awaitStatus(hub, "what happened meanwhile", ready(1))
	s.eventually("that watches were too late", func() bool { return told.Load() > 0 })
	s.scale("2")
	s.awaitStatus(hub, "what happens from then on", ready(2))
}

const flapper = `apiVersion: v1
kind: Pod
metadata: {name: flapper}
spec: {schedulerName: nobody, containers: [{name: c, image: registry.example.com/c:1}]}`

func (s *stage) flap(ready bool, restarts int) {
	s.t.Helper()
	word := map[bool]string{true: "True", false: "False"}[ready]
	at := time.Now().UTC().Format(time.RFC3339)
	patch := fmt.Sprintf(`{"status": {"phase": "Running", "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": %q, "lastTransitionTime": %q}],
		"containerStatuses": [{"name": "c", "image": "c", "imageID": "", "ready": %t, "started": true, "restartCount": %d, "state": {"running": {"startedAt": %q}}}]}}`, word, at, ready, restarts, at)
	if _, err := s.admin.CoreV1().Pods(s.place.Namespace).Patch(s.t.Context(), "flapper", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status"); err != nil {
		s.t.Fatal(err)
	}
}

// A pod that gets ready and unready all the time costs no more than ten states a second, and the last one
// is the true one.
func TestPodThatFlaps(t *testing.T) {
	s := newStage(t)
	s.adminDoes("platform", "shop", flapper)
	hub, _ := s.watch()
	s.awaitStatus(hub, "the pod", func(n status.Snapshot) bool { return n.Synced && n.Objects == 1 })
	first, _ := hub.Latest(s.key("shop"))
	start := time.Now()
	const flaps = 150
	for i := range flaps {
		s.flap(i%2 == 1, i)
	}
	last := s.awaitStatus(hub, "the last state", func(n status.Snapshot) bool {
		return n.Verdict == status.Ready && len(n.Pods) == 1 && n.Pods[0].Containers[0].Restarts == flaps-1
	})
	end, _ := hub.Latest(s.key("shop"))
	if states, most := end.Seq-first.Seq, uint64(time.Since(start)/(100*time.Millisecond))+2; states > most {
		t.Errorf("%d states of %d flaps in %v, more than one in a tenth of a second", states, flaps, time.Since(start))
	}
	if len(last.Wrong) != 0 {
		t.Errorf("a pod that is ready: %+v", last.Wrong)
	}
}

// viewers is how many look at one application.
const viewers = 200

// What one change of an object costs until all who look at it have been told: through one watch and the hub,
// and beside it what a person would use instead, a watch of each viewer's own (kubectl get --watch).
func BenchmarkViewers(b *testing.B) {
	for name, begin := range map[string]func(*testing.B, *stage) (wait func()){
		"hub":     throughTheHub,
		"watches": throughWatches,
	} {
		b.Run(fmt.Sprintf("%s/%d", name, viewers), func(b *testing.B) {
			s := newStage(b)
			s.apply("shop", s.set("shop", settings))
			wait := begin(b, s)
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				time.Sleep(150 * time.Millisecond) // more than the hub's pause between two states
				to := fmt.Sprintf("v%d", i)
				b.StartTimer()
				start := time.Now()
				patch := fmt.Sprintf(`{"metadata": {"labels": {"app.kubernetes.io/component": %q}}}`, to)
				if _, err := s.admin.CoreV1().ConfigMaps(s.place.Namespace).Patch(b.Context(), settingsRef.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
					b.Fatal(err)
				}
				wait()
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}

// crowd waits until each of the viewers has seen something new in a round.
type crowd struct {
	round atomic.Int64
	seen  sync.WaitGroup
}

// wait ends a round, and begins the next one.
func (c *crowd) wait() {
	c.seen.Wait()
	c.begin()
}

func (c *crowd) begin() {
	c.seen.Add(viewers)
	c.round.Add(1)
}

// viewer gives what one viewer calls for each thing that it sees.
func (c *crowd) viewer() func() {
	var last int64
	return func() {
		if now := c.round.Load(); now != last {
			last = now
			c.seen.Done()
		}
	}
}

func throughTheHub(b *testing.B, s *stage) func() {
	hub, _ := s.watch()
	s.awaitStatus(hub, "the ConfigMap", func(n status.Snapshot) bool { return n.Objects > 0 })
	c := new(crowd)
	c.begin()
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	for range viewers {
		sub := hub.Subscribe(s.key("shop"))
		b.Cleanup(sub.Close)
		saw := c.viewer()
		go func() {
			for {
				if _, err := sub.Next(ctx); err != nil {
					return
				}
				saw()
			}
		}()
	}
	return c.wait
}

func throughWatches(b *testing.B, s *stage) func() {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		b.Fatal(err)
	}
	c := new(crowd)
	c.begin()
	for range viewers {
		w, err := client.CoreV1().ConfigMaps(s.place.Namespace).Watch(b.Context(), metav1.ListOptions{LabelSelector: manifest.LabelApp + "=shop"})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(w.Stop)
		saw := c.viewer()
		go func() {
			for e := range w.ResultChan() {
				if e.Type == "MODIFIED" {
					saw()
				}
			}
		}()
	}
	return c.wait
}
