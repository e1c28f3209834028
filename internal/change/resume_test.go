package change_test

import (
	"errors"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
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
	h.refusesToResume(t, failed)
}

// refusesToResume makes sure that a change which cannot be resumed any more stays as it failed, and that the
// audit log has who tried.
func (h *house) refusesToResume(t *testing.T, failed change.Change) {
	t.Helper()
	if _, err := h.service.Resume(t.Context(), petra, audit.Request{}, failed.ID); !errors.Is(err, change.ErrSuperseded) {
		t.Errorf("resumed all the same: %v", err)
	}
	after, err := h.store.Change(t.Context(), failed.ID)
	if err != nil || after.State != change.Failed || after.Failure != failed.Failure || after.Version != failed.Version || after.Closed != nil {
		t.Errorf("it is %s in version %d with failure %q, want it as it was: failed, %d, %q; %v", after.State, after.Version, after.Failure, failed.Version, failed.Failure, err)
	}
	log := h.log(t)
	last := log[len(log)-1]
	if last.Action != audit.ResumeChange || last.Outcome != audit.Refused || last.Change != failed.ID || last.Detail == "" || last.Actor.Subject != "petra" {
		t.Errorf("the last entry is %+v", last)
	}
}

// An application that was deleted and made anew is another one of the same name.
func TestWhatFailedIsNotResumedIntoAnotherApplicationOfItsName(t *testing.T) {
	h := newHouse(t)
	key := change.AppKey{Target: staging, Name: "api"}
	create := draft(staging, change.Create, "one", "a")
	h.work(t, h.submit(t, petra, create, "1").ID)
	h.cluster.breaks = map[string]*manifest.Problem{"a": {Kind: manifest.Other, Sentence: "No."}}
	failed := h.work(t, h.submit(t, petra, draft(staging, change.Update, "two", "a"), "2").ID)
	h.cluster.breaks = nil
	h.work(t, h.submit(t, petra, change.Draft{Kind: change.Delete, App: key}, "3").ID)
	h.refusesToResume(t, failed)
	if again := h.work(t, h.submit(t, petra, create, "4").ID); again.Revision != failed.Base {
		t.Fatalf("made anew at revision %d, want that of the failed one's base", again.Revision)
	}
	h.refusesToResume(t, failed)
}
