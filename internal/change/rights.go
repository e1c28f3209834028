package change

import (
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

// givesRights tells the kinds that say who may do what in the cluster.
func givesRights(r manifest.Ref) bool { return r.Group == rbacv1.GroupName }

// access is what is read of the four kinds of package rbac.
type access struct {
	Rules    []rbacv1.PolicyRule `json:"rules"`
	RoleRef  rbacv1.RoleRef      `json:"roleRef"`
	Subjects []rbacv1.Subject    `json:"subjects"`
}

// rights says who would be given which rights. done is "is created" or "is changed".
func rights(o manifest.DryRun, done string) Effect {
	var a access
	_ = yaml.Unmarshal([]byte(o.After), &a) // the API server's own object; anything odd is told without details
	e := Effect{Kind: Rights, Ref: o.Ref, Sentence: named(o.Ref) + " " + done + "."}
	where := map[bool]string{true: "in every namespace", false: "in this namespace"}[o.Ref.Kind == "ClusterRoleBinding"]
	if o.Ref.Namespace != "" {
		where = fmt.Sprintf("in namespace `%s`", o.Ref.Namespace)
	}
	switch {
	case len(a.Subjects) > 0:
		e.Why = fmt.Sprintf("%s gets the rights of %s `%s` %s.", list(subjects(a.Subjects)), a.RoleRef.Kind, a.RoleRef.Name, where)
		if len(a.Subjects) > 1 {
			e.Why = strings.Replace(e.Why, " gets the", " get the", 1)
		}
	case a.RoleRef.Name != "":
		e.Why = "It gives rights to nobody."
	case len(a.Rules) > 0:
		e.Why = "Whoever is bound to it may " + rules(a.Rules) + "."
	}
	return e
}

func subjects(all []rbacv1.Subject) []string {
	var out []string
	for _, s := range all {
		name := s.Kind + " `" + s.Name + "`"
		if s.Kind == rbacv1.ServiceAccountKind && s.Namespace != "" {
			name += " of namespace `" + s.Namespace + "`"
		}
		out = append(out, name)
	}
	return atMost(out, 3)
}

// rules names what a role allows, three rules at most.
func rules(all []rbacv1.PolicyRule) string {
	var out []string
	for _, r := range all {
		verbs, what := strings.Join(r.Verbs, ", "), strings.Join(r.Resources, ", ")
		if verbs == "*" {
			verbs = "do anything with"
		}
		switch {
		case what == "*":
			what = "everything"
		case what == "":
			what = strings.Join(r.NonResourceURLs, ", ")
		}
		if len(r.ResourceNames) > 0 {
			what += " named " + strings.Join(r.ResourceNames, ", ")
		}
		out = append(out, verbs+" "+what)
	}
	return strings.Join(atMost(out, 3), "; ")
}

// atMost cuts a list, and says how much is left out.
func atMost(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(all[:n:n], fmt.Sprintf("%d more", len(all)-n))
}
