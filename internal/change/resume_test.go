package change_test

import (
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// What failed can be resumed until another change is applied, and not after it.
func TestWhatFailedCanBeResumedUntilAnotherIsApplied(t *testing.T) {
	h := newShop(t)
	ctx := t.Context()
	h.cluster.breaks = map[string]*manifest.Problem{"migrate-a-2": {Kind: manifest.GateFailed, Sentence: "Its process ends with exit code 3."}}
	failed := h.work(t, h.submit(t, petra, shopDraft(staging, change.Update, catalog.Inputs{"image": "a:2"}), "next").ID)
	if spent, err := h.service.Spent(ctx, failed); failed.State != change.Failed || spent || err != nil {
		t.Fatalf("%s, spent %v, %v", failed.State, spent, err)
	}
	if all, err := h.service.Resumable(ctx, petra, shopKey(staging)); err != nil || len(all) != 1 || all[0].ID != failed.ID {
		t.Errorf("before: %v, %v", all, err)
	}
	if all, err := h.service.Resumable(ctx, sam, shopKey(staging)); err != nil || len(all) != 0 {
		t.Errorf("for another team: %v, %v", all, err)
	}
	if all, err := h.service.Resumable(ctx, petra, shopKey(production)); err != nil || len(all) != 0 {
		t.Errorf("of what is not there: %v, %v", all, err)
	}
	h.work(t, h.submit(t, petra, restartOf(staging, h.service.RestartAt(time.Time{})), "restart").ID)
	if spent, err := h.service.Spent(ctx, failed); !spent || err != nil {
		t.Errorf("after a restart: spent %v, %v", spent, err)
	}
	if all, err := h.service.Resumable(ctx, petra, shopKey(staging)); err != nil || len(all) != 0 {
		t.Errorf("after a restart: %v, %v", all, err)
	}
}
