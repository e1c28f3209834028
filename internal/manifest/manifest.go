// Package manifest holds what the portal knows about Kubernetes objects as data: a set of them, its
// canonical YAML, the digest of a plan, the difference between two states of an object, and the
// masking of Secrets. It never speaks to a cluster.
//
// The results of asking a cluster about objects (DryRun, Outcome) are values of this package too, so
// that the package that asks (kube) and the package that decides (change) need not know each other.
package manifest

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Labels and annotations that the portal writes. The portal finds and watches by LabelApp; the
// ApplySet ones follow KEP-3659, so that kubectl understands what belongs together.
const (
	LabelApp            = "slipway.dev/app"  // on every object and pod template: the application's name
	LabelTeam           = "slipway.dev/team" // on every object
	LabelPartOf         = "applyset.kubernetes.io/part-of"
	LabelApplySetID     = "applyset.kubernetes.io/id"
	AnnotationTooling   = "applyset.kubernetes.io/tooling"
	AnnotationContains  = "applyset.kubernetes.io/contains-group-kinds"
	FieldManager        = "slipway"
	AnnotationChange    = "slipway.dev/change"
	AnnotationRequester = "slipway.dev/requester"
)

// Place is where objects are: a namespace of a configured cluster.
type Place struct {
	Cluster   string `json:"cluster"` // the cluster's name in the configuration
	Namespace string `json:"namespace"`
}

// Ref names an object, seen from the Place of its application.
type Ref struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	// Namespace is set only for an object outside the application's own namespace. Objects that belong
	// to no namespace, such as a Namespace itself, have none.
	Namespace string `json:"namespace,omitempty"`
}

// GVK is the object's type.
func (r Ref) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// String is how an object is written for people: "Deployment api", and "Role deployer in namespace
// search" outside the application's own namespace.
func (r Ref) String() string {
	if r.Namespace != "" {
		return r.Kind + " " + r.Name + " in namespace " + r.Namespace
	}
	return r.Kind + " " + r.Name
}

// Same tells whether both are the same object, whatever the API version by which it is named.
func (r Ref) Same(o Ref) bool {
	return r.Group == o.Group && r.Kind == o.Kind && r.Name == o.Name && r.Namespace == o.Namespace
}

// RefOf names u without its namespace, which is right for whatever is in the application's own, and
// for what is in none. See RefIn.
func RefOf(u Object) Ref {
	k := u.GroupVersionKind()
	return Ref{Group: k.Group, Version: k.Version, Kind: k.Kind, Name: u.GetName()}
}

// RefIn names u as seen from home, the namespace of its application.
func RefIn(u Object, home string) Ref {
	r := RefOf(u)
	if ns := u.GetNamespace(); ns != home {
		r.Namespace = ns
	}
	return r
}

// Object is one Kubernetes object as the API server's JSON has it.
type Object = *unstructured.Unstructured

// Set is the objects of one application, in the order in which they are applied (see Stage).
type Set []Object

// Op is what happens to an object.
type Op string

// The operations.
const (
	Create    Op = "create"
	Change    Op = "change"
	Delete    Op = "delete"
	Unchanged Op = "unchanged"
)

// Conflict is a field of ours that somebody else owns with another value. The API server refuses an
// unforced apply because of it.
type Conflict struct {
	Manager string    `json:"manager"`        // field manager of the owner, e.g. "kubectl-edit"
	Field   string    `json:"field"`          // dotted path, e.g. ".spec.replicas"
	Since   time.Time `json:"since,omitzero"` // when the owner last wrote; zero where the server does not say
	Live    string    `json:"live,omitempty"`
	Wanted  string    `json:"wanted,omitempty"`
}

// ProblemKind says why the cluster would not take an object.
type ProblemKind string

// The kinds of problems. Each has its own way out, which Problem.Sentence tells.
const (
	NoNamespace  ProblemKind = "namespace missing"
	Quota        ProblemKind = "quota"
	Admission    ProblemKind = "admission refused" // a webhook or policy said no
	InvalidField ProblemKind = "invalid field"
	Forbidden    ProblemKind = "forbidden" // RBAC: the team, or the portal itself, may not
	NoKind       ProblemKind = "unknown kind"
	Conflicting  ProblemKind = "conflict"      // see DryRun.Conflicts
	NotOurs      ProblemKind = "not ours"      // exists and belongs to no application, or to another one
	HostTaken    ProblemKind = "address taken" // another application or namespace serves it
	UnsetSecret  ProblemKind = "value missing" // a secret value was never given, or is no longer there
	Away         ProblemKind = "cluster away"
	Throttled    ProblemKind = "throttled"
	Replaced     ProblemKind = "replaced"    // it went after the plan was made, or another one of its name is there
	GateFailed   ProblemKind = "gate failed" // the Job that has to succeed first did not, see AnnotationGate
	Other        ProblemKind = "other"
)

