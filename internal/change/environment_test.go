package change_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// pods is a chart of one Deployment that takes what stands in its ConfigMap and in a Secret of others.
var pods = fstest.MapFS{
	"maps/Chart.yaml":         {Data: []byte("apiVersion: v2\nname: maps\nversion: 1.0.0\n")},
	"maps/values.yaml":        {Data: []byte("port: \"8000\"\n")},
	"maps/values.schema.json": {Data: []byte(`{"type": "object", "properties": {"port": {"type": "string"}}}`)},
	"maps/templates/all.yaml": {Data: []byte(`apiVersion: v1
kind: ConfigMap
metadata: {name: shared}
data: {PORT: "1"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: api:1
          envFrom: [{configMapRef: {name: shared}}, {secretRef: {name: outside, optional: true}}]
          env: [{name: PORT, value: {{ .Values.port | quote }}}]
`)},
}

// The plan, the change that comes of it and the application's page tell the same environment: with the keys
// that the cluster told, looked up as the team and only for those who may plan.
func TestEnvironmentOfPlanAndApplication(t *testing.T) {
	h := newHouse(t)
	cat, err := catalog.Open(pods)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = cat
	asked := 0
	h.service.Facts = func(_ context.Context, as policy.Acting, _ manifest.Place, wanted manifest.Wanted) manifest.Facts {
		asked++
		if len(wanted.Keyed) != 1 || wanted.Keyed[0].Name != "outside" || as.User() != "slipway:team:payments" {
			t.Errorf("asked for %v as %s", wanted.Keyed, as.User())
		}
		return manifest.Facts{Keyed: map[manifest.Ref]manifest.Keyed{wanted.Keyed[0]: {Exists: true, Keys: []string{"TOKEN"}}}}
	}
	d := change.Draft{
		Kind: change.Create, App: change.AppKey{Target: staging, Name: "api"},
		Template: catalog.TemplateID{Name: "maps", Version: "1.0.0"}, Inputs: catalog.Inputs{"port": "3000"},
	}
	const want = "api: PORT=3000 over 1, TOKEN"
	plan, err := h.service.Preview(t.Context(), petra, d)
	if err != nil {
		t.Fatal(err)
	}
	if got := inShort(plan.Environment()); got != want {
		t.Errorf("the plan has %q", got)
	}
	if got, err := h.service.Environment(t.Context(), petra, d.App); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("before it is there: %v, %v", got, err)
	}
	c := h.work(t, h.submit(t, petra, d, "k").ID)
	stored, err := h.service.Change(t.Context(), petra, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := inShort(stored.Plan.Environment()); got != want {
		t.Errorf("the change has %q", got)
	}
	got, err := h.service.Environment(t.Context(), petra, d.App)
	if err != nil || inShort(got) != want {
		t.Errorf("the application has %q, %v", inShort(got), err)
	}
	before := asked
	got, err = h.service.Environment(t.Context(), anne, d.App)
	if err != nil || inShort(got) != "api: PORT=3000 over 1" || asked != before {
		t.Errorf("who approves sees %q, %v; asked %d times", inShort(got), err, asked-before)
	}
	var stranger *change.Foreign
	if _, err := h.service.Environment(t.Context(), sam, d.App); !errors.As(err, &stranger) {
		t.Errorf("another team: %v", err)
	}
}

func inShort(all []environ.Container) string {
	var out []string
	for _, c := range all {
		var vars []string
		for _, v := range c.Variables {
			s := v.Name
			if v.Shown {
				s += "=" + v.Value
			}
			for _, o := range v.Overrides {
				s += " over " + o.Value
			}
			vars = append(vars, s)
		}
		out = append(out, fmt.Sprintf("%s: %s", c.Name, strings.Join(vars, ", ")))
	}
	return strings.Join(out, "; ")
}
