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
		return "none of yours yet"
	}
	return "yours: " + joined(names(e.UsedBy, 3))
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

// templateIcon is the picture of a template. Only these are in the stylesheet.
func templateIcon(name string) string {
	switch name {
	case "globe":
		return "icon-[lucide--globe] size-4"
	case "hard-drive":
		return "icon-[lucide--hard-drive] size-4"
	case "cog":
		return "icon-[lucide--cog] size-4"
	case "calendar-clock":
		return "icon-[lucide--calendar-clock] size-4"
	case "boxes":
		return "icon-[lucide--boxes] size-4"
	case "heart-pulse":
		return "icon-[lucide--heart-pulse] size-4"
	case "layers":
		return "icon-[lucide--layers] size-4"
	case "database":
		return "icon-[lucide--database] size-4"
	}
	return "icon-[lucide--box] size-4"
}
