package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func noEnv(string) string { return "" }

// Each bad file in testdata/config has its messages beside it.
func TestConfigMessages(t *testing.T) {
	t.Chdir("testdata/config")
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			c, err := loadConfig(file, theSurroundings(noEnv))
			if err == nil {
				t.Fatalf("taken as %+v", c)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a message repeats a secret")
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := loadConfig("no-such.yaml", theSurroundings(noEnv))
	if err == nil || err.Error() != "no-such.yaml: cannot be read: there is no such file" {
		t.Errorf("got %v", err)
	}
	if exitCode(err) != 2 {
		t.Errorf("exit code %d", exitCode(err))
	}
}

// example takes the example out of docs/configuration.md and writes what it refers to.
func example(t *testing.T) (file string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(doc)
	if m == nil {
		t.Fatal("docs/configuration.md has no example")
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"portal.yaml": string(m[1]), "client-secret": "top-secret\n", "west.kubeconfig": "{}",
		"secrets.key": strings.Repeat("k", 44) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "charts"), 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "portal.yaml")
}

func TestDocumentedExample(t *testing.T) {
	file := example(t)
	env := func(name string) string { return map[string]string{"SLIPWAY_DSN": "postgres://portal@db/portal"}[name] }
	c, err := loadConfig(file, theSurroundings(env))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	for what, ok := range map[string]bool{
		"dsn":         c.Database.DSN.value == "postgres://portal@db/portal",
		"key":         c.Secrets.Key.value == strings.Repeat("k", 44),
		"secret":      c.OIDC.ClientSecret.value == "top-secret",
		"scopes":      len(c.OIDC.Scopes) == 5,
		"session":     c.Session == sessionConfig{time.Hour, 12 * time.Hour},
		"kubeconfig":  c.Clusters[1].Kubeconfig == filepath.Join(dir, "west.kubeconfig"),
		"templates":   len(c.Templates) == 2 && c.Templates[0].Folder == filepath.Join(dir, "charts") && !*c.Templates[1].BuiltIn,
		"expireAfter": c.ExpireAfter == 72*time.Hour,
		"proxies":     len(c.TrustedProxies) == 1 && c.TrustedProxies[0].String() == "10.0.0.0/8",
		"any team":    c.Bindings[2] == binding{"release-managers", "approver", policy.Any, "production"},
		"copies":      c.copies()["preview"] == change.CopyRule{MaxAge: 168 * time.Hour, Domain: "preview.example.com"} && len(c.copies()) == 1,
		"title":       c.Environments[1].Title == "Production",
	} {
		if !ok {
			t.Errorf("%s is not what the example says: %+v", what, c)
		}
	}
	want := []policy.Rule{{Name: "production needs one approval", Environment: "production", Approvals: 1}}
	if diff := cmp.Diff(want, c.rules()); diff != "" {
		t.Error(diff)
	}
}

