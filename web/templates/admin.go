package templates

import (
	"time"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// AdminData is the configuration as it is in force, for reading.
type AdminData struct {
	Version   string
	Issuer    string
	Clusters  []AdminCluster
	Targets   []AdminTarget
	Bindings  []policy.GroupBinding
	Rules     []policy.Rule
	Templates []CatalogueEntry
	Sources   []TemplateSource
}

// TemplateSource is a place that templates are taken from.
type TemplateSource struct {
	Name    string
	Read    time.Time // when it last gave something; zero for never
	Problem string    // why it could not be read the last time; empty when it could
	Cached  bool      // what it has is from an earlier run of the portal
	Notes   []string  // one sentence each
	Usable  int       // versions
	Broken  int
}

// AdminCluster is a configured cluster.
type AdminCluster struct {
	ClusterHealth
	Version string // empty while it does not answer
}

// AdminTarget is a configured target.
type AdminTarget struct {
	policy.Target
	Place manifest.Place
}
