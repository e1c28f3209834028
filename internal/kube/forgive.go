package kube

import (
	"fmt"
	"net/http"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// forgiveNew takes back problems that exist only because nothing is written in a dry run: an object
// that needs another one of the same set, which will be there by the time it is applied (a RoleBinding
// and its Role, a Pod and its account). Such an object is shown as it was asked for, and the plan
// says that the API server has not looked at it.
func forgiveNew(out []manifest.DryRun, set []unsealed, asked []asked) {
	for i := range out {
		if out[i].Problem == nil || set[i].problem != nil {
			continue
		}
		needs, ok := newNeighbour(asked[i].err, i, out, asked)
		if !ok || asked[i].liveErr != nil || out[i].Problem.Kind == manifest.NotOurs {
			continue
		}
		d := manifest.DryRun{Ref: out[i].Ref, UID: out[i].UID, Warnings: out[i].Warnings}
		if compare(&d, asked[i].live, set[i].object) != nil {
			continue
		}
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s could not be tried beforehand, because %s does not exist yet.", d.Ref, needs))
		d.Untried = true
		out[i] = d
	}
}

// newNeighbour finds the object of the set that a refusal says is missing, earlier in the order of
// apply and not there yet.
func newNeighbour(err error, i int, out []manifest.DryRun, asked []asked) (manifest.Ref, bool) {
	s, answered := answerOf(err)
	if !answered || s.Code != http.StatusNotFound && s.Code != http.StatusForbidden || !strings.Contains(s.Message, "not found") {
		return manifest.Ref{}, false
	}
	said := strings.ToLower(s.Message)
	for j := range out {
		ref := out[j].Ref
		missing := strings.Contains(said, strings.ToLower(ref.Kind)) && strings.Contains(s.Message, `"`+ref.Name+`" not found`)
		if j != i && missing && asked[j].live == nil && asked[j].err == nil {
			return ref, true
		}
	}
	return manifest.Ref{}, false
}
