package policy

import "slices"

// GroupBinding binds an OIDC group to a role for a team and an environment.
type GroupBinding struct {
	Group string
	Binding
}

// Bind gives the bindings of somebody who is in the groups. A group named "" binds nobody, so that a
// provider that sends an empty group gives no rights.
func Bind(table []GroupBinding, groups []string) []Binding {
	var out []Binding
	for _, g := range table {
		if g.Group != "" && slices.Contains(groups, g.Group) && !slices.Contains(out, g.Binding) {
			out = append(out, g.Binding)
		}
	}
	return out
}
