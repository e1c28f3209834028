package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// shopSchema has what a comparison must tell apart: what belongs to the environment, secrets, rows with and
// without names, what is fixed, and what another field hides.
const shopSchema = `{
  "type": "object",
  "x-ui-sections": [{"id": "run", "title": "What runs"}, {"id": "reach", "title": "Who reaches it"}],
  "properties": {
    "image": {"type": "string", "title": "Image", "x-ui-section": "run", "x-ui-widget": "mono"},
    "host": {"type": "string", "title": "Host name", "x-ui-host": true, "x-ui-section": "reach"},
    "replicas": {"type": "integer", "title": "Pods", "default": 1, "x-ui-environment": true},
    "notes": {"type": "string", "title": "Notes", "x-ui-widget": "multiline"},
    "debug": {"type": "boolean", "title": "Debug", "default": false},
    "env": {"type": "object", "title": "Environment variables", "default": {}, "additionalProperties": {"type": "string", "title": "Value"}},
    "args": {"type": "array", "title": "Arguments", "items": {"type": "string", "title": "Argument"}},
    "secrets": {"type": "object", "title": "Secrets", "default": {}, "additionalProperties": {"type": ["string", "null"], "title": "Value", "x-ui-secret": true}},
    "disk": {"type": "object", "title": "Disk", "properties": {
      "class": {"type": "string", "title": "Class", "x-ui-immutable": true, "x-ui-environment": true},
      "path": {"type": "string", "title": "Folder", "x-ui-immutable": true}}},
    "resources": {"type": "object", "title": "CPU and memory", "x-ui-environment": true, "properties": {
      "cpu": {"type": "string", "title": "CPU"}, "shares": {"type": "integer", "title": "Shares", "x-ui-environment": false}}},
    "files": {"type": "array", "title": "Files", "items": {"type": "object", "title": "File", "properties": {
      "key": {"type": "string", "title": "Key"}, "value": {"type": ["string", "null"], "title": "Contents", "x-ui-secret": true},
      "mode": {"type": "integer", "title": "Mode", "default": 400}}}},
    "addresses": {"type": "array", "title": "Addresses", "x-ui-section": "reach", "items": {"type": "object", "title": "Address", "properties": {
      "host": {"type": "string", "title": "Host name", "x-ui-host": true}, "path": {"type": "string", "title": "Path", "default": "/"}}}},
    "workloads": {"type": "array", "title": "Workloads", "items": {"type": "object", "title": "Workload", "properties": {
      "name": {"type": "string", "title": "Name"}, "image": {"type": "string", "title": "Image"},
      "replicas": {"type": "integer", "title": "Pods", "default": 1, "x-ui-environment": true},
      "limits": {"type": "object", "title": "Limits", "x-ui-environment": true, "properties": {
        "cpu": {"type": "string", "title": "CPU", "default": "1"}, "memory": {"type": "string", "title": "Memory"}}},
      "env": {"type": "object", "title": "Variables", "default": {}, "additionalProperties": {"type": "string", "title": "Value"}},
      "password": {"type": ["string", "null"], "title": "Password", "x-ui-secret": true}}}}
  },
  "if": {"properties": {"debug": {"const": true}}, "required": ["debug"]},
  "then": {"properties": {"level": {"type": "string", "title": "Level", "default": "info"}}}
}`

func shopTemplate(t testing.TB) *Template {
	return loadChart(t, map[string]string{"values.schema.json": shopSchema})
}

// token is one that stands for a value, another for each letter.
func token(letter string) string { return "slipway-secret-" + strings.Repeat(letter+"2", 26) }

