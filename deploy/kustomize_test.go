package deploy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// installations are the folders that an operator gives to kubectl apply -k.
var installations = []string{"k8s", "k8s-postgresql"}

// build is what kubectl makes of a folder.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for doc := range strings.SplitSeq(kubectl(t, nil, "kustomize", folder), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), o); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return objects
}

// kubectl runs the real one.
func kubectl(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	out, err := tryKubectl(t, stdin, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryKubectl(t *testing.T, stdin []byte, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("kubectl")
	if err != nil {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal(err)
		}
		t.Skip("kubectl is not in the PATH")
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err != nil {
		return stderr.String(), err
	}
	return stdout.String(), nil
}

// find is the one object of a kind that is called slipway, or begins so.
func find(t *testing.T, objects []*unstructured.Unstructured, kind string, into any) {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() == kind && strings.HasPrefix(o.GetName(), "slipway") {
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("there is no %s", kind)
}

// With PostgreSQL there are several pods, and nothing of what holds one pod to one disk. The numbers are
// those of docs/requirements.md.
func TestSeveralPods(t *testing.T) {
	objects := build(t, "k8s-postgresql")
	var d appsv1.Deployment
	var budget policyv1.PodDisruptionBudget
	var rules netv1.NetworkPolicy
	var settings corev1.ConfigMap
	find(t, objects, "Deployment", &d)
	find(t, objects, "PodDisruptionBudget", &budget)
	find(t, objects, "NetworkPolicy", &rules)
	find(t, objects, "ConfigMap", &settings)
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]

	disks := slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "PersistentVolumeClaim" }) ||
		slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
	spread := func(key string) bool {
		return slices.ContainsFunc(pod.TopologySpreadConstraints, func(s corev1.TopologySpreadConstraint) bool {
			return s.TopologyKey == key && maps.Equal(s.LabelSelector.MatchLabels, d.Spec.Template.Labels)
		})
	}
	database := slices.ContainsFunc(rules.Spec.Egress, func(r netv1.NetworkPolicyEgressRule) bool {
		return slices.ContainsFunc(r.Ports, func(p netv1.NetworkPolicyPort) bool { return p.Port.IntValue() == 5432 })
	})
	for name, ok := range map[string]bool{
		"P94: several pods":             *d.Spec.Replicas > 1 && d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType,
		"P98: over nodes":               spread(corev1.LabelHostname),
		"P99: over zones":               spread(corev1.LabelTopologyZone),
		"P100: one stays":               budget.Spec.MinAvailable.IntValue() > 0 && budget.Spec.MinAvailable.IntValue() < int(*d.Spec.Replicas),
		"P100: of the portal's pods":    maps.Equal(budget.Spec.Selector.MatchLabels, d.Spec.Template.Labels),
		"P104: no disk of one pod":      !disks,
		"a new one before an old goes":  d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() == 0,
		"what it has otherwise, stays":  c.ReadinessProbe != nil && *c.SecurityContext.ReadOnlyRootFilesystem && *pod.SecurityContext.RunAsNonRoot,
		"it may talk to the database":   database && len(rules.Spec.Egress) == 3,
		"its settings name PostgreSQL":  strings.Contains(settings.Data["portal.yaml"], "driver: postgres"),
		"secrets are files, not values": c.Env == nil && c.EnvFrom == nil,
	} {
		if !ok {
			t.Error(name)
		}
	}
	mounted := func(file string) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return strings.HasPrefix(file, m.MountPath+"/") })
	}
	for _, file := range []string{"/var/run/slipway/database/dsn", "/var/run/slipway/key/key", "/var/run/slipway/oidc/client-secret"} {
		if !strings.Contains(settings.Data["portal.yaml"], "file: "+file+"\n") || !mounted(file) {
			t.Errorf("%s is not both mounted and in portal.yaml", file)
		}
	}
}

// The examples of portal.yaml differ in where the portal keeps things, and in nothing else.
func TestSettingsDifferInTheDatabase(t *testing.T) {
	var all []map[string]any
	for _, folder := range installations {
		text, err := os.ReadFile(folder + "/portal.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var settings map[string]any
		if err := yaml.Unmarshal(text, &settings); err != nil {
			t.Fatal(err)
		}
		if settings["database"] == nil {
			t.Errorf("%s says nothing about the database", folder)
		}
		delete(settings, "database")
		delete(settings, "secrets")
		all = append(all, settings)
	}
	if !reflect.DeepEqual(all[0], all[1]) {
		t.Errorf("they differ: %v and %v", all[0], all[1])
	}
}

// A real API server takes every object, and the pod in a namespace that enforces Pod Security "restricted".
func TestServerTakesTheInstallation(t *testing.T) {
	kubeconfig := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if kubeconfig == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_KUBECONFIG is not set")
		}
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	for _, folder := range installations {
		t.Run(folder, func(t *testing.T) {
			namespace := "deploy-" + strings.ToLower(rand.Text()[:10])
			objects := build(t, folder)
			var text []byte
			for _, o := range objects {
				if o.GetKind() == "Namespace" {
					o.SetName(namespace)
					makeNamespace(t, o)
					continue
				}
				if o.GetNamespace() != "" {
					o.SetNamespace(namespace)
				}
				text = append(append(text, "---\n"...), encode(t, o.Object)...)
			}
			out := kubectl(t, text, "apply", "--server-side", "--force-conflicts", "--field-manager=deploy-test", "--dry-run=server", "-f", "-")
			if n := strings.Count(out, "(server dry run)"); n != len(objects)-1 {
				t.Errorf("%d of %d objects were taken:\n%s", n, len(objects)-1, out)
			}
			startPod(t, namespace, objects)
		})
	}
}

func makeNamespace(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	kubectl(t, encode(t, o.Object), "create", "-f", "-")
	t.Cleanup(func() { kubectl(t, nil, "delete", "namespace", o.GetName(), "--wait=false") })
	kubectl(t, nil, "-n", o.GetName(), "create", "serviceaccount", "slipway")
}

// startPod asks for a pod as the Deployment would make it, and for one that is a little less careful, which
// tells that somebody looks.
func startPod(t *testing.T, namespace string, objects []*unstructured.Unstructured) {
	t.Helper()
	var d appsv1.Deployment
	find(t, objects, "Deployment", &d)
	pod := corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
	pod.APIVersion, pod.Kind, pod.Name, pod.Namespace = "v1", "Pod", "portal", namespace
	if out, err := tryKubectl(t, encode(t, pod), "create", "--dry-run=server", "-f", "-"); err != nil {
		t.Errorf("the pod is refused: %s", out)
	}
	pod.Spec.SecurityContext.SeccompProfile = nil
	if out, err := tryKubectl(t, encode(t, pod), "create", "--dry-run=server", "-f", "-"); err == nil || !strings.Contains(out, "restricted") {
		t.Errorf("a pod without a seccomp profile is not refused: %s", out)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
