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

// What can be declared there, besides kinds: "kind:ExternalSecret.external-secrets.io" for one of an
// extension in the application's namespace, and outside any namespace "cluster-scoped:Namespace", or
// "cluster-scoped:ClusterIssuer.cert-manager.io" for a kind that is not Kubernetes' own.
const (
	allowRBAC            = "rbac"             // Role and RoleBinding
	allowHooks           = "hooks"            // Helm hooks are left out instead of being refused
	allowLiteralSecrets  = "literal-secrets"  // Secrets with values that the chart itself makes
	allowOtherNamespaces = "other-namespaces" // objects outside the application's namespace
	allowKind            = "kind:"            // and a kind with its group
	allowClusterScoped   = "cluster-scoped:"  // and a kind
)

// allowances is what a template declares.
type allowances struct {
	words map[string]bool
	kinds map[schema.GroupKind]bool // outside any namespace
	own   map[schema.GroupKind]bool // of extensions, in the application's namespace
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
	a := allowances{words: map[string]bool{}, kinds: map[schema.GroupKind]bool{}, own: map[schema.GroupKind]bool{}}
	for word := range strings.SplitSeq(text, ",") {
		switch word = strings.TrimSpace(word); word {
		case "":
		case allowRBAC, allowHooks, allowLiteralSecrets, allowOtherNamespaces:
			a.words[word] = true
		default:
			if !a.readKind(word) {
				return a, fmt.Errorf("%s in Chart.yaml cannot be %q: write %s, %sKIND.GROUP for a kind of an extension, or %sKIND with one of %s, or KIND.GROUP for a kind of an extension that is in no namespace",
					allowsAnnotation, word, strings.Join([]string{allowHooks, allowLiteralSecrets, allowOtherNamespaces, allowRBAC}, ", "),
					allowKind, allowClusterScoped, strings.Join(slices.Sorted(maps.Keys(clusterKinds)), ", "))
			}
		}
	}
	return a, nil
}

// readKind reads a word that names a kind.
func (a allowances) readKind(word string) bool {
	if name, ok := strings.CutPrefix(word, allowKind); ok {
		kind, known := extensionKind(strings.TrimSpace(name))
		a.own[kind] = known
		return known
	}
	name, ok := strings.CutPrefix(word, allowClusterScoped)
	name = strings.TrimSpace(name)
	kind, known := clusterKinds[name]
	if !known {
		kind, known = extensionKind(name)
	}
	a.kinds[kind] = ok && known
	return ok && known
}

// extensionKind reads a kind with its group. A group is an extension's only if it has a domain of its own:
// groups without one, and those below k8s.io, are Kubernetes', whose kinds are in the tables.
func extensionKind(name string) (schema.GroupKind, bool) {
	kind, group, _ := strings.Cut(name, ".")
	ours := !strings.Contains(group, ".") || strings.HasSuffix("."+group, ".k8s.io")
	return schema.GroupKind{Group: group, Kind: kind}, kind != "" && !ours
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
	for k := range t.loaded.allows.own {
		out = append(out, allowKind+k.Kind)
	}
	slices.Sort(out)
	return out
}
