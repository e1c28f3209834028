package kube

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"slipway.dev/slipway/internal/manifest"
)

// How many pods a workload has is either its template's to say or an autoscaler's. When that changes,
// the field has to change hands, or the workload falls to the default of one pod: a field that is left
// out of an apply and that nobody else owns is removed. So its number is first kept by an owner in
// between, as the section "Transferring ownership" of
// https://kubernetes.io/docs/reference/using-api/server-side-apply/ describes.
const (
	handoverManager   = "slipway-handover"
	autoscalerManager = "kube-controller-manager"
	replicasField     = ".spec.replicas"
)

var replicasPath = fieldpath.MakePathOrDie("spec", "replicas")

// scaled is the workload that an autoscaler scales. The group is left out: no two scalable kinds of
// the same name are in one namespace in practice, and a reference may name any of several versions.
type scaled struct{ namespace, kind, name string }

func scaledBy(hpa manifest.Object) scaled {
	kind, _, _ := unstructured.NestedString(hpa.Object, "spec", "scaleTargetRef", "kind")
	name, _, _ := unstructured.NestedString(hpa.Object, "spec", "scaleTargetRef", "name")
	return scaled{hpa.GetNamespace(), kind, name}
}

func workloadOf(u manifest.Object) scaled { return scaled{u.GetNamespace(), u.GetKind(), u.GetName()} }

func isAutoscaler(group, kind string) bool {
	return group == autoscalingv2.GroupName && kind == "HorizontalPodAutoscaler"
}

// autoscaled lists the workloads that the autoscalers of a set scale, each with the least number of pods.
func autoscaled(set manifest.Set) map[scaled]int64 {
	out := map[scaled]int64{}
	for _, u := range set {
		if !isAutoscaler(u.GroupVersionKind().Group, u.GetKind()) {
			continue
		}
		least, found, _ := unstructured.NestedInt64(u.Object, "spec", "minReplicas")
		if !found {
			least = 1
		}
		out[scaledBy(u)] = least
	}
	return out
}

// ownersOf lists the managers of the number of replicas.
func ownersOf(all []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for _, m := range all {
		var fields fieldpath.Set
		if m.FieldsV1 != nil && fields.FromJSON(bytes.NewReader(m.FieldsV1.GetRawBytes())) == nil && fields.Has(replicasPath) {
			out = append(out, m)
		}
	}
	return out
}

func isOurs(m metav1.ManagedFieldsEntry) bool {
	return m.Manager == manifest.FieldManager && m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == ""
}

// givesUp tells whether applying u would leave the number of replicas, which is ours alone till now, to
// an autoscaler of the same set.
func (e *errand) givesUp(u manifest.Object, managed []metav1.ManagedFieldsEntry) bool {
	if _, scaled := e.scaled[workloadOf(u)]; !scaled || replicasOf(u) != nil {
		return false
	}
	owners := ownersOf(managed)
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(m metav1.ManagedFieldsEntry) bool { return !isOurs(m) })
}

func replicasOf(u manifest.Object) any {
	n, _, _ := unstructured.NestedFieldNoCopy(u.Object, "spec", "replicas")
	return n
}

// kept is u with the number of replicas that it has while the autoscaler takes over: the live one. A
// workload that was stopped gets the least that the autoscaler allows, which leaves alone what has none.
func (e *errand) kept(u, live manifest.Object) manifest.Object {
	n, _, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if n == 0 {
		n = e.scaled[workloadOf(u)]
	}
	out := u.DeepCopy()
	_ = unstructured.SetNestedField(out.Object, n, "spec", "replicas") // spec is a map: the live object has one
	return out
}

