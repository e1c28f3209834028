package change_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// applied submits a draft, has it approved where that is needed, and applied.
func (h *house) applied(t *testing.T, who policy.Subject, d change.Draft) change.Change {
	t.Helper()
	c := h.submit(t, who, d, string(d.Kind)+d.App.Target.String()+d.App.Name)
	if c.State == change.Pending {
		if _, err := h.service.Approve(t.Context(), anne, audit.Request{}, c.ID, c.Plan.Digest, ""); err != nil {
			t.Fatal(err)
		}
	}
	return h.work(t, c.ID)
}

func TestSourceIsReadAsItIsWritten(t *testing.T) {
	src := change.Source{App: change.AppKey{Target: staging, Name: "api"}, Revision: 12}
	if got := change.ReadSource("payments", src.String()); got == nil || *got != src {
		t.Errorf("%q was read as %v", src, got)
	}
	for _, text := range []string{"", "staging/api", "staging/api/", "staging/api/0", "staging/api/-1", "staging/api/x", "/api/1", "staging//1", "a/b/c/1"} {
		if got := change.ReadSource("payments", text); got != nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestPromote(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.applied(t, petra, draft(staging, change.Create, "two", "a"))
	from := change.Source{App: change.AppKey{Target: staging, Name: "api"}}
	to := change.AppKey{Target: production, Name: "api"}

	// It is not there yet.
	app, err := h.service.Application(ctx, petra, from.App)
	if err != nil {
		t.Fatal(err)
	}
	others, err := h.service.Counterparts(ctx, petra, app)
	if err != nil || !slices.Equal(others, []change.Counterpart{{App: to, May: true}}) {
		t.Fatalf("it can be compared with %v, %v", others, err)
	}
	if others, err := h.service.Counterparts(ctx, anne, app); err != nil || len(others) > 0 {
		t.Errorf("who may change nothing is offered %v, %v", others, err)
	}
	cmp, err := h.service.Compare(ctx, petra, from, to)
	if err != nil || cmp.Exists || cmp.From.Revision != 1 || len(cmp.Differs) != 2 {
		t.Fatalf("compared: %+v, %v", cmp, err)
	}
	d, gone, err := h.service.TakeOver(petra, cmp, "1.0.0", []string{"/names", "/value"})
	want := draft(production, change.Create, "two", "a")
	want.Source = &cmp.From
	if err != nil || len(gone) > 0 || !reflect.DeepEqual(d, want) {
		t.Fatalf("taken over: %+v, %v, %v", d, gone, err)
	}
	c := h.applied(t, petra, d)
	if c.Title != "Promote api from staging revision 1" || c.State != change.Applied {
		t.Errorf("the change is %q and %s", c.Title, c.State)
	}
	page, err := h.store.Entries(ctx, audit.Filter{Action: audit.SubmitChange}, 0, 10)
	if err != nil || !slices.ContainsFunc(page.Entries, func(e audit.Entry) bool {
		return e.Change == c.ID && e.Detail == "Promoted from staging revision 1. because"
	}) {
		t.Errorf("the log has %+v, %v", page.Entries, err)
	}

	// And now it is, and one field is changed by hand on the way.
	next := draft(staging, change.Update, "three", "a", "b")
	h.applied(t, petra, next)
	if cmp, err = h.service.Compare(ctx, petra, from, to); err != nil || !cmp.Exists || cmp.Base != 1 || cmp.From.Revision != 2 {
		t.Fatalf("compared: %+v, %v", cmp, err)
	}
	if d, _, err = h.service.TakeOver(petra, cmp, "1.0.0", []string{"/names"}); err != nil || d.Kind != change.Update || d.Inputs["value"] != "two" {
		t.Fatalf("taken over: %+v, %v", d, err)
	}
	plan, err := h.service.Preview(ctx, petra, d)
	if err != nil || plan.Promoted == nil || !slices.Equal(plan.Promoted.Apart, []string{"Value"}) {
		t.Fatalf("the plan says of its source %+v, %v", plan.Promoted, err)
	}
	if got := change.Title(d, plan); got != "Promote api from staging revision 2 (1 field differs): Names a, b" {
		t.Errorf("its title is %q", got)
	}
}

// A requester chooses host names and texts. That a text looks as if it belonged to the environment keeps
// nothing from the approver: the plan, the title and the audit entry tell of it.
func TestPromotionHidesNothing(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	schema := `{"type": "object", "properties": {
		"host": {"type": "string", "title": "Host name", "x-ui-host": true},
		"pods": {"type": "integer", "title": "Pods", "x-ui-environment": true},
		"image": {"type": "string", "title": "Image"},
		"env": {"type": "object", "title": "Variables", "additionalProperties": {"type": "string", "title": "Value"}},
		"secrets": {"type": "object", "title": "Secrets", "additionalProperties": {"type": ["string", "null"], "title": "Value", "x-ui-secret": true}},
		"routes": {"type": "array", "title": "Routes", "items": {"type": "object", "title": "Route", "properties": {
			"host": {"type": "string", "title": "Host name", "x-ui-host": true}, "to": {"type": "string", "title": "To"}}}},
		"files": {"type": "array", "title": "Files", "items": {"type": "object", "title": "File", "properties": {
			"key": {"type": "string", "title": "Key"}, "mode": {"type": "integer", "title": "Mode"}, "value": {"type": ["string", "null"], "title": "Contents", "x-ui-secret": true}}}}}}`
	all, err := catalog.Open(fstest.MapFS{
		"web-1.0.0/Chart.yaml":          {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
		"web-1.0.0/values.schema.json":  {Data: []byte(schema)},
		"web-1.0.0/templates/maps.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = all
	id := catalog.TemplateID{Name: "web", Version: "1.0.0"}
	good := change.Draft{Kind: change.Create, App: change.AppKey{Target: staging, Name: "api"}, Template: id,
		Inputs: catalog.Inputs{"image": "registry.example.com/team/api:1", "host": "api.staging.example.com", "pods": 1, "env": map[string]any{"LEVEL": "debug"}}}
	h.applied(t, petra, good)
	for name, tc := range map[string]struct {
		inputs catalog.Inputs
		want   []string
	}{
		"the same":                        {catalog.Inputs{}, nil},
		"what the schema says":            {catalog.Inputs{"host": "api.example.com", "pods": 5}, nil},
		"an image that names the host":    {catalog.Inputs{"host": "registry.example.com", "image": "registry.example.com/evil/rootkit:666"}, []string{"Image"}},
		"a path that names the namespace": {catalog.Inputs{"env": map[string]any{"LEVEL": "debug", "LD_PRELOAD": "/tmp/a." + h.service.Places[production].Namespace + "/evil.so"}}, []string{"Variables, LD_PRELOAD"}},
		"the name of an environment":      {catalog.Inputs{"env": map[string]any{"LEVEL": "production"}}, []string{"Variables, LEVEL"}},
		"a list with a host in it":        {catalog.Inputs{"routes": []any{map[string]any{"host": "a.example.com", "to": "elsewhere"}}}, []string{"Routes"}},
		"a secret more":                   {catalog.Inputs{"secrets": map[string]any{"LD_PRELOAD": string(manifest.Unset)}}, []string{"Secrets, LD_PRELOAD"}},
		"a row with a secret":             {catalog.Inputs{"files": []any{map[string]any{"key": "run.sh", "mode": 511, "value": string(manifest.Unset)}}}, []string{"Files, run.sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			d.App.Target, d.Source, d.Inputs = production, &change.Source{App: good.App, Revision: 1}, maps.Clone(good.Inputs)
			maps.Copy(d.Inputs, tc.inputs)
			plan, err := h.service.Preview(ctx, petra, d)
			if err != nil || plan.Promoted == nil || !slices.Equal(plan.Promoted.Apart, tc.want) {
				t.Fatalf("the plan says of its source %+v, %v, want %q", plan.Promoted, err, tc.want)
			}
			title := "Promote api from staging revision 1"
			if len(tc.want) > 0 {
				title += " (1 field differs)"
			}
			if got := change.Title(d, plan); got != title {
				t.Errorf("its title is %q, want %q", got, title)
			}
		})
	}
}

// What somebody says of where inputs come from is said of the plan only if it is so.
func TestSourceIsLookedUp(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.applied(t, petra, draft(staging, change.Create, "one", "a"))
	h.applied(t, sam, draft(foreign, change.Create, "one", "b"))
	onlyProduction := person("olga", policy.Binding{Role: policy.Developer, Team: "payments", Environment: "production"})
	for name, tc := range map[string]struct {
		who  policy.Subject
		src  change.Source
		said bool
	}{
		"as it is":                  {petra, change.Source{App: change.AppKey{Target: staging, Name: "api"}, Revision: 1}, true},
		"a revision that is not":    {petra, change.Source{App: change.AppKey{Target: staging, Name: "api"}, Revision: 2}, false},
		"an application that isn't": {petra, change.Source{App: change.AppKey{Target: staging, Name: "web"}, Revision: 1}, false},
		"the same environment":      {petra, change.Source{App: change.AppKey{Target: production, Name: "api"}, Revision: 1}, false},
		"another team":              {petra, change.Source{App: change.AppKey{Target: foreign, Name: "api"}, Revision: 1}, false},
		"no target":                 {petra, change.Source{App: change.AppKey{Target: policy.Target{Team: "payments", Environment: "qa"}, Name: "api"}, Revision: 1}, false},
		"not for this person":       {onlyProduction, change.Source{App: change.AppKey{Target: staging, Name: "api"}, Revision: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := draft(production, change.Create, "one", "c")
			d.Source = &tc.src
			plan, err := h.service.Preview(ctx, tc.who, d)
			if err != nil || (plan.Promoted != nil) != tc.said {
				t.Errorf("the plan says %+v, %v", plan.Promoted, err)
			}
		})
	}
}

func TestWhoMayCompare(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.applied(t, petra, draft(staging, change.Create, "one", "a"))
	h.applied(t, sam, draft(foreign, change.Create, "one", "b"))
	from := change.Source{App: change.AppKey{Target: staging, Name: "api"}}
	at := func(target policy.Target, name string) change.AppKey {
		return change.AppKey{Target: target, Name: name}
	}
	onlyStaging := person("otto", policy.Binding{Role: policy.Developer, Team: "payments", Environment: "staging"})
	for name, tc := range map[string]struct {
		who  policy.Subject
		from change.Source
		to   change.AppKey
	}{
		"from another team":          {petra, change.Source{App: at(foreign, "api")}, at(production, "api")},
		"to another team":            {petra, from, at(foreign, "api")},
		"somebody of another team":   {sam, from, at(production, "api")},
		"between two teams":          {anne, from, at(foreign, "api")},
		"where the person is nobody": {onlyStaging, from, at(production, "api")},
		"a target that is not":       {petra, from, at(policy.Target{Team: "payments", Environment: "qa"}, "api")},
		"with itself":                {petra, from, from.App},
		"a revision that is not":     {petra, change.Source{App: from.App, Revision: 7}, at(production, "api")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.service.Compare(ctx, tc.who, tc.from, tc.to); !errors.Is(err, change.ErrNotFound) {
				t.Errorf("the answer is %v", err)
			}
		})
	}
	// Who sees both may compare, and takes nothing over.
	cmp, err := h.service.Compare(ctx, anne, from, at(production, "api"))
	if err != nil {
		t.Fatal(err)
	}
	var refusal *change.Refusal
	if _, _, err := h.service.TakeOver(anne, cmp, "1.0.0", nil); !errors.As(err, &refusal) {
		t.Errorf("who may change nothing takes over: %v", err)
	}
	for _, path := range []string{"/nothing", "", "/names/0", "names"} {
		if _, _, err := h.service.TakeOver(petra, cmp, "1.0.0", []string{"/names", path}); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("a difference %q that is none: %v", path, err)
		}
	}
	if _, _, err := h.service.TakeOver(petra, cmp, "9.9.9", nil); !errors.As(err, &refusal) {
		t.Errorf("a version of neither: %v", err)
	}
}

func TestPromoteBetweenVersions(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.applied(t, petra, draft(production, change.Create, "two", "a"))
	old := h.service.Templates
	cat, next := newer(t)
	h.service.Templates = cat
	d := draft(staging, change.Create, "", "b")
	d.Template, d.Inputs = next, catalog.Inputs{"names": []any{"b"}}
	h.applied(t, petra, d)
	from, to := change.Source{App: change.AppKey{Target: staging, Name: "api"}}, change.AppKey{Target: production, Name: "api"}

	cmp, err := h.service.Compare(ctx, petra, from, to)
	if err != nil || cmp.Made != next || cmp.Runs.Version != "1.0.0" || cmp.Fields != next {
		t.Fatalf("compared: %+v, %v", cmp, err)
	}
	newerDraft, gone, err := h.service.TakeOver(petra, cmp, next.Version, []string{"/names"})
	if err != nil || newerDraft.Template != next || len(gone) > 0 {
		t.Errorf("with the version: %+v, %v, %v", newerDraft, gone, err)
	}
	stays, _, err := h.service.TakeOver(petra, cmp, "1.0.0", []string{"/names"})
	if err != nil || stays.Template.Version != "1.0.0" {
		t.Errorf("without the version: %+v, %v", stays, err)
	}
	// The other way, the older version has a field more.
	back, err := h.service.Compare(ctx, petra, change.Source{App: to}, from.App)
	if err != nil {
		t.Fatal(err)
	}
	if _, gone, err := h.service.TakeOver(petra, back, next.Version, []string{"/value"}); err != nil || len(gone) != 1 {
		t.Errorf("a field that the version has not: %v, %v", gone, err)
	}
	// No source has the version any more: the other one's fields are compared.
	h.service.Templates = old
	if cmp, err = h.service.Compare(ctx, petra, from, to); err != nil || cmp.Fields.Version != "1.0.0" {
		t.Errorf("without the version: %+v, %v", cmp.Fields, err)
	}
	var refusal *change.Refusal
	if _, err = h.service.Compare(ctx, petra, from, change.AppKey{Target: production, Name: "new"}); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "No source has") {
		t.Errorf("without any version: %v", err)
	}
}
