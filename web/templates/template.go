package templates

import (
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// TemplateData is a template with all its versions.
type TemplateData struct {
	Entry    CatalogueEntry // the version that is shown
	Origin   catalog.Origin
	Allows   []string // what the template declares that it does beyond its namespace, in its own words
	Newest   catalog.TemplateID
	Versions []TemplateVersion // newest first
	Targets  []policy.Target   // where the person may make an application
	Behind   int               // applications of an older version that the person may change
}

// TemplateVersion is one line of the versions.
type TemplateVersion struct {
	ID     catalog.TemplateID
	Broken string
	Origin catalog.Origin
	Absent bool            // applications run it, and no source has it any more
	UsedBy []change.AppKey // of those that the person may see
}

// versionURL is the page of one version.
func versionURL(id catalog.TemplateID) string {
	return withQuery(TemplateURL(id.Name), "version", id.Version)
}

// shortPin is a digest or commit short enough for a table.
func shortPin(pin string) string {
	if _, hex, ok := strings.Cut(pin, ":"); ok {
		pin = hex
	}
	return pin[:min(12, len(pin))]
}

// allowWords says what a declaration of a template means.
func allowWords(declared string) string {
	kind, what, _ := strings.Cut(declared, ":")
	switch kind {
	case "cluster-scoped":
		if what != "" {
			return what + ", which belongs to no namespace"
		}
		return "objects that belong to no namespace"
	case "kind":
		return what + ", a kind that an extension brings into the cluster"
	case "other-namespaces":
		return "objects in other namespaces"
	case "rbac":
		return "roles and their bindings"
	case "hooks":
		return "Helm hooks, which are left out and listed in the plan"
	case "literal-secrets":
		return "Secrets with values of its own"
	}
	return declared
}

func shownUses(keys []change.AppKey) []change.AppKey { return keys[:min(len(keys), 5)] }
