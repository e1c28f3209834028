package charts_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"slipway.dev/slipway/internal/author"
)

// The built-in templates are held to what `portal template lint` and `portal template test` ask of
// everybody's. SLIPWAY_UPDATE=1 writes the golden files, as `portal template test --update charts/*` does.
func TestTemplates(t *testing.T) {
	files, err := filepath.Glob("*/Chart.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no charts: %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(dir, func(t *testing.T) {
			found, err := author.Lint(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				t.Errorf("%s/%s", dir, f)
			}
			if tpl, err := author.Open(dir); err != nil || tpl == nil {
				if err != nil {
					t.Error(err)
				}
				return // a library
			}
			results, found, err := author.Test(t.Context(), dir, os.Getenv("SLIPWAY_UPDATE") != "")
			if errors.Is(err, author.ErrNoCases) {
				t.Fatal("it has no cases; write some into tests/cases.yaml")
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				t.Errorf("%s/%s", dir, f)
			}
			for _, r := range results {
				if r.Failed != "" {
					t.Errorf("%s/%s:%d: %s: %s", dir, r.File, r.Line, r.Name, r.Failed)
				}
			}
		})
	}
}
