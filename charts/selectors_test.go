package charts_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// fixed are the fields that Kubernetes does not let anybody change later, and the selectors that must go
// with them.
var fixed = map[string][][]string{
	"Deployment":          {{"spec", "selector"}},
	"StatefulSet":         {{"spec", "selector"}, {"spec", "serviceName"}, {"spec", "volumeClaimTemplates"}},
	"Service":             {{"spec", "selector"}},
	"PodDisruptionBudget": {{"spec", "selector"}},
}

// What cannot be changed stays what it was in the first version of each template. fixed.txt is
// only ever added to: with SLIPWAY_UPDATE=1 new lines are, and a line that is there is never written anew.
func TestWhatCannotChangeStays(t *testing.T) {
	const file = "fixed.txt"
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		at, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		known[at] = value
	}
	var added []string
	seen := map[string]bool{}
	for _, g := range goldens(t) {
		for _, u := range g.objects {
			for _, path := range fixed[u.GetKind()] {
				at := fmt.Sprintf("%s: %s %s", g.file, manifest.RefOf(u), strings.Join(path, "."))
				seen[at] = true
				value, err := json.Marshal(field(u, path...))
				if err != nil {
					t.Fatal(err)
				}
				was, there := known[at]
				switch {
				case !there:
					added = append(added, at+" = "+string(value))
				case was != string(value):
					t.Errorf("%s\n was %s\n is  %s", at, was, value)
				}
			}
		}
	}
	for at := range known {
		if !seen[at] {
			t.Errorf("%s is not made any more", at)
		}
	}
	if len(added) == 0 {
		return
	}
	if os.Getenv("SLIPWAY_UPDATE") == "" {
		t.Fatalf("%s lacks %d lines, such as %s; add them with SLIPWAY_UPDATE=1", file, len(added), added[0])
	}
	slices.Sort(added)
	if err := os.WriteFile(file, []byte(string(text)+strings.Join(added, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // no secret
		t.Fatal(err)
	}
}

// newest loads web-service from a folder of charts.
func newest(t *testing.T, from fs.FS) *catalog.Template {
	t.Helper()
	all, err := catalog.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := all.Newest("web-service")
	if err != nil || tpl.Broken != nil {
		t.Fatal(err, tpl.Broken)
	}
	return tpl
}
