package manifest

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// AnnotationGate makes a Job (batch/v1) a gate: it is applied in a stage of its own, and nothing of the
// stages after it is touched before it has succeeded. What it may say are GateComplete and GateTrial.
const AnnotationGate = "slipway.dev/gate"

// The values of AnnotationGate. The rollout waits for both alike. A trial comes after the others, since
// the new version needs what they do, and it leaves nothing behind that going back would have to heed.
const (
	GateComplete = "complete" // what it does stays: a migration
	GateTrial    = "trial"    // it tries the new version beside the old one
)

// GateLimit is the longest that a gate may take, spec.activeDeadlineSeconds of its Job.
const GateLimit = 24 * time.Hour

// GateState is how a gate's Job does in the cluster.
type GateState string

// The states of a gate.
const (
	GateToCome  GateState = ""         // there is none yet
	GateRunning GateState = "running"  // it has not ended
	GatePassed  GateState = "complete" // it succeeded, so that nothing waits
	GateBroken  GateState = "failed"   // it failed; applying deletes it and makes it anew
)

// Gate is a gate as a plan sees it.
type Gate struct {
	Limit time.Duration `json:"limit"` // how long the rollout waits for it at most
	Live  GateState     `json:"live,omitempty"`
	Trial bool          `json:"trial,omitempty"` // it tries the new version, see GateTrial
}

// IsGate tells whether u is a gate. An object of another kind never is, whatever its annotations say;
// see CheckGate.
func IsGate(u Object) bool {
	_, marked := u.GetAnnotations()[AnnotationGate]
	return marked && isJob(u)
}

func isTrial(u Object) bool { return IsGate(u) && u.GetAnnotations()[AnnotationGate] == GateTrial }

func isJob(u Object) bool {
	k := u.GroupVersionKind()
	return k.Group == "batch" && k.Kind == "Job"
}

// GateOf reads a gate as it was asked for, with what live, which may be nil, says of its state. It is nil
// for what is no gate.
func GateOf(u, live Object) *Gate {
	if !IsGate(u) {
		return nil
	}
	n, _, _ := unstructured.NestedInt64(u.Object, "spec", "activeDeadlineSeconds")
	g := &Gate{Limit: time.Duration(n) * time.Second, Trial: isTrial(u)}
	if live != nil {
		g.Live = GateStateOf(live)
	}
	return g
}

// GateStateOf reads the state of a live Job from its conditions (batch/v1, JobStatus).
func GateStateOf(job Object) GateState {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions")
	for _, c := range conditions {
		m, ok := c.(map[string]any)
		if !ok || m["status"] != "True" {
			continue
		}
		switch m["type"] {
		case "Complete":
			return GatePassed
		case "Failed":
			return GateBroken
		}
	}
	return GateRunning
}

// CheckGate tells, for the author of a template, why an object cannot be the gate that its annotation says
// it is; nil for what carries none. A gate must end by itself, and must still be there when somebody asks
// how it ended.
func CheckGate(u Object) error {
	value, marked := u.GetAnnotations()[AnnotationGate]
	if !marked {
		return nil
	}
	if !isJob(u) {
		return fmt.Errorf("it has the annotation %s, and only a Job (batch/v1) can be waited for", AnnotationGate)
	}
	if value != GateComplete && value != GateTrial {
		return fmt.Errorf("its annotation %s is %q; write %q, or %q if it leaves nothing behind", AnnotationGate, value, GateComplete, GateTrial)
	}
	limit, set, err := unstructured.NestedInt64(u.Object, "spec", "activeDeadlineSeconds")
	if !set || err != nil || limit < 1 || limit > int64(GateLimit/time.Second) {
		return fmt.Errorf("a rollout waits for it (%s), so it needs spec.activeDeadlineSeconds, from 1 to %d", AnnotationGate, int64(GateLimit/time.Second))
	}
	if held, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend"); held {
		return fmt.Errorf("a rollout waits for it (%s), so it cannot be suspended from the start", AnnotationGate)
	}
	if _, set, _ := unstructured.NestedFieldNoCopy(u.Object, "spec", "ttlSecondsAfterFinished"); set {
		return fmt.Errorf("a rollout waits for it (%s), so it has to stay when it has ended: leave spec.ttlSecondsAfterFinished out", AnnotationGate)
	}
	return nil
}
