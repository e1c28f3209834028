package change_test

import (
	"errors"
	"maps"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// newer is the chart with a second version: another object, no field "value", and a field "size" that
// must be given where there are two names.
func newer(t *testing.T) (*catalog.Catalog, catalog.TemplateID) {
	t.Helper()
	files := maps.Clone(chart)
	for name, f := range chart {
		files["next"+name[len("maps"):]] = f
	}
	files["next/Chart.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v2\nname: maps\nversion: 1.1.0\n")}
	files["next/values.yaml"] = &fstest.MapFile{Data: []byte("names: []\n")}
	files["next/values.schema.json"] = &fstest.MapFile{Data: []byte(`{"type": "object", "required": ["names"], "properties": {
		"names": {"type": "array", "title": "Names", "maxItems": 1, "items": {"type": "string"}}}}`)}
	files["next/templates/maps.yaml"] = &fstest.MapFile{Data: []byte(`{{- range .Values.names }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ . }}}
data: {version: next}
---
{{- end }}
`)}
	cat, err := catalog.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	return cat, catalog.TemplateID{Name: "maps", Version: "1.1.0"}
}

func TestUpgradingMany(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	made := func(who policy.Subject, target policy.Target, app string, names ...string) change.AppKey {
		d := draft(target, change.Create, "one", names...)
		d.App.Name = app
		c := h.submit(t, who, d, app)
		if c.State == change.Pending {
			if _, err := h.service.Approve(ctx, anne, audit.Request{}, c.ID, c.Plan.Digest, ""); err != nil {
				t.Fatal(err)
			}
		}
		h.work(t, c.ID)
		return d.App
	}
	fits, misfits := made(petra, staging, "fits", "a"), made(petra, staging, "misfits", "b", "c")
	made(sam, foreign, "foreign", "d")
	var to catalog.TemplateID
	h.service.Templates, to = newer(t)

	behind, err := h.service.Behind(ctx, petra, to)
	if err != nil || len(behind) != 2 || behind[0].AppKey != fits || behind[1].AppKey != misfits {
		t.Fatalf("behind are %v, %v", behind, err)
	}
	if list, err := h.service.Behind(ctx, anne, to); err != nil || len(list) > 0 {
		t.Errorf("somebody who cannot change is offered %v, %v", list, err)
	}
	plans := h.service.PlanUpgrades(ctx, petra, to, behind)
	if len(plans[0].Gone) != 1 || plans[0].Gone[0] != (catalog.Gone{Path: "/value", Value: "one"}) || plans[0].Err != nil || plans[0].Plan.Count(manifest.Change) != 1 {
		t.Errorf("planned %+v, %v", plans[0].Gone, plans[0].Err)
	}
	var fields catalog.Errors
	if !errors.As(plans[1].Err, &fields) {
		t.Errorf("what does not fit: %v", plans[1].Err)
	}
	another := change.AppKey{Target: foreign, Name: "foreign"}
	chosen := []change.Chosen{
		{App: fits, Seen: change.Submission{Seen: plans[0].Plan.Digest, Key: "k1", Reason: "because"}},
		{App: misfits, Seen: change.Submission{Seen: "x", Key: "k2"}},
		{App: another, Seen: change.Submission{Seen: "x", Key: "k3"}},
	}
	first := h.service.SubmitUpgrades(ctx, petra, audit.Request{ID: "r"}, to, chosen)
	if first[0].Err != nil || first[0].Change.Template != to || first[0].Change.Title != "fits: maps 1.0.0 → 1.1.0, with 1 input changed" {
		t.Errorf("submitted %q, %v", first[0].Change.Title, first[0].Err)
	}
	if !errors.As(first[1].Err, &fields) || !errors.Is(first[2].Err, change.ErrNotFound) {
		t.Errorf("the others: %v, %v", first[1].Err, first[2].Err)
	}
	again := h.service.SubmitUpgrades(ctx, petra, audit.Request{ID: "r"}, to, chosen[:1])
	if again[0].Err != nil || again[0].Change.ID != first[0].Change.ID {
		t.Errorf("posted twice: #%d and #%d, %v", first[0].Change.ID, again[0].Change.ID, again[0].Err)
	}
	h.work(t, first[0].Change.ID)
	again = h.service.SubmitUpgrades(ctx, petra, audit.Request{ID: "r"}, to, chosen[:1])
	if again[0].Err != nil || again[0].Change.ID != first[0].Change.ID {
		t.Errorf("posted again when it was applied: #%d, %v", again[0].Change.ID, again[0].Err)
	}
	if behind, err := h.service.Behind(ctx, petra, to); err != nil || len(behind) != 1 || behind[0].AppKey != misfits {
		t.Errorf("left are %v, %v", behind, err)
	}
}

// A version that makes the same objects is an upgrade all the same; else an application would stay
// behind for ever.
func TestUpgradingWithoutADifference(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "k").ID)
	files := maps.Clone(chart)
	for name, f := range chart {
		files["next"+name[len("maps"):]] = f
	}
	files["next/Chart.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v2\nname: maps\nversion: 1.0.1\n")}
	cat, err := catalog.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = cat
	d := draft(staging, change.Update, "one", "a")
	plan, err := h.service.Preview(ctx, petra, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.service.Submit(ctx, petra, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest}); !errors.Is(err, change.ErrNothingChanges) {
		t.Errorf("the same version again: %v", err)
	}
	d.Template.Version = "1.0.1"
	c := h.work(t, h.submit(t, petra, d, "k2").ID)
	if c.State != change.Applied || c.Title != "api: maps 1.0.0 → 1.0.1" {
		t.Errorf("%s, %q", c.State, c.Title)
	}
}
