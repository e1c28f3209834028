package charts_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

// stable are the APIs that every Kubernetes since 1.27 has, and that none will lose before they are v2.
var stable = []string{
	"v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1",
}

// extension are the APIs of extensions, and the cases that ask for them: nothing of the kind is made by
// itself.
var extension = map[string]string{
	"external-secrets.io/v1": "external-secrets", "traefik.io/v1alpha1": "traefik",
}

func TestOnlyStableAPIs(t *testing.T) {
	for _, g := range goldens(t) {
		for _, u := range g.objects {
			asked, known := extension[u.GetAPIVersion()]
			if known && strings.HasPrefix(path.Base(g.file), asked) {
				continue
			}
			if !slices.Contains(stable, u.GetAPIVersion()) {
				t.Errorf("%s: %s %s is of %s", g.file, u.GetKind(), u.GetName(), u.GetAPIVersion())
			}
		}
	}
}

// What a Kubernetes of its time does not know is not sent to it: the wait of the kubelet is of 1.30.
func TestOldClustersGetWhatTheyKnow(t *testing.T) {
	tpl := template(t, "web-service")
	for version, waits := range map[string]bool{"v1.27.16": false, "v1.29.0": false, "v1.30.0": true, "v1.34.1": true} {
		r := release
		r.KubeVersion = version
		made, err := tpl.Render(t.Context(), catalog.Inputs{"image": "a/b:1", "port": 80}, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range made.Set {
			if u.GetKind() != "Deployment" {
				continue
			}
			containers, _ := field(u, "spec", "template", "spec", "containers").([]any)
			if _, got := containers[0].(map[string]any)["lifecycle"]; got != waits {
				t.Errorf("%s: waits before the end: %v", version, got)
			}
		}
	}
}

// What the documents learned the hard way stands beside the field that one would get wrong.
func TestHelpTellsTheLesson(t *testing.T) {
	for _, tc := range []struct{ lesson, template, control, says string }{
		{"P61, P62: a check that asks the database", "web-service", "in/healthPath", "must not ask the database"},
		{"P57: a first start that migrates", "web-service", "in/startSeconds", "migration"},
		{"P56: what readiness is for", "web-service", "in/probes/readiness", "May it get requests"},
		{"P111: percent of the request", "simple-service", "in/targetMemory", "80 of 100 MiB is 80 MiB"},
		{"P114: limits are computed", "simple-service", "in/cpu", "twice as much"},
		{"P101: a budget of 0", "worker", "in/budget/minAvailable", "0 lets all of them go"},
		{"P36: a disk of one node", "stateful", "in/storage/accessMode", "an old pod must go before a new one comes"},
	} {
		t.Run(tc.lesson, func(t *testing.T) {
			found := false
			var look func(controls []catalog.Control)
			look = func(controls []catalog.Control) {
				for _, c := range controls {
					found = found || c.Name == tc.control && strings.Contains(c.Field.Help, tc.says)
					look(c.Parts)
				}
			}
			for _, s := range template(t, tc.template).View(nil, catalog.Around{Release: release}).Sections {
				look(s.Controls)
			}
			if !found {
				t.Errorf("%s does not say %q", tc.control, tc.says)
			}
		})
	}
}

// A sidecar is what tries a new version, and older clusters would take it for something that has to end.
func TestTrialNeedsSidecars(t *testing.T) {
	tpl := template(t, "web-service")
	inputs := catalog.Inputs{"image": "a/b:1", "port": 80, "trial": map[string]any{"enabled": true}}
	for version, can := range map[string]bool{"v1.28.9": false, "v1.29.0": true, "v1.37.1": true} {
		r := release
		r.KubeVersion = version
		_, err := tpl.Render(t.Context(), inputs, r)
		if can != (err == nil) || err != nil && !strings.Contains(err.Error(), "the cluster needs Kubernetes 1.29 or newer. Switch the trial off for this one.") {
			t.Errorf("%s: %v", version, err)
		}
	}
}
