package catalog

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.dev/slipway/internal/manifest"
)

// warnings keeps what the API server warns of.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, text)
}

func testCluster(t *testing.T) (*rest.Config, *warnings) {
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
	w := &warnings{}
	config.WarningHandler = w
	return config, w
}

// Every rendering of web-service is taken by a namespace that enforces the restricted Pod Security
// Standard, without a warning.
func TestWebServiceIsTakenByAServer(t *testing.T) {
	config, warned := testCluster(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(typed.Discovery()))
	namespace := fmt.Sprintf("catalog-test-%d", time.Now().UnixNano())
	labels := map[string]string{}
	for _, mode := range []string{"enforce", "warn", "audit"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	_, err = typed.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := typed.CoreV1().Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	dryRun := func(u manifest.Object) error {
		mapping, err := mapper.RESTMapping(u.GroupVersionKind().GroupKind(), u.GroupVersionKind().Version)
		if err != nil {
			return err
		}
		text, err := manifest.YAML(u)
		if err != nil {
			return err
		}
		_, err = objects.Resource(mapping.Resource).Namespace(namespace).Patch(ctx, u.GetName(), types.ApplyYAMLPatchType, text,
			metav1.PatchOptions{FieldManager: manifest.FieldManager, DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
		return err
	}
	for name, tc := range webServiceEdges {
		r := release()
		if tc.change != nil {
			tc.change(&r)
		}
		r.Place.Namespace = namespace
		got, err := webService(t).Render(ctx, inputs(t, tc.inputs), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range got.Set {
			if err := dryRun(u); err != nil {
				t.Errorf("%s: %s: %v", name, manifest.RefOf(u), err)
			}
		}
	}
	if len(warned.said) > 0 {
		t.Errorf("the server warns: %q", warned.said)
	}
}
