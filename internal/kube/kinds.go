package kube

import (
	"context"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
)

// watchedKind is a kind of which the portal watches the objects that carry manifest.LabelApp, and of
// Ingresses all, see Watcher.Serving.
type watchedKind struct {
	gv       schema.GroupVersion
	kind     string
	resource string
	// example is of the Go type; nil where the portal reads metadata alone, because it has no business
	// with the contents.
	example runtime.Object
	// optional kinds are shown where the portal may read them, and are missing where it may not: an
	// account of an earlier version has not been given the right, and they say little of how one is.
	optional bool
}

// watchedKinds are what a live page is made of. Secrets are not among them: the portal's own account
// cannot read them. Kinds of extensions are watched where an application has an object of them, see
// extensions.
var watchedKinds = []watchedKind{
	{appsv1.SchemeGroupVersion, "Deployment", "deployments", &appsv1.Deployment{}, false},
	{appsv1.SchemeGroupVersion, "StatefulSet", "statefulsets", &appsv1.StatefulSet{}, false},
	{appsv1.SchemeGroupVersion, "DaemonSet", "daemonsets", &appsv1.DaemonSet{}, false},
	{appsv1.SchemeGroupVersion, "ReplicaSet", "replicasets", &appsv1.ReplicaSet{}, false},
	{batchv1.SchemeGroupVersion, "Job", "jobs", &batchv1.Job{}, false},
	{batchv1.SchemeGroupVersion, "CronJob", "cronjobs", &batchv1.CronJob{}, false},
	{corev1.SchemeGroupVersion, "Pod", "pods", &corev1.Pod{}, false},
	{corev1.SchemeGroupVersion, "Service", "services", &corev1.Service{}, false},
	{corev1.SchemeGroupVersion, "PersistentVolumeClaim", "persistentvolumeclaims", &corev1.PersistentVolumeClaim{}, false},
	{corev1.SchemeGroupVersion, "ConfigMap", "configmaps", nil, false},
	{corev1.SchemeGroupVersion, "ServiceAccount", "serviceaccounts", nil, false},
	{discoveryv1.SchemeGroupVersion, "EndpointSlice", "endpointslices", &discoveryv1.EndpointSlice{}, false},
	{networkingv1.SchemeGroupVersion, "Ingress", "ingresses", &networkingv1.Ingress{}, false},
	{autoscalingv2.SchemeGroupVersion, "HorizontalPodAutoscaler", "horizontalpodautoscalers", &autoscalingv2.HorizontalPodAutoscaler{}, false},
	{policyv1.SchemeGroupVersion, "PodDisruptionBudget", "poddisruptionbudgets", &policyv1.PodDisruptionBudget{}, false},
	{networkingv1.SchemeGroupVersion, "NetworkPolicy", "networkpolicies", nil, true},
	{corev1.SchemeGroupVersion, "ResourceQuota", "resourcequotas", &corev1.ResourceQuota{}, true},
	{corev1.SchemeGroupVersion, "LimitRange", "limitranges", nil, true},
	{corev1.SchemeGroupVersion, "Namespace", "namespaces", nil, true},
	{rbacv1.SchemeGroupVersion, "Role", "roles", nil, true},
	{rbacv1.SchemeGroupVersion, "RoleBinding", "rolebindings", nil, true},
	{rbacv1.SchemeGroupVersion, "ClusterRole", "clusterroles", nil, true},
	{rbacv1.SchemeGroupVersion, "ClusterRoleBinding", "clusterrolebindings", nil, true},
}

// labelled chooses the objects that belong to an application.
func labelled(o *metav1.ListOptions) { o.LabelSelector = manifest.LabelApp }

// ownEvents leaves out what is reported of nodes, which is much and belongs to no application.
func ownEvents(o *metav1.ListOptions) {
	o.FieldSelector = fields.OneTermNotEqualSelector("involvedObject.kind", "Node").String()
}

// source lists and watches one kind in all namespaces with the rights of the portal itself.
func (c *cluster) source(k watchedKind, choose func(*metav1.ListOptions)) (*cache.ListWatch, error) {
	return c.sourceIn(k, metav1.NamespaceAll, choose)
}

// sourceIn does so in one namespace. Kinds without an example are in all of them.
func (c *cluster) sourceIn(k watchedKind, namespace string, choose func(*metav1.ListOptions)) (*cache.ListWatch, error) {
	hc := &http.Client{Transport: c.authenticated}
	if k.example == nil {
		return c.metadataSource(k, hc, choose)
	}
	cfg := rest.CopyConfig(c.config)
	cfg.GroupVersion = &k.gv
	cfg.APIPath = "/apis"
	if k.gv.Group == "" {
		cfg.APIPath = "/api"
	}
	cfg.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	cfg.ContentType = runtime.ContentTypeProtobuf // a fraction of the time and bytes of JSON
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	rc, err := rest.RESTClientForConfigAndClient(cfg, hc)
	if err != nil {
		return nil, err
	}
	return cache.NewFilteredListWatchFromClient(rc, k.resource, namespace, choose), nil
}

func (c *cluster) metadataSource(k watchedKind, hc *http.Client, choose func(*metav1.ListOptions)) (*cache.ListWatch, error) {
	mc, err := metadata.NewForConfigAndClient(metadata.ConfigFor(c.config), hc)
	if err != nil {
		return nil, err
	}
	objects := mc.Resource(k.gv.WithResource(k.resource))
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			choose(&o)
			return objects.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			choose(&o)
			return objects.Watch(ctx, o)
		},
	}, nil
}

// ungated makes a source wait while the cluster is away, without telling how it is doing.
func ungated(src *cache.ListWatch, l *link) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			if err := l.wait(ctx); err != nil {
				return nil, err
			}
			return src.ListWithContext(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if err := l.wait(ctx); err != nil {
				return nil, err
			}
			return src.WatchWithContext(ctx, o)
		},
	}
}

// gated makes a source wait while the cluster is away, and tells the link how it is doing.
func gated(src *cache.ListWatch, kind string, l *link) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			if err := l.wait(ctx); err != nil {
				return nil, err
			}
			list, err := src.ListWithContext(ctx, o)
			if err != nil && ctx.Err() == nil {
				l.watched(kind, err)
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if err := l.wait(ctx); err != nil {
				return nil, err
			}
			w, err := src.WatchWithContext(ctx, o)
			if ctx.Err() == nil {
				l.watched(kind, err)
			}
			return w, err
		},
	}
}
