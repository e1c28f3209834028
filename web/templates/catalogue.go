package templates

import (
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// CatalogueEntry is a template as the catalogue shows it.
type CatalogueEntry struct {
	ID     catalog.TemplateID
	About  catalog.About
	Broken string          // why it cannot be used, for people; empty when it can
	UsedBy []change.AppKey // the applications that the person may see
	// Takes are the targets that take the template, if it makes objects outside the namespace; nil for one
	// that every target takes.
	Takes map[policy.Target]bool
}

// CatalogueData is what the catalogue shows.
type CatalogueData struct {
	Drafts  []DraftRow // forms that the person has begun
	Entries []CatalogueEntry
	Chosen  string          // the name of the entry in the rail; empty for the first
	Targets []policy.Target // where the person may make an application; empty for nowhere
	Query   string
}
