package manifest

import "k8s.io/apimachinery/pkg/api/resource"

// Wanted says what of a cluster somebody needs to know; see Facts.
type Wanted struct {
	Services       []Ref // by name; Namespace where it is not the application's
	Keyed          []Ref // Secrets and ConfigMaps, and claims, which have no keys
	Nodes          bool
	StorageClasses bool
}

// Facts are what is known of a cluster around an application. What is not in it is not known, which
// proves nothing: the cluster may not have answered in time, or nobody may know.
type Facts struct {
	Services       map[Ref]Service // by the Ref that was asked for
	Keyed          map[Ref]Keyed   // by the Ref that was asked for
	Nodes          []Node          // nil if not known
	StorageClasses []string        // nil if not known
}

// Service is what is known of a Service.
type Service struct {
	Exists   bool
	External bool    // it stands for a name outside the cluster, so its ports say nothing
	Ports    []int32 // none for one that has no ports
}

// Keyed is what is known of a Secret, a ConfigMap or a claim: never a value.
type Keyed struct {
	Exists bool
	Keys   []string
}

// Node is what is known of a node that takes pods.
type Node struct {
	Name        string
	Labels      map[string]string
	Ready       bool              // and open for new pods
	CPU, Memory resource.Quantity // that pods may ask for
}
