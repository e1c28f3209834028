package change_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// again wants a draft of kind, with the value that the change asked for.
func (h *house) again(t *testing.T, c change.Change, kind change.Kind, value string) change.Draft {
	t.Helper()
	d, err := h.service.Again(t.Context(), petra, c.ID)
	if err != nil || d.Kind != kind || d.App != c.App || d.Template != c.Template || d.Inputs["value"] != value {
		t.Errorf("taken up again: %+v, %v; want %s with %s", d, err, kind, value)
	}
	return d
}

func TestWhatCameToNothingIsTakenUpAgain(t *testing.T) {
	h := newHouse(t)
	c := h.submit(t, petra, draft(production, change.Create, "one", "a"), "1")
	var wrong *change.WrongState
	if _, err := h.service.Again(t.Context(), petra, c.ID); !errors.As(err, &wrong) {
		t.Errorf("one that waits: %v", err)
	}
	h.withdrawn(t, c)
	d := h.again(t, c, change.Create, "one")

	made := h.submit(t, petra, d, "2")
	h.sign(t, made)
	if made = h.work(t, made.ID); made.State != change.Applied {
		t.Fatalf("%s: %s", made.State, made.Failure)
	}
	if _, err := h.service.Again(t.Context(), petra, made.ID); !errors.As(err, &wrong) {
		t.Errorf("one that was applied: %v", err)
	}
	update := h.submit(t, petra, draft(production, change.Update, "two", "a"), "3")
	if _, err := h.service.Reject(t.Context(), anne, audit.Request{}, update.ID, "no"); err != nil {
		t.Fatal(err)
	}
	h.again(t, update, change.Update, "two")

	// By now the name is an application of somebody else's: what the form gets is one of another name.
	if d, err := h.service.Again(t.Context(), petra, c.ID); err != nil || d.Kind != change.Create {
		t.Errorf("a creation whose name was taken: %+v, %v", d, err)
	}
	for name, who := range map[string]policy.Subject{"another team": sam, "nobody": {}} {
		if _, err := h.service.Again(t.Context(), who, update.ID); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refusal *change.Refusal
	if _, err := h.service.Again(t.Context(), anne, update.ID); !errors.As(err, &refusal) {
		t.Errorf("somebody who may not submit: %v", err)
	}
	if _, err := h.service.Again(t.Context(), petra, update.ID+1000); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

// A deletion has no inputs, an update of what is gone makes it anew, and a template that went is named.
func TestTakenUpAgainAfterItsTime(t *testing.T) {
	h := newHouse(t)
	create := h.submit(t, petra, draft(production, change.Create, "one", "a"), "1")
	h.sign(t, create)
	h.work(t, create.ID)
	h.service.Now = func() time.Time { return time.Now().Add(-30 * 24 * time.Hour) }
	late := h.submit(t, petra, draft(production, change.Update, "two", "a"), "2")
	h.service.Now = time.Now
	if err := h.service.ExpireOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.again(t, late, change.Update, "two")
	gone := h.submit(t, petra, change.Draft{Kind: change.Delete, App: create.App}, "3")
	h.sign(t, gone)
	h.work(t, gone.ID)
	h.again(t, late, change.Create, "two")
	var wrong *change.WrongState
	if _, err := h.service.Again(t.Context(), petra, gone.ID); !errors.As(err, &wrong) {
		t.Errorf("a deletion: %v", err)
	}
	other, err := catalog.Open(renamed("others"))
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = other
	var refusal *change.Refusal
	if _, err := h.service.Again(t.Context(), petra, late.ID); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "No source has maps 1.0.0 any more") {
		t.Errorf("without its template: %v", err)
	}
}

// Where a source has only another version, with no field for some of what was asked for, nothing is dropped unsaid.
func TestWhatIsTakenUpAgainStaysWithItsVersion(t *testing.T) {
	h := newHouse(t)
	create := h.submit(t, petra, draft(production, change.Create, "one", "a"), "1")
	h.sign(t, create)
	h.work(t, create.ID)
	both := renamed("maps")
	for path, f := range chart {
		both[strings.Replace(path, "maps/", "maps-2/", 1)] = &fstest.MapFile{Data: []byte(strings.NewReplacer(
			"version: 1.0.0", "version: 2.0.0", `"value": {`, `"more": {"type": "string", "title": "More"}, "value": {`).Replace(string(f.Data)))}
	}
	all, err := catalog.Open(both)
	if err != nil {
		t.Fatal(err)
	}
	one := h.service.Templates
	h.service.Templates = all
	newer := draft(production, change.Update, "two", "a")
	newer.Template.Version, newer.Inputs["more"] = "2.0.0", "asked for"
	c := h.submit(t, petra, newer, "2")
	h.withdrawn(t, c)
	if d := h.again(t, c, change.Update, "two"); d.Inputs["more"] != "asked for" {
		t.Errorf("it has %v", d.Inputs)
	}
	h.service.Templates = one
	var refusal *change.Refusal
	if d, err := h.service.Again(t.Context(), petra, c.ID); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "No source has maps 2.0.0 any more") {
		t.Errorf("its version is gone: %+v, %v", d, err)
	}
}

// renamed is chart under another name.
func renamed(name string) fstest.MapFS {
	files := fstest.MapFS{}
	for path, f := range chart {
		files[strings.Replace(path, "maps/", name+"/", 1)] = &fstest.MapFile{Data: []byte(strings.Replace(string(f.Data), "name: maps", "name: "+name, 1))}
	}
	return files
}

// A creation that failed half-way has made an application: it is changed, and need not be made under another name.
func TestAFailedCreationIsTakenUpAgain(t *testing.T) {
	h := newHouse(t)
	h.cluster.breaks = map[string]*manifest.Problem{"migrate-1": {Kind: manifest.GateFailed, Sentence: "Its process ends with exit code 3."}}
	c := h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a", "migrate-1"), "1").ID)
	if c.State != change.Failed {
		t.Fatalf("%s: %s", c.State, c.Failure)
	}
	d := h.again(t, c, change.Update, "one")
	d.Inputs = catalog.Inputs{"names": []any{"a", "migrate-2"}, "value": "two"}
	if c = h.work(t, h.submit(t, petra, d, "2").ID); c.State != change.Applied || c.Revision != 1 {
		t.Errorf("mended: %s, revision %d: %s %+v", c.State, c.Revision, c.Failure, c.Closed)
	}
}
