package audit

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Whatever stands in the log can be asked for: no action is missing from the list by which people filter.
func TestEveryActionCanBeFilteredBy(t *testing.T) {
	source, err := os.ReadFile("audit.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t\w+ +Action = "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 15 {
		t.Fatalf("only %d actions are declared, so something is not read", len(found))
	}
	for _, m := range found {
		if !slices.Contains(Actions, Action(m[1])) {
			t.Errorf("%q is missing", m[1])
		}
	}
}
