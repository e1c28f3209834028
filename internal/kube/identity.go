package kube

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/transport"

	"slipway.dev/slipway/internal/policy"
)

// UserOfTeam is the name under which the API server sees what is done for a team: the subject of the
// RoleBindings in the team's namespaces.
func UserOfTeam(team string) string { return policy.Acting{Team: team}.User() }

// Keys of the impersonation extras, which the cluster's audit log keeps with each request.
const (
	ExtraRequester = "slipway.dev/requester" // OIDC issuer, "#", subject
	ExtraChange    = "slipway.dev/change"    // the change's number; left out in previews
)

// ErrIdentity means that nobody's rights could be told from an Acting. Nothing was sent: a request
// with an empty Impersonate-User would run with the portal's own rights.
var ErrIdentity = errors.New("kube: no identity to act as")

// impersonation is how the API server is told who acts. It refuses whatever is not plainly a team
// and a person.
func impersonation(as policy.Acting) (transport.ImpersonationConfig, error) {
	none := transport.ImpersonationConfig{}
	switch {
	case as.Team == "":
		return none, fmt.Errorf("%w: the team is empty", ErrIdentity)
	case strings.HasPrefix(strings.ToLower(as.Team), "system:"):
		return none, fmt.Errorf("%w: the team %q is a name of Kubernetes' own", ErrIdentity, as.Team)
	case len(validation.IsValidLabelValue(as.Team)) > 0:
		return none, fmt.Errorf("%w: the team %q is not a valid label value", ErrIdentity, as.Team)
	case as.Requester.Issuer == "" || as.Requester.Subject == "":
		return none, fmt.Errorf("%w: the requester is empty", ErrIdentity)
	case strings.HasPrefix(as.Requester.Subject, "system:"):
		return none, fmt.Errorf("%w: the requester %q is a name of Kubernetes' own", ErrIdentity, as.Requester.Subject)
	case as.Change < 0:
		return none, fmt.Errorf("%w: there is no change %d", ErrIdentity, as.Change)
	}
	requester := as.Requester.Issuer + "#" + as.Requester.Subject
	if strings.ContainsFunc(requester, unicode.IsControl) {
		return none, fmt.Errorf("%w: the requester holds control characters", ErrIdentity)
	}
	extra := map[string][]string{ExtraRequester: {requester}}
	if as.Change > 0 {
		extra[ExtraChange] = []string{strconv.FormatInt(as.Change, 10)}
	}
	return transport.ImpersonationConfig{UserName: UserOfTeam(as.Team), Extra: extra}, nil
}

// as speaks to the cluster with the rights of the team. The connections are shared with everybody
// else: who acts is a matter of each request's headers. The error is ErrIdentity.
func (c *cluster) as(who policy.Acting) (*session, error) {
	id, err := impersonation(who)
	if err != nil {
		return nil, err
	}
	return c.session(transport.NewImpersonatingRoundTripper(id, c.authenticated))
}

// own speaks to the cluster with the rights of the portal itself, which reads and impersonates.
func (c *cluster) own() (*session, error) { return c.session(c.authenticated) }

func (c *cluster) session(rt http.RoundTripper) (*session, error) {
	rc, err := c.restClient(&http.Client{Transport: rt})
	if err != nil {
		return nil, err
	}
	return &session{rest: rc, discovery: c.discovery}, nil
}
