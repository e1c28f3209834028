// Package status says how an application is doing, in kstatus' words, and hands each new state to
// whoever watches.
//
// Evaluate is pure: the application's live objects go in, a Snapshot comes out. The Hub keeps the
// newest Snapshot of each application and gives it to subscribers through slots of one: a slow
// subscriber misses intermediate states, never the latest, and holds up nobody.
package status

import (
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// Key names an application in a cluster.
type Key struct {
	Cluster, Namespace, App string
}

// Word is a status. Each is shown with its own icon and colour; see docs/adr for the mapping from
// kstatus.
type Word string

// The words, worst first; see Worse.
const (
	Failed      Word = "failed"      // will not get there by itself
	Unknown     Word = "unknown"     // not seen
	Progressing Word = "progressing" // on its way
	Pending     Word = "pending"     // waits for something named: a node, a quota
	Paused      Word = "paused"      // zero replicas on purpose
	Ready       Word = "ready"       // does what was asked, seen by the cluster
)

// Node is an object with what it owns.
type Node struct {
	Ref      manifest.Ref
	Note     string // beside the kind: "exactly one pod", "3 to 6 pods by load"
	Word     Word
	Reason   string // one clause in plain words; empty where the word says all
	Ready    int32  // pods or containers ready
	Want     int32  // asked for; -1 where the kind has no number
	Created  time.Time
	Children []Node
}

// Wrong is something that is not right, said first on the page.
type Wrong struct {
	Word     Word         // Failed or Pending
	Ref      manifest.Ref // the workload
	Title    string       // "cannot start: its image does not exist"; the workload's name stands before it
	Sentence string       // what it means and what to do; names in it stand in backticks, nowhere else
	Said     string       // the cluster's own words; may be empty
	Since    time.Time
	Pods     int // how many pods it is true of
}

// PodState is how a pod is shown in the bar of a rollout.
type PodState string

// The states of a pod in a rollout.
const (
	PodReady    PodState = "ready"
	PodStarting PodState = "starting"
	PodFailed   PodState = "failed"
	PodToCome   PodState = "waiting" // asked for, not made yet
	PodOld      PodState = "old"     // of the former version, still running
)

// Rollout is a workload on its way from one version to another.
type Rollout struct {
	Ref      manifest.Ref
	Image    string // of its first container, the new one
	New      []PodState
	NewSet   string // name or hash of the new ReplicaSet
	Old      []PodState
	OldSet   string
	Sentence string        // "1 ready, 1 starting, 1 to come"
	Since    time.Time     //
	Deadline time.Duration // after which the cluster calls it failed; 0 for none
}

// Event is something that the cluster reported.
type Event struct {
	Time    time.Time // when it last happened
	First   time.Time // when it happened for the first time; zero where that is not known
	Word    Word      // Failed for a warning, Progressing or Ready otherwise
	Object  manifest.Ref
	Reason  string // Kubernetes' own, e.g. FailedScheduling
	Message string
	Count   int32
}

// Snapshot is the state of an application at one moment. It is never changed once it was published.
type Snapshot struct {
	Key      Key
	At       time.Time // when it was evaluated
	Verdict  Word
	Sentence string // "1 of 5 workloads failed"
	// Synced is false until every kind has been listed once, and while the watch is cut: what is shown
	// may then be old, and Since says from when.
	Synced bool
	Since  time.Time // of Synced's last change
	// Due is when time alone may change what is said here, e.g. because a pod had its time to get
	// ready. Whoever evaluates does so again then. Zero if only an event can.
	Due       time.Time
	Objects   int
	PodsReady int32
	PodsWant  int32
	Wrong     []Wrong
	Rollouts  []Rollout
	Tree      []Node     // workloads with what they own, worst first, then what stands alone
	Workloads []Workload // in order of name
	Events    []Event    // newest first, at most 50
	Hosts     []Host
	Pods      []Pod // of all workloads, those of one beside each other
	Unseen    []Unseen
}

// Host is an address at which the application answers.
type Host struct {
	Name    string
	Path    string
	TLS     bool
	Service string
}
