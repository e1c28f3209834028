package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// allowsAnnotation is where a template says in Chart.yaml what it makes beyond the ordinary, so that
// whoever takes the template into a catalogue can read it in one place.
const allowsAnnotation = "slipway.dev/allows"

// What can be declared there, besides kinds outside any namespace: "cluster-scoped:Namespace", or
// "cluster-scoped:ClusterIssuer.cert-manager.io" for a kind that is not Kubernetes' own.
const (
	allowRBAC            = "rbac"             // Role and RoleBinding
	allowHooks           = "hooks"            // Helm hooks are left out instead of being refused
	allowLiteralSecrets  = "literal-secrets"  // Secrets with values that the chart itself makes
	allowOtherNamespaces = "other-namespaces" // objects outside the application's namespace
	allowClusterScoped   = "cluster-scoped:"  // and a kind
)

// allowances is what a template declares.
type allowances struct {
	words map[string]bool
	kinds map[schema.GroupKind]bool // outside any namespace
}

// clusterKinds are Kubernetes' own kinds outside any namespace that a template may declare. Those that
// decide over what everybody else sends to the API server, such as webhooks, are not among them.
var clusterKinds = map[string]schema.GroupKind{
	"Namespace":          {Kind: "Namespace"},
	"PersistentVolume":   {Kind: "PersistentVolume"},
	"ClusterRole":        {Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"},
	"StorageClass":       {Group: "storage.k8s.io", Kind: "StorageClass"},
	"PriorityClass":      {Group: "scheduling.k8s.io", Kind: "PriorityClass"},
	"IngressClass":       {Group: "networking.k8s.io", Kind: "IngressClass"},
	"RuntimeClass":       {Group: "node.k8s.io", Kind: "RuntimeClass"},
}

// readAllows reads the annotation.
func readAllows(text string) (allowances, error) {
	a := allowances{words: map[string]bool{}, kinds: map[schema.GroupKind]bool{}}
	for word := range strings.SplitSeq(text, ",") {
		switch word = strings.TrimSpace(word); word {
		case "":
		case allowRBAC, allowHooks, allowLiteralSecrets, allowOtherNamespaces:
			a.words[word] = true
		default:
			name, ok := strings.CutPrefix(word, allowClusterScoped)
			kind, known := clusterKind(strings.TrimSpace(name))
			if !ok || !known {
				return a, fmt.Errorf("%s in Chart.yaml cannot be %q: write %s, or %sKIND with one of %s, or KIND.GROUP for a kind of an extension", allowsAnnotation, word,
					strings.Join([]string{allowHooks, allowLiteralSecrets, allowOtherNamespaces, allowRBAC}, ", "),
					allowClusterScoped, strings.Join(slices.Sorted(maps.Keys(clusterKinds)), ", "))
			}
			a.kinds[kind] = true
		}
	}
	return a, nil
}

// clusterKind reads a declared kind. A group is an extension's only if it has a domain of its own:
// groups without one, and those below k8s.io, are Kubernetes', whose kinds are in the table.
func clusterKind(name string) (schema.GroupKind, bool) {
	if known, ok := clusterKinds[name]; ok {
		return known, true
	}
	kind, group, ok := strings.Cut(name, ".")
	own := !strings.Contains(group, ".") || strings.HasSuffix("."+group, ".k8s.io")
	return schema.GroupKind{Group: group, Kind: kind}, ok && kind != "" && !own
}

// Outside tells whether the template makes objects outside the application's namespace, so that only
// targets with Release.ClusterScoped take it.
func (t *Template) Outside() bool {
	return t.loaded != nil && (len(t.loaded.allows.kinds) > 0 || t.loaded.allows.words[allowOtherNamespaces])
}

// leaves tells whether objects of the kind are in no namespace.
func (a allowances) leaves(k schema.GroupKind) bool { return a.kinds[k] }

// Allows is what the template declares that it makes beyond the ordinary, in the words of the annotation
// slipway.dev/allows, in order. It is nil for a broken template.
func (t *Template) Allows() []string {
	if t.loaded == nil {
		return nil
	}
	out := slices.Collect(maps.Keys(t.loaded.allows.words))
	for k := range t.loaded.allows.kinds {
		out = append(out, allowClusterScoped+k.Kind)
	}
	slices.Sort(out)
	return out
}
