package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// No key of where people sign in, a secret that is nowhere, a kubeconfig that is not there.
const renderConfig = `
oidc: {clientSecret: {file: /no/such/secret}}
clusters: [{name: local, kubeconfig: none}, {name: far}]
teams: [{name: shop}, {name: search}]
environments: [{name: staging}, {name: production}]
targets:
  - {team: shop, environment: production, cluster: local, namespace: shop}
  - {team: search, environment: production, cluster: local, namespace: search}
  - {team: search, environment: staging, cluster: far, namespace: search}
templates:
  - {folder: charts}
  - {builtIn: false}
`

const renderSchema = `{
  "type": "object", "additionalProperties": false, "required": ["image"],
  "properties": {
    "image": {"type": "string", "title": "Image", "pattern": "^[a-z0-9.:/-]+$", "x-ui-pattern-help": "Write an image such as registry.example.com/api:1."},
    "replicas": {"type": "integer", "title": "Replicas", "default": 2, "minimum": 1, "maximum": 9},
    "settings": {"type": "object", "title": "Settings", "additionalProperties": {"type": "string", "maxLength": 3}}
  }
}`

const renderTemplate = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  image: {{ .Values.image }}
  replicas: {{ .Values.replicas | quote }}
  version: {{ .Capabilities.KubeVersion.Version }}
