package change_test

import (
	"errors"
	"fmt"
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

// serves is a template with hosts, a text and a secret.
var serves = fstest.MapFS{
	"serves/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: serves\nversion: 1.0.0\n")},
	"serves/values.yaml": {Data: []byte("{}\n")},
	"serves/values.schema.json": {Data: []byte(`{"type": "object", "properties": {
		"hosts": {"type": "array", "items": {"type": "string", "x-ui-host": true}},
		"url": {"type": "string", "title": "URL"}, "replicas": {"type": "integer"},
		"password": {"type": "string", "title": "Password", "x-ui-secret": true}}}`)},
	"serves/templates/all.yaml": {Data: []byte(`apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: {{ .Values.password | quote }}}
`)},
}

// serving has an application in staging that serves two hosts.
func serving(t *testing.T) (h *house, made change.Change, token manifest.Token) {
	t.Helper()
	h = copies(newHouse(t))
	cat, err := catalog.Open(serves)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = cat
	h.service.Copies["spare"] = change.CopyRule{MaxAge: time.Hour}
	h.service.Places[policy.Target{Team: "payments", Environment: "spare"}] = manifest.Place{Cluster: "local", Namespace: "payments-spare"}
	h.service.Places[policy.Target{Team: "search", Environment: "preview"}] = manifest.Place{Cluster: "local", Namespace: "search-preview"}
	key := []byte(strings.Repeat("k", manifest.MinSealerKey))
	sealer, err := manifest.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	d := draft(staging, change.Create, "")
	d.Template.Name = "serves"
	token = sealer.Seal(h.service.Places[staging], "hunter2")
	d.Inputs = catalog.Inputs{
		"hosts": []any{"api.example.com", "www.example.com"}, "url": "https://www.example.com/", "replicas": int64(3), "password": string(token),
	}
	c := h.work(t, h.submit(t, petra, d, "1").ID)
	if c.State != change.Applied {
		t.Fatalf("%s, %s", c.State, c.Failure)
	}
	return h, c, token
}

func TestACopyBeginsWithAllButHostsAndSecrets(t *testing.T) {
	h, c, token := serving(t)
	got, err := h.service.Copy(t.Context(), petra, c.App, preview, "api-copy")
	if err != nil {
		t.Fatal(err)
	}
	in := fmt.Sprint(got.Draft.Inputs)
	for _, want := range []string{"api-copy.preview.example.com", "www-api-copy.preview.example.com", "https://www-api-copy.preview.example.com/", "replicas:3", string(manifest.Unset)} {
		if !strings.Contains(in, want) {
			t.Errorf("the copy has no %s: %s", want, in)
		}
	}
	if strings.Contains(in, string(token)) || len(got.Asked) != 1 || got.Asked[0] != "Password" || got.Texts != 1 || len(got.Hosts) != 2 {
		t.Errorf("asked for %q, %d texts, hosts %v", got.Asked, got.Texts, got.Hosts)
	}
	if d := got.Draft; d.Kind != change.Create || d.App.Target != preview || d.Source == nil || d.Source.Revision != 1 {
		t.Errorf("%+v", d)
	}
	spare := policy.Target{Team: "payments", Environment: "spare"}
	if got, err = h.service.Copy(t.Context(), petra, c.App, spare, "x"); err != nil || strings.Contains(fmt.Sprint(got.Draft.Inputs["hosts"]), "example") {
		t.Errorf("where no domain is for copies the hosts are %v, %v", got.Draft.Inputs["hosts"], err)
	}
	got.Draft.Inputs = catalog.Inputs{"url": "https://elsewhere"}
	plan, err := h.service.Preview(t.Context(), petra, got.Draft)
	if err != nil || plan.Copies == nil || !strings.HasPrefix(change.Title(got.Draft, plan), "Create x, a copy of api of staging, revision 1") {
		t.Errorf("%q, %v", change.Title(got.Draft, plan), err)
	}
	made, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: got.Draft, Seen: plan.Digest, Lives: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	log := h.log(t)
	if e := log[len(log)-1]; e.Change != made.ID || !strings.HasPrefix(e.Detail, "Copied from api of staging, revision 1") {
		t.Errorf("the entry says %q", e.Detail)
	}
}

func TestWhoMayCopyWhatAndWhere(t *testing.T) {
	h, c, _ := serving(t)
	searching := policy.Target{Team: "search", Environment: "preview"}
	both := person("both", append(slices.Clone(petra.Bindings), sam.Bindings...)...)
	both.Bindings = append(both.Bindings, policy.Binding{Role: policy.Developer, Team: "search", Environment: policy.Any})
	var refusal *change.Refusal
	var fields catalog.Errors
	for name, tc := range map[string]struct {
		who  policy.Subject
		to   policy.Target
		name string
		ok   func(error) bool
	}{
		"another team":                   {sam, preview, "x", func(err error) bool { return errors.Is(err, change.ErrNotFound) }},
		"into another team":              {both, searching, "x", func(err error) bool { return errors.Is(err, change.ErrNotFound) }},
		"who may only approve":           {anne, preview, "x", func(err error) bool { return errors.As(err, &refusal) }},
		"an environment that is not one": {petra, production, "x", func(err error) bool { return errors.Is(err, change.ErrNotFound) }},
		"a bad name":                     {petra, preview, "X y", func(err error) bool { return errors.As(err, &fields) }},
		"no name":                        {petra, preview, "", func(err error) bool { return errors.As(err, &fields) }},
	} {
		if _, err := h.service.Copy(t.Context(), tc.who, c.App, tc.to, tc.name); err == nil || !tc.ok(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	app, err := h.store.Application(t.Context(), c.App)
	if err != nil {
		t.Fatal(err)
	}
	places, err := h.service.CopyPlaces(t.Context(), petra, app)
	if err != nil || len(places) != 2 || places[0].Target.Environment != "preview" || places[0].Name != "api-copy" {
		t.Fatalf("%+v, %v", places, err)
	}
	d := draft(preview, change.Create, "")
	d.App.Name, d.Template.Name, d.Inputs = "api-copy", "serves", catalog.Inputs{}
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest, Lives: days}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.service.Copy(t.Context(), petra, c.App, preview, "api-copy"); !errors.Is(err, change.ErrNameTaken) {
		t.Errorf("a name that is taken: %v", err)
	}
	places, err = h.service.CopyPlaces(t.Context(), petra, app)
	if err != nil || len(places) != 2 || places[0].Target.Environment != "spare" || places[1].There != 1 || places[1].Name != "api-copy-2" {
		t.Errorf("%+v, %v", places, err)
	}
	if none, err := h.service.CopyPlaces(t.Context(), sam, app); err != nil || len(none) != 0 {
		t.Errorf("another team may copy it to %+v, %v", none, err)
	}
	if _, err := h.service.Copy(t.Context(), petra, d.App, preview, "x"); !errors.As(err, &refusal) {
		t.Errorf("nothing of it is applied: %v", err)
	}
}
