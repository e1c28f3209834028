package kube_test

import (
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
)

// Ingresses of everybody are known, and cost no request when they are asked for.
func TestServing(t *testing.T) {
	s := newStage(t)
	other := newStage(t)
	host := "app-" + s.place.Namespace + ".example.com"
	ingress := "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: NAME}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: " + host +
		"\n    http: {paths: [{path: /v1/, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}\n"
	_, healthy := s.watch()
	w, ok := healthy.(*kube.Watcher)
	if !ok {
		t.Fatal("no watcher")
	}
	s.eventually("the cluster's state", func() bool { _, known := w.Serving("main", host); return known })

	s.adminDoes("kubectl", "shop", strings.Replace(ingress, "NAME", "shop", 1))
	other.adminDoes("kubectl", "", strings.Replace(ingress, "NAME", "by-hand", 1))
	want := []manifest.Served{
		{Host: host, Path: "/v1", Class: "nginx", Namespace: s.place.Namespace, Name: "shop", App: "shop", Team: s.team},
		{Host: host, Path: "/v1", Class: "nginx", Namespace: other.place.Namespace, Name: "by-hand"},
	}
	s.eventually("both Ingresses", func() bool {
		got, known := w.Serving("main", host)
		return known && len(got) == 2 && slices.Contains(got, want[0]) && slices.Contains(got, want[1])
	})
	if got, _ := w.Serving("main", "other.example.com"); len(got) != 0 {
		t.Errorf("of another host: %+v", got)
	}
	if _, known := w.Serving("away", host); known {
		t.Error("a cluster that is not configured is known")
	}
}