`

// rendering is a folder with a configuration, a chart and documents.
func rendering(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"portal.yaml":                            renderConfig,
		"charts/settings/Chart.yaml":             "apiVersion: v2\nname: settings\nversion: 1.2.0\ndescription: Settings\n",
		"charts/settings/values.schema.json":     renderSchema,
		"charts/settings/templates/objects.yaml": renderTemplate,
		"charts/broken/Chart.yaml":               "apiVersion: v2\nname: broken\nversion: 1.0.0\n",
		"charts/broken/values.schema.json":       "{",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func doc(team, environment, name, more string) string {
	return "template: settings\nteam: " + team + "\nenvironment: " + environment + "\nname: " + name + "\n" + more
}

func TestRender(t *testing.T) {
	dir := rendering(t, map[string]string{
		"a.yaml": doc("shop", "production", "api", "inputs:\n  image: registry.example.com/api:1\n") + "---\n" +
			doc("search", "production", "index", "version: 1.2.0\ninputs:\n  image: registry.example.com/index:1\n  replicas: 3\n"),
		"b.yaml": doc("search", "staging", "index", "inputs:\n  image: registry.example.com/index:2\n"),
	})
	out := func(args ...string) (string, error) {
		var out, errs strings.Builder
		err := run(t.Context(), append([]string{"render", "--config", filepath.Join(dir, "portal.yaml")}, args...), &out, &errs, noEnv)
		return out.String() + errs.String(), err
	}
	first, err := out("-f", filepath.Join(dir, "a.yaml"), "--kube-version", "v1.35.2")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := out("-f", filepath.Join(dir, "a.yaml"), "--kube-version", "1.35.2")
	if first != again {
		t.Error("the same twice is not the same")
	}
	set, err := manifest.Decode(strings.NewReader(first))
	if err != nil {
		t.Fatalf("%v in\n%s", err, first)
	}
	var got []string
	for _, u := range set {
		got = append(got, u.GetNamespace()+"/"+u.GetKind()+" "+u.GetName())
	}
	const want = "/Namespace search, /Namespace shop, shop/ConfigMap api, shop/ConfigMap slipway-api, search/ConfigMap index, search/ConfigMap slipway-index"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("it made %s, want %s", s, want)
	}
	for _, s := range []string{"image: registry.example.com/api:1\n", `replicas: "2"`, `replicas: "3"`, "version: v1.35.2\n"} {
		if !strings.Contains(first, s) {
			t.Errorf("%q is not in\n%s", s, first)
		}
	}
	if _, err := out("-f", filepath.Join(dir, "a.yaml"), "-f", filepath.Join(dir, "b.yaml")); err == nil || !strings.Contains(err.Error(), "several clusters (far, local)") {
		t.Errorf("two clusters in one stream: %v", err)
	}
	if only, err := out("-f", filepath.Join(dir, "a.yaml"), "-f", filepath.Join(dir, "b.yaml"), "--cluster", "local"); err != nil || !strings.Contains(only, "name: api\n") || strings.Contains(only, "index:2") {
		t.Errorf("--cluster local: %v\n%s", err, only)
	}
	folder := filepath.Join(dir, "out")
	if _, err := out("-f", filepath.Join(dir, "a.yaml"), "-f", filepath.Join(dir, "b.yaml"), "-o", folder); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"far/00-namespaces.yaml", "far/search/index.yaml", "local/00-namespaces.yaml", "local/search/index.yaml", "local/shop/api.yaml"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	good := doc("shop", "production", "api", "inputs:\n  image: registry.example.com/api:1\n")
	for name, row := range map[string]struct {
		file string
		says []string
		code int
	}{
		"several at once": {
			doc("shap", "prod", "api", "") + "---\n" + doc("shop", "production", "Api", "inputs: {image: a}\n") + "---\n" + doc("shop", "production", "x", "nonsense: 1\n"),
			[]string{
				`a.yaml:2: document 1 (api): team: there is no team "shap"; did you mean shop?`,
				`a.yaml:3: document 1 (api): environment: there is no environment "prod"; there are staging, production`,
				`a.yaml:9: document 2 (Api): name: Use small letters`,
				`a.yaml:16: document 3: nonsense: there is no such field`,
			}, 1,
		},
		"inputs": {
			doc("shop", "production", "api", "inputs:\n  image: A B\n  replicas: 12\n  settings:\n    B: fine\n    A: ok\n  other: 1\n"),
			[]string{
				"a.yaml:6: document 1 (api): inputs.image: Image: Write an image such as",
				"a.yaml:7: document 1 (api): inputs.replicas: Replicas: Take 9 or less.",
				"a.yaml:9: document 1 (api): inputs.settings.B: ", "Take 3 characters or fewer.",
				"This template has no field /other.",
			}, 1,
		},
		"missing input":   {doc("shop", "production", "api", ""), []string{"a.yaml:1: document 1 (api): inputs.image: Image: Write an image"}, 1},
		"no target":       {doc("shop", "staging", "api", ""), []string{"a.yaml:3: document 1 (api): environment: team shop has no target there"}, 1},
		"template":        {"template: setings\n" + strings.SplitN(good, "\n", 2)[1], []string{`a.yaml:1: document 1 (api): template: there is no template "setings"; did you mean settings?`}, 1},
		"version":         {good + "version: 2.0.0\n", []string{`a.yaml:7: document 1 (api): version: there is no version "2.0.0" of settings; there are 1.2.0`}, 1},
		"broken template": {"template: broken\n" + strings.SplitN(good, "\n", 2)[1], []string{"a.yaml:1: document 1 (api): template: template broken 1.0.0 cannot be used: values.schema.json"}, 1},
		"no file":         {"", nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := rendering(t, map[string]string{"a.yaml": row.file})
			if name == "no file" {
				_ = os.Remove(filepath.Join(dir, "a.yaml"))
				row.says = []string{"a.yaml: there is no such file"}
			}
			t.Chdir(dir)
			var out, errs strings.Builder
			err := run(t.Context(), []string{"render", "--config", "portal.yaml", "-f", "a.yaml"}, &out, &errs, noEnv)
			if exitCode(err) != row.code || out.Len() > 0 {
				t.Fatalf("exit code %d, want %d; printed %q", exitCode(err), row.code, out.String())
			}
			for _, s := range row.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q is not in\n%v", s, err)
				}
			}
		})
	}
}

func TestRenderSameApplicationInTwoFiles(t *testing.T) {
	one := doc("shop", "production", "api", "inputs:\n  image: registry.example.com/api:1\n")
	t.Chdir(rendering(t, map[string]string{"a.yaml": one, "b.yaml": "\n" + one}))
	var out, errs strings.Builder
	err := run(t.Context(), []string{"render", "--config", "portal.yaml", "-f", "a.yaml", "-f", "b.yaml"}, &out, &errs, noEnv)
	if err == nil || !strings.Contains(err.Error(), "b.yaml:5: document 1 (api): name: api of shop / production is in a.yaml, line 4, already") {
		t.Error(err)
	}
}

// What two applications of one cluster serve, the second is told of; another cluster is another world.
func TestRenderAddresses(t *testing.T) {
	app := func(name, environment string) string {
		return "template: web-service\nteam: search\nenvironment: " + environment + "\nname: " + name +
			"\ninputs:\n  image: registry.example.com/a:1\n  port: 8080\n  host: a.example.com\n"
	}
	t.Chdir(rendering(t, map[string]string{
		"portal.yaml": strings.ReplaceAll(renderConfig, "builtIn: false", "builtIn: true"),
		"a.yaml":      app("one", "production") + "---\n" + app("two", "staging"),
		"b.yaml":      app("three", "production"),
	}))
	if out, code := portalRun(t, "render", "--config", "portal.yaml", "-f", "a.yaml", "-o", "out"); code != 0 {
		t.Errorf("two clusters: %s", out)
	}
	out, code := portalRun(t, "render", "--config", "portal.yaml", "-f", "a.yaml", "-f", "b.yaml", "-o", "out")
	if code != 1 || !strings.Contains(out, "b.yaml:8: document 1 (three): inputs.host: a.example.com is served by one of search / production in a.yaml already") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// The namespaces that `portal render` prints are those that deploy/k8s gives the teams.
func TestNamespaceIsTheDeployedOne(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/k8s/team-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Decode(strings.NewReader(strings.NewReplacer("TEAM", "shop", "ENVIRONMENT", "staging").Replace(string(raw))))
	if err != nil {
		t.Fatal(err)
	}
	want, err := manifest.YAML(set[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := manifest.YAML(namespaceOf(target{Team: "shop", Environment: "staging", Namespace: "shop-staging"}))
	if err != nil || string(got) != string(want) {
		t.Errorf("it is\n%s(%v), want\n%s", got, err, want)
	}
}
