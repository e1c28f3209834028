package kube

import (
	"net/http"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// forgiveNew takes back problems that exist only because nothing is written in a dry run: an object
// that needs another one of the same set, which will be there by the time it is applied (a RoleBinding
// and its Role, a Pod and its account). Such an object is shown as it was asked for, and marked
// Untried, so that the plan says that the API server has not looked at it. It is no warning: those are
// the API server's own.
func forgiveNew(out []manifest.DryRun, set []unsealed, asked []asked) {
	for i := range out {
		if out[i].Problem == nil || set[i].problem != nil {
			continue
		}
		if !needsNeighbour(asked[i].err, i, out, asked) || asked[i].liveErr != nil || out[i].Problem.Kind == manifest.NotOurs {
			continue
		}
		d := manifest.DryRun{Ref: out[i].Ref, UID: out[i].UID, Warnings: out[i].Warnings}
		if compare(&d, asked[i].live, set[i].object) != nil {
			continue
		}
		d.Untried = true
		out[i] = d
	}
}

// needsNeighbour tells whether a refusal says that an object is missing which the same set is going to
// make, and which is not there yet.
func needsNeighbour(err error, i int, out []manifest.DryRun, asked []asked) bool {
	s, answered := answerOf(err)
	if !answered || s.Code != http.StatusNotFound && s.Code != http.StatusForbidden || !strings.Contains(s.Message, "not found") {
		return false
	}
	said := strings.ToLower(s.Message)
	for j := range out {
		ref := out[j].Ref
		missing := strings.Contains(said, strings.ToLower(ref.Kind)) && strings.Contains(s.Message, `"`+ref.Name+`" not found`)
		if j != i && missing && asked[j].live == nil && asked[j].err == nil {
			return true
		}
	}
	return false
}
