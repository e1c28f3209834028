package charts_test

import (
	"os"
	"testing"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// Every workload of the systems in examples/ has a number of pods that can be set by itself, or its
// autoscaler's two.
func TestExamplesCanBeScaled(t *testing.T) {
	templates, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"honeydue", "coequal", "opta", "checkstack"} {
		file, err := os.Open("../examples/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		docs, err := change.ReadDocuments(file)
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		for _, d := range docs {
			tpl, err := templates.Newest(d.Template)
			if err != nil {
				t.Fatal(err)
			}
			r := catalog.Release{App: d.Name, Target: d.Draft().App.Target, Place: manifest.Place{Cluster: "main", Namespace: name}, Revision: 1, KubeVersion: "v1.37.0"}
			made, err := tpl.Render(t.Context(), d.Inputs, r)
			if err != nil {
				t.Fatal(err)
			}
			dials, err := tpl.Dials(t.Context(), d.Inputs, r)
			if err != nil {
				t.Fatal(err)
			}
			found := map[string][]catalog.Measure{}
			for _, one := range dials {
				found[one.Workload.Name] = append(found[one.Workload.Name], one.Measure)
			}
			for _, ref := range made.Set.RefsIn(name) {
				if !manifest.Restartable(ref) {
					continue
				}
				if got := found[ref.Name]; len(got) == 0 || len(got) == 1 && got[0] != catalog.ExactPods {
					t.Errorf("%s of %s can be scaled by %v", ref, d.Name, got)
				}
			}
		}
	}
}
