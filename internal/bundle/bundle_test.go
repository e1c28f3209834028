package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

const tokenA = "slipway-secret-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func sample(namespace string) Bundle {
	rendered := `apiVersion: v1
kind: Secret
metadata:
  name: shop-files
  namespace: NS
data:
  key.p8: c2xpcHdheS1zZWNyZXQtYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ==
---
apiVersion: v1
kind: Secret
metadata:
  name: shop-secrets
  namespace: NS
stringData:
  DATABASE_URL: postgres://shop:` + tokenA + `@db/shop
  EMPTY: ""
  FIXED: as the chart has it
---
apiVersion: v1
kind: Secret
metadata:
  name: shop-empty
  namespace: NS
stringData:
  OPTIONAL: ""
---
apiVersion: v1
kind: Service
metadata:
  name: shop
  namespace: NS
spec:
  ports:
  - port: 80
  selector:
    app: shop
`
	return Bundle{
		Name: "shop-r3", Title: "shop, revision 3", From: "https://slipway.example.com/changes/12",
		Document: change.Document{
			Template: "web-service", Version: "1.0.0", Team: "payments", Environment: "production", Name: "shop",
			Inputs: catalog.Inputs{"replicas": json.Number("2"), "secrets": map[string]any{"DATABASE_PASSWORD": tokenA, "EMPTY": ""}},
		},
		Place:    manifest.Place{Cluster: "local", Namespace: namespace},
		Rendered: []byte(strings.ReplaceAll(rendered, "NS", namespace)),
		Digest:   manifest.Digest(strings.Repeat("0123456789abcdef", 4)),
		Deleted:  []manifest.Ref{{Group: "apps", Version: "v1", Kind: "Deployment", Name: "old"}, {Version: "v1", Kind: "ConfigMap", Name: "old"}},
	}
}

// unzip gives the files of an archive by name.
func unzip(t *testing.T, b Bundle) map[string]string {
	t.Helper()
	var out bytes.Buffer
	if err := b.Zip(&out); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(raw)
	}
	return files
}

func TestBundle(t *testing.T) {
	b := sample("payments")
	files := unzip(t, b)
	all := ""
	for name, text := range files {
		all += text
		if !strings.HasPrefix(name, "shop-r3/") {
			t.Errorf("%s is not in the folder", name)
		}
	}
	for _, secret := range []string{tokenA, "slipway-secret", "as the chart has it", "c2xpcHdheS"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in the files:\n%s", secret, all)
		}
	}
	for name, wants := range map[string][]string{
		Kustomization: {"resources:\n- manifests.yaml\n"},
		Manifests:     {"kind: Service", "name: shop-empty"},
		Secrets:       {"name: shop-files", "key.p8: REPLACE_WITH_", "DATABASE_URL: postgres://shop:REPLACE_WITH_", "@db/shop", `EMPTY: ""`, "FIXED: REPLACE_WITH_FIXED"},
		Inputs:        {"template: web-service\nversion: 1.0.0\n", "DATABASE_PASSWORD: null", `EMPTY: ""`},
		Readme: {
			"`" + string(b.Digest) + "`", "<https://slipway.example.com/changes/12>", "- `shop-files`\n- `shop-secrets`\n",
			"kubectl apply --server-side --field-manager=slipway -k .\n", "kubectl delete deployment.v1.apps old -n payments\nkubectl delete configmap old -n payments\n",
		},
	} {
		for _, want := range wants {
			if !strings.Contains(files["shop-r3/"+name], want) {
				t.Errorf("%q is not in %s:\n%s", want, name, files["shop-r3/"+name])
			}
		}
	}
	if strings.Contains(files["shop-r3/"+Manifests], "shop-secrets") {
		t.Error("a Secret that has values would be applied")
	}
	docs, err := change.ReadDocuments(strings.NewReader(files["shop-r3/"+Inputs]))
	want := catalog.Inputs{"replicas": json.Number("2"), "secrets": map[string]any{"DATABASE_PASSWORD": nil, "EMPTY": ""}}
	if err != nil || len(docs) != 1 || !reflect.DeepEqual(docs[0].Inputs, want) {
		t.Errorf("inputs.yaml reads as %+v, %v", docs, err)
	}
}

func TestBundleIsTheSameTwice(t *testing.T) {
	var a, b bytes.Buffer
	if err := sample("payments").Zip(&a); err != nil {
		t.Fatal(err)
	}
	if err := sample("payments").Zip(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same bundle gives other bytes")
	}
}

// kubectl does not wait by itself, so the README says what to wait for.
func TestBundleSaysWhatToWaitFor(t *testing.T) {
	b := sample("payments")
	if files := unzip(t, b); strings.Contains(files["shop-r3/"+Readme], "kubectl wait") {
		t.Error("there is nothing to wait for")
	}
	b.Rendered = append(b.Rendered, "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: shop-migrate, annotations: {slipway.dev/gate: complete}}\nspec: {activeDeadlineSeconds: 600}\n"...)
	want := "kubectl wait -n payments --for=condition=complete --timeout=600s job/shop-migrate\n"
	if files := unzip(t, b); !strings.Contains(files["shop-r3/"+Readme], want) {
		t.Errorf("%q is not in the README:\n%s", want, files["shop-r3/"+Readme])
	}
}

// A change that deletes makes nothing, and kustomize refuses an empty list.
func TestBundleOfADeletion(t *testing.T) {
	b := sample("payments")
	b.Rendered = nil
	files := unzip(t, b)
	if len(files) != 2 || !strings.Contains(files["shop-r3/"+Readme], "## What it deletes") || strings.Contains(files["shop-r3/"+Readme], "-k .") {
		t.Errorf("it holds %v", files)
	}
}

// The real kubectl and a real API server take the folder, and what it leaves out stays as it is.
func TestKubectlTakesTheFolder(t *testing.T) {
	kubeconfig := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if kubeconfig == "" {
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip("kubectl is not in PATH")
	}
	namespace := "bundle-" + strings.ToLower(rand.Text()[:10])
	kubectl := func(args ...string) string {
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "kubectl", append([]string{"--kubeconfig", kubeconfig}, args...)...)
		raw, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("kubectl %v: %v: %s", args, err, raw)
		}
		return string(raw)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kubectl("apply", "-f", write("ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+namespace+"\n"))
	t.Cleanup(func() { kubectl("delete", "namespace", namespace, "--wait=false") })
	for name, text := range unzip(t, sample(namespace)) {
		write(name, text)
	}
	folder := filepath.Join(dir, "shop-r3")
	out := kubectl("apply", "--server-side", "--dry-run=server", "-k", folder)
	if strings.Contains(out, "shop-secrets") || !strings.Contains(out, "service/shop serverside-applied (server dry run)") {
		t.Errorf("it said %s", out)
	}
	for _, file := range []string{Manifests, Secrets} {
		out := kubectl("apply", "--server-side", "--dry-run=server", "-f", filepath.Join(folder, file))
		if !strings.Contains(out, "serverside-applied") {
			t.Errorf("%s: it said %s", file, out)
		}
	}
}
