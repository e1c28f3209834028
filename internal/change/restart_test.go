package change_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
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

// shop is a chart of two workloads that can be restarted and two that cannot.
var shop = fstest.MapFS{
	"shop/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: shop\nversion: 1.0.0\n")},
	"shop/values.yaml": {Data: []byte("{}\n")},
	"shop/values.schema.json": {Data: []byte(`{"type": "object", "properties": {
		"image": {"type": "string", "default": "a:1"}, "pods": {"type": "integer", "title": "Pods", "default": 3, "minimum": 0, "maximum": 9}}}`)},
	"shop/templates/migrate.yaml": {Data: []byte(`kind: Job
apiVersion: batch/v1
metadata: {name: "migrate-{{ .Values.image | replace ":" "-" }}", annotations: {slipway.dev/gate: complete}}
spec: {activeDeadlineSeconds: 60, template: {spec: {restartPolicy: Never, containers: [{name: c, image: {{ .Values.image }}}]}}}
`)},
	"shop/templates/all.yaml": {Data: []byte(`{{- define "pods" }}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: {{ .Values.image }}}]}}
{{- end }}
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
spec:
  replicas: {{ .Values.pods }}
  selector: {matchLabels: {a: b}}
{{- include "pods" . }}
---
kind: StatefulSet
apiVersion: apps/v1
metadata: {name: store}
spec:
  replicas: 1
  serviceName: store
  selector: {matchLabels: {a: b}}
{{- include "pods" . }}
---
kind: StatefulSet
apiVersion: apps/v1
metadata: {name: byhand}
spec:
  replicas: 1
  serviceName: store
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {a: b}}
{{- include "pods" . }}
---
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {name: web}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
kind: CronJob
apiVersion: batch/v1
metadata: {name: night}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}
`)},
}

var shopID = catalog.TemplateID{Name: "shop", Version: "1.0.0"}

func shopKey(t policy.Target) change.AppKey { return change.AppKey{Target: t, Name: "shop"} }

func restartOf(t policy.Target, at time.Time, only ...manifest.Ref) change.Draft {
	return change.Draft{Kind: change.RestartPods, App: shopKey(t), Restart: change.PodRestart{At: at, Only: only}}
}

func scaleOf(t policy.Target, pods int) change.Draft {
	return change.Draft{Kind: change.ScalePods, App: shopKey(t), Pods: map[string]int{"/pods": pods}}
}

func shopDraft(t policy.Target, kind change.Kind, in catalog.Inputs) change.Draft {
	return change.Draft{Kind: kind, App: shopKey(t), Template: shopID, Inputs: in}
}

// newShop is a house with the shop applied in staging.
func newShop(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	files := maps.Clone(chart)
	maps.Copy(files, shop)
	cat, err := catalog.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = cat
	h.work(t, h.submit(t, petra, shopDraft(staging, change.Create, catalog.Inputs{"image": "a:1"}), "create").ID)
	return h
}

