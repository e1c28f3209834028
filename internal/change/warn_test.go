package change_test

import (
	"context"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// A warning stands in the plan, stops nothing, and is looked up with the team's rights.
func TestPlanWarns(t *testing.T) {
	h := newHouse(t)
	var asked []policy.Acting
	h.service.Facts = func(_ context.Context, as policy.Acting, place manifest.Place, wanted manifest.Wanted) manifest.Facts {
		asked = append(asked, as)
		if place.Namespace != "payments-staging" || len(wanted.Services) != 1 {
			t.Errorf("asked for %+v in %+v", wanted, place)
		}
		return manifest.Facts{Services: map[manifest.Ref]manifest.Service{wanted.Services[0]: {Exists: true, Ports: []int32{80}}}}
	}
	d := draft(staging, change.Create, "http://shop:3000", "a")
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0].Sentence, "`http://shop:3000` is not answered") || plan.Warnings[0].Ref.Name != "a" || plan.Blocked() {
		t.Fatalf("%+v", plan.Warnings)
	}
	if plan.Requests != nil {
		t.Errorf("without a pod: %+v", plan.Requests)
	}
	c := h.submit(t, petra, d, "k")
	if len(c.Plan.Warnings) != 1 {
		t.Errorf("the change has %+v", c.Plan.Warnings)
	}
	before := len(asked)
	if c = h.work(t, c.ID); c.State != change.Applied {
		t.Errorf("%s: %s", c.State, c.Failure)
	}
	if len(asked) != before {
		t.Error("looked up while applying, when nobody reads it")
	}
	if asked[0].User() != "slipway:team:payments" {
		t.Errorf("asked as %+v", asked[0])
	}
}
