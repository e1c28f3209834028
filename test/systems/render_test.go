package systems

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// Each system's file, rendered without a cluster, is what its document says.
func TestRender(t *testing.T) {
	portal := filepath.Join(t.TempDir(), "portal")
	if out, err := exec.Command("go", "build", "-o", portal, "slipway.dev/slipway/cmd/portal").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, system := range []string{"coequal", "opta", "checkstack", "honeydue"} {
		t.Run(system, func(t *testing.T) {
			wants, err := Wants(system)
			if err != nil {
				t.Fatal(err)
			}
			for _, wrong := range Compare(render(t, portal, system), wants) {
				t.Error(wrong)
			}
		})
	}
}

func render(t *testing.T, portal, system string) []map[string]any {
	t.Helper()
	cmd := exec.Command(portal, "render", "--config", "../../examples/portal.yaml", "-f", "../../examples/"+system+".yaml")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var objects []map[string]any
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		var o map[string]any
		if err := d.Decode(&o); err == io.EOF {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		if o != nil {
			objects = append(objects, o)
		}
	}
}

// What is wrong in a file is said with the field, and nothing is printed.
func TestRenderRefuses(t *testing.T) {
	portal := filepath.Join(t.TempDir(), "portal")
	if out, err := exec.Command("go", "build", "-o", portal, "slipway.dev/slipway/cmd/portal").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(portal, "render", "--config", "../../examples/portal.yaml", "-f", "-")
	cmd.Stdin = strings.NewReader("template: web-service\nteam: coequal\nenvironment: production\nname: x\ninputs: {image: a, port: 70000}\n")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	if stdout.Len() > 0 || !strings.Contains(stderr.String(), "port") {
		t.Errorf("it printed %q and said %q", stdout.String(), stderr.String())
	}
}