func sideInputs(t testing.TB, text string) Inputs {
	t.Helper()
	var in Inputs
	if err := json.Unmarshal([]byte(strings.NewReplacer("TOKEN-A", token("a"), "TOKEN-B", token("b"), "UNSET", string(manifest.Unset)).Replace(text)), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// line writes a difference as the tests do.
func line(d Difference) string {
	s := fmt.Sprintf("%s: %q → %q", d.Title, d.To, d.From)
	for _, mark := range []struct {
		is   bool
		word string
	}{{d.Environment, "environment"}, {d.Secret, "secret"}, {d.Removes, "removes"}, {d.Fixed, "fixed"}, {!d.Usual(), "not ticked"}} {
		if mark.is {
			s += ", " + mark.word
		}
	}
	if d.Why != "" {
		s += " (" + d.Why + ")"
	}
	return s
}

func TestCompare(t *testing.T) {
	tmpl := shopTemplate(t)
	for name, tc := range map[string]struct {
		from, to string // "null" is an application that is not there
		want     []string
		taken    string // of the inputs, when what is usual is taken over
	}{
		"the same": {`{"image": "shop:1", "replicas": 1, "env": {}}`, `{"image": "shop:1"}`, nil, `{"image":"shop:1"}`},
		"an image": {`{"image": "shop:2"}`, `{"image": "shop:1"}`, []string{`Image: "shop:1" → "shop:2"`}, `{"image":"shop:2"}`},
		"what belongs to the environment": {`{"host": "shop.staging.example.com", "replicas": 1, "resources": {"cpu": "1", "shares": 3}}`, `{"host": "shop.example.com", "replicas": 5}`,
			[]string{
				`Host name: "shop.example.com" → "shop.staging.example.com", environment, not ticked`,
				`Pods: "5" → "1", environment, not ticked`,
				`CPU and memory, CPU: "" → "1", environment, not ticked`,
				`CPU and memory, shares: "" → "3"`,
			}, `{"host":"shop.example.com","replicas":5,"resources":{"shares":3}}`},
		"an application that is not there": {`{"image": "shop:1", "host": "a.example.com", "disk": {"class": "fast", "path": "/data"}}`, `null`,
			[]string{
				`Image: "" → "shop:1"`,
				`Host name: "" → "a.example.com", environment, not ticked`,
				`Disk, class: "" → "fast", environment, not ticked`,
				`Disk, folder: "" → "/data"`,
			}, `{"disk":{"path":"/data"},"image":"shop:1"}`},
		"what is fixed": {`{"disk": {"class": "fast", "path": "/new"}}`, `{"disk": {"path": "/old"}}`,
			[]string{`Disk, class: "" → "fast", environment, not ticked`, `Disk, folder: "/old" → "/new", fixed, not ticked`}, `{"disk":{"path":"/old"}}`},
		"entries by name": {`{"env": {"SAME": "1", "OTHER": "2", "NEW": "3"}}`, `{"env": {"SAME": "1", "OTHER": "1", "OLD": "0"}}`,
			[]string{
				`Environment variables, NEW: "" → "3"`,
				`Environment variables, OLD: "0" → "", removes`,
				`Environment variables, OTHER: "1" → "2"`,
			}, `{"env":{"NEW":"3","OTHER":"2","SAME":"1"}}`},
		"texts that say where they are": {
			`{"host": "shop.staging.example.com", "env": {"URL": "https://Shop.staging.example.com/x", "ENV": "staging", "DB": "postgres.shop-staging.svc:5432", "CACHE": "redis.shop-staging:6379", "NOT": "myshop.staging.example.com", "IMAGE": "quay.shop-staging.io/x"}}`,
			`{"host": "shop.example.com", "env": {}}`,
			[]string{
				`Host name: "shop.example.com" → "shop.staging.example.com", environment, not ticked`,
				`Environment variables, CACHE: "" → "redis.shop-staging:6379", environment, not ticked (It names namespace shop-staging.)`,
				`Environment variables, DB: "" → "postgres.shop-staging.svc:5432", environment, not ticked (It names namespace shop-staging.)`,
				`Environment variables, ENV: "" → "staging", environment, not ticked (It is the name of an environment.)`,
				`Environment variables, IMAGE: "" → "quay.shop-staging.io/x"`,
				`Environment variables, NOT: "" → "myshop.staging.example.com"`,
				`Environment variables, URL: "" → "https://Shop.staging.example.com/x", environment, not ticked (It names shop.staging.example.com.)`,
			}, `{"env":{"IMAGE":"quay.shop-staging.io/x","NOT":"myshop.staging.example.com"},"host":"shop.example.com"}`},
		"secrets": {`{"secrets": {"BOTH": "TOKEN-A", "ASKED": "UNSET", "HERE": "TOKEN-A", "NONE": ""}}`, `{"secrets": {"BOTH": "TOKEN-B", "ASKED": "TOKEN-B", "THERE": "TOKEN-B", "NONE": "TOKEN-B"}}`,
			[]string{
				`Secrets, HERE: "" → "stored", secret`,
				`Secrets, NONE: "stored" → "empty on purpose", secret, removes, not ticked`,
				`Secrets, THERE: "stored" → "", secret, removes, not ticked`,
			}, `{"secrets":{"ASKED":"TOKEN-B","BOTH":"TOKEN-B","HERE":"UNSET","NONE":"TOKEN-B","THERE":"TOKEN-B"}}`},
		"rows by name": {
			`{"files": [{"key": "b", "value": "TOKEN-A", "mode": 444}, {"key": "a", "value": "TOKEN-A"}, {"key": "c", "value": "TOKEN-A"}]}`,
			`{"files": [{"key": "a", "value": "TOKEN-B"}, {"key": "b", "value": "TOKEN-B"}, {"key": "d", "value": "TOKEN-B"}]}`,
			[]string{
				`Files, order: "a, b" → "b, a"`,
				`Files, b, mode: "400" → "444"`,
				`Files, d: "key d, contents stored" → "", secret, removes, not ticked`,
				`Files, c: "" → "key c, contents no value"`,
			}, `{"files":[{"key":"b","mode":444,"value":"TOKEN-B"},{"key":"a","mode":400,"value":"TOKEN-B"},{"key":"c","mode":400,"value":"UNSET"},{"key":"d","mode":400,"value":"TOKEN-B"}]}`},
		"a row that is new": {
			`{"workloads": [{"name": "web", "image": "w:1", "replicas": 3, "password": "TOKEN-A", "env": {"MODE": "web", "STAGE": "Staging"}}]}`, `null`,
			[]string{
				`Workloads, web: "" → "name web, image w:1, variables MODE web, password no value"`,
				`Workloads, web, variables, STAGE: "" → "Staging", environment, not ticked (It is the name of an environment.)`,
				`Workloads, web, pods: "" → "3", environment, not ticked`,
			}, `{"workloads":[{"env":{"MODE":"web"},"image":"w:1","name":"web","password":"UNSET"}]}`},
		"new rows, and what of the environment is as by default in them": {
			`{"workloads": [{"name": "web", "limits": {}}, {"name": "api", "limits": {"cpu": "2"}}]}`, `null`,
			[]string{
				`Workloads, api: "" → "name api"`,
				`Workloads, api, limits: "" → "CPU 2", environment, not ticked`,
				`Workloads, web: "" → "name web"`,
			}, `{"workloads":[{"env":{},"name":"web","replicas":1},{"env":{},"name":"api","replicas":1}]}`},
		"empty values": {`{"env": {"NEW": ""}, "secrets": {"NEW": ""}}`, `{"env": {"OLD": ""}}`,
			[]string{
				`Environment variables, NEW: "" → "empty"`,
				`Environment variables, OLD: "empty" → "", removes`,
				`Secrets, NEW: "" → "empty on purpose", secret`,
			}, `{"env":{"NEW":""},"secrets":{"NEW":""}}`},
		"rows without names, as many": {`{"addresses": [{"host": "a.example.com", "path": "/new"}]}`, `{"addresses": [{"host": "b.example.com", "path": "/"}]}`,
			[]string{
				`Addresses, row 1, host name: "b.example.com" → "a.example.com", environment, not ticked`,
				`Addresses, row 1, path: "/" → "/new"`,
			}, `{"addresses":[{"host":"b.example.com","path":"/new"}]}`},
		"rows without names, more of them": {`{"args": ["-v", "x"], "addresses": [{"host": "a.example.com"}, {"host": "b.example.com"}]}`, `{"args": ["x"]}`,
			[]string{
				`Addresses: "" → "host name a.example.com, host name b.example.com", environment, not ticked (Part of it belongs to the environment.)`,
				`Arguments: "x" → "-v, x"`,
			}, `{"args":["-v","x"]}`},
		"what another field hides": {`{"debug": true, "level": "trace"}`, `{"level": "warn"}`,
			[]string{`Debug: "off" → "on"`, `Level: "" → "trace"`}, `{"debug":true,"level":"trace"}`},
		"long texts that begin the same": {
			fmt.Sprintf(`{"image": "%s:2", "notes": "one\ntwo"}`, strings.Repeat("x", 100)), fmt.Sprintf(`{"image": "%s:1", "notes": "one\n2"}`, strings.Repeat("x", 100)),
			[]string{`Image: "…xxxxxxxxxxxxxxxxxxx:1" → "…xxxxxxxxxxxxxxxxxxx:2"`, `Notes: "line 2: 2" → "line 2: two"`},
			fmt.Sprintf(`{"image":"%s:2","notes":"one\ntwo"}`, strings.Repeat("x", 100))},
	} {
		t.Run(name, func(t *testing.T) {
			from := Side{Inputs: sideInputs(t, tc.from), Environment: "staging", Namespace: "shop-staging"}
			to := Side{Inputs: sideInputs(t, tc.to), Environment: "production", Namespace: "shop"}
			found, _ := tmpl.Compare(from, to)
			var got, usual []string
			for _, d := range found {
				got = append(got, line(d))
				if d.Usual() {
					usual = append(usual, d.Path)
				}
			}
			slices.Sort(got)
			slices.Sort(tc.want)
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tc.want, "\n\t"))
			}
			made, _ := json.Marshal(tmpl.TakeOver(from, to, usual))
			if want, _ := json.Marshal(sideInputs(t, tc.taken)); string(made) != string(want) {
				t.Errorf("taken over:\n\t%s\nwant\n\t%s", made, want)
			}
		})
	}
}

