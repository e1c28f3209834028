package e2e

import (
	"archive/zip"
	"context"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var wholeDigest = regexp.MustCompile(`[0-9a-f]{64}`)

// unpack puts the files of an archive into a folder and gives the one folder that it holds.
func unpack(t *testing.T, body string) string {
	t.Helper()
	dir := t.TempDir()
	r, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatalf("no archive: %v in %.200s", err, body)
	}
	top := ""
	for _, f := range r.File {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		top = filepath.Dir(path)
		if err := os.MkdirAll(top, 0o755); err != nil {
			t.Fatal(err)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// What is downloaded of a plan, of the change that it becomes and of its revision is the same, carries the
// digest that the pages show, and the real kubectl and cluster take it.
func TestDownloads(t *testing.T) {
	w := theWorld(t)
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not in PATH")
	}
	dev := w.signIn(t, "payments-dev")
	c := dev.client()
	form := url.Values{"name": {"carried"}, "in/image": {image}, "in/port": {"8080"}, "_file": {"bundle.zip"}}
	plan := c.post(staging.path()+"/new/web-service/download", form)
	if plan.Status != 200 || plan.Header.Get("Content-Disposition") != `attachment; filename="carried-plan.zip"` {
		t.Fatalf("the plan's archive: %d, %v", plan.Status, plan.Header)
	}
	if bad := c.post(staging.path()+"/new/web-service/download", url.Values{"name": {"carried"}, "in/image": {"no image"}}); bad.Status != 422 || !strings.Contains(bad.Body, "no image") {
		t.Errorf("a form with errors answered %d", bad.Status)
	}
	dev.fillForm(staging, "carried", image)
	change := dev.submit("to carry it away", "Create carried")
	dev.sees("Became revision 1")

	page := c.get(change + "/plan")
	archive := unpack(t, c.get(change+"/bundle.zip").Body)
	readme := readText(t, archive, "README.md")
	digest := wholeDigest.FindString(readme)
	if digest == "" || !strings.Contains(page.Body, digest[8:]) || !strings.Contains(page.Body, digest[:8]) { // the first 8 digits are set off
		t.Errorf("the digest in the README, %q, is not on the plan's page", digest)
	}
	if !strings.Contains(readme, w.base+change) {
		t.Errorf("the README does not say where it is from:\n%s", readme)
	}
	revision := unpack(t, c.get(staging.app("carried")+"/bundle.zip").Body)
	planned := unpack(t, plan.Body)
	for _, file := range []string{"manifests.yaml", "inputs.yaml", "kustomization.yaml"} {
		want := readText(t, archive, file)
		if got := readText(t, revision, file); got != want {
			t.Errorf("%s of the revision is\n%s\nof the change\n%s", file, got, want)
		}
		if got := readText(t, planned, file); got != want {
			t.Errorf("%s of the plan is\n%s\nof the change\n%s", file, got, want)
		}
	}
	for _, file := range []string{"manifests.yaml", "inputs.yaml"} {
		if got := c.get(change + "/" + file); got.Status != 200 || got.Body != readText(t, archive, file) {
			t.Errorf("%s alone answered %d:\n%s", file, got.Status, got.Body)
		}
	}
	cmd := exec.CommandContext(context.Background(), kubectl, "--kubeconfig", os.Getenv("SLIPWAY_TEST_KUBECONFIG"),
		"apply", "--server-side", "--field-manager=slipway", "--dry-run=server", "-k", archive)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "deployment.apps/carried serverside-applied") {
		t.Errorf("kubectl: %v: %s", err, out)
	}
}

func readText(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}
