package systems

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// examples is where the four systems are written down as the files that the portal takes.
const examples = "../../examples"

// portal is the portal's binary: the one that SLIPWAY_TEST_PORTAL names, else one that is built.
func portal(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("SLIPWAY_TEST_PORTAL"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "portal")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../cmd/portal").CombinedOutput(); err != nil {
		t.Fatalf("the portal cannot be built: %v: %s", err, out)
	}
	return path
}

// rendered is what `portal render` prints of a file.
func rendered(t *testing.T, portal, config, file string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), portal, "render", "--config", config, "-f", file)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("portal render -f %s: %v\n%s", file, err, errs.String())
	}
	return out.Bytes()
}

// systemsWithExamples are the expectations that an example of the same name is held to.
func systemsWithExamples(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("expect/*.txt")
	if err != nil || len(found) == 0 {
		t.Fatalf("no expectations: %v", err)
	}
	var names []string
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		if _, err := os.Stat(filepath.Join(examples, name+".yaml")); err == nil {
			names = append(names, name)
		}
	}
	if len(names) < 4 {
		t.Fatalf("there are examples of %v alone", names)
	}
	return names
}

// Every system comes out of its file as its own documents describe it, to the last setting.
func TestExamplesRenderTheSystems(t *testing.T) {
	bin := portal(t)
	for _, name := range systemsWithExamples(t) {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, bin, filepath.Join(examples, "portal.yaml"), filepath.Join(examples, name+".yaml"))
			if again := rendered(t, bin, filepath.Join(examples, "portal.yaml"), filepath.Join(examples, name+".yaml")); !bytes.Equal(text, again) {
				t.Error("the same file renders differently the second time")
			}
			set, err := manifest.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var objects []map[string]any
			for _, u := range set {
				objects = append(objects, stored(u.Object))
			}
			wants, err := Wants(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(wants) == 0 {
				t.Fatal("nothing is expected")
			}
			for _, wrong := range Compare(objects, wants) {
				t.Errorf("expect/%s.txt, %s", name, wrong)
			}
		})
	}
}

// stored is an object as the API server keeps it: of a Secret, what is written as text is data.
func stored(o map[string]any) map[string]any {
	text, _ := o["stringData"].(map[string]any)
	if o["kind"] != "Secret" || len(text) == 0 {
		return o
	}
	data, _ := o["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	for key, v := range text {
		data[key] = base64.StdEncoding.EncodeToString([]byte(v.(string)))
	}
	o["data"] = data
	delete(o, "stringData")
	return o
}

// kubectl and a real API server take what is rendered, unchanged, and in any order of the files.
func TestClusterTakesTheExamples(t *testing.T) {
	kubeconfig := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if kubeconfig == "" {
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not in PATH")
	}
	run := func(in []byte, args ...string) (string, error) {
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), kubectl, append([]string{"--kubeconfig", kubeconfig}, args...)...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	bin := portal(t)
	for _, name := range systemsWithExamples(t) {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, bin, inOwnNamespaces(t), filepath.Join(examples, name+".yaml"))
			set, err := manifest.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var spaces manifest.Set
			for _, u := range set {
				if u.GetKind() == "Namespace" {
					spaces = append(spaces, u)
				}
			}
			raw, err := spaces.YAML()
			if err != nil || len(spaces) == 0 {
				t.Fatalf("%d namespaces, %v", len(spaces), err)
			}
			if out, err := run(raw, "apply", "--server-side", "-f", "-"); err != nil { // a dry run needs them to be there
				t.Fatalf("%v: %s", err, out)
			}
			t.Cleanup(func() {
				if out, err := run(raw, "delete", "--wait=false", "-f", "-"); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
			out, err := run(text, "apply", "--server-side", "--dry-run=server", "-f", "-")
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if got := strings.Count(out, "serverside-applied"); got != len(set) {
				t.Errorf("%d of %d objects were taken:\n%s", got, len(set), out)
			}
		})
	}
}

// inOwnNamespaces is the example's configuration with namespaces that are nobody else's, and new ones each
// time: two files may share a team, and what is deleted is not gone at once.
func inOwnNamespaces(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(examples, "portal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	prefix := "render-" + strings.ToLower(rand.Text()[:10]) + "-"
	text := strings.ReplaceAll(string(raw), "namespace: ", "namespace: "+prefix)
	if !strings.Contains(text, prefix) {
		t.Fatal("no target has a namespace")
	}
	path := filepath.Join(t.TempDir(), "portal.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is wrong in a file is said with its line and field, and nothing is printed.
func TestRenderRefuses(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), portal(t), "render", "--config", filepath.Join(examples, "portal.yaml"), "-f", "-")
	cmd.Stdin = strings.NewReader("template: web-service\nteam: coequal\nenvironment: production\nname: x\ninputs: {image: a, port: 70000}\n")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	if out.Len() > 0 || !strings.Contains(errs.String(), "standard input:5: document 1 (x): inputs.port: ") {
		t.Errorf("it printed %q and said %q", out.String(), errs.String())
	}
}
