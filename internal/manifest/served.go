package manifest

import "strings"

// Served is a host and path that an Ingress serves.
type Served struct {
	Host  string // in small letters; empty for an Ingress that serves every host
	Path  string // without a slash at its end, "" for the root
	Class string // of Ingress; empty where the cluster's default, or an annotation, says it

	Namespace string // of the Ingress
	Name      string // of the Ingress
	App, Team string // whose it is; empty for an Ingress that is no application's
}

// Clashes tells whether both are the same address. Two classes of Ingress are two addresses; where one
// is not said, it may be the same.
func (s Served) Clashes(o Served) bool {
	return s.Host != "" && s.Host == o.Host && s.Path == o.Path && (s.Class == o.Class || s.Class == "" || o.Class == "")
}

// ServedBy lists what an Ingress serves; nothing for any other kind.
func ServedBy(u Object) []Served {
	if k := u.GroupVersionKind(); k.Kind != "Ingress" || k.Group != "networking.k8s.io" {
		return nil
	}
	spec, _ := u.Object["spec"].(map[string]any)
	class, _ := spec["ingressClassName"].(string)
	if class == "" {
		class = u.GetAnnotations()["kubernetes.io/ingress.class"]
	}
	one := Served{
		Class: class, Namespace: u.GetNamespace(), Name: u.GetName(),
		App: u.GetLabels()[LabelApp], Team: u.GetLabels()[LabelTeam],
	}
	var out []Served
	rules, _ := spec["rules"].([]any)
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		host, _ := rule["host"].(string)
		one.Host = strings.ToLower(host)
		http, _ := rule["http"].(map[string]any)
		paths, _ := http["paths"].([]any)
		for _, p := range paths {
			at, _ := p.(map[string]any)
			path, _ := at["path"].(string)
			one.Path = strings.TrimRight(path, "/")
			out = append(out, one)
		}
	}
	return out
}
