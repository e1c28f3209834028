package catalog

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"slipway.dev/slipway/internal/manifest"
)

// admitted are the kinds that a template may make: all of them belong to a namespace, and none of
// them gives rights.
var admitted = map[schema.GroupKind]bool{
	{Kind: "ConfigMap"}: true, {Kind: "Secret"}: true, {Kind: "Service"}: true,
	{Kind: "ServiceAccount"}: true, {Kind: "PersistentVolumeClaim"}: true,
	{Group: "apps", Kind: "Deployment"}: true, {Group: "apps", Kind: "StatefulSet"}: true,
	{Group: "batch", Kind: "Job"}: true, {Group: "batch", Kind: "CronJob"}: true,
	{Group: "networking.k8s.io", Kind: "Ingress"}: true, {Group: "networking.k8s.io", Kind: "NetworkPolicy"}: true,
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: true, {Group: "policy", Kind: "PodDisruptionBudget"}: true,
}

// hookAnnotation marks objects that Helm would run before or after a release. Nothing of ours does,
// so making them ordinary objects would run them at the wrong time.
const hookAnnotation = "helm.sh/hook"

// admit refuses objects that a template may not make, by name.
func admit(set manifest.Set, r Release) error {
	seen := map[manifest.Ref]bool{}
	for _, u := range set {
		ref := manifest.RefOf(u)
		if err := admitOne(u, ref, r); err != nil {
			return err
		}
		ref.Version = ""
		if seen[ref] {
			return fmt.Errorf("the chart makes %s twice", ref)
		}
		seen[ref] = true
	}
	return nil
}

func admitOne(u manifest.Object, ref manifest.Ref, r Release) error {
	switch {
	case ref.Kind == "" || ref.Version == "":
		return fmt.Errorf("the chart makes an object without apiVersion and kind")
	case ref.Name == "":
		return fmt.Errorf("the chart makes a %s without a name", ref.Kind)
	case !admitted[ref.GVK().GroupKind()]:
		return fmt.Errorf("the chart makes %s (%s); a template may not make that kind", ref, u.GetAPIVersion())
	case ref.Group == "" && ref.Kind == "Secret" && holdsValues(u):
		return fmt.Errorf("the chart makes %s with values; they would be stored with the change and shown to approvers, so a template may only refer to Secrets that exist", ref)
	case u.GetNamespace() != "" && u.GetNamespace() != r.Place.Namespace:
		return fmt.Errorf("the chart puts %s into namespace %s; only the application's own, %s, is allowed", ref, u.GetNamespace(), r.Place.Namespace)
	case ref.Group == "" && ref.Kind == "ConfigMap" && ref.Name == parentName(r.App):
		return fmt.Errorf("the chart makes %s; the portal keeps its own list under that name", ref)
	}
	if hook, ok := u.GetAnnotations()[hookAnnotation]; ok {
		return fmt.Errorf("the chart makes %s a hook (%s: %s); hooks are not run, so it is refused", ref, hookAnnotation, hook)
	}
	return nil
}

// holdsValues tells whether a Secret has any value in it.
func holdsValues(u manifest.Object) bool {
	for _, field := range []string{"data", "stringData"} {
		if m, ok := u.Object[field].(map[string]any); ok && len(m) > 0 {
			return true
		}
	}
	return false
}
