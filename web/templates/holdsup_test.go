package templates

import (
	"slices"
	"testing"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// A change that is under way says what it waits for, and one that failed why.
func TestWhatHoldsUpAChange(t *testing.T) {
	gate := manifest.Outcome{Ref: ref("Job", "migrate"), State: manifest.Awaited, Note: "1 pod runs"}
	done := manifest.Outcome{Ref: ref("ConfigMap", "api"), State: manifest.Succeeded}
	for name, tc := range map[string]struct {
		c    change.Change
		want []string
	}{
		"waits for a Job":    {change.Change{State: change.Applying, Outcomes: []manifest.Outcome{done, gate}}, []string{"The Job `migrate` has to succeed first: 1 pod runs. What runs stays as it is until then."}},
		"is applied":         {change.Change{State: change.Applying, Outcomes: []manifest.Outcome{done}}, nil},
		"failed":             {change.Change{State: change.Failed, Failure: "1 of 2 objects failed."}, []string{"1 of 2 objects failed."}},
		"waits for somebody": {change.Change{State: change.Pending}, nil},
	} {
		if got := holdsUp(tc.c); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
