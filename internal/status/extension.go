package status

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// externalSecret is ready when the operator of External Secrets says that it has filled the Secret. One of
// which it has said nothing yet has no conditions, which kstatus takes for done.
func externalSecret(u manifest.Object, v verdict) verdict {
	if u.GetDeletionTimestamp() != nil {
		return v
	}
	target, _, _ := unstructured.NestedString(u.Object, "spec", "target", "name")
	if target == "" {
		target = u.GetName()
	}
	c, said := conditionOf(u, "Ready")
	switch {
	case !said:
		return verdict{word: Progressing, reason: "not filled yet"}
	case c.Status == metav1.ConditionTrue:
		return verdict{word: Ready, reason: "filled"}
	}
	return verdict{word: Failed, reason: "cannot be filled", wrong: &cause{
		id:       "object",
		title:    "cannot be filled",
		sentence: fmt.Sprintf("What should fill the Secret `%s` from outside does not get the values. Pods that are new wait for it; those that run keep what they have.", target),
		said:     c.Message,
	}}
}

// conditionOf is a condition of an object's status, as Kubernetes' API conventions have them.
func conditionOf(u manifest.Object, kind string) (metav1.Condition, bool) {
	all, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, raw := range all {
		m, _ := raw.(map[string]any)
		if m["type"] != kind {
			continue
		}
		status, _ := m["status"].(string)
		message, _ := m["message"].(string)
		return metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Message: message}, true
	}
	return metav1.Condition{}, false
}
