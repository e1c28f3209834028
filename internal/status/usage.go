package status

import (
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// Usage is what the pods of an application use, as the cluster's metrics server measured it.
type Usage struct {
	At time.Time // of the newest measurement; zero if there is none
	// Problem says in a sentence why nothing is known; empty while something is.
	Problem string
	// Used is by pod, as Namespace/Name, and container.
	Used map[string]map[string]Resources
}

// Share is how much is used of what was asked for. A Requested or Limit of 0 means that at least one of
// the containers has none.
type Share struct {
	Used      int64
	Requested int64
	Limit     int64
}

// nearPercent is from which part of its memory limit on a container is near to being ended by the kernel.
const nearPercent = 90

// Near tells whether 90 % or more of the limit is used.
func (s Share) Near() bool { return s.Limit > 0 && s.Used*100 >= s.Limit*nearPercent }

func (s Share) add(o Share, first bool) Share {
	sum := Share{Used: s.Used + o.Used, Requested: s.Requested + o.Requested, Limit: s.Limit + o.Limit}
	if !first && (s.Requested == 0 || o.Requested == 0) {
		sum.Requested = 0
	}
	if !first && (s.Limit == 0 || o.Limit == 0) {
		sum.Limit = 0
	}
	return sum
}

// PodUsage is what one pod uses.
type PodUsage struct {
	Pod    Pod
	Known  bool  // it was measured; a pod is when it has run for about a minute
	CPU    Share // thousandths of a core
	Memory Share // bytes
	// Near is the first container that uses 90 % or more of its memory limit; empty if none does.
	Near string
}

// WorkloadUsage is what the pods of a workload use together.
type WorkloadUsage struct {
	Ref    manifest.Ref
	Pods   []PodUsage
	Known  int   // how many of the pods were measured
	CPU    Share // of those
	Memory Share
	Near   int // how many pods are near their memory limit
}

// Measure lays what is used beside what was asked for. Pods that leave, and workloads without others,
// are left out. It is pure.
func Measure(pods []Pod, u Usage) []WorkloadUsage {
	var all []WorkloadUsage
	for _, p := range pods {
		if p.Leaving {
			continue
		}
		if n := len(all); n == 0 || !all[n-1].Ref.Same(p.Workload) {
			all = append(all, WorkloadUsage{Ref: p.Workload})
		}
		w, one := &all[len(all)-1], measurePod(p, u.Used[p.Namespace+"/"+p.Name])
		w.Pods = append(w.Pods, one)
		if !one.Known {
			continue
		}
		w.CPU, w.Memory = w.CPU.add(one.CPU, w.Known == 0), w.Memory.add(one.Memory, w.Known == 0)
		w.Known++
		w.Near += Bit(one.Near != "")
	}
	return all
}

func measurePod(p Pod, used map[string]Resources) PodUsage {
	out, first := PodUsage{Pod: p}, true
	for _, c := range p.Containers {
		now, measured := used[c.Name]
		if !measured { // init containers that are done, and what has just started
			continue
		}
		memory := Share{now.Memory, c.Requests.Memory, c.Limits.Memory}
		out.CPU = out.CPU.add(Share{now.CPU, c.Requests.CPU, c.Limits.CPU}, first)
		out.Memory = out.Memory.add(memory, first)
		if out.Near == "" && memory.Near() {
			out.Near = c.Name
		}
		out.Known, first = true, false
	}
	return out
}
