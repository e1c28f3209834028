package charts_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

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
	for _, name := range []string{"web-service", "stateful", "scheduled-job", "application"} {
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
			if name == "web-service" {
				maps.Copy(in, required["web"])
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
