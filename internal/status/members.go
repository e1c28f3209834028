package status

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/manifest"
)

// Pod is a pod of an application, as far as its logs and its usage are concerned.
type Pod struct {
	Name      string
	Namespace string
	Workload  manifest.Ref // which it belongs to; the pod itself where it stands alone
	Created   time.Time
	// Leaving tells that it is being deleted or has ended.
	Leaving    bool
	Containers []Container // init containers first, then in the order of the pod
}

// Container is a container of a Pod.
type Container struct {
	Name string
	// Init tells that it has to end before the others start; sidecars are no init containers here.
	Init     bool
	Restarts int32
	Requests Resources
	Limits   Resources
}

// Resources are amounts of CPU and memory. Zero stands for none, or not known.
type Resources struct {
	CPU    int64 // thousandths of a core
	Memory int64 // bytes
}

func resources(l corev1.ResourceList) Resources {
	return Resources{CPU: l.Cpu().MilliValue(), Memory: l.Memory().Value()}
}

// members are the pods among the objects, by workload, those that stay first, the newest first.
func members(objects []manifest.Object) []Pod {
	byUID := map[types.UID]manifest.Object{}
	for _, u := range objects {
		byUID[u.GetUID()] = u
	}
	var all []Pod
	for _, u := range objects {
		if u.GetKind() != "Pod" {
			continue
		}
		p, ok := read[corev1.Pod](u)
		if !ok {
			continue
		}
		one := Pod{
			Name: p.Name, Namespace: p.Namespace, Workload: manifest.RefOf(topOwner(u, byUID)), Created: p.CreationTimestamp.Time,
			Leaving: pod{obj: p}.leaving(),
		}
		for _, c := range p.Spec.InitContainers {
			one.Containers = append(one.Containers, containerOf(c, p.Status.InitContainerStatuses, !keepsRunning(c)))
		}
		for _, c := range p.Spec.Containers {
			one.Containers = append(one.Containers, containerOf(c, p.Status.ContainerStatuses, false))
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Workload.Name, b.Workload.Name), cmp.Compare(a.Workload.Kind, b.Workload.Kind),
			cmp.Compare(Bit(a.Leaving), Bit(b.Leaving)), b.Created.Compare(a.Created), cmp.Compare(a.Name, b.Name))
	})
	return all
}

func containerOf(c corev1.Container, all []corev1.ContainerStatus, init bool) Container {
	return Container{
		Name: c.Name, Init: init, Restarts: statusOf(all, c.Name).RestartCount,
		Requests: resources(c.Resources.Requests), Limits: resources(c.Resources.Limits),
	}
}

// topOwner is what of the application a pod was made for: the Deployment of its ReplicaSet, the CronJob
// of its Job.
func topOwner(u manifest.Object, byUID map[types.UID]manifest.Object) manifest.Object {
	for range 4 { // no kind of Kubernetes' own is owned more deeply
		owner := v1.GetControllerOfNoCopy(u)
		if owner == nil || byUID[owner.UID] == nil {
			break
		}
		u = byUID[owner.UID]
	}
	return u
}

// Short is the pod's name without the workload's, by which it is told from its siblings.
func (p Pod) Short() string {
	if short, ok := strings.CutPrefix(p.Name, p.Workload.Name+"-"); ok && short != "" {
		return short
	}
	return p.Name
}

// Bit is 1 for true.
func Bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
