package templates

import (
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
