package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// portalRun is a command line run in this process.
func portalRun(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out, &out, noEnv)
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), exitCode(err)
}

// docs/templates.md, "A template in ten minutes", step by step.
func TestTemplateInTenMinutes(t *testing.T) {
	t.Chdir(t.TempDir())
	step := func(code int, says string, args ...string) {
		t.Helper()
		if out, got := portalRun(t, args...); got != code || !strings.Contains(out, says) {
			t.Fatalf("portal %s: exit code %d, want %d, and %q in\n%s", strings.Join(args, " "), got, code, says, out)
		}
	}
	step(0, "hello is made", "template", "new", "hello")
	step(0, "hello: nothing to mend", "template", "lint", "hello")
	step(0, "hello: least: ok", "template", "test", "hello")
	edit(t, "hello/values.schema.json", `"title": "Copies"`, `"titel": "Copies"`)
	step(1, "hello/values.schema.json:33: there is no keyword titel; did you mean title?", "template", "lint", "hello")
	edit(t, "hello/values.schema.json", `"titel": "Copies"`, `"title": "Copies"`)
	edit(t, "hello/templates/deployment.yaml", "- name: app", "- name: main")
	step(1, "hello/tests/cases.yaml:2: least: it makes something else than tests/golden/least.yaml", "template", "test", "hello")
	step(0, "hello: least: written", "template", "test", "--update", "hello")
	step(0, "hello: least: ok", "template", "test", "hello")
	if err := os.WriteFile("inputs.yaml", []byte("image: registry.example.com/a:1\nport: 80\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	step(0, "image: registry.example.com/a:1\n", "template", "render", "hello", "-f", "inputs.yaml", "--app", "shop")
	edit(t, "inputs.yaml", "port: 80", "port: 0")
	step(1, "inputs.yaml: /port: Port: Take 1 or more.", "template", "render", "hello", "-f", "inputs.yaml")
	step(0, "mine is made", "template", "new", "mine", "--from", "hello")
	step(0, "mine: nothing to mend", "template", "lint", "mine")
	step(2, "something of this name already", "template", "new", "hello")
	step(2, `there is no chart "web-servce"; did you mean web-service?`, "template", "new", "x", "--from", "web-servce")
	step(2, "there is no Chart.yaml in it", "template", "lint", ".")
	step(2, "--namespace is missing", "template", "test", "hello", "--kubeconfig", "x")
}

func edit(t *testing.T, path, old, by string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(raw), old) {
		t.Fatalf("%q is not in %s (%v)", old, path, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), old, by, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A real API server is asked about every object, says which it would not take, and keeps none.
func TestTemplateTestAsksCluster(t *testing.T) {
	kubeconfig := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if kubeconfig == "" {
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	namespace := "template-" + strings.ToLower(rand.Text()[:10])
	kubectl := func(args ...string) string {
		raw, err := exec.CommandContext(context.WithoutCancel(t.Context()), "kubectl", append([]string{"--kubeconfig", kubeconfig}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("kubectl %v: %v: %s", args, err, raw)
		}
		return string(raw)
	}
	kubectl("create", "namespace", namespace)
	t.Cleanup(func() { kubectl("delete", "namespace", namespace, "--wait=false") })
	t.Chdir(t.TempDir())
	if out, code := portalRun(t, "template", "new", "hello"); code != 0 {
		t.Fatal(out)
	}
	ask := []string{"template", "test", "hello", "--kubeconfig", kubeconfig, "--namespace", namespace}
	out, code := portalRun(t, ask...)
	if code != 0 || strings.Count(out, "Deployment example: the cluster takes it") != 1 {
		t.Errorf("exit code %d: %s", code, out)
	}
	edit(t, "hello/templates/service.yaml", "port: 80", "port: 99999")
	if out, code := portalRun(t, "template", "test", "--update", "hello"); code != 0 {
		t.Fatal(out)
	}
	out, code = portalRun(t, ask...)
	if code != 1 || !strings.Contains(out, "Service example: ") || !strings.Contains(out, "99999") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if left := kubectl("get", "deployments,services", "-n", namespace, "-o", "name"); strings.Contains(left, "example") {
		t.Errorf("it left %s", left)
	}
}