func TestCompareCountsSecretsThatBothHave(t *testing.T) {
	tmpl := shopTemplate(t)
	from := Side{Inputs: sideInputs(t, `{"secrets": {"A": "TOKEN-A", "B": "TOKEN-A", "C": ""}, "files": [{"key": "k", "value": "TOKEN-A"}]}`)}
	to := Side{Inputs: sideInputs(t, `{"secrets": {"A": "TOKEN-B", "C": ""}, "files": [{"key": "k", "value": "TOKEN-B"}]}`)}
	if _, stored := tmpl.Compare(from, to); stored != 2 {
		t.Errorf("%d secrets are on both sides, not 2", stored)
	}
}

func TestUnknownAndFixedPathsDoNothing(t *testing.T) {
	tmpl := shopTemplate(t)
	from, to := Side{Inputs: sideInputs(t, `{"disk": {"path": "/new"}}`)}, Side{Inputs: sideInputs(t, `{"disk": {"path": "/old"}}`)}
	made, _ := json.Marshal(tmpl.TakeOver(from, to, []string{"/disk/path", "/nothing", "", "/disk"}))
	if string(made) != `{"disk":{"path":"/old"}}` {
		t.Errorf("it made %s", made)
	}
}

// Whatever two applications hold: a token never gets from one to the other, taking nothing changes
// nothing, and taking everything leaves no difference but what cannot be taken.
func FuzzTakeOver(f *testing.F) {
	tmpl := shopTemplate(f)
	f.Add([]byte(`{"secrets": {"A": "TOKEN-A"}, "files": [{"key": "a", "value": "TOKEN-A"}]}`), []byte(`{"secrets": {"A": "TOKEN-B"}, "files": [{"key": "b", "value": "TOKEN-B"}]}`), uint64(1))
	f.Add([]byte(`{"workloads": [{"name": "a", "password": "TOKEN-A"}, {"name": "b"}]}`), []byte(`{"workloads": [{"name": "b", "password": "TOKEN-B"}, {"name": "a"}]}`), uint64(3))
	f.Add([]byte(`{"files": [{"value": "TOKEN-A"}, {"key": "", "value": "TOKEN-A"}]}`), []byte(`{"files": [{"value": "TOKEN-B"}]}`), uint64(2))
	f.Add([]byte(`{"addresses": [{"host": "a.b"}], "env": {"X": "a.b", "~/": null}, "image": "TOKEN-A"}`), []byte(`{"addresses": [{}], "disk": {"path": "x"}}`), uint64(0))
	f.Fuzz(func(t *testing.T, rawFrom, rawTo []byte, some uint64) {
		read := func(raw []byte) (in Inputs, ok bool) {
			text := strings.NewReplacer("TOKEN-A", token("a"), "TOKEN-B", token("b")).Replace(string(raw))
			return in, json.Unmarshal([]byte(text), &in) == nil && !strings.Contains(text, `\u`)
		}
		a, okA := read(rawFrom)
		b, okB := read(rawTo)
		if !okA || !okB {
			return
		}
		from, to := Side{Inputs: a, Environment: "staging", Namespace: "s"}, Side{Inputs: b, Environment: "production", Namespace: "p"}
		found, _ := tmpl.Compare(from, to)
		var all, chosen []string
		for i, d := range found {
			if slices.Contains(all, d.Path) {
				t.Fatalf("two differences have the path %q", d.Path)
			}
			if d.From == "" && d.To == "" {
				t.Errorf("%s differs in nothing", d.Path)
			}
			all = append(all, d.Path)
			if some>>(i%64)&1 == 1 {
				chosen = append(chosen, d.Path)
			}
		}
		for _, paths := range [][]string{nil, chosen, all} {
			made := tmpl.TakeOver(from, to, paths)
			for _, use := range tmpl.Secrets(made) {
				if use.Token == manifest.Token(token("a")) && !strings.Contains(string(rawTo), string(use.Token)) && !strings.Contains(string(rawTo), "TOKEN-A") {
					t.Fatalf("a secret's token has gone over to %s: %v", use.Path, made)
				}
			}
		}
		if left, _ := tmpl.Compare(Side{Inputs: tmpl.TakeOver(from, to, nil)}, Side{Inputs: b}); len(left) > 0 {
			t.Errorf("taking nothing changed %v", left)
		}
	})
}
