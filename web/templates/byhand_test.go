package templates

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

func TestCommandsOfPlans(t *testing.T) {
	place := manifest.Place{Cluster: "local", Namespace: "payments"}
	gate := manifest.DryRun{Ref: manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "migrate"}, Op: manifest.Create, Gate: &manifest.Gate{Limit: 10 * time.Minute}}
	passed, gone := gate, gate
	passed.Gate = &manifest.Gate{Limit: 10 * time.Minute, Live: manifest.GatePassed}
	gone.Op = manifest.Delete
	const apply = "kubectl apply --server-side \\\n  --field-manager=slipway \\\n  -f api-plan.yaml"
	for name, tc := range map[string]struct {
		objects []manifest.DryRun
		want    string
	}{
		"elsewhere": {[]manifest.DryRun{{Ref: ref("Deployment", "api"), Op: manifest.Change}, {Ref: manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "list", Namespace: "search"}, Op: manifest.Create}}, apply},
		"deleted": {[]manifest.DryRun{
			{Ref: ref("Deployment", "api"), Op: manifest.Delete},
			{Ref: manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "list", Namespace: "search"}, Op: manifest.Delete},
			{Ref: manifest.Ref{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret", Name: "keys"}, Op: manifest.Delete},
			{Ref: manifest.Ref{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress", Name: "web"}, Op: manifest.Delete},
		}, "kubectl delete -n payments \\\n  deployment/api\nkubectl delete -n search \\\n  configmap/list\n" +
			"kubectl delete -n payments \\\n  externalsecret.external-secrets.io/keys\nkubectl delete -n payments \\\n  ingress/web"},
		"a gate":         {[]manifest.DryRun{gate}, "# what stands up to this Job, then\nkubectl wait -n payments \\\n  --for=condition=complete \\\n  --timeout=600s job/migrate\n" + apply},
		"a passed gate":  {[]manifest.DryRun{passed}, apply},
		"a deleted gate": {[]manifest.DryRun{gone}, "kubectl delete -n payments \\\n  job/migrate"},
	} {
		if got := command(place, "api-plan.yaml", tc.objects); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}

// The command of a change names the file that its page offers, and a restart needs none.
func TestTheCommandOfAChangeNamesItsFile(t *testing.T) {
	c := sampleChange(change.Applied)
	page := draw(t, Change(samplePage(NavChanges, "#1284"), ChangeData{Change: c}))
	for _, want := range []string{"-f api-change-1284.yaml", `href="/changes/1284/manifests.yaml"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	c.Kind, c.Plan = change.RestartPods, restartPlan().Plan
	page = draw(t, Change(samplePage(NavChanges, "#1284"), ChangeData{Change: c}))
	if !strings.Contains(page, "kubectl rollout restart") || strings.Contains(page, "manifests.yaml") {
		t.Error("a restart is said to be applied by hand from a file")
	}
}

// A finished deletion names what it left, whose it is, and how to delete it by hand.
func TestAFinishedDeletionNamesWhatItLeft(t *testing.T) {
	c := sampleChange(change.Applied)
	c.Kind, c.Outcomes = change.Delete, leftOutcomes()
	page := draw(t, Change(samplePage(NavChanges, "#1284"), ChangeData{Change: c}))
	for _, want := range []string{"2 objects were left in the cluster", "belongs to no application of this portal now", "belongs to the application shop now", "configmap/api-settings"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "externalsecret.external-secrets.io/api-keys") {
		t.Error("deleting another application's object is offered")
	}
	c.Outcomes = c.Outcomes[:1]
	if strings.Contains(draw(t, Change(samplePage(NavChanges, "#1284"), ChangeData{Change: c})), "left in the cluster") {
		t.Error("nothing was left, and the page says so")
	}
}

// twoNamespaces is an application with objects in its own namespace and in another one that it makes, as
// they are downloaded.
const twoNamespaces = `apiVersion: v1
kind: Namespace
metadata:
  name: OTHER
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: list
  namespace: HOME
data:
  from: home
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: list
  namespace: OTHER
data:
  from: other
`

// What the page says can be done by hand is typed into a shell as it stands there, beside the downloaded
// file, and the real kubectl and a real API server do it: in all namespaces that the application is in.
func TestTheSameByHand(t *testing.T) {
	kubeconfig := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if _, err := exec.LookPath("kubectl"); err != nil || kubeconfig == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatalf("SLIPWAY_TEST_KUBECONFIG is %q, and kubectl in the PATH: %v", kubeconfig, err)
		}
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set, or kubectl is not in the PATH")
	}
	dir, run := t.TempDir(), strings.ToLower(rand.Text()[:10])
	place := manifest.Place{Cluster: "local", Namespace: "byhand-" + run}
	other := "byhand-other-" + run
	shell := func(line string) string {
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-euc", line)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "KUBECONFIG="+kubeconfig)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s\n%v: %s", line, err, out)
		}
		return string(out)
	}
	shell("kubectl create namespace " + place.Namespace)
	t.Cleanup(func() {
		shell("kubectl delete namespace --wait=false --ignore-not-found " + place.Namespace + " " + other)
	})
	text := strings.NewReplacer("HOME", place.Namespace, "OTHER", other).Replace(twoNamespaces)
	if err := os.WriteFile(filepath.Join(dir, manifestsFile("shop", 0)), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Decode(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	objects := make([]manifest.DryRun, 0, len(set))
	for _, r := range set.RefsIn(place.Namespace) {
		objects = append(objects, manifest.DryRun{Ref: r, Op: manifest.Create})
	}
	shell(commandOf(change.Update, change.Plan{Place: place, Objects: objects}, manifestsFile("shop", 0)))
	for namespace, want := range map[string]string{place.Namespace: "home", other: "other"} {
		if got := shell("kubectl get -n " + namespace + " configmap/list --show-managed-fields -o jsonpath='{.data.from} {.metadata.managedFields[*].manager}'"); got != want+" slipway" {
			t.Errorf("in %s: %q", namespace, got)
		}
	}
	for i := range objects {
		objects[i].Op = manifest.Delete
	}
	shell(commandOf(change.Delete, change.Plan{Place: place, Objects: objects[1:]}, manifestsFile("shop", 0))) // all but the namespace, which takes its time
	for _, namespace := range []string{place.Namespace, other} {
		if got := shell("kubectl get -n " + namespace + " configmap/list --ignore-not-found -o name"); got != "" {
			t.Errorf("still in %s: %q", namespace, got)
		}
	}
}
