package charts_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/catalog"
)

// presetOf reads a preset of a template, or of the workloads of application.
func presetOf(t *testing.T, name, id string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(name + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Presets    []preset `json:"x-ui-presets"`
		Properties struct {
			Workloads struct {
				Presets []preset `json:"x-ui-presets"`
			} `json:"workloads"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for _, p := range append(schema.Presets, schema.Properties.Workloads.Presets...) {
		if p.ID == id {
			return p.Values
		}
	}
	t.Fatalf("%s has no preset %s", name, id)
	return nil
}

// shells are those of this machine that a script is to be understood by; sh is everywhere.
func shells() [][]string {
	found := [][]string{{"sh"}}
	for _, s := range [][]string{{"dash"}, {"busybox", "sh"}, {"bash", "--posix"}} {
		if _, err := exec.LookPath(s[0]); err == nil {
			found = append(found, s)
		}
	}
	return found
}

// bench is where the script of a preset runs: its folders lie in a folder of the test, and what it calls is
// played by small programs.
type bench struct {
	t      *testing.T
	dir    string
	shell  []string
	script string
	env    map[string]string
}

func newBench(t *testing.T, shell []string, values map[string]any, folders ...string) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), shell: shell, env: map[string]string{}}
	command, _ := values["command"].([]any)
	if len(command) != 3 || command[0] != "sh" || command[1] != "-c" {
		t.Fatalf("the command is %v", command)
	}
	b.script = command[2].(string)
	for _, f := range folders {
		if !strings.Contains(b.script, f) {
			t.Fatalf("the script does not use %s", f)
		}
		here := filepath.Join(b.dir, f)
		if err := os.MkdirAll(here, 0o750); err != nil {
			t.Fatal(err)
		}
		b.script = strings.ReplaceAll(b.script, f, here)
	}
	env, _ := values["env"].(map[string]any)
	for k, v := range env {
		b.env[k] = v.(string)
	}
	return b
}

// tool plays a program. What it is called with stands in the file NAME.args, a line each.
func (b *bench) tool(name, text string) {
	b.t.Helper()
	bin := filepath.Join(b.dir, "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		b.t.Fatal(err)
	}
	text = fmt.Sprintf("#!/bin/sh\nfor a; do printf '%%s\\n' \"$a\"; done >'%s/%s.args'\n%s\n", b.dir, name, text)
	if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o700); err != nil { //nolint:gosec // it is run
		b.t.Fatal(err)
	}
}

func (b *bench) args(name string) []string {
	text, err := os.ReadFile(filepath.Join(b.dir, name+".args"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// run runs the script and gives what it prints.
func (b *bench) run() (string, error) {
	args := append(slices.Clone(b.shell), "-c", b.script)
	cmd := exec.CommandContext(b.t.Context(), args[0], args[1:]...) //nolint:gosec // the scripts of this repository
	cmd.Env = []string{"PATH=" + filepath.Join(b.dir, "bin") + ":" + os.Getenv("PATH")}
	for k, v := range b.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (b *bench) mustRun() {
	b.t.Helper()
	if out, err := b.run(); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
}

// dump makes a file as the job made it some days ago, and tells its name.
func (b *bench) dump(daysAgo int) string {
	b.t.Helper()
	at := time.Now().UTC().AddDate(0, 0, -daysAgo).Add(-time.Hour)
	file := filepath.Join(b.dir, "backup", at.Format("20060102T150405Z")+".dump")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chtimes(file, at, at); err != nil {
		b.t.Fatal(err)
	}
	return filepath.Base(file)
}

func (b *bench) dumps() []string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "backup", "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	return files
}

const dumps = `for a; do case $a in --file=*) file=${a#--file=} ;; esac; done
printf 'dump of %s' "$a" >"$file"`

func newDump(t *testing.T, shell []string) *bench {
	b := newBench(t, shell, presetOf(t, "scheduled-job", "postgres-dump"), "/backup")
	b.env["DATABASE_URL"] = "postgres://u:p@db/shop"
	b.tool("pg_dump", dumps)
	return b
}

// A dump has its name once it is whole; one that broke off leaves the others alone and goes with the next.
func TestDumpPreset(t *testing.T) {
	for _, shell := range shells() {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			b := newDump(t, shell)
			old := b.dump(400)
			b.tool("pg_dump", dumps+"\nexit 1")
			if out, err := b.run(); err == nil {
				t.Fatalf("a dump that fails is no failure: %s", out)
			}
			if got := b.dumps(); len(got) != 2 || got[0] != old || !strings.HasSuffix(got[1], ".dump.part") {
				t.Fatalf("after a dump that failed: %v", got)
			}
			broken := filepath.Join(b.dir, "backup", "20260101T000000Z.dump.part")
			if err := os.Rename(filepath.Join(b.dir, "backup", b.dumps()[1]), broken); err != nil {
				t.Fatal(err)
			}
			b.tool("pg_dump", dumps)
			b.mustRun()
			got := b.dumps()
			if len(got) != 1 || !regexp.MustCompile(`^\d{8}T\d{6}Z\.dump$`).MatchString(got[0]) {
				t.Fatalf("after one that did not: %v", got)
			}
			text, err := os.ReadFile(filepath.Join(b.dir, "backup", got[0]))
			if err != nil || string(text) != "dump of postgres://u:p@db/shop" {
				t.Errorf("it holds %q, %v", text, err)
			}
			if args := b.args("pg_dump"); !slices.Contains(args, "--format=custom") {
				t.Errorf("pg_dump was called with %q", args)
			}
		})
	}
}

// All dumps of the last thirty days stay, and the first one of each month for a year, however often it runs:
// a job that runs on Sundays rarely runs on a first.
func TestDumpsAreKept(t *testing.T) {
	for _, shell := range shells() {
		for every, days := range map[string]int{"daily": 1, "weekly": 7} {
			t.Run(strings.Join(shell, " ")+", "+every, func(t *testing.T) {
				b := newDump(t, shell)
				var names []string
				ages := map[string]int{}
				for ago := 800 / days * days; ago > 0; ago -= days {
					name := b.dump(ago)
					names, ages[name] = append(names, name), ago
				}
				var want []string
				months, month := 0, ""
				for _, name := range names { // the oldest first
					first := name[:6] != month
					month = name[:6]
					if ages[name] <= 30 || first && ages[name] <= 366 {
						want = append(want, name)
					}
					if first && ages[name] > 30 && ages[name] <= 366 {
						months++
					}
				}
				if months < 10 || months > 12 {
					t.Fatalf("%d months are looked at", months)
				}
				b.mustRun()
				got := b.dumps()
				if !slices.Equal(got[:len(got)-1], want) {
					t.Errorf("%d stay, want %d:\n%v\n%v", len(got)-1, len(want), got[:len(got)-1], want)
				}
				b.mustRun() // once more changes nothing but one dump more
				if again := b.dumps(); len(again) < len(got) || !slices.Equal(again[:len(got)-1], got[:len(got)-1]) {
					t.Errorf("after another run: %v", again)
				}
			})
		}
	}
}

// The login of a registry is written as nodes read it, in one line however long the password is, and nothing
// is written when there is none.
func TestRegistryLoginPreset(t *testing.T) {
	password := strings.Repeat("long/pass+word=", 200)
	for _, shell := range shells() {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			const account = "/var/run/secrets/kubernetes.io/serviceaccount"
			b := newBench(t, shell, presetOf(t, "scheduled-job", "ecr-login"), account)
			if err := os.WriteFile(filepath.Join(b.dir, account, "token"), []byte("a-token"), 0o600); err != nil {
				t.Fatal(err)
			}
			b.env["NAMESPACE"] = "shop-production"
			b.tool("aws", "exit 1")
			b.tool("curl", "")
			if out, err := b.run(); err == nil || b.args("curl") != nil {
				t.Fatalf("without a login: %v, %s, curl was called with %q", err, out, b.args("curl"))
			}
			b.tool("aws", "echo "+password)
			b.mustRun()
			if got := strings.Join(b.args("aws"), " "); got != "ecr get-login-password --region us-east-2" {
				t.Errorf("aws was called with %s", got)
			}
			sent := b.args("curl")
			if got := sent[len(sent)-1]; got != "https://kubernetes.default.svc/api/v1/namespaces/shop-production/secrets/ecr-login?fieldManager=registry-login&force=true" {
				t.Errorf("it is sent to %s", got)
			}
			if !slices.Contains(sent, "Authorization: Bearer a-token") || !slices.Contains(sent, "--fail") {
				t.Errorf("curl was called with %q", sent)
			}
			registry := b.env["REGISTRY"]
			want := `{"auths":{"` + registry + `":{"username":"AWS","password":"` + password + `","auth":"` + base64.StdEncoding.EncodeToString([]byte("AWS:"+password)) + `"}}}`
			if got := loginIn(t, sent[slices.Index(sent, "--data")+1]); got != want {
				t.Errorf("the login is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// loginIn is the login in the Secret that is sent.
func loginIn(t *testing.T, data string) string {
	t.Helper()
	var secret struct {
		Kind, Type string
		Data       map[string][]byte
	}
	if err := json.Unmarshal([]byte(data), &secret); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	if secret.Kind != "Secret" || secret.Type != "kubernetes.io/dockerconfigjson" {
		t.Errorf("it is a %s of type %s", secret.Kind, secret.Type)
	}
	return string(secret.Data[".dockerconfigjson"])
}

// The copy of the dumps reads the disk that they are written to, and names nothing that is not set.
func TestCopyPreset(t *testing.T) {
	values := presetOf(t, "scheduled-job", "copy-to-s3")
	env, _ := values["env"].(map[string]any)
	args := fmt.Sprint(values["args"])
	for _, m := range regexp.MustCompile(`\$\(([^)]*)\)`).FindAllStringSubmatch(args, -1) {
		if env[m[1]] == nil {
			t.Errorf("%s is not set", m[0])
		}
	}
	claim, _ := values["claims"].([]any)[0].(map[string]any)
	if !strings.Contains(args, " "+claim["mountPath"].(string)+" ") {
		t.Errorf("%s is not at %v", args, claim["mountPath"])
	}
	r := release
	r.App = "postgres-dump"
	made, err := template(t, "scheduled-job").Render(t.Context(), catalog.Inputs(presetOf(t, "scheduled-job", "postgres-dump")), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range made.Set {
		if u.GetKind() == "PersistentVolumeClaim" && u.GetName() != claim["claim"] {
			t.Errorf("the dumps are in %s, and %v is copied", u.GetName(), claim["claim"])
		}
	}
}

// The systems of examples/ run the scripts that are tried here.
func TestExamplesRunThePresets(t *testing.T) {
	for file, id := range map[string]string{"checkstack-options": "postgres-dump", "coequal-options": "ecr-login"} {
		text, err := os.ReadFile("../examples/" + file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		want := newBench(t, nil, presetOf(t, "scheduled-job", id)).script
		found := false
		for doc := range strings.SplitSeq(string(text), "\n---\n") {
			var app struct {
				Inputs struct{ Command []string }
			}
			if err := yaml.Unmarshal([]byte(doc), &app); err != nil {
				t.Fatal(err)
			}
			found = found || len(app.Inputs.Command) == 3 && app.Inputs.Command[2] == want
		}
		if !found {
			t.Errorf("%s does not run the script of the preset %s", file, id)
		}
	}
}

// Redis is asked for a password where there is one.
func TestRedisPreset(t *testing.T) {
	for _, name := range []string{"application", "stateful"} {
		values := presetOf(t, name, "redis")
		if notes, _ := values["notes"].(map[string]any); len(notes) == 0 {
			t.Errorf("%s: the preset does not say why it is as it is", name)
		}
		for _, shell := range shells() {
			for password, want := range map[string]string{"": "noeviction", "hunter2": "noeviction --requirepass hunter2"} {
				b := newBench(t, shell, values)
				b.env["REDIS_PASSWORD"] = password
				b.tool("redis-server", "")
				b.mustRun()
				if got := strings.Join(b.args("redis-server"), " "); got != "--appendonly yes --appendfsync everysec --maxmemory 256mb --maxmemory-policy "+want {
					t.Errorf("%s, %v: redis-server %s", name, shell, got)
				}
			}
		}
	}
}
