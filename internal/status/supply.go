package status

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// autoscaler says by what it scales, or why it does not. Its first look takes a while, so what it cannot
// do counts only after readyWithin.
func (l *look) autoscaler(u manifest.Object, v verdict) verdict {
	h, _ := read[autoscalingv2.HorizontalPodAutoscaler](u)
	if len(h.Status.Conditions) == 0 {
		return verdict{word: Progressing, reason: reasonComputing}
	}
	for _, c := range h.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionFalse:
		case c.Type == autoscalingv2.ScalingActive && c.Reason == "ScalingDisabled":
			return verdict{word: Paused, reason: "its workload has no pods, on purpose"}
		case c.Type == autoscalingv2.ScalingActive:
			return l.idle(verdict{word: Pending, reason: "cannot read how busy the pods are"}, c,
				"The number of pods stays as it is, whatever the load: the cluster does not tell how busy they are. Pods need requests for what they are scaled by, and the cluster a metrics-server.")
		case c.Type == autoscalingv2.AbleToScale:
			return l.idle(verdict{word: Pending, reason: "cannot change the number of pods"}, c,
				"The number of pods stays as it is, whatever the load.")
		}
	}
	v.reason = load(h)
	return v
}

// idle gives an autoscaler that does not scale a cause, once it had its time.
func (l *look) idle(v verdict, c autoscalingv2.HorizontalPodAutoscalerCondition, sentence string) verdict {
	if !l.until(c.LastTransitionTime.Add(readyWithin)) {
		v.wrong = &cause{id: "object", title: "does not scale", sentence: sentence, said: c.Message, since: c.LastTransitionTime.Time}
	}
	return v
}

// load is how busy the pods are by the first measure that is known, and whether there could be more of them.
func load(h *autoscalingv2.HorizontalPodAutoscaler) string {
	for _, m := range h.Status.CurrentMetrics {
		if m.Resource == nil || m.Resource.Current.AverageUtilization == nil {
			continue
		}
		text := fmt.Sprintf("%s %d %%", measure(m.Resource.Name), *m.Resource.Current.AverageUtilization)
		for _, t := range h.Spec.Metrics {
			if t.Resource != nil && t.Resource.Name == m.Resource.Name && t.Resource.Target.AverageUtilization != nil {
				text = fmt.Sprintf("%s %d of %d %%", measure(m.Resource.Name), *m.Resource.Current.AverageUtilization, *t.Resource.Target.AverageUtilization)
			}
		}
		for _, c := range h.Status.Conditions {
			if c.Type == autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue && c.Reason == "TooManyReplicas" {
				text += fmt.Sprintf(", no more than %d pods allowed", h.Spec.MaxReplicas)
			}
		}
		return text
	}
	return ""
}

func measure(r corev1.ResourceName) string {
	if r == corev1.ResourceCPU {
		return "CPU"
	}
	return string(r)
}

// budget says how many pods may be away for maintenance of nodes.
func budget(u manifest.Object, v verdict) verdict {
	b, _ := read[policyv1.PodDisruptionBudget](u)
	c := meta.FindStatusCondition(b.Status.Conditions, policyv1.DisruptionAllowedCondition)
	switch n := b.Status.DisruptionsAllowed; {
	case b.Status.ObservedGeneration == 0:
		return verdict{word: Progressing, reason: reasonComputing}
	case c != nil && c.Status == metav1.ConditionFalse && c.Reason == policyv1.SyncFailedReason:
		return verdict{word: Pending, reason: "cannot count its pods: " + clip(c.Message)}
	case b.Status.ExpectedPods == 0:
		v.reason = "matches no pods"
	case n == 0:
		v.reason = "none may be away now"
	default:
		v.reason = fmt.Sprintf("%d may be away", n)
	}
	return v
}

// claim is ready when it has a volume. What keeps it from one stands in its events.
func (l *look) claim(u manifest.Object, v verdict) verdict {
	c, _ := read[corev1.PersistentVolumeClaim](u)
	switch {
	case c.Status.Phase == corev1.ClaimLost:
		return verdict{word: Failed, reason: "its volume is lost", wrong: &cause{
			title:    "has lost its volume",
			sentence: "The volume behind this claim is gone, and the data with it as far as the cluster knows. Ask whoever runs the storage before anything is deleted.",
		}}
	case c.Status.Phase != corev1.ClaimBound:
		return l.unbound(c)
	}
	v.word, v.reason = Ready, "bound, "+c.Status.Capacity.Storage().String()
	for _, cond := range c.Status.Conditions {
		if cond.Status == corev1.ConditionTrue && (cond.Type == corev1.PersistentVolumeClaimResizing || cond.Type == corev1.PersistentVolumeClaimFileSystemResizePending) {
			v.word, v.reason = Progressing, fmt.Sprintf("is enlarged from %s to %s", c.Status.Capacity.Storage(), c.Spec.Resources.Requests.Storage())
		}
	}
	return v
}

// unbound is the verdict on a claim without a volume, by what was reported of it last.
func (l *look) unbound(c *corev1.PersistentVolumeClaim) verdict {
	v := verdict{word: Pending, reason: "has no volume yet"}
	for _, e := range l.events["PersistentVolumeClaim/"+c.Name] {
		switch e.Reason {
		case "WaitForFirstConsumer":
			v.reason = "gets a volume when a pod uses it"
			return v
		case "ProvisioningFailed", "FailedBinding":
			v.reason = "gets no volume"
			v.wrong = &cause{id: "object", title: "gets no volume", said: e.Message,
				sentence: fmt.Sprintf("Nothing gives this claim a volume, and pods that use it wait. %s", noVolume(c))}
			return v
		}
	}
	return v
}

// noVolume says what to look at when a claim gets no volume.
func noVolume(c *corev1.PersistentVolumeClaim) string {
	if name := deref(c.Spec.StorageClassName); name != "" {
		return fmt.Sprintf("It asks the storage class `%s`; what the cluster said tells why that does not give one.", name)
	}
	return "It names no storage class, and the cluster has none by default. Set one, or have whoever runs the cluster choose a default."
}
