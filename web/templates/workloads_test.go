package templates

import (
	"testing"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

func TestRoleWords(t *testing.T) {
	for want, w := range map[string]status.Workload{
		"answers requests, Deployment":  {Role: "web", Ref: manifest.Ref{Kind: "Deployment"}},
		"runs by a schedule, CronJob":   {Role: "job", Ref: manifest.Ref{Kind: "CronJob"}},
		"runs once, Job":                {Role: "job", Ref: manifest.Ref{Kind: "Job"}},
		"cache, Deployment":             {Role: "cache", Ref: manifest.Ref{Kind: "Deployment"}},
		"works by itself, Deployment":   {Ref: manifest.Ref{Kind: "Deployment"}},
		"runs on each node, DaemonSet":  {Ref: manifest.Ref{Kind: "DaemonSet"}},
		"answers requests, StatefulSet": {Ref: manifest.Ref{Kind: "StatefulSet"}, Services: []status.Service{{}}},
	} {
		if got := roleWords(w); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
