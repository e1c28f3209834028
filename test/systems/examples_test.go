package systems

import (
	"os"
	"testing"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// The files in examples make of the built-in templates what the documents of the four systems say.
func TestExamples(t *testing.T) {
	templates, err := catalog.Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"coequal", "honeydue", "checkstack", "opta"} {
		t.Run(name, func(t *testing.T) {
			wants, err := Wants(name)
			if err != nil || len(wants) == 0 {
				t.Fatalf("%d expectations: %v", len(wants), err)
			}
			for _, wrong := range Compare(rendered(t, templates, name), wants) {
				t.Error(wrong)
			}
		})
	}
}

// rendered is what all applications of a file are, each system in a namespace of its own name.
func rendered(t *testing.T, templates *catalog.Catalog, name string) []map[string]any {
	t.Helper()
	file, err := os.Open("../../examples/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	documents, err := change.ReadDocuments(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for _, d := range documents {
		tpl, err := templates.Newest(d.Template)
		if err != nil {
			t.Fatal(err)
		}
		made, err := tpl.Render(t.Context(), d.Inputs, catalog.Release{
			App: d.Name, Target: policy.Target{Team: d.Team, Environment: d.Environment},
			Place: manifest.Place{Cluster: "example", Namespace: name}, Revision: 1,
		})
		if err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		for _, u := range made.Set {
			all = append(all, u.Object)
		}
	}
	return all
}
