package status

import (
	"cmp"
	"fmt"
	"strings"
	"time"

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

// ofExtension tells kinds that an extension brings: their group is a domain, and none of Kubernetes' own.
func ofExtension(u manifest.Object) bool {
	group := u.GroupVersionKind().Group
	return strings.Contains(group, ".") && !strings.HasSuffix("."+group, ".k8s.io")
}

// extension is the verdict on an object of an extension: kstatus' word with what its controller says of it
// (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md: Reconciling, Stalled,
// Ready). How long something of another's may take is not known here, so one that does not get ready waits,
// and has not failed; that is for its controller to say.
func (l *look) extension(u manifest.Object, v verdict) verdict {
	if u.GetDeletionTimestamp() != nil {
		return v
	}
	moving, is := conditionOf(u, "Reconciling")
	is = is && moving.Status == metav1.ConditionTrue
	ready, known := conditionOf(u, "Ready")
	switch {
	case v.word == Failed || v.word == Unknown:
		return v
	case is:
		v.reason = cmp.Or(clip(moving.Message), v.reason)
	case known && ready.Status != metav1.ConditionTrue && v.word == Progressing && observed(u):
		since := cmp.Or(ready.LastTransitionTime.Time, u.GetCreationTimestamp().Time)
		v.reason = cmp.Or(clip(ready.Message), v.reason, "is not ready yet")
		if l.until(since.Add(readyWithin)) {
			return v
		}
		v.word, v.wrong = Pending, &cause{
			id: "object", title: "does not get ready", said: ready.Message, since: since,
			sentence: fmt.Sprintf("Whatever looks after %s in this cluster does not call it ready. What it says names what it waits for.", plainKinds(u.GetKind())),
		}
	case v.word == Ready && u.Object["status"] == nil:
		v.reason = "nothing reports how it is"
	}
	return v
}

// plainKinds is the plural of a kind: "Certificates", "Policies".
func plainKinds(kind string) string {
	_, many, _ := strings.Cut(pluralKind(2, kind), " ")
	return many
}

// clip is a message short enough to stand beside a word. All of it stands where what is wrong is told.
func clip(message string) string {
	const most = 120
	message = strings.TrimRight(strings.Join(strings.Fields(message), " "), ".")
	if r := []rune(message); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return message
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
		since, _ := m["lastTransitionTime"].(string)
		at, _ := time.Parse(time.RFC3339, since)
		return metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Message: message, LastTransitionTime: metav1.NewTime(at)}, true
	}
	return metav1.Condition{}, false
}
