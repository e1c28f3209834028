package change_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

func begun(t policy.Target, app string, form catalog.Form) change.SavedDraft {
	return change.SavedDraft{DraftKey: change.DraftKey{Target: t, Template: "maps", App: app}, Version: "1.0.0", Form: form}
}

func TestADraftIsKeptUntilItIsSubmitted(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	d := begun(staging, "", catalog.Form{"in/value": {"x"}, "name": {"api"}, "_do": {"plan"}, "password": {"hunter2"}})
	kept, err := h.service.SaveDraft(ctx, petra, d)
	if err != nil || len(kept.Form) != 2 || kept.Form.Get("name") != "api" || time.Since(kept.Saved) > time.Minute {
		t.Fatalf("kept %+v, %v", kept, err)
	}
	if got, err := h.service.Draft(ctx, petra, d.DraftKey); err != nil || got.Form.Get("in/value") != "x" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := h.service.Draft(ctx, paula, d.DraftKey); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("a colleague gets it: %v", err)
	}
	h.submit(t, petra, draft(staging, change.Create, "x", "a"), "k")
	if all, err := h.service.Drafts(ctx, petra); err != nil || len(all) > 0 {
		t.Errorf("it is still there: %v, %v", all, err)
	}
}

func TestADraftIsRefusedWhereNothingCanBePlanned(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	var refusal *change.Refusal
	if _, err := h.service.SaveDraft(ctx, petra, begun(foreign, "", nil)); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team's target: %v", err)
	}
	if _, err := h.service.SaveDraft(ctx, anne, begun(staging, "", nil)); !errors.As(err, &refusal) {
		t.Errorf("an approver: %v", err)
	}
	d := begun(staging, "", nil)
	d.Template = "none"
	if _, err := h.service.SaveDraft(ctx, petra, d); !errors.Is(err, catalog.ErrUnknownTemplate) {
		t.Errorf("no template: %v", err)
	}
	large := catalog.Form{"in/value": {strings.Repeat("x", change.DraftBytes)}}
	if _, err := h.service.SaveDraft(ctx, petra, begun(staging, "", large)); !errors.Is(err, change.ErrDraftTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if all, err := h.service.Drafts(ctx, petra); err != nil || len(all) > 0 {
		t.Errorf("something was kept: %v, %v", all, err)
	}
}

func TestDraftsGoWithTheRight(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	d := begun(staging, "api", catalog.Form{"in/value": {"x"}})
	if _, err := h.service.SaveDraft(ctx, petra, d); err != nil {
		t.Fatal(err)
	}
	elsewhere := person("petra", policy.Binding{Role: policy.Developer, Team: "search", Environment: policy.Any})
	if all, err := h.service.Drafts(ctx, elsewhere); err != nil || len(all) > 0 {
		t.Errorf("they are shown: %v, %v", all, err)
	}
	if _, err := h.service.Draft(ctx, elsewhere, d.DraftKey); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("it is given: %v", err)
	}
	if err := h.service.DropDraft(ctx, elsewhere, d.DraftKey); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("it can be dropped: %v", err)
	}
	if err := h.service.DropDraft(ctx, petra, d.DraftKey); err != nil {
		t.Error(err)
	}
}
