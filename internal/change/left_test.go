package change_test

import (
	"slices"
	"testing"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// What a deletion leaves, because it is somebody else's by now, is said of the finished change too, in the
// audit log as well, and after an attempt that failed. An application of the same name does not inherit it.
func TestAFinishedDeletionSaysWhatItLeft(t *testing.T) {
	h := newHouse(t)
	key := change.AppKey{Target: staging, Name: "api"}
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a", "b"), "1").ID)
	h.cluster.taken = map[string]string{"a": "no application of this portal"}
	h.cluster.breaks = map[string]*manifest.Problem{"b": {Kind: manifest.Other, Sentence: "No."}}
	c := h.work(t, h.submit(t, petra, change.Draft{Kind: change.Delete, App: key}, "2").ID)
	if c.State != change.Failed || len(c.Left()) != 1 {
		t.Fatalf("%s, left %+v", c.State, c.Left())
	}
	h.cluster.breaks = nil
	if _, err := h.service.Resume(t.Context(), petra, audit.Request{}, c.ID); err != nil {
		t.Fatal(err)
	}
	c = h.work(t, c.ID)
	left := c.Left()
	if c.State != change.Applied || len(left) != 1 || left[0].Ref.Name != "a" || left[0].Left != "no application of this portal" {
		t.Fatalf("%s: %s, left %+v", c.State, c.Failure, left)
	}
	if got := h.cluster.names(); !slices.Equal(got, []string{"ConfigMap.a"}) {
		t.Errorf("the cluster has %v", got)
	}
	log := h.log(t)
	if last := log[len(log)-1]; last.Action != audit.ApplyChange || last.Outcome != audit.Done || last.Detail != "Left in the cluster: ConfigMap a belongs to no application of this portal now." {
		t.Errorf("the last entry is %+v", last)
	}
	if have, err := h.store.Inventory(t.Context(), key); err != nil || len(have) != 0 {
		t.Errorf("still looked after: %v, %v", have, err)
	}
}
