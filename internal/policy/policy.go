// Package policy decides who may do what.
//
// It is pure: a Subject (who), an Action (what) and a Resource (on what) go in, a Decision comes
// out. Nothing is read and nothing is remembered, so the same question always has the same answer,
// and a table of allow and deny rows is the whole test.
//
// Rights come from bindings: an OIDC group is bound to a Role for a team and an environment, either
// of which may be Any. A person without a binding for a target does not learn that the target
// exists: see Decision.Visible.
package policy

import "slices"

// Any stands for every team or every environment in a Binding.
const Any = "*"

// Identity is who somebody is: the OIDC issuer and its subject (OpenID Connect Core 1.0, section
// 5.7). The e-mail address is not part of it, because it can be given to somebody else.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// IsZero tells whether nobody is meant.
func (i Identity) IsZero() bool { return i == Identity{} }

// Person is an Identity with the words by which people know it. Only Identity is ever compared.
type Person struct {
	Identity
	Name  string `json:"name"`            // as the provider gave it, for display
	Email string `json:"email,omitempty"` // for display
}

// Subject is a signed-in person with the rights that the person's groups give.
type Subject struct {
	Person
	Groups   []string  // as the provider sent them
	Bindings []Binding // what these groups are bound to; see Bind
}

// Role is a set of actions.
type Role string

// The roles. Admin includes Developer, and the reading of audit and templates, but not Approver: whoever
// runs the portal is not thereby somebody who signs.
const (
	Developer Role = "developer" // sees and changes the applications of a target
	Approver  Role = "approver"  // sees them, approves and rejects changes of others
	Auditor   Role = "auditor"   // sees them and the audit log, exports it
	Admin     Role = "admin"     // runs the portal
)

// Binding gives a role for a team in an environment.
type Binding struct {
	Role        Role
	Team        string // a team's name, or Any
	Environment string // an environment's name, or Any
}

// Target is a team in an environment: one namespace of one cluster.
type Target struct {
	Team        string `json:"team"`
	Environment string `json:"environment"`
}

// String is how a target is written for people: "payments / production".
func (t Target) String() string { return t.Team + " / " + t.Environment }

func (b Binding) covers(t Target) bool {
	return (b.Team == Any || b.Team == t.Team) && (b.Environment == Any || b.Environment == t.Environment)
}

// Has tells whether s holds one of the roles for t.
func (s Subject) Has(t Target, roles ...Role) bool {
	return slices.ContainsFunc(s.Bindings, func(b Binding) bool {
		return b.covers(t) && slices.Contains(roles, b.Role)
	})
}

// HasAnywhere tells whether s holds one of the roles for any target at all.
func (s Subject) HasAnywhere(roles ...Role) bool {
	return slices.ContainsFunc(s.Bindings, func(b Binding) bool { return slices.Contains(roles, b.Role) })
}

// Acting is on whose behalf the portal speaks to a cluster: the team whose rights count, the person
// who asked, and the change that it is for (0 for a preview).
type Acting struct {
	Team      string
	Requester Person
	Change    int64
}

// User is the Kubernetes user that the portal impersonates to act as the team.
func (a Acting) User() string { return "slipway:team:" + a.Team }

// Visible lists the targets that s may see, as bindings give them: a target in it may use Any.
func (s Subject) Visible() []Target {
	out := []Target{}
	for _, b := range s.Bindings {
		t := Target{Team: b.Team, Environment: b.Environment}
		if slices.Contains(needs[ViewTarget], b.Role) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// SeesAll tells whether s may read what belongs to no target, such as everybody's sign-ins: an
// auditor or admin of everything.
func (s Subject) SeesAll() bool {
	return slices.ContainsFunc(s.Bindings, func(b Binding) bool {
		return b.Team == Any && b.Environment == Any && (b.Role == Auditor || b.Role == Admin)
	})
}