// restartedAt is what stands on the pods in the cluster.
func (h *house) restartedAt(t *testing.T, kind, name string) string {
	t.Helper()
	raw, err := os.ReadFile(h.cluster.dir + "/" + kind + "." + name)
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Decode(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Restarted(set[0])
}

var store1 = manifest.Ref{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "store"}

func TestRestartBringsNothingElseAlong(t *testing.T) {
	h := newShop(t)
	h.service.Templates = nothing{} // whatever has become of the template
	at := h.service.RestartAt(time.Time{})
	c := h.submit(t, petra, restartOf(staging, at), "restart")
	if c.Title != "Restart shop" || c.Template != shopID || c.Inputs["image"] != "a:1" || c.State != change.Approved {
		t.Errorf("%q of %v with %v is %s", c.Title, c.Template, c.Inputs, c.State)
	}
	if n, want := c.Plan.Count(manifest.Change), 2; n != want || c.Plan.Count(manifest.Unchanged) != len(c.Plan.Objects)-want {
		t.Errorf("%d objects change, want the two workloads that can be restarted", n)
	}
	if c = h.work(t, c.ID); c.State != change.Applied || c.Revision != 2 {
		t.Fatalf("%s, revision %d: %s", c.State, c.Revision, c.Failure)
	}
	want := manifest.RestartTime(at)
	for name, want := range map[string]string{"Deployment web": want, "StatefulSet store": want, "StatefulSet byhand": "", "CronJob night": ""} {
		kind, name, _ := strings.Cut(name, " ")
		if got := h.restartedAt(t, kind, name); got != want {
			t.Errorf("%s %s was restarted at %q, want %q", kind, name, got, want)
		}
	}
	revisions, err := h.service.Revisions(t.Context(), petra, shopKey(staging))
	if err != nil || revisions[0].Kind != change.RestartPods {
		t.Errorf("%+v, %v", revisions, err)
	}
}

// nothing is a catalogue whose templates are gone.
type nothing struct{}

func (nothing) Template(catalog.TemplateID) (*catalog.Template, error) {
	return nil, fmt.Errorf("gone: %w", catalog.ErrUnknownTemplate)
}

func TestUpdatesDoNotTakeARestartBack(t *testing.T) {
	h := newShop(t)
	at := h.service.RestartAt(time.Time{})
	h.work(t, h.submit(t, petra, restartOf(staging, at, store1), "restart").ID)
	if web, store := h.restartedAt(t, "Deployment", "web"), h.restartedAt(t, "StatefulSet", "store"); web != "" || store == "" {
		t.Fatalf("restarted: web %q, store %q, want the store alone", web, store)
	}
	same := shopDraft(staging, change.Update, catalog.Inputs{"image": "a:1"})
	plan, err := h.service.Preview(t.Context(), petra, same)
	if err != nil || plan.Count(manifest.Unchanged) != len(plan.Objects) {
		t.Errorf("the same inputs again change %d objects, %v", plan.Count(manifest.Change), err)
	}
	for i, d := range []change.Draft{shopDraft(staging, change.Update, catalog.Inputs{"image": "a:2"}), scaleOf(staging, 5)} {
		c := h.work(t, h.submit(t, petra, d, fmt.Sprint("next", i)).ID)
		if c.State != change.Applied || h.restartedAt(t, "StatefulSet", "store") != manifest.RestartTime(at) {
			t.Errorf("after an %s the store was restarted at %q: %s", d.Kind, h.restartedAt(t, "StatefulSet", "store"), c.Failure)
		}
	}
	h.work(t, h.submit(t, petra, change.Draft{Kind: change.Rollback, App: shopKey(staging), Revision: 1}, "back").ID)
	if got := h.restartedAt(t, "StatefulSet", "store"); got != "" {
		t.Errorf("a roll back has its revision's own bytes, not %q", got)
	}
}

func TestRestartIsWhatWasSeen(t *testing.T) {
	h := newShop(t)
	ctx, at := t.Context(), h.service.RestartAt(time.Time{})
	d := restartOf(staging, at)
	plan, err := h.service.Preview(ctx, petra, d)
	if err != nil {
		t.Fatal(err)
	}
	sub := change.Submission{Draft: d, Seen: plan.Digest, Key: "k"}
	other := sub
	other.Restart.At = at.Add(-time.Second)
	var moved *change.PlanChanged
	if _, err := h.service.Submit(ctx, petra, audit.Request{}, other); !errors.As(err, &moved) {
		t.Errorf("another time than was seen: %v", err)
	}
	first, err := h.service.Submit(ctx, petra, audit.Request{}, sub)
	if err != nil {
		t.Fatal(err)
	}
	h.work(t, first.ID)
	if again, err := h.service.Submit(ctx, petra, audit.Request{}, sub); err != nil || again.ID != first.ID {
		t.Errorf("posted again: #%d after #%d, %v", again.ID, first.ID, err)
	}
}

func TestRestartsNotTaken(t *testing.T) {
	h := newShop(t)
	now := h.service.RestartAt(time.Time{})
	web := manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"}
	refused := func(err error) bool { return errors.As(err, new(*change.Refusal)) }
	missing := func(err error) bool { return errors.Is(err, change.ErrNotFound) }
	atTheField := func(err error) bool {
		var fields catalog.Errors
		return errors.As(err, &fields) && len(fields) == 1 && fields[0].Path == "/pods"
	}
	for name, tc := range map[string]struct {
		who policy.Subject
		d   change.Draft
		is  func(error) bool
	}{
		"another team":      {sam, restartOf(staging, now), missing},
		"no such app":       {petra, change.Draft{Kind: change.RestartPods, App: change.AppKey{Target: staging, Name: "other"}, Restart: change.PodRestart{At: now}}, missing},
		"not applied yet":   {petra, restartOf(production, now), refused},
		"no such workload":  {petra, restartOf(staging, now, web, manifest.Ref{Group: "apps", Kind: "Deployment", Name: "x"}), missing},
		"a CronJob":         {petra, restartOf(staging, now, manifest.Ref{Group: "batch", Kind: "CronJob", Name: "night"}), missing},
		"two hours ago":     {petra, restartOf(staging, now.Add(-2*time.Hour)), refused},
		"in an hour":        {petra, restartOf(staging, now.Add(time.Hour)), refused},
		"no time":           {petra, restartOf(staging, time.Time{}), refused},
		"named twice":       {petra, restartOf(staging, now, web, web), missing},
		"scale, not theirs": {sam, scaleOf(staging, 5), missing},
		"scale nothing":     {petra, change.Draft{Kind: change.ScalePods, App: shopKey(staging)}, missing},
		"scale by no dial":  {petra, change.Draft{Kind: change.ScalePods, App: shopKey(staging), Pods: map[string]int{"/pods": 4, "/image": 1}}, missing},
		"scale too far":     {petra, scaleOf(staging, 10), atTheField},
		"scale nothing yet": {petra, scaleOf(production, 4), refused},
	} {
		if tc.d.App.Target == production {
			if _, err := h.service.Application(t.Context(), petra, tc.d.App); err != nil {
				h.submit(t, petra, shopDraft(production, change.Create, nil), "first")
			}
		}
		if _, err := h.service.Preview(t.Context(), tc.who, tc.d); !tc.is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRestartOfWhatHasNoPods(t *testing.T) {
	h := newHouse(t)
	h.work(t, h.submit(t, petra, draft(staging, change.Create, "one", "a"), "1").ID)
	d := restartOf(staging, h.service.RestartAt(time.Time{}))
	d.App.Name = "api"
	var refusal *change.Refusal
	if _, err := h.service.Preview(t.Context(), petra, d); !errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
	if got, err := h.service.Handles(t.Context(), petra, d.App); err != nil || len(got.Workloads)+len(got.Others)+len(got.Dials) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHandles(t *testing.T) {
	h := newShop(t)
	got, err := h.service.Handles(t.Context(), petra, shopKey(staging))
	if err != nil || got.NoDials != nil {
		t.Fatal(err, got.NoDials)
	}
	if len(got.Workloads) != 2 || len(got.Others) != 3 || len(got.Dials) != 1 || got.Dials[0].Path != "/pods" || got.Dials[0].Now != 3 || got.Dials[0].Workload.Name != "web" {
		t.Errorf("%+v", got)
	}
	h.work(t, h.submit(t, petra, scaleOf(staging, 4), "scale").ID)
	if got, err = h.service.Handles(t.Context(), petra, shopKey(staging)); err != nil || got.Dials[0].Now != 4 {
		t.Errorf("after scaling: %+v, %v", got.Dials, err)
	}
	if _, err := h.service.Handles(t.Context(), sam, shopKey(staging)); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
	h.service.Templates = nothing{}
	h.work(t, h.submit(t, petra, restartOf(staging, h.service.RestartAt(time.Time{})), "restart").ID)
	if got, err = h.service.Handles(t.Context(), petra, shopKey(staging)); err != nil || len(got.Workloads) != 2 || !errors.Is(got.NoDials, catalog.ErrUnknownTemplate) {
		t.Errorf("without the template: %+v, %v", got, err)
	}
	var refusal *change.Refusal
	if _, err := h.service.Preview(t.Context(), petra, scaleOf(staging, 5)); !errors.As(err, &refusal) {
		t.Errorf("scaled without the template: %v", err)
	}
}

// A number of pods is an input like any other, and a form that somebody has begun is not lost by it.
func TestScaleChangesOneInput(t *testing.T) {
	h := newShop(t)
	ctx := t.Context()
	key := change.DraftKey{Target: staging, Template: "shop", App: "shop"}
	if _, err := h.service.SaveDraft(ctx, petra, change.SavedDraft{DraftKey: key, Version: "1.0.0", Form: catalog.Form{"in/image": {"a:9"}}}); err != nil {
		t.Fatal(err)
	}
	c := h.work(t, h.submit(t, petra, scaleOf(staging, 5), "scale").ID)
	if c.State != change.Applied || fmt.Sprint(c.Inputs["pods"]) != "5" || c.Inputs["image"] != "a:1" || len(c.Plan.Inputs) != 1 {
		t.Errorf("%s with %v: %s", c.State, c.Inputs, c.Failure)
	}
	if _, err := h.service.Draft(ctx, petra, key); err != nil {
		t.Errorf("the form that was begun: %v", err)
	}
	plan, err := h.service.Preview(ctx, petra, scaleOf(staging, 5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.service.Submit(ctx, petra, audit.Request{}, change.Submission{Draft: scaleOf(staging, 5), Seen: plan.Digest, Key: "again"}); !errors.Is(err, change.ErrNothingChanges) {
		t.Errorf("the number that it has: %v", err)
	}
}

// A roll back leaves out the Jobs of its revision that must succeed first. Another number of pods is no
// reason to run the migration of an old version over a newer database.
func TestScaleAfterARollBackRunsNoMigration(t *testing.T) {
	h := newShop(t)
	h.work(t, h.submit(t, petra, shopDraft(staging, change.Update, catalog.Inputs{"image": "a:2"}), "next").ID)
	jobs := func(d change.Draft) (names []string) {
		plan, err := h.service.Preview(t.Context(), petra, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range plan.Objects {
			if o.Ref.Kind == "Job" {
				names = append(names, string(o.Op)+" "+o.Ref.Name)
			}
		}
		return names
	}
	restart := restartOf(staging, h.service.RestartAt(time.Time{}))
	for _, d := range []change.Draft{scaleOf(staging, 5), restart} {
		if got := jobs(d); !slices.Equal(got, []string{"unchanged migrate-a-2"}) {
			t.Errorf("before going back a %s has %q", d.Kind, got)
		}
	}
	h.work(t, h.submit(t, petra, change.Draft{Kind: change.Rollback, App: shopKey(staging), Revision: 1}, "back").ID)
	for _, d := range []change.Draft{scaleOf(staging, 5), restart} {
		if got := jobs(d); len(got) > 0 {
			t.Errorf("after going back a %s has %q", d.Kind, got)
		}
	}
}

func TestRestartNeedsApprovalWhereOthersDo(t *testing.T) {
	h := newShop(t)
	first := h.submit(t, petra, shopDraft(production, change.Create, nil), "first")
	h.sign(t, first)
	h.work(t, first.ID)
	pending := h.submit(t, petra, shopDraft(production, change.Update, catalog.Inputs{"image": "a:2"}), "pending")
	d := restartOf(production, h.service.RestartAt(time.Time{}))
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0].Sentence, fmt.Sprintf("#%d", pending.ID)) {
		t.Errorf("with a change under way it warns of %+v, %v", plan.Warnings, err)
	}
	c, twice := h.submit(t, petra, d, "restart"), h.submit(t, paula, d, "restart")
	if c.State != change.Pending || twice.ID == c.ID {
		t.Fatalf("#%d is %s, and another person's is #%d", c.ID, c.State, twice.ID)
	}
	var refusal *change.Refusal
	if _, err := h.service.Approve(t.Context(), paula, audit.Request{}, twice.ID, twice.Plan.Digest, ""); !errors.As(err, &refusal) {
		t.Errorf("one's own: %v", err)
	}
	h.sign(t, c)
	if c = h.work(t, c.ID); c.State != change.Applied {
		t.Errorf("%s: %s", c.State, c.Failure)
	}
	for _, late := range []change.Change{twice, pending} {
		h.sign(t, late)
		if late = h.work(t, late.ID); late.State != change.Stale {
			t.Errorf("%q, planned before, is %s", late.Title, late.State)
		}
	}
}

func TestRestartAt(t *testing.T) {
	h := newHouse(t)
	now := time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC)
	h.service.Now = func() time.Time { return now }
	for asked, want := range map[time.Duration]time.Duration{
		0: 0, -time.Second: -time.Second, -59 * time.Minute: -59 * time.Minute, 30 * time.Second: 30 * time.Second,
		-61 * time.Minute: 0, 2 * time.Minute: 0, -1e6 * time.Hour: 0,
	} {
		if got := h.service.RestartAt(now.Add(asked)); !got.Equal(now.Add(want).Truncate(time.Second)) {
			t.Errorf("asked for %s: %s", asked, got)
		}
	}
}

// A key that was sent with one thing answers for no other, nor for another application.
func TestAKeyCountsForOneThing(t *testing.T) {
	h := newShop(t)
	other := shopDraft(staging, change.Create, nil)
	other.App.Name = "shop2"
	restart := h.work(t, h.submit(t, petra, restartOf(staging, h.service.RestartAt(time.Time{})), "AAAA").ID)
	scale := h.work(t, h.submit(t, petra, scaleOf(staging, 7), "AAAA").ID)
	second := h.submit(t, petra, other, "AAAA")
	if scale.ID == restart.ID || scale.Kind != change.ScalePods || scale.State != change.Applied || second.ID == restart.ID || second.App.Name != "shop2" {
		t.Errorf("after %s came %s of %s, then %s of %s", restart.Kind, scale.Kind, scale.App.Name, second.Kind, second.App.Name)
	}
	again, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: scaleOf(staging, 7), Seen: scale.Plan.Digest, Key: "AAAA"})
	if err != nil || again.ID != scale.ID {
		t.Errorf("the same once more: #%d, %v, want #%d", again.ID, err, scale.ID)
	}
}
