package templates

import (
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/status"
)

// roleWords say what a workload is for, and what it is in Kubernetes. Roles that the built-in templates give are
// said in words, others as they are written.
func roleWords(w status.Workload) string {
	role := map[string]string{
		"web": "answers requests", "worker": "works by itself", "stateful": "keeps data", "job": "runs by a schedule",
	}[w.Role]
	switch {
	case w.Ref.Kind == "Job": // also of a workload that has another role: its migration
		role = "runs once"
	case role != "":
	case w.Role != "":
		role = w.Role
	case w.Ref.Kind == "CronJob":
		role = "runs by a schedule"
	case w.Ref.Kind == "DaemonSet":
		role = "runs on each node"
	case len(w.Services) > 0:
		role = "answers requests"
	default:
		role = "works by itself"
	}
	return role + ", " + w.Ref.Kind
}

// imageTag is the end of an image's name, with its tag: what tells it from others at a glance.
func imageTag(image string) string {
	name := image[strings.LastIndexByte(image, '/')+1:]
	if before, digest, ok := strings.Cut(name, "@sha256:"); ok && len(digest) > 12 {
		return before + "@" + digest[:12] + "…"
	}
	return name
}

// othersWords tell of containers beside the first.
func othersWords(w status.Workload) string {
	if w.Others == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", w.Others)
}

// workloadPods is how many pods are ready and asked for; of a schedule it is the schedule.
func workloadPods(w status.Workload) string {
	switch {
	case w.Want >= 0:
		return fmt.Sprintf("%d of %d", w.Ready, w.Want)
	case w.Ref.Kind == "CronJob":
		return w.Note
	}
	return ""
}

// portWords say where a Service's port leads.
func portWords(s status.Service, p status.Port) string {
	words := "to " + p.Target + " " + p.Protocol
	if s.Pods {
		words += ", each pod by itself"
	}
	if s.Type != "ClusterIP" {
		words += ", " + map[string]string{"LoadBalancer": "and from outside by a load balancer", "NodePort": "and at every node"}[s.Type]
	}
	return strings.TrimSuffix(words, ", ")
}

func address(host string, p status.Port) string { return fmt.Sprintf("%s:%d", host, p.Number) }

func addressID(w status.Workload, s status.Service, p status.Port, which string) string {
	return fmt.Sprintf("addr-%s-%s-%s-%d-%s", which, nodeID(w.Ref), s.Name, p.Number, strings.ToLower(p.Protocol))
}
