package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// serviceURLs are the addresses of a namespace's Services, as a program is told them: for each port a URL, and
// for each Service its host alone
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). The cluster's domain is taken to
// be cluster.local. What stands for a name outside the cluster, and ports that are not TCP, have none.
func serviceURLs(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[corev1.Service](ctx, c.session, kindRef("", "v1", "Service"), c.place.Namespace, nil)
	var out []manifest.Choice
	for _, s := range all {
		if s.Spec.Type == corev1.ServiceTypeExternalName {
			continue
		}
		host := s.Name + "." + c.place.Namespace + ".svc.cluster.local"
		for _, p := range s.Spec.Ports {
			if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
				continue
			}
			help := s.Name
			if len(s.Spec.Ports) > 1 && p.Name != "" {
				help += ", " + p.Name
			}
			out = append(out, manifest.Choice{Value: fmt.Sprintf("%s://%s:%d", schemeOf(p), host, p.Port), Help: help})
		}
		if len(s.Spec.Ports) > 0 {
			out = append(out, manifest.Choice{Value: host, Help: s.Name + ", its host alone"})
		}
	}
	return out, err
}

// schemes are those of ports that are known by their name or number.
var schemes = []struct {
	name   string
	number int32
	scheme string
}{
	{"https", 443, "https"}, {"postgres", 5432, "postgres"}, {"mysql", 3306, "mysql"}, {"redis", 6379, "redis"},
	{"amqp", 5672, "amqp"}, {"mongo", 27017, "mongodb"}, {"nats", 4222, "nats"},
}

// schemeOf is what the address of a port most likely begins with: what the port itself says, else what is usual at
// its number, else http. It is offered, not set.
func schemeOf(p corev1.ServicePort) string {
	said := p.Name
	if p.AppProtocol != nil {
		said = *p.AppProtocol
	}
	for _, s := range schemes {
		if strings.HasPrefix(strings.ToLower(said), s.name) {
			return s.scheme
		}
	}
	if strings.HasPrefix(strings.ToLower(said), "http") {
		return "http"
	}
	for _, s := range schemes {
		if p.Port == s.number {
			return s.scheme
		}
	}
	return "http"
}
