package manifest

// Question asks what there is in a cluster that a field of a form may name.
type Question struct {
	// Kind is one of StorageClass, IngressClass, PriorityClass, ClusterIssuer, Namespace and NodeLabel,
	// which belong to the cluster, or of Secret, ConfigMap, Service, SecretKey, ConfigMapKey,
	// ServicePort and ServiceURL, which are looked up in a namespace.
	Kind string
	// Of names the Secret, ConfigMap or Service whose keys or ports are asked for. For NodeLabel it is
	// the label whose values are asked for; empty asks for the names of labels.
	Of string
	// Type limits Secrets to one type, such as kubernetes.io/tls; empty for all.
	Type string
}

// Choice is one thing that a field may name.
type Choice struct {
	Value string
	Help  string // what it means to take it, as a clause; may be empty
}
