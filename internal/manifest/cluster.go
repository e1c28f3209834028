package manifest

import "errors"

// ErrClusterAway means that a cluster does not answer, or not in time.
var ErrClusterAway = errors.New("the cluster does not answer")

// ClusterVersion is what a cluster says of itself.
type ClusterVersion struct {
	Kube string   // "v1.37.1"
	APIs []string // "apps/v1", "apps/v1/Deployment"; sorted
}
