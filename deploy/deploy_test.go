// Package deploy_test holds what installs the portal to what the portal asks of others.
package deploy_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("k8s/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// The numbers are those of docs/requirements.md.
func TestDeployment(t *testing.T) {
	var d appsv1.Deployment
	var s corev1.Service
	var in netv1.Ingress
	var rules netv1.NetworkPolicy
	read(t, "deployment.yaml", &d)
	read(t, "service.yaml", &s)
	read(t, "ingress.yaml", &in)
	read(t, "networkpolicy.yaml", &rules)
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]

	for name, ok := range map[string]bool{
		"P4: no shell is asked for":         c.Command == nil && c.Lifecycle == nil && c.LivenessProbe.Exec == nil && c.ReadinessProbe.Exec == nil,
		"P36: a disk is not shared":         d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType && *d.Spec.Replicas == 1,
		"P56: three probes":                 c.StartupProbe != nil && c.LivenessProbe != nil && c.ReadinessProbe != nil,
		"P57: time to migrate":              c.StartupProbe.PeriodSeconds*c.StartupProbe.FailureThreshold >= 120,
		"P59: liveness is the gentler one":  c.LivenessProbe.PeriodSeconds > c.ReadinessProbe.PeriodSeconds,
		"P62: liveness asks for life":       c.LivenessProbe.HTTPGet.Path == "/livez" && c.ReadinessProbe.HTTPGet.Path == "/readyz",
		"P115: requests and a limit":        !c.Resources.Requests.Cpu().IsZero() && !c.Resources.Requests.Memory().IsZero() && !c.Resources.Limits.Memory().IsZero(),
		"P123: the Service finds its port":  s.Spec.Ports[0].TargetPort.StrVal == c.Ports[0].Name,
		"P125: a host and its Service":      in.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name == s.Name && *in.Spec.IngressClassName != "",
		"P126: TLS for that host":           slices.Contains(in.Spec.TLS[0].Hosts, in.Spec.Rules[0].Host) && in.Spec.TLS[0].SecretName != "",
		"P130: streams stay open":           in.Annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "3600",
		"P139: in and out are limited":      slices.Equal(rules.Spec.PolicyTypes, []netv1.PolicyType{"Ingress", "Egress"}) && len(rules.Spec.Ingress) > 0 && len(rules.Spec.Egress) > 0,
		"P145: Service and pods":            maps.Equal(s.Spec.Selector, d.Spec.Selector.MatchLabels) && maps.Equal(s.Spec.Selector, d.Spec.Template.Labels),
		"P145: policy and pods":             maps.Equal(rules.Spec.PodSelector.MatchLabels, d.Spec.Template.Labels),
		"P146: not root":                    *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser > 0,
		"P148: the runtime's seccomp":       pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"P149: no privileges":               !*c.SecurityContext.AllowPrivilegeEscalation && slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}) && c.SecurityContext.Capabilities.Add == nil,
		"P150: read-only files":             *c.SecurityContext.ReadOnlyRootFilesystem,
		"P152: an account of its own":       pod.ServiceAccountName == "slipway",
		"P83: time to record what happened": *pod.TerminationGracePeriodSeconds >= 60,
	} {
		if !ok {
			t.Error(name)
		}
	}
	for _, v := range pod.Volumes {
		if v.EmptyDir != nil && (v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.IsZero()) {
			t.Errorf("P117: %s can fill the node", v.Name)
		}
	}
	var k struct {
		Images []struct{ Name, NewTag string } `json:"images"`
	}
	text, err := os.ReadFile("k8s/kustomization.yaml")
	if err != nil || yaml.Unmarshal(text, &k) != nil || len(k.Images) != 1 {
		t.Fatal(err, k)
	}
	if k.Images[0].Name != c.Image || k.Images[0].NewTag == "" || strings.HasPrefix(k.Images[0].NewTag, "latest") {
		t.Errorf("P5: the image is %+v", k.Images[0])
	}
}