func TestSourcesOfTemplates(t *testing.T) {
	const base = "{publicURL: https://a, oidc: {issuer: https://i, clientID: c}, clusters: [{name: a}], teams: [{name: a}], " +
		"environments: [{name: a}], targets: [{team: a, environment: a, cluster: a, namespace: a}], bindings: [{group: g, role: admin}]"
	out := surroundings{
		getenv: noEnv,
		read:   func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		stat: func(name string) (fs.FileInfo, error) {
			return fstest.MapFS{"charts": {Mode: fs.ModeDir}, "more": {Mode: fs.ModeDir}}.Stat(filepath.Base(name))
		},
	}
	for text, want := range map[string]string{
		"[]":                                        "built in",
		"{folder: charts}":                          "/d/charts",
		"[{folder: charts}, {folder: /x/more}]":     "/d/charts, /x/more, built in",
		"[{builtIn: true}, {folder: charts}]":       "built in, /d/charts",
		"[{folder: charts}, {builtIn: false}]":      "/d/charts",
		"[{folder: none}]":                          "templates[0].folder: /d/none is not a folder",
		"{folder: none}":                            "templates.folder: /d/none is not a folder",
		"[{}]":                                      "templates[0]: says no source",
		"[{builtIn: yes}]":                          "templates[0].builtIn: must hold true or false",
		"[{builtIn: true}, {builtIn: false}]":       "templates[1]: names the built-in templates a second time",
		"[{builtIn: true, folder: charts}]":         "templates[0]: is folder and builtIn at once",
		"[{oci: 'oci://r.example.com/charts/web'}]": "oci://r.example.com/charts/web, built in",
		"[{oci: r.example.com:5000/web, versions: [1.2.0, '^1', '1.0.0@sha256:0000000000000000000000000000000000000000000000000000000000000000']}]": "oci://r.example.com:5000/web, built in",
		"[{oci: 'http://127.0.0.1:5000/web'}]":                                 "oci://127.0.0.1:5000/web, built in",
		"[{oci: 'http://r.example.com/web'}]":                                  "templates[0].oci: \"http://r.example.com/web\" must not be plain http",
		"[{oci: r.example.com}]":                                               "templates[0].oci: \"r.example.com\" is not a repository",
		"[{oci: 'oci://u:p@r.example.com/x'}]":                                 "is not a repository",
		"[{oci: 'oci://r.example.com/../x'}]":                                  "is not a repository",
		"[{oci: r.example.com/x, versions: [latest]}]":                         "templates[0].versions[0]: \"latest\" is neither a version",
		"[{oci: r.example.com/x, versions: ['^1@sha256:0']}]":                  "is neither a version",
		"[{oci: r.example.com/x, versions: ['1.0.0@sha256:0']}]":               "is not a digest",
		"[{oci: r.example.com/x, password: hunter2}]":                          "a password does not belong in this file",
		"[{oci: r.example.com/x, username: u}]":                                "needs both or neither",
		"[{oci: r.example.com/x, ca: ca.pem}]":                                 "templates[0].ca: /d/ca.pem: there is no such file",
		"[{oci: r.example.com/x, folder: charts}]":                             "templates[0]: is folder and oci at once",
		"[{git: 'https://git.example.com/c.git', ref: v1, path: a/b/}]":        "https://git.example.com/c.git//a/b@v1, built in",
		"[{git: 'https://git.example.com/c.git'}]":                             "templates[0]: has no ref",
		"[{git: 'http://git.example.com/c.git', ref: v1}]":                     "must not be plain http",
		"[{git: 'https://u:hunter2@git.example.com/c.git', ref: v1}]":          "templates[0].git: this is not an address",
		"[{git: 'git@git.example.com:c.git', ref: v1}]":                        "templates[0].git: this is not an address",
		"[{git: 'https://git.example.com/c.git', ref: v1, path: ../x}]":        "is not a folder in the repository",
		"[{git: 'https://git.example.com/c.git', ref: v1, versions: [1.0.0]}]": "templates[0].versions: is for a source with oci",
		"[{folder: charts, ref: v2}]":                                          "templates[0].ref: is for a source with git",
		"[{folder: charts, versions: [1.0.0]}]":                                "templates[0].versions: is for a source with oci",
		"charts":                                                               "templates: must hold a list",
	} {
		c, err := parseConfig("/d/portal.yaml", []byte(base+", templates: "+text+"}"), out, (*checker).check)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", text, err, want)
			}
			continue
		}
		var names []string
		for _, s := range templatesFrom(c) {
			names = append(names, s.Name())
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Every key that can be read is documented, and every documented key can be read.
func TestEveryKeyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(doc)[strings.Index(string(doc), "## Every key"):], "## Roles")
	for _, key := range []string{
		"listen", "publicURL", "database.driver", "database.path", "database.dsn", "oidc.issuer", "oidc.clientID",
		"oidc.clientSecret", "oidc.scopes", "oidc.groupsClaim", "session.idle", "session.absolute", "templates.folder",
		"changes.expireAfter", "templateCache", "log.level", "log.format", "trustedProxies",
	} {
		if !strings.Contains(table, "| `"+key+"`") {
			t.Errorf("%s is not documented", key)
		}
	}
	for section, fs := range map[string]fields{
		"clusters": clusterFields(new(clusterConfig)), "teams": teamFields(new(team)),
		"environments": environmentFields(new(environment)), "bindings": bindingFields(new(binding)),
		"templates": templateFields(new(templateSource)),
	} {
		for key := range fs {
			if !strings.Contains(table, "| `"+section+"[]."+key+"`") {
				t.Errorf("%s[].%s is not documented", section, key)
			}
		}
	}
	known := defaults().fields()
	for _, m := range regexp.MustCompile("\n\\| `([a-zA-Z]+)").FindAllStringSubmatch(table, -1) {
		if known[m[1]] == nil {
			t.Errorf("%s is documented and cannot be read", m[1])
		}
	}
}

func TestSecretsStayOutOfLogs(t *testing.T) {
	var b strings.Builder
	s := secret{Env: "NAME", value: "hunter2"}
	newLogger(logConfig{Level: "info", Format: "text"}, &b).Info("x", "secret", s)
	if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "NAME") {
		t.Error(b.String())
	}
}

// No file makes the reader panic, and what it takes it takes whole.
func FuzzConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("{publicURL: https://a, oidc: {issuer: https://i, clientID: c}, clusters: [{name: a}], teams: [{name: a}], " +
		"environments: [{name: a}], targets: [{team: a, environment: a, cluster: a, namespace: a}], bindings: [{group: g, role: admin}]}"))
	out := surroundings{
		getenv: noEnv,
		read:   func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		stat:   func(name string) (fs.FileInfo, error) { return fstest.MapFS{"f": {}}.Stat("f") },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4<<10 {
			t.Skip("long enough to be slow")
		}
		c, err := parseConfig("portal.yaml", data, out, (*checker).check)
		var p *problems
		switch {
		case err == nil && (c.OIDC.Issuer == "" || len(c.Targets) == 0):
			t.Fatalf("half a configuration was taken: %+v", c)
		case err != nil && (!errors.As(err, &p) || err.Error() == ""):
			t.Fatalf("not a list of problems: %v", err)
		}
	})
}