// Problem is why the cluster would not take an object, or did not.
type Problem struct {
	Kind     ProblemKind `json:"kind"`
	Sentence string      `json:"sentence"`        // plain words: what is so, and what to do
	Said     string      `json:"said,omitempty"`  // the API server's own words, without secret values
	Field    string      `json:"field,omitempty"` // dotted path, for InvalidField
}

// DryRun is what applying or deleting one object would do. All texts are masked: no value of a
// Secret is in any of them.
type DryRun struct {
	Ref    Ref    `json:"ref"`
	Op     Op     `json:"op"`
	Before string `json:"before,omitempty"` // canonical YAML of the live object, empty for Create
	After  string `json:"after,omitempty"`  // canonical YAML of what it would be, empty for Delete
	// Fields are the fields that differ between Before and After, in order of path. Live values in it
	// are what the plan rests on and are part of the digest.
	Fields []FieldChange `json:"fields,omitempty"`
	// Pods is, for a workload, how many pods the live object asks for, and how many what it would be asks
	// for. What runs at this moment is not in a plan: it moves by itself (ADR 31).
	PodsLive, PodsWanted int32
	Conflicts            []Conflict `json:"conflicts,omitempty"`
	Warnings             []string   `json:"warnings,omitempty"` // the API server's, as it said them
	// Untried is set where the cluster could not look at the object, because it needs another one of the
	// set that does not exist yet. After is then what was asked for.
	Untried bool     `json:"untried,omitempty"`
	Problem *Problem `json:"problem,omitempty"` // then nothing else but Ref can be relied on
	// UID is of the live object, which is the one that was looked at: one of the same name that is made in its
	// place is another object. It is empty for one that is on its way out and is to be made anew.
	UID string `json:"uid,omitempty"`
	// Gate is set for a Job that must succeed before the workloads are touched, see AnnotationGate.
	Gate *Gate `json:"gate,omitempty"`
	// Left is whose an object is by now that was to be deleted, OfNoApplication for one that lost its
	// labels: it stays, and Op is Unchanged. No digest holds it.
	Left string `json:"left,omitempty"`
}

// UIDs are the objects that a plan was made against (DryRun.UID), by what they are called.
type UIDs map[Ref]string

// UIDsOf takes them from a plan. Of what is not there yet there is none.
func UIDsOf(plan []DryRun) UIDs {
	all := UIDs{}
	for _, d := range plan {
		if d.UID != "" {
			all[d.Ref] = d.UID
		}
	}
	return all
}

// Another tells whether two dry runs for one name found two different objects.
func (d DryRun) Another(o DryRun) bool { return d.UID != "" && o.UID != "" && d.UID != o.UID }

// FieldChange is one field that differs.
type FieldChange struct {
	Path string `json:"path"` // dotted, list items by key: .spec.template.spec.containers[name="api"].image
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Op   Op     `json:"op"` // Create, Change or Delete of the field
}

// OutcomeState is how far one object got.
type OutcomeState string

// The states of an object within an attempt to apply.
const (
	Waiting   OutcomeState = "waiting" // not tried yet
	Working   OutcomeState = "working"
	Awaited   OutcomeState = "running" // a gate that is applied and has not ended; what comes after waits for it
	Succeeded OutcomeState = "succeeded"
	Broken    OutcomeState = "failed"
	Skipped   OutcomeState = "not tried" // because something before it failed
	Lost      OutcomeState = "unknown"   // written, and no answer came; looked up again when resumed
)

// OfNoApplication is DryRun.Left of what carries the labels of no application.
const OfNoApplication = "no application of this portal"

// Outcome is what became of one object in an attempt to apply.
type Outcome struct {
	Ref     Ref           `json:"ref"`
	Stage   int           `json:"stage"` // see Stage; deletions have StageDeletions
	Op      Op            `json:"op"`    // what was done; Unchanged if the API server found nothing to do
	State   OutcomeState  `json:"state"`
	Problem *Problem      `json:"problem,omitempty"`
	Took    time.Duration `json:"took,omitempty"`
	Tries   int           `json:"tries,omitempty"`
	// Note is how an Awaited gate does, one clause: "1 pod runs". Since is when its Job was made.
	Note  string    `json:"note,omitempty"`
	Since time.Time `json:"since,omitzero"`
	UID   string    `json:"uid,omitempty"`
	// Left is whose an object is by now that was to be deleted and was left in the cluster; see DryRun.Left.
	Left string `json:"left,omitempty"`
}
