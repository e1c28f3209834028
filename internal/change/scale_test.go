package change

import (
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

func TestTitlesOfRestartAndScale(t *testing.T) {
	deployment := func(name string) manifest.Ref {
		return manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: name}
	}
	pods := func(name, from, to string) manifest.DryRun {
		return manifest.DryRun{Ref: deployment(name), Fields: []manifest.FieldChange{{Path: ".spec.replicas", From: from, To: to}}}
	}
	bounds := func(fields ...manifest.FieldChange) manifest.DryRun {
		return manifest.DryRun{Ref: manifest.Ref{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Name: "api"}, Fields: fields}
	}
	fewest, most := manifest.FieldChange{Path: ".spec.minReplicas", From: "1", To: "2"}, manifest.FieldChange{Path: ".spec.maxReplicas", From: "5", To: "8"}
	scale := func(objects ...manifest.DryRun) string {
		return Title(Draft{Kind: ScalePods, App: AppKey{Name: "api"}}, Plan{Objects: objects})
	}
	restart := func(names ...string) string {
		d := Draft{Kind: RestartPods, App: AppKey{Name: "api"}}
		for _, n := range names {
			d.Restart.Only = append(d.Restart.Only, deployment(n))
		}
		return Title(d, Plan{Objects: []manifest.DryRun{pods("web", "", ""), pods("worker", "", ""), pods("mail", "", ""), {Ref: service}}})
	}
	for want, got := range map[string]string{
		"Restart api":                              restart(),
		"Restart web and worker of api":            restart("web", "worker"),
		"Restart api ":                             restart("web", "worker", "mail") + " ",
		"Restart web of api":                       restart("web"),
		"Scale api from 3 to 5 pods":               scale(pods("api", "3", "5")),
		"Scale api from 1 to 2 pods":               scale(pods("api", "", "2")),
		"Scale api from 2 to 1 pod":                scale(pods("api", "2", "1")),
		"Stop api":                                 scale(pods("api", "3", "0")),
		"Start api with 3 pods":                    scale(pods("api", "0", "3")),
		"Scale web from 3 to 5 pods (api)":         scale(pods("web", "3", "5"), bounds()),
		"Scale 3 workloads of api":                 scale(pods("a", "1", "2"), pods("b", "1", "2"), pods("c", "1", "2")),
		"Stop web, scale x from 1 to 2 pods (api)": scale(pods("web", "1", "0"), pods("x", "1", "2")),
		"Scale api":                                scale(),
		"Scale api between 2 and 8 pods":           scale(bounds(fewest, most)),
		"Scale api to no fewer than 2 pods":        scale(bounds(fewest)),
		"Scale api to no more than 8 pods":         scale(bounds(most)),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
