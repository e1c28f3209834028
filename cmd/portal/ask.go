package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.dev/slipway/internal/manifest"
)

// newAsker makes an asker for the cluster of a kubeconfig. It asks as whoever the kubeconfig is for: the
// author of a template tries it out in a namespace of their own, without a portal.
func newAsker(kubeconfig, contextName, namespace string) (asker, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}
	rest, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: contextName}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("portal: --kubeconfig: %w", err)
	}
	rest.Timeout = 30 * time.Second
	d, err := discovery.NewDiscoveryClientForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("portal: --kubeconfig: %w", err)
	}
	client, err := dynamic.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("portal: --kubeconfig: %w", err)
	}
	groups, err := restmapper.GetAPIGroupResources(d)
	if err != nil {
		return nil, fmt.Errorf("portal: the cluster does not answer: %w", err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	return func(ctx context.Context, u manifest.Object) error {
		u, err := manifest.Placeholders(u)
		if err != nil {
			return err
		}
		gvk := u.GroupVersionKind()
		m, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return errors.New("the cluster does not know this kind")
		}
		to := dynamic.ResourceInterface(client.Resource(m.Resource))
		if m.Scope.Name() == meta.RESTScopeNameNamespace {
			u.SetNamespace(namespace)
			to = client.Resource(m.Resource).Namespace(namespace)
		}
		_, err = to.Apply(ctx, u.GetName(), u, metav1.ApplyOptions{FieldManager: manifest.FieldManager, DryRun: []string{metav1.DryRunAll}})
		return err
	}, nil
}
