package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"slipway.dev/slipway/internal/manifest"
)

const groupRBAC = "rbac.authorization.k8s.io"

// admitted are the kinds that every template may make: all of them belong to a namespace, and none of
// them gives rights.
var admitted = map[schema.GroupKind]bool{
	{Kind: "ConfigMap"}: true, {Kind: "Secret"}: true, {Kind: "Service"}: true,
	{Kind: "ServiceAccount"}: true, {Kind: "PersistentVolumeClaim"}: true,
	{Kind: "ResourceQuota"}: true, {Kind: "LimitRange"}: true,
	{Group: "apps", Kind: "Deployment"}: true, {Group: "apps", Kind: "StatefulSet"}: true,
	{Group: "batch", Kind: "Job"}: true, {Group: "batch", Kind: "CronJob"}: true,
	{Group: "networking.k8s.io", Kind: "Ingress"}: true, {Group: "networking.k8s.io", Kind: "NetworkPolicy"}: true,
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: true, {Group: "policy", Kind: "PodDisruptionBudget"}: true,
}

// rights are the kinds that give rights within a namespace.
var rights = map[schema.GroupKind]bool{
	{Group: groupRBAC, Kind: "Role"}: true, {Group: groupRBAC, Kind: "RoleBinding"}: true,
}

// hookAnnotation marks objects that Helm would run before or after a release. Nothing of ours does,
// so making them ordinary objects would run them at the wrong time.
const hookAnnotation = "helm.sh/hook"

// admission decides what of a chart's objects becomes the application's.
type admission struct {
	allows  allowances
	release Release
}

// admit gives the objects that are applied and those that are left out, or refuses the whole by the
// name of an object that the template may not make.
func (a admission) admit(set manifest.Set) (kept manifest.Set, skipped []Skipped, err error) {
	seen := map[manifest.Ref]bool{}
	for _, u := range set {
		switch {
		case a.allows.leaves(u.GroupVersionKind().GroupKind()):
			u.SetNamespace("")
		case u.GetNamespace() == "":
			u.SetNamespace(a.release.Place.Namespace)
		}
		ref := manifest.RefIn(u, a.release.Place.Namespace)
		if err := identified(ref); err != nil {
			return nil, nil, err
		}
		if hook, ok := u.GetAnnotations()[hookAnnotation]; ok {
			s, err := a.hook(ref, hook)
			if err != nil {
				return nil, nil, err
			}
			skipped = append(skipped, s)
			continue
		}
		if err := a.object(u, ref); err != nil {
			return nil, nil, err
		}
		ref.Version = ""
		if seen[ref] {
			return nil, nil, &nameTaken{ref: ref, author: "twice", says: "Another " + ref.Kind + " of this application is called so already. Take another name."}
		}
		seen[ref] = true
		kept = append(kept, u)
	}
	return kept, skipped, nil
}

func identified(ref manifest.Ref) error {
	switch {
	case ref.Kind == "" || ref.Version == "":
		return errors.New("the chart makes an object without apiVersion and kind")
	case ref.Name == "":
		return fmt.Errorf("the chart makes a %s without a name", ref.Kind)
	}
	return nil
}

// hook leaves a hook out. Tests are left out of every chart: Helm itself does not run them when it
// installs.
func (a admission) hook(ref manifest.Ref, hook string) (Skipped, error) {
	if onlyTests(hook) {
		return Skipped{ref, "It is a Helm test, which is not part of the application."}, nil
	}
	if !a.allows.words[allowHooks] {
		return Skipped{}, fmt.Errorf("the chart makes %s a hook (%s: %s), and hooks are not run; to have it left out, %s", ref, hookAnnotation, hook, declare(allowHooks))
	}
	return Skipped{ref, fmt.Sprintf("It is a Helm hook (%s), and hooks are not run.", hook)}, nil
}

func onlyTests(hook string) bool {
	for event := range strings.SplitSeq(hook, ",") {
		if !slices.Contains([]string{"test", "test-success", "test-failure"}, strings.TrimSpace(event)) {
			return false
		}
	}
	return true
}

