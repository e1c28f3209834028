package templates

import (
	"strings"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// templateGroup is the templates that answer one question alike.
type templateGroup struct {
	Title   string
	Entries []CatalogueEntry
}

// groupsOf groups templates in the order in which their groups first come.
func groupsOf(entries []CatalogueEntry) []templateGroup {
	var out []templateGroup
	at := map[string]int{}
	for _, e := range entries {
		title := e.About.Group
		if title == "" {
			title = "Other templates"
		}
		i, ok := at[title]
		if !ok {
			i = len(out)
			at[title] = i
			out = append(out, templateGroup{Title: title})
		}
		out[i].Entries = append(out[i].Entries, e)
	}
	return out
}

// offeredIn are those of the targets that take the template.
func (e CatalogueEntry) offeredIn(targets []policy.Target) []policy.Target {
	if e.Takes == nil {
		return targets
	}
	var out []policy.Target
	for _, t := range targets {
		if e.Takes[t] {
			out = append(out, t)
		}
	}
	return out
}

// chosen is the entry in the rail.
func (d CatalogueData) chosen() CatalogueEntry {
	for _, e := range d.Entries {
		if e.ID.Name == d.Chosen {
			return e
		}
	}
	if len(d.Entries) == 0 {
		return CatalogueEntry{}
	}
	return d.Entries[0]
}

func titleOf(e CatalogueEntry) string {
	if e.About.Title != "" {
		return e.About.Title
	}
	return e.ID.Name
}

func joined(words []string) string { return strings.Join(words, ", ") }

// gives is what one has to give: the name, and the required fields.
func gives(e CatalogueEntry) string {
	words := []string{"name"}
	for _, g := range e.About.Gives {
		words = append(words, strings.ToLower(g))
	}
	return joined(words)
}

func usedBy(e CatalogueEntry) string {
	if len(e.UsedBy) == 0 {
		return "not used yet"
	}
	return "used by " + joined(names(e.UsedBy, 3))
}

func names(keys []change.AppKey, most int) []string {
	var out []string
	for i, k := range keys {
		if i == most {
			return append(out, "…")
		}
		out = append(out, k.Name)
	}
	return out
}

// firstUses are the applications that the rail names.
func firstUses(e CatalogueEntry) []change.AppKey { return e.UsedBy[:min(len(e.UsedBy), 8)] }

// templateIcon is the picture of a template, one of catalog.Icons. The stylesheet is made of the names that
// stand here in full.
func templateIcon(name string) string {
	if class, ok := templateIcons[name]; ok {
		return class + " size-4"
	}
	return templateIcons["box"] + " size-4"
}

var templateIcons = map[string]string{
	"activity":       "icon-[lucide--activity]",
	"archive":        "icon-[lucide--archive]",
	"bell":           "icon-[lucide--bell]",
	"bot":            "icon-[lucide--bot]",
	"box":            "icon-[lucide--box]",
	"boxes":          "icon-[lucide--boxes]",
	"brain":          "icon-[lucide--brain]",
	"calendar-clock": "icon-[lucide--calendar-clock]",
	"clock":          "icon-[lucide--clock]",
	"cloud":          "icon-[lucide--cloud]",
	"cog":            "icon-[lucide--cog]",
	"cpu":            "icon-[lucide--cpu]",
	"database":       "icon-[lucide--database]",
	"fence":          "icon-[lucide--fence]",
	"file-text":      "icon-[lucide--file-text]",
	"flask-conical":  "icon-[lucide--flask-conical]",
	"gauge":          "icon-[lucide--gauge]",
	"globe":          "icon-[lucide--globe]",
	"hard-drive":     "icon-[lucide--hard-drive]",
	"heart-pulse":    "icon-[lucide--heart-pulse]",
	"image":          "icon-[lucide--image]",
	"key":            "icon-[lucide--key]",
	"layers":         "icon-[lucide--layers]",
	"mail":           "icon-[lucide--mail]",
	"message-square": "icon-[lucide--message-square]",
	"network":        "icon-[lucide--network]",
	"package":        "icon-[lucide--package]",
	"radio":          "icon-[lucide--radio]",
	"rocket":         "icon-[lucide--rocket]",
	"search":         "icon-[lucide--search]",
	"server":         "icon-[lucide--server]",
	"shield":         "icon-[lucide--shield]",
	"shopping-cart":  "icon-[lucide--shopping-cart]",
	"terminal":       "icon-[lucide--terminal]",
	"timer":          "icon-[lucide--timer]",
	"users":          "icon-[lucide--users]",
	"webhook":        "icon-[lucide--webhook]",
	"workflow":       "icon-[lucide--workflow]",
	"zap":            "icon-[lucide--zap]",
}
