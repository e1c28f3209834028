package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/store"
)

func newDraft(app string, at time.Time, values ...string) change.SavedDraft {
	return change.SavedDraft{
		DraftKey: change.DraftKey{Target: staging, Template: "web-service", App: app},
		Version:  "1.0.0", Saved: at, Form: catalog.Form{"in/image": values},
	}
}

func save(t *testing.T, s *store.Store, d change.SavedDraft) {
	t.Helper()
	if err := s.SaveDraft(t.Context(), dev.Identity, d); err != nil {
		t.Fatal(err)
	}
}

var draftTime = time.Date(2026, 11, 21, 9, 30, 0, 123456000, time.UTC)

func TestDraftsComeBackToTheirOwnerAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s, ctx := open(t, c), t.Context()
		d := newDraft("", draftTime, "x:1", "", "naïve\x00\r\n")
		save(t, s, d)
		got, err := s.Draft(ctx, dev.Identity, d.DraftKey, time.Time{})
		if err != nil || got.Version != d.Version || !got.Saved.Equal(d.Saved) || !slices.Equal(got.Form["in/image"], d.Form["in/image"]) {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := s.Draft(ctx, approver.Identity, d.DraftKey, time.Time{}); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("somebody else gets it: %v", err)
		}
		if all, err := s.Drafts(ctx, approver.Identity, time.Time{}); err != nil || len(all) > 0 {
			t.Errorf("somebody else is shown %v, %v", all, err)
		}
		if _, err := s.Draft(ctx, dev.Identity, d.DraftKey, draftTime.Add(time.Microsecond)); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("an old one is given: %v", err)
		}
		d.Form, d.Version, d.Saved = catalog.Form{"in/image": {"x:2"}}, "1.1.0", draftTime.Add(time.Second)
		save(t, s, d)
		all, err := s.Drafts(ctx, dev.Identity, time.Time{})
		if err != nil || len(all) != 1 || all[0].Version != "1.1.0" || all[0].Form != nil {
			t.Errorf("got %+v, %v: want one, without its form", all, err)
		}
		if err := s.DropDraft(ctx, approver.Identity, d.DraftKey); err != nil {
			t.Error(err)
		}
		if got, err = s.Draft(ctx, dev.Identity, d.DraftKey, time.Time{}); err != nil || got.Form.Get("in/image") != "x:2" {
			t.Errorf("got %+v, %v", got, err)
		}
		for range 2 {
			if err := s.DropDraft(ctx, dev.Identity, d.DraftKey); err != nil {
				t.Error(err)
			}
		}
		if _, err = s.Draft(ctx, dev.Identity, d.DraftKey, time.Time{}); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

func TestDraftsAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s, ctx := open(t, c), t.Context()
		save(t, s, newDraft("old", draftTime.Add(-change.DraftLife-time.Second)))
		if err := s.SaveDraft(ctx, approver.Identity, newDraft("another's", draftTime.Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
		for i := range change.DraftsPerPerson + 3 {
			save(t, s, newDraft(fmt.Sprintf("app-%02d", i), draftTime.Add(time.Duration(i)*time.Second)))
		}
		all, err := s.Drafts(ctx, dev.Identity, time.Time{})
		if err != nil || len(all) != change.DraftsPerPerson || all[0].App != "app-22" || all[len(all)-1].App != "app-03" {
			t.Errorf("%d drafts are left, %v: %v", len(all), err, all)
		}
		if all, err := s.Drafts(ctx, approver.Identity, time.Time{}); err != nil || len(all) != 1 {
			t.Errorf("another's went, too: %v, %v", all, err)
		}
	})
}

func TestSubmittingDropsTheDraft(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s, ctx := open(t, c), t.Context()
		save(t, s, newDraft("", draftTime))
		save(t, s, newDraft("api", draftTime))
		left := func() (apps []string) {
			all, err := s.Drafts(ctx, dev.Identity, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range all {
				apps = append(apps, d.App)
			}
			return apps
		}
		first := create(t, s, draft(change.Create, key(staging, "api"), change.Approved))
		if got := left(); !slices.Equal(got, []string{"api"}) {
			t.Errorf("left after a create: %q", got)
		}
		if _, err := s.Create(ctx, draft(change.Create, key(staging, "api"), change.Approved), nil); !errors.Is(err, change.ErrNameTaken) {
			t.Fatal(err)
		}
		apply(t, s, first.ID)
		create(t, s, draft(change.Delete, key(staging, "api"), change.Pending))
		if got := left(); !slices.Equal(got, []string{"api"}) {
			t.Errorf("left after a delete: %q", got)
		}
		create(t, s, draft(change.Update, key(staging, "api"), change.Pending))
		if got := left(); len(got) > 0 {
			t.Errorf("left after an update: %q", got)
		}
	})
}

func TestTokensInDraftsAreKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		save(t, s, newDraft("old", draftTime.Add(-25*time.Hour), tokenPrefix+"old"))
		save(t, s, newDraft("api", draftTime, tokenPrefix+"b", "x", tokenPrefix+"a"))
		if err := s.SaveDraft(t.Context(), approver.Identity, newDraft("api", draftTime, tokenPrefix+"b", tokenPrefix+"c")); err != nil {
			t.Fatal(err)
		}
		got, err := s.DraftTokens(t.Context(), staging, draftTime.Add(-24*time.Hour))
		if want := []string{tokenPrefix + "a", tokenPrefix + "b", tokenPrefix + "c"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		if got, err := s.DraftTokens(t.Context(), search, time.Time{}); err != nil || len(got) > 0 {
			t.Errorf("another target's: %q, %v", got, err)
		}
	})
}

const tokenPrefix = "slipway-secret-"
