package kube

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
)

// extensionAgain is how soon a cluster is looked at again for a kind that it did not have: extensions are
// installed seldom.
const extensionAgain = time.Minute

// extensions are the kinds of extensions that the built-in templates make and whose state says something.
// A cluster need not have them.
var extensions = []watchedKind{
	{gv: schema.GroupVersion{Group: "external-secrets.io", Version: "v1"}, kind: "ExternalSecret", resource: "externalsecrets", optional: true, extension: true},
	{gv: schema.GroupVersion{Group: "traefik.io", Version: "v1alpha1"}, kind: "Middleware", resource: "middlewares", optional: true, extension: true},
}

// extensionSource lists and watches a kind for which there is no Go type, once the cluster has it.
func (c *cluster) extensionSource(k watchedKind, hc *http.Client, choose func(*metav1.ListOptions)) (*cache.ListWatch, error) {
	client, err := dynamic.NewForConfigAndClient(c.config, hc)
	if err != nil {
		return nil, err
	}
	objects := client.Resource(k.gv.WithResource(k.resource))
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			if err := c.awaitKind(ctx, k.gv.WithKind(k.kind)); err != nil {
				return nil, err
			}
			choose(&o)
			return objects.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if err := c.awaitKind(ctx, k.gv.WithKind(k.kind)); err != nil {
				return nil, err
			}
			choose(&o)
			return objects.Watch(ctx, o)
		},
	}, nil
}

// awaitKind waits until the cluster has a kind.
func (c *cluster) awaitKind(ctx context.Context, gvk schema.GroupVersionKind) error {
	for {
		_, err := c.discovery.resource(ctx, gvk)
		if !meta.IsNoMatchError(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(extensionAgain):
		}
	}
}

// misplaced says that a template gave an object to its application's namespace, and that its kind is in
// none. Without this a template could leave the namespace without having declared it, see ADR 16.
type misplaced struct{ ref manifest.Ref }

func (m *misplaced) Error() string {
	return fmt.Sprintf("objects of the kind %s are in no namespace, and the template does not say so", m.ref.Kind)
}

// placed holds an object to the namespace that it was given.
func (s *session) placed(ctx context.Context, u manifest.Object, ref manifest.Ref) error {
	r, err := s.discovery.resource(ctx, ref.GVK())
	if err == nil && !r.namespaced && u.GetNamespace() != "" {
		return &misplaced{ref}
	}
	return err
}
