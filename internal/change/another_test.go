package change_test

import (
	"bytes"
	"maps"
	"os"
	"testing"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// agreed submits a change to production and has it approved.
func (h *house) agreed(t *testing.T, kind change.Kind, value string, names ...string) change.Change {
	t.Helper()
	c := h.submit(t, petra, draft(production, kind, value, names...), value)
	c, err := h.service.Approve(t.Context(), anne, audit.Request{}, c.ID, c.Plan.Digest, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What was agreed to was agreed to for the objects that were there: another one of the same name, alike to the last
// field, makes the change stale, whether it was to be changed or deleted.
func TestStaleWhenAnObjectIsAnotherOne(t *testing.T) {
	for name, tc := range map[string]struct {
		kind change.Kind
		text string
	}{"changed": {change.Update, "two"}, "deleted": {change.Delete, ""}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.applied(t, petra, draft(production, change.Create, "one", "a"))
			was, _ := os.ReadFile(h.cluster.dir + "/ConfigMap.a")
			c := h.agreed(t, tc.kind, tc.text, "a")
			h.cluster.uids = map[string]string{"a": "2"}
			if c = h.work(t, c.ID); c.State != change.Stale {
				t.Errorf("%s: %s", c.State, c.Failure)
			}
			if is, _ := os.ReadFile(h.cluster.dir + "/ConfigMap.a"); !bytes.Equal(is, was) {
				t.Errorf("it was written to: %s", is)
			}
		})
	}
}

// The cluster is told which objects the plan was made again against, and of what is new nothing.
func TestApplyIsToldWhatThePlanSaw(t *testing.T) {
	h := newHouse(t)
	h.applied(t, petra, draft(production, change.Create, "one", "a", "b"))
	if len(h.cluster.seen) > 0 {
		t.Errorf("of what is new it was told %v", h.cluster.seen)
	}
	h.applied(t, petra, draft(production, change.Update, "two", "a", "c"))
	ref := func(name string) manifest.Ref { return manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: name} }
	if want := (manifest.UIDs{ref("a"): "1", ref("b"): "1", ref("slipway-api"): "1"}); !maps.Equal(h.cluster.seen, want) {
		t.Errorf("it was told %v instead of %v", h.cluster.seen, want)
	}
}