// declare says what a template's author has to write.
func declare(word string) string {
	return fmt.Sprintf("write %q under %s in Chart.yaml", word, allowsAnnotation)
}

func (a admission) object(u manifest.Object, ref manifest.Ref) error {
	if err := a.kind(u, ref); err != nil {
		return err
	}
	if err := a.place(ref); err != nil {
		return err
	}
	if ref.Group == "" && ref.Kind == "ConfigMap" && ref.Namespace == "" && ref.Name == parentName(a.release.App) {
		return &nameTaken{
			ref: ref, author: "under the name of the portal's own list of what belongs to the application",
			says: "Under this name the portal keeps its list of what belongs to " + a.release.App + ". Take another one.",
		}
	}
	if manifest.IsSecret(u) && strings.HasPrefix(ref.Name, manifest.StagedPrefix) {
		return &nameTaken{
			ref: ref, author: "under a name that begins like those of secret values that the portal puts aside",
			says: "Names that begin with " + manifest.StagedPrefix + " are the portal's own. Take another one.",
		}
	}
	if err := manifest.CheckGate(u); err != nil {
		return fmt.Errorf("the chart makes %s a gate: %w", ref, err)
	}
	return a.secrets(u, ref)
}

// kind holds the object to the kinds that the template may make.
func (a admission) kind(u manifest.Object, ref manifest.Ref) error {
	k := ref.GVK().GroupKind()
	switch {
	case admitted[k], a.allows.own[k], a.allows.leaves(k), rights[k] && a.allows.words[allowRBAC]:
		return nil
	case rights[k]:
		return fmt.Errorf("the chart makes %s, which gives rights; to let it, %s", ref, declare(allowRBAC))
	case clusterKinds[k.Kind] == k:
		return fmt.Errorf("the chart makes %s, which is in no namespace; to let it, %s", ref, declare(allowClusterScoped+k.Kind))
	}
	if _, extension := extensionKind(k.Kind + "." + k.Group); extension {
		return fmt.Errorf("the chart makes %s (%s), which is a kind of an extension; to let it, %s", ref, u.GetAPIVersion(), declare(allowKind+k.Kind+"."+k.Group))
	}
	return fmt.Errorf("the chart makes %s (%s); a template may not make that kind", ref, u.GetAPIVersion())
}

// place holds the object to the application's namespace, unless both template and target let it out.
func (a admission) place(ref manifest.Ref) error {
	leaves, elsewhere := a.allows.leaves(ref.GVK().GroupKind()), ref.Namespace != ""
	switch {
	case elsewhere && !a.allows.words[allowOtherNamespaces]:
		return fmt.Errorf("the chart puts %s %s into namespace %s; only the application's own, %s, is allowed. To let it, %s",
			ref.Kind, ref.Name, ref.Namespace, a.release.Place.Namespace, declare(allowOtherNamespaces))
	case (elsewhere || leaves) && !a.release.ClusterScoped:
		return fmt.Errorf("the template makes %s, and %s takes nothing outside its own namespace; whoever runs the portal can allow it for this target (clusterScoped)", ref, a.release.Target)
	}
	return nil
}

// secrets holds values to Secrets, and Secrets to values that are kept elsewhere.
func (a admission) secrets(u manifest.Object, ref manifest.Ref) error {
	if path, found := manifest.Misplaced(u); found {
		return fmt.Errorf("the chart puts a secret value into %s, at %s, where everybody could read it; put it into a Secret and refer to that", ref, path)
	}
	key, found := manifest.Literal(u)
	switch {
	case !found || a.allows.words[allowLiteralSecrets]:
		return nil
	case key == "":
		return fmt.Errorf("the chart makes %s with data that cannot be read: each value is a text, in base64 under data", ref)
	}
	return fmt.Errorf("the chart makes %s with a value of its own for %s, which would be stored and shown with the change; take it from a field marked x-ui-secret, or %s", ref, key, declare(allowLiteralSecrets))
}
