package kube

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

func TestWhoseAnObjectIs(t *testing.T) {
	e := &errand{as: policy.Acting{Team: "payments"}, app: "shop"}
	for name, c := range map[string]struct {
		app, team, whose string
		mine             bool
	}{
		"the application's own":          {"shop", "payments", "", true},
		"another application's":          {"stock", "payments", "the application stock", false},
		"another team's":                 {"shop", "search", "an application of another team", false},
		"without labels":                 {"", "", "no application of this portal", false},
		"the application's label is off": {"", "payments", "no application of this portal", false},
		"the team's label is off":        {"shop", "", "no application of this portal", false},
	} {
		t.Run(name, func(t *testing.T) {
			labels := map[string]string{}
			if c.app != "" {
				labels[manifest.LabelApp] = c.app
			}
			if c.team != "" {
				labels[manifest.LabelTeam] = c.team
			}
			if whose, mine := e.mine(&metav1.ObjectMeta{Labels: labels}); whose != c.whose || mine != c.mine {
				t.Errorf("got %q, %t; want %q, %t", whose, mine, c.whose, c.mine)
			}
		})
	}
}
