package templates

import (
	"strings"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

const sampleToken = "slipway-secret-" + "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"

func secretField(path, title, help string) catalog.Control {
	c := text(path, title, help, "")
	c.Field.Secret = true
	return c
}

// workloadRow is a row of a list of objects, with fields that are folded away.
func workloadRow(i int, name string) catalog.Row {
	base := "/workloads/" + plainNumber(int64(i))
	kind := text(base+"/schedule", "Schedule", "When it runs, as cron writes it.", "15 3 * * *")
	kind.Field.Advanced = true
	item := catalog.Control{Field: field(catalog.Object, "", "Workload", ""), Name: "in" + base, ID: "in" + strings.ReplaceAll(base, "/", "-")}
	item.Parts = []catalog.Control{text(base+"/name", "Name", "", name), text(base+"/image", "Image", "", "registry.example.com/payments/"+name+":4f02be1"), kind}
	return catalog.Row{Index: i, Item: item}
}

// fullForm is an application's form with every state that a field can be in.
func fullForm() FormData {
	d := formPage(false)
	d.Kind, d.App, d.Revision = change.Update, api, 42
	stored, unset, empty := secretField("/session", "Session key", "Signs the cookies."), secretField("/database", "Database password", ""), secretField("/relay", "Relay password", "")
	stored.Stored, stored.Set, stored.Value, stored.Field.Generate = true, true, sampleToken, "hex:32"
	stored.Deployed, stored.Changed = "a stored value", true
	unset.Unset, unset.Set, unset.Value = true, true, string(manifest.Unset)
	empty.Set = true
	key := secretField("/key", "Private key", "PEM, as the provider gave it.")
	key.Field.Kind, key.Field.Upload = catalog.Multiline, true
	class := text("/class", "Storage class", "Where its data is kept.", "hcloud-volumes")
	class.Field.Picker, class.Deployed, class.Default, class.Changed = &catalog.Picker{Kind: "StorageClass"}, "local-path", "the cluster's own", true
	class.Warning = "Its data does not move along: the claim keeps `local-path`."
	config := text("/config", "Configuration", "", "listen: 8080\nworkers: 4\n")
	config.Field.Kind, config.Field.Mono, config.Deployed, config.Default = catalog.Multiline, true, "2 lines", "empty"
	list := catalog.Control{Name: "in/workloads", ID: "in-workloads", Set: true, Field: field(catalog.List, "/workloads", "Workloads", "In the order in which they start.")}
	list.Field.Item = field(catalog.Object, "", "Workload", "")
	list.Field.Presets = []catalog.Preset{{ID: "cron", Title: "Add a nightly job", Help: "Runs at a quarter past three."}}
	list.Rows = []catalog.Row{workloadRow(0, "api"), workloadRow(1, "worker"), workloadRow(2, "report")}
	list.Rows[1].Item.Parts[1].Error = "Take a tag that never moves."
	d.View.Sections = append([]catalog.Section{
		{ID: "workloads", Title: "Workloads", Required: true, Errors: 1, Controls: []catalog.Control{list}},
		{ID: "secrets", Title: "Secrets", Controls: []catalog.Control{stored, unset, empty, key}},
		{ID: "storage", Title: "Storage", Controls: []catalog.Control{class, config}},
	}, d.View.Sections...)
	d.View.Gone = []catalog.Gone{{Path: "/legacy/port", Value: "8081"}}
	d.View.Errors = catalog.Errors{{Path: "/workloads/1/image", Title: "Workloads, worker, image", Message: "Take a tag that never moves."}}
	d.Posted = true
	d.Presets = []catalog.Preset{{ID: "small", Title: "A small service", Help: "One pod and no data."}, {ID: "public", Title: "A public service", Help: "Two pods behind a host name."}}
	d.Kept = Kept{At: sampleNow.Add(-3 * time.Hour), Returned: true, Version: "0.9.0"}
	d.Answers = map[string]PickerAnswer{"StorageClass  ": {Choices: []manifest.Choice{{Value: "hcloud-volumes", Help: "Hetzner volumes"}, {Value: "local-path", Help: "on the node"}}}}
	return d
}

func sampleDrafts() []DraftRow {
	return []DraftRow{
		{Target: production, Template: "web-service", Saved: sampleNow.Add(-3 * time.Hour), URL: NewURL(production, "web-service")},
		{Target: policy.Target{Team: "payments", Environment: "staging"}, Template: "web-service", App: "api", Saved: sampleNow.Add(-26 * time.Hour), URL: AppURL(api, "edit")},
	}
}

// longForm has more rows than are shown whole, one of them open and one with an error, and a pane that is folded.
func longForm() FormData {
	d := formPage(false)
	list := catalog.Control{Name: "in/workloads", ID: "in-workloads", Set: true, Field: field(catalog.List, "/workloads", "Workloads", "In the order in which they start.")}
	list.Field.Item = field(catalog.Object, "", "Workload", "")
	for i := range rowsWhole + 5 {
		list.Rows = append(list.Rows, workloadRow(i, "worker-"+plainNumber(int64(i))))
	}
	list.Rows[2].Open = true
	list.Rows[4].Item.Parts[1].Error = "Take a tag that never moves."
	list.Rows[6].Item.Parts[0].Changed = true
	d.View.Sections = []catalog.Section{{ID: "workloads", Title: "Workloads", Required: true, Errors: 1, Controls: []catalog.Control{list}}}
	d.Manifests.Fold(10, nil, "")
	return d
}
