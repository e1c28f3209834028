package kube_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/status"
)

// answering is a cluster whose API server gives one answer to everything.
func answering(t *testing.T, answer http.HandlerFunc) *kube.Clusters {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server.URL}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c"}},
		CurrentContext: "x",
	}, file); err != nil {
		t.Fatal(err)
	}
	cs, err := kube.New(t.Context(), []kube.ClusterConfig{{Name: "main", Kubeconfig: file}}, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cs.Close)
	return cs
}

func refuse(code int, reason string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `"}`))
	}
}

func TestUsageSaysWhyNothingIsKnown(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"not installed":  {refuse(404, "NotFound"), "has no metrics-server"},
		"not allowed":    {refuse(403, "Forbidden"), "may not read"},
		"does not serve": {refuse(503, "ServiceUnavailable"), "does not answer"},
		"talks nonsense": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"items": 5}`)) }, "does not answer"},
	} {
		got := answering(t, tc.answer).Usage(t.Context(), status.Key{Cluster: "main", Namespace: "pay", App: "shop"})
		if !strings.Contains(got.Problem, tc.want) || len(got.Used) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

const oneMeasured = `{"kind":"PodMetricsList","items":[{"metadata":{"name":"web-1","namespace":"pay"},"timestamp":"2026-11-21T14:00:00Z","window":"15s",
"containers":[{"name":"app","usage":{"cpu":"131456789n","memory":"184320Ki"}}]}]}`

// However many look at an application, its cluster is asked once in fifteen seconds; whoever cannot wait
// for the answer leaves the others waiting for it.
func TestUsageIsAskedOnce(t *testing.T) {
	var asked atomic.Int32
	var path atomic.Value
	begin := make(chan struct{})
	cs := answering(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		path.Store(r.URL.Path + "?" + r.URL.Query().Get("labelSelector"))
		<-begin
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(oneMeasured))
	})
	key := status.Key{Cluster: "main", Namespace: "pay", App: "shop"}
	hasty, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := cs.Usage(hasty, key); !got.At.IsZero() || got.Problem != "" {
		t.Errorf("before there is an answer: %+v", got)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := cs.Usage(t.Context(), key).Used["pay/web-1"]["app"]; got != (status.Resources{CPU: 132, Memory: 180 << 20}) {
				t.Errorf("used is %+v", got)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(begin)
	all.Wait()
	cs.Usage(t.Context(), key)
	if asked.Load() != 1 {
		t.Errorf("the cluster was asked %d times", asked.Load())
	}
	if want := "/apis/metrics.k8s.io/v1beta1/namespaces/pay/pods?slipway.dev/app=shop"; path.Load() != want {
		t.Errorf("asked for %s, wanted %s", path.Load(), want)
	}
}

// The metrics server of the cluster measures a pod of the application, and no other one.
func TestUsageIsMeasured(t *testing.T) {
	s := newStage(t)
	s.runPod("web", "web:1.0", runs)
	s.adminDoes("somebody", "other", `{apiVersion: v1, kind: Pod, metadata: {name: other}, spec: {containers: [{name: app, image: x}]}}`)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		got := s.cs.Usage(t.Context(), s.key("shop"))
		if got.Problem != "" {
			t.Fatal(got.Problem)
		}
		if used, ok := got.Used[s.place.Namespace+"/web"]["app"]; ok {
			if used.CPU <= 0 || used.CPU > 100 || used.Memory < 32<<20 || used.Memory > 64<<20 || len(got.Used) != 1 || time.Since(got.At) > time.Minute {
				t.Errorf("measured %+v", got)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("the pod was not measured in two minutes")
		}
	}
}
