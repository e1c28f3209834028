package charts_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/catalog"
)

// Whoever takes a preset and fills in what it leaves open has nothing to put right.
func TestPresetsAreSound(t *testing.T) {
	var schema struct {
		Presets    []preset `json:"x-ui-presets"`
		Properties struct {
			Workloads struct {
				Presets []preset `json:"x-ui-presets"`
			} `json:"workloads"`
		} `json:"properties"`
	}
	required := map[string]map[string]any{
		"web": {"name": "a", "image": "a/b:1", "port": 80}, "worker": {"name": "a", "image": "a/b:1"},
		"stateful": {}, "job": {"name": "a", "image": "a/b:1"},
	}
	tried := 0
	for _, name := range []string{"web-service", "worker", "stateful", "scheduled-job", "application"} {
		raw, err := os.ReadFile(name + "/values.schema.json")
		if err != nil {
			t.Fatal(err)
		}
		schema.Presets, schema.Properties.Workloads.Presets = nil, nil
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		tpl := template(t, name)
		for _, p := range schema.Presets {
			in := catalog.Inputs{}
			if kind := map[string]string{"web-service": "web", "worker": "worker"}[name]; kind != "" {
				maps.Copy(in, required[kind])
				delete(in, "name")
			}
			maps.Copy(in, p.Values)
			sound(t, tpl, p.ID, in)
			tried++
		}
		for _, p := range schema.Properties.Workloads.Presets {
			row := map[string]any{}
			maps.Copy(row, required[p.Values["kind"].(string)])
			maps.Copy(row, p.Values)
			sound(t, tpl, p.ID, catalog.Inputs{"workloads": []any{row}})
			tried++
		}
	}
	if tried < 10 {
		t.Errorf("%d presets were tried", tried)
	}
}

// Sizes say of each pod what they say they do, and nothing of how many there are.
func TestPresetsOfSizes(t *testing.T) {
	for _, name := range []string{"web-service", "worker"} {
		for id, want := range map[string]string{"medium": "500m 512Mi 1Gi", "large": "2 2Gi 4Gi"} {
			values := presetOf(t, name, id)
			in := catalog.Inputs{"image": "a/b:1", "port": 80}
			maps.Copy(in, values)
			made, err := template(t, name).Render(t.Context(), in, release)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range made.Set {
				if u.GetKind() != "Deployment" {
					continue
				}
				containers, _ := field(u, "spec", "template", "spec", "containers").([]any)
				c := unstructured.Unstructured{Object: containers[0].(map[string]any)}
				got := fmt.Sprint(field(&c, "resources", "requests", "cpu"), " ", field(&c, "resources", "requests", "memory"), " ", field(&c, "resources", "limits", "memory"))
				if got != want || len(values) != 1 {
					t.Errorf("%s, %s: %s, and %d settings", name, id, got, len(values))
				}
			}
		}
	}
}

// Who takes more pods learns what they are good for, what they are not enough for, and what they cost.
func TestPresetSaysWhatItCosts(t *testing.T) {
	var critical string
	for _, p := range template(t, "web-service").Presets {
		if p.ID == "critical" {
			critical = p.Help
		}
	}
	for _, says := range []string{"99.9 %", "95 of 100 answers within 500 ms", "a health path", "costs three times"} {
		if !strings.Contains(critical, says) {
			t.Errorf("it does not say %q: %s", says, critical)
		}
	}
}

// Two fields are asked for, as by Opta; all others may be left alone.
func TestTwoRequiredFields(t *testing.T) {
	var required []string
	for _, f := range template(t, "simple-service").Fields {
		if f.Required {
			required = append(required, f.Path)
		}
	}
	if want := []string{"/image", "/port"}; !slices.Equal(required, want) {
		t.Errorf("%v are required", required)
	}
}

type preset struct {
	ID     string         `json:"id"`
	Values map[string]any `json:"values"`
}

func sound(t *testing.T, tpl *catalog.Template, id string, in catalog.Inputs) {
	t.Helper()
	if errs := tpl.Check(in, release); len(errs) > 0 {
		t.Errorf("%s: preset %s: %v", tpl.ID, id, errs)
		return
	}
	if _, err := tpl.Render(t.Context(), in, release); err != nil {
		t.Errorf("%s: preset %s: %v", tpl.ID, id, err)
	}
}
