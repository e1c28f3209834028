package manifest

import (
	"cmp"
	"slices"
)

// The stages in which a set is applied. The objects of one stage do not need each other and are
// applied in parallel; a stage begins when the one before it has ended without a failure.
const (
	// StageNamespaces comes before all others: what is in a namespace needs it.
	StageNamespaces = 0

	StageSettings  = 1 // what others refer to: ConfigMaps, Secrets, accounts and their rights
	StageStorage   = 2 // claims, Services, policies: what pods expect to find
	StageGates     = 3 // Jobs that must have succeeded before a workload is touched, see AnnotationGate
	StageTrials    = 4 // those of them that try the new version, which needs what the others do
	StageHandover  = 5 // autoscalers that go, before their workload is given a number of pods
	StageWorkloads = 6
	StageAround    = 7 // what points at workloads: autoscalers, budgets, Ingresses
	StageDeletions = 8 // last, so that nothing still refers to what goes
)

// StageNames are the names of the stages for people.
var StageNames = map[int]string{
	StageNamespaces: "Namespaces",

	StageSettings:  "Settings and access",
	StageStorage:   "Storage and network",
	StageGates:     "Before the rollout",
	StageTrials:    "Trial of the new version",
	StageHandover:  "Autoscalers that go",
	StageWorkloads: "Workloads",
	StageAround:    "Scaling and addresses",
	StageDeletions: "Deletions",
}

var stageOfKind = map[string]int{
	"Namespace": StageNamespaces,
	"ConfigMap": StageSettings, "Secret": StageSettings, "ServiceAccount": StageSettings,
	"Role": StageSettings, "RoleBinding": StageSettings, "LimitRange": StageSettings, "ResourceQuota": StageSettings,
	"ClusterRole": StageSettings, "ClusterRoleBinding": StageSettings, "PriorityClass": StageSettings,
	"StorageClass": StageSettings, "IngressClass": StageSettings,
	"PersistentVolumeClaim": StageStorage, "Service": StageStorage, "NetworkPolicy": StageStorage,
	"Deployment": StageWorkloads, "StatefulSet": StageWorkloads, "DaemonSet": StageWorkloads,
	"Job": StageWorkloads, "CronJob": StageWorkloads, "Pod": StageWorkloads, "ReplicaSet": StageWorkloads,
	// Kinds of extensions: what fills a Secret, and what an Ingress of Traefik needs in order to answer.
	"ExternalSecret": StageSettings, "Middleware": StageStorage,
}

// Stage tells in which stage an object is applied: that of its kind, but for gates, which have stages of
// their own.
func Stage(u Object) int {
	switch {
	case isTrial(u):
		return StageTrials
	case IsGate(u):
		return StageGates
	}
	return StageOfKind(RefOf(u))
}

// StageOfKind tells in which stage objects of a kind are applied, gates excepted. Kinds that the portal
// does not know come with StageAround, when everything they may refer to is there.
func StageOfKind(r Ref) int {
	if s, ok := stageOfKind[r.Kind]; ok {
		return s
	}
	return StageAround
}

// StageOfDeletion tells in which stage an object is deleted: last, but for autoscalers, which would set
// the number of pods of a workload once more after the workload has been given it. These go when the
// gates are passed, and not before: until then the workload that they scale stays as it is.
func StageOfDeletion(r Ref) int {
	if r.Kind == "HorizontalPodAutoscaler" {
		return StageHandover
	}
	return StageDeletions
}

// Sort puts s into the order in which it is applied: by stage, then kind, namespace and name.
func (s Set) Sort() {
	slices.SortFunc(s, func(a, b Object) int {
		x, y := RefOf(a), RefOf(b)
		return cmp.Or(cmp.Compare(Stage(a), Stage(b)), cmp.Compare(x.Kind, y.Kind), cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Group, y.Group))
	})
}

// Refs names the objects of s without their namespaces; see RefOf.
func (s Set) Refs() []Ref {
	refs := make([]Ref, len(s))
	for i, u := range s {
		refs[i] = RefOf(u)
	}
	return refs
}

// RefsIn names the objects of s as seen from home, the namespace of their application; see RefIn.
func (s Set) RefsIn(home string) []Ref {
	refs := make([]Ref, len(s))
	for i, u := range s {
		refs[i] = RefIn(u, home)
	}
	return refs
}
