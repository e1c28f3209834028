package manifest

import (
	"errors"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// AnnotationRestarted stands on the pods of a workload that somebody has restarted: the time, as RFC 3339
// writes it. `kubectl rollout restart` writes an annotation of its own; were it the same one, whoever
// restarted by hand would own it, and no server-side apply of ours would be taken without force.
const AnnotationRestarted = "slipway.dev/restarted-at"

var restartedPath = []string{"spec", "template", "metadata", "annotations", AnnotationRestarted}

// ErrNoPodTemplate means that an object has no pods that an annotation could restart.
var ErrNoPodTemplate = errors.New("manifest: the object has no pod template")

// Restartable tells the kinds whose controllers replace running pods when the pod template changes. Jobs
// and CronJobs do not: their pods come from the template only when a run begins.
func Restartable(r Ref) bool {
	return r.Group == "apps" && (r.Kind == "Deployment" || r.Kind == "StatefulSet" || r.Kind == "DaemonSet")
}

// SetRestarted makes u one whose pods were restarted at a time, given as RFC 3339 writes it. What u shares
// with other objects is changed too, so it must be the caller's own. ErrNoPodTemplate.
func SetRestarted(u Object, at string) error {
	template, _, _ := unstructured.NestedFieldNoCopy(u.Object, "spec", "template")
	pods, ok := template.(map[string]any)
	if !ok {
		return ErrNoPodTemplate
	}
	metadata, ok := pods["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		pods["metadata"] = metadata
	}
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[AnnotationRestarted] = at
	return nil
}

// Restarted is when the pods of u were restarted last, as SetRestarted was given it; "" if never.
func Restarted(u Object) string {
	at, _, _ := unstructured.NestedString(u.Object, restartedPath...)
	return at
}

// RestartIn tells whether the change of a field is that of SetRestarted. Where there was no annotation
// before, all annotations, or the metadata, are the field that differs.
func RestartIn(f FieldChange) bool {
	within := strings.HasPrefix(f.Path, ".spec.template.metadata")
	return within && (strings.Contains(f.Path, AnnotationRestarted) || strings.Contains(f.To, AnnotationRestarted) && !strings.Contains(f.From, AnnotationRestarted))
}

// RestartTime writes a time as SetRestarted takes it: in UTC, to the second.
func RestartTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
