package charts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// server is a namespace of the API server under test that enforces Pod Security "restricted".
type server struct {
	objects   *dynamic.DynamicClient
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	namespace string

	mu     sync.Mutex
	warned []string
}

// HandleWarningHeader keeps what the API server warns of.
func (s *server) HandleWarningHeader(_ int, _ string, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warned = append(s.warned, text)
}

func newServer(t *testing.T) *server {
	t.Helper()
	path := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if path == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_KUBECONFIG is not set")
		}
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{namespace: fmt.Sprintf("charts-test-%d", time.Now().UnixNano())}
	config.WarningHandler, config.QPS, config.Burst = s, 200, 200
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if s.objects, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	s.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(typed.Discovery()))
	labels := map[string]string{}
	for _, mode := range []string{"enforce", "warn", "audit"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	if _, err = typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace, Labels: labels}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := typed.CoreV1().Namespaces().Delete(context.Background(), s.namespace, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	return s
}

// apply sends an object as the portal does, strictly; dry leaves the cluster as it is.
func (s *server) apply(ctx context.Context, u manifest.Object, dry bool) (manifest.Object, error) {
	kind := u.GroupVersionKind()
	mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	var to dynamic.ResourceInterface = s.objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == "namespace" {
		u.SetNamespace(s.namespace)
		to = s.objects.Resource(mapping.Resource).Namespace(s.namespace)
	}
	text, err := manifest.YAML(u)
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: manifest.FieldManager, FieldValidation: metav1.FieldValidationStrict}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return to.Patch(ctx, u.GetName(), types.ApplyYAMLPatchType, text, options)
}

// Every golden file is taken by a namespace that enforces the restricted Pod Security Standard,
// without a warning.
func TestGoldenFilesAreTakenByAServer(t *testing.T) {
	s := newServer(t)
	for _, g := range goldens(t) {
		for _, u := range g.objects {
			if _, err := s.apply(t.Context(), u, true); err != nil {
				t.Errorf("%s: %s: %v", g.file, manifest.RefOf(u), err)
			}
		}
	}
	// A certificate that nobody has given yet is no certificate.
	s.warned = slices.DeleteFunc(s.warned, func(w string) bool { return strings.HasPrefix(w, "tls: failed to find any PEM data") })
	if len(s.warned) > 0 {
		t.Errorf("the server warns: %q", s.warned)
	}
}

// An application of web-service 1.0.0 is taken to the newest version with its inputs as they are: its
// Deployment stays the same object, with the same selector.
func TestWebServiceIsTakenToItsNewestVersion(t *testing.T) {
	s := newServer(t)
	inputs := catalog.Inputs{
		"image": "registry.example.com/team/app:1.4.2", "port": 8080, "replicas": 3, "startSeconds": 90,
		"host": "shop.example.com", "ingress": map[string]any{"className": "nginx", "issuer": "letsencrypt-prod"},
		"healthPath": "/healthz", "env": map[string]any{"LOG_LEVEL": "info"}, "pullPolicy": "Always", "pullSecret": "login",
		"resources": map[string]any{"requests": map[string]any{"cpu": "250m"}, "limits": map[string]any{"memory": "1Gi"}},
		"security":  map[string]any{"runAsUser": 1000, "readOnlyRootFilesystem": false},
	}
	before := s.applyAll(t, newest(t, os.DirFS("../internal/catalog/testdata/builtin")), inputs)
	after := s.applyAll(t, newest(t, charts.FS), inputs)
	for ref, old := range before {
		now, there := after[ref]
		switch {
		case !there:
			t.Errorf("%s is not made any more", ref)
		case old.GetUID() != now.GetUID():
			t.Errorf("%s is another object", ref)
		case ref.Kind == "Deployment":
			if diff := cmp.Diff(field(old, "spec", "selector"), field(now, "spec", "selector")); diff != "" {
				t.Errorf("%s: its selector is another one:\n%s", ref, diff)
			}
			if got := fmt.Sprint(field(now, "spec", "replicas")); got != "3" {
				t.Errorf("%s has %s pods", ref, got)
			}
		}
	}
}

func (s *server) applyAll(t *testing.T, tpl *catalog.Template, in catalog.Inputs) map[manifest.Ref]manifest.Object {
	t.Helper()
	made, err := tpl.Render(t.Context(), in, catalog.Release{
		App: "shop", Target: policy.Target{Team: "team", Environment: "production"},
		Place: manifest.Place{Cluster: "test", Namespace: s.namespace}, Revision: 1, KubeVersion: "v1.37.1",
	})
	if err != nil {
		t.Fatalf("%s: %v", tpl.ID, err)
	}
	all := map[manifest.Ref]manifest.Object{}
	for _, u := range made.Set {
		got, err := s.apply(t.Context(), u, false)
		if err != nil {
			t.Fatalf("%s: %s: %v", tpl.ID, manifest.RefOf(u), err)
		}
		all[manifest.RefOf(u)] = got
	}
	return all
}

func field(u manifest.Object, path ...string) any {
	v, _, err := unstructured.NestedFieldNoCopy(u.Object, path...)
	if err != nil {
		return err
	}
	return v
}

// golden is a file of what a template makes.
type golden struct {
	file    string
	objects []manifest.Object
}

func goldens(t *testing.T) []golden {
	t.Helper()
	files, err := filepath.Glob("*/tests/golden/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	var all []golden
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g := golden{file: file}
		for _, doc := range strings.Split(string(text), "\n---\n") {
			u := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(doc), &u.Object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			g.objects = append(g.objects, u)
		}
		all = append(all, g)
	}
	return all
}
