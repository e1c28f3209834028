package catalog

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// labelManagedBy is one of the labels that Kubernetes recommends.
const labelManagedBy = "app.kubernetes.io/managed-by"

// annotationNamespaces lists where members are outside the parent's namespace (KEP-3659).
const annotationNamespaces = "applyset.kubernetes.io/additional-namespaces"

// tooling is who keeps the ApplySet (KEP-3659, "tooling annotation").
const tooling = "slipway/v1"

// adopt makes the objects the application's: its labels, and an ApplySet parent by which kubectl and
// others see what belongs together. Each object is in its namespace already, see admission.place. Selectors are left alone, since they cannot be
// changed later.
func adopt(set manifest.Set, r Release) manifest.Set {
	id := applySetID(r)
	list := parent(r, id, set)
	for _, u := range set {
		own(u, r)
		label(u, manifest.LabelPartOf, id)
		for _, at := range podTemplates {
			labelPods(u, r.App, at)
		}
	}
	set = append(set, list)
	set.Sort()
	return set
}

func own(u manifest.Object, r Release) {
	label(u, manifest.LabelApp, r.App)
	label(u, manifest.LabelTeam, r.Target.Team)
	label(u, labelManagedBy, "slipway")
}

func label(u manifest.Object, key, value string) {
	labels := u.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	u.SetLabels(labels)
}

// podTemplates are the places of pod templates within the admitted kinds.
var podTemplates = [][]string{
	{"spec", "template"},
	{"spec", "jobTemplate", "spec", "template"},
}

func labelPods(u manifest.Object, app string, at []string) {
	template, ok, err := unstructured.NestedFieldNoCopy(u.Object, at...)
	m, isMap := template.(map[string]any)
	if !ok || err != nil || !isMap {
		return
	}
	pod := &unstructured.Unstructured{Object: m}
	label(pod, manifest.LabelApp, app)
}

func parentName(app string) string { return manifest.ApplySetParent(app) }

// parent is the ApplySet's parent object (KEP-3659, "parent object").
func parent(r Release, id string, set manifest.Set) manifest.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	u.SetName(parentName(r.App))
	u.SetNamespace(r.Place.Namespace)
	own(u, r)
	label(u, manifest.LabelApplySetID, id)
	annotations := map[string]string{
		manifest.AnnotationTooling:  tooling,
		manifest.AnnotationContains: strings.Join(groupKindsOf(set), ","),
	}
	if others := otherNamespaces(set, r.Place.Namespace); len(others) > 0 {
		annotations[annotationNamespaces] = strings.Join(others, ",")
	}
	u.SetAnnotations(annotations)
	return u
}

func applySetID(r Release) string { return manifest.ApplySetID(r.App, r.Place.Namespace) }

// groupKindsOf lists the kinds of the members as "Deployment.apps", sorted, each once.
func groupKindsOf(set manifest.Set) []string {
	var all []string
	for _, u := range set {
		all = append(all, u.GroupVersionKind().GroupKind().String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// otherNamespaces lists the namespaces of members but home, sorted, each once.
func otherNamespaces(set manifest.Set, home string) []string {
	var all []string
	for _, u := range set {
		if ns := u.GetNamespace(); ns != "" && ns != home {
			all = append(all, ns)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
