package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

var externalSecrets = schema.GroupVersionResource{Group: "external-secrets.io", Version: "v1", Resource: "externalsecrets"}

// says plays the operator: what it reports of an ExternalSecret.
func (c *cluster) says(t *testing.T, to place, name, ready, message string) {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	status := fmt.Sprintf(`{"status": {"conditions": [{"type": "Ready", "status": %q, "message": %q}]}}`, ready, message)
	if _, err := client.Resource(externalSecrets).Namespace(c.namespace(to)).Patch(context.Background(), name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
}

// A Secret that something outside fills is asked for in the form, and the page tells whether it is filled.
// Traefik gets middlewares of its own, before the Ingress that names them.
func TestSecretsFromOutsideAndMiddlewares(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.begin("vaulted")
	dev.enter(map[string]any{
		"externalSecrets": []any{map[string]any{
			"name": "vaulted-database", "store": "vault",
			"keys": []any{map[string]any{"key": "DATABASE_URL", "remoteKey": "shop/production", "property": "url"}},
		}},
		"variables": []any{map[string]any{"name": "DATABASE_URL", "from": "secret", "ref": "vaulted-database"}},
		"host":      w.host("vaulted"),
		"ingress": map[string]any{
			"className": "traefik", "issuer": "letsencrypt-prod", "redirect": "always", "rateLimit": 20,
			"middlewares": []any{"security-headers"},
		},
	}, nil)
	dev.screenshot("form-extensions")
	dev.follow("Show the plan")
	dev.sees("ExternalSecret", "Middleware", "Nobody has to approve it")
	dev.seesNot("which does not exist", "cannot be submitted")
	dev.screenshot("plan-extensions")
	dev.fill("Why?", "the password belongs to the vault")
	dev.follow("Create vaulted")
	dev.sees("Became revision 1")

	dev.follow("Live page")
	dev.sees("ExternalSecret", "not filled yet", "Middleware")
	w.cluster.says(t, staging, "vaulted-database", "False", "could not get secret data from provider")
	dev.sees("vaulted-database cannot be filled", "What should fill the Secret")
	dev.click("What the cluster said")
	dev.sees("could not get secret data from provider")
	dev.screenshot("live-not-filled")
	dev.axe()
	w.cluster.says(t, staging, "vaulted-database", "True", "secret synced")
	dev.waitFor("the Secret to be filled", `/ExternalSecret\s+ready\s+filled/.test(document.body.innerText) && !/cannot be filled/.test(document.body.innerText)`)
}