// takesOver tells whether a conflict about the number of replicas is only with an autoscaler that is no
// more, or goes with this change, so that the number is ours to set again.
func (e *errand) takesOver(ctx context.Context, u manifest.Object, managed []metav1.ManagedFieldsEntry) bool {
	if _, scaled := e.scaled[workloadOf(u)]; scaled || replicasOf(u) == nil {
		return false
	}
	for _, m := range ownersOf(managed) {
		byAutoscaler := m.Manager == autoscalerManager && m.Subresource == "scale"
		if !byAutoscaler && m.Manager != handoverManager && !isOurs(m) {
			return false
		}
	}
	// The items of a list have no kind of their own, so they are read as what they are.
	hpas, err := listOf[autoscalingv2.HorizontalPodAutoscaler](ctx, e.session, kindRef(autoscalingv2.GroupName, "v2", "HorizontalPodAutoscaler"), u.GetNamespace(), nil)
	if err != nil {
		return false
	}
	for _, h := range hpas {
		target := scaled{h.Namespace, h.Spec.ScaleTargetRef.Kind, h.Spec.ScaleTargetRef.Name}
		goes := slices.ContainsFunc(e.prune, func(r manifest.Ref) bool {
			return isAutoscaler(r.Group, r.Kind) && r.Name == h.Name && cmp.Or(r.Namespace, e.place.Namespace) == h.Namespace
		})
		if target == workloadOf(u) && !goes {
			return false
		}
	}
	return true
}

// withoutReplicas leaves out the conflicts about the number of replicas.
func withoutReplicas(cs []manifest.Conflict) []manifest.Conflict {
	return slices.DeleteFunc(slices.Clone(cs), func(c manifest.Conflict) bool { return c.Field == replicasField })
}

// onlyReplicas tells whether an apply was refused because of the number of replicas and nothing else.
func onlyReplicas(err error) bool {
	cs := conflictsIn(err, nil, nil)
	return len(cs) > 0 && len(withoutReplicas(cs)) == 0
}

// send applies an object, and sees to it that the number of its replicas changes hands if it has to.
func (r *run) send(ctx context.Context, s *step) (applied, error) {
	if s.head != nil && r.givesUp(s.object, s.head.ManagedFields) {
		if err := r.handOver(ctx, s); err != nil {
			return applied{}, err
		}
	}
	got, err := r.session.apply(ctx, r.place.Namespace, s.object, s.only(applyOptions{}))
	if s.head == nil || !onlyReplicas(err) || !r.takesOver(ctx, s.object, s.head.ManagedFields) {
		return got, err
	}
	return r.takeBack(ctx, s)
}

// handOver has the live number kept by the owner in between. A conflict means that somebody else has
// just set it, and keeps it.
func (r *run) handOver(ctx context.Context, s *step) error {
	live, err := r.session.get(ctx, r.place.Namespace, s.outcome.Ref)
	if err != nil {
		return &readError{err}
	}
	_, err = r.session.apply(ctx, r.place.Namespace, replicasAlone(r.kept(s.object, live)), s.only(applyOptions{manager: handoverManager, force: replicasOf(live) == int64(0)}))
	if onlyReplicas(err) {
		return nil
	}
	return err
}

// takeBack sets the number of replicas that an autoscaler has left behind. It is the one write that is
// forced, of the one field, by the owner in between, which lets go of it when it is ours.
func (r *run) takeBack(ctx context.Context, s *step) (applied, error) {
	alone := replicasAlone(s.object)
	if _, err := r.session.apply(ctx, r.place.Namespace, alone, s.only(applyOptions{manager: handoverManager, force: true})); err != nil {
		return applied{}, err
	}
	got, err := r.session.apply(ctx, r.place.Namespace, s.object, s.only(applyOptions{}))
	if err != nil {
		return got, err
	}
	unstructured.RemoveNestedField(alone.Object, "spec")
	_, err = r.session.apply(ctx, r.place.Namespace, alone, s.only(applyOptions{manager: handoverManager}))
	return got, err
}

// replicasAlone names a workload and the number of its replicas, nothing else.
func replicasAlone(u manifest.Object) manifest.Object {
	out := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": replicasOf(u)}}}
	out.SetGroupVersionKind(u.GroupVersionKind())
	out.SetName(u.GetName())
	out.SetNamespace(u.GetNamespace())
	return out
}
