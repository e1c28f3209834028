package author

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/catalog"
)

// begun is a chart as New makes it, named hello.
func begun(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hello")
	if err := New(dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func change(t *testing.T, dir, file, old, by string) {
	t.Helper()
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), old) {
		t.Fatalf("%q is not in %s", old, file)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), old, by, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNewIsClean(t *testing.T) {
	dir := begun(t)
	found, err := Lint(t.Context(), dir)
	if err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	for _, update := range []bool{true, false} {
		results, found, err := Test(t.Context(), dir, update)
		if err != nil || len(found) > 0 || len(results) != 3 {
			t.Fatalf("%v, %v, %v", results, found, err)
		}
		for _, r := range results {
			if r.Failed != "" || r.Updated != (update && r.Name != "refused") {
				t.Errorf("%s: %q, updated %v", r.Name, r.Failed, r.Updated)
			}
		}
	}
	if err := New(dir, nil); !errors.Is(err, ErrExists) {
		t.Errorf("over something that is there: %v", err)
	}
	if err := New(filepath.Join(t.TempDir(), "Hello World"), nil); err == nil {
		t.Error("a name that is none was taken")
	}
}

func TestNewCopiesLibraries(t *testing.T) {
	charts := fstest.MapFS{
		"shop/Chart.yaml": {Data: []byte("apiVersion: v2\nname: shop\nversion: 3.2.1\ndependencies:\n  - name: lib\n    version: 1.0.0\n    repository: file://../lib\n")},
		"lib/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")},
	}
	dir := filepath.Join(t.TempDir(), "mine")
	if err := New(dir, &Origin{Charts: charts, Name: "shop"}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "Chart.yaml"))
	if err != nil || !strings.Contains(string(raw), "\nname: mine\nversion: 0.1.0\n") || !strings.Contains(string(raw), "  - name: lib\n    version: 1.0.0\n") {
		t.Errorf("Chart.yaml is %s, %v", raw, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "lib", "Chart.yaml")); err != nil {
		t.Error(err)
	}
}

// A chart without a schema gets the one that the portal makes of its values, so that it can be worked on.
func TestNewWritesTheSchemaDown(t *testing.T) {
	charts := fstest.MapFS{
		"public/Chart.yaml":           {Data: []byte("apiVersion: v2\nname: public\nversion: 3.2.1\ndescription: Public\n")},
		"public/values.yaml":          {Data: []byte("# How many pods run.\nreplicaCount: 2\nauth:\n  password: \"\"\n")},
		"public/templates/all.yaml":   {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {pods: {{ .Values.replicaCount | quote }}}\n")},
		"schooled/Chart.yaml":         {Data: []byte("apiVersion: v2\nname: schooled\nversion: 1.0.0\n")},
		"schooled/values.schema.json": {Data: []byte(`{"type": "object", "title": "Its own"}`)},
	}
	folder := t.TempDir()
	mine := filepath.Join(folder, "mine")
	if err := New(mine, &Origin{Charts: charts, Name: "public"}); err != nil {
		t.Fatal(err)
	}
	before, err := catalog.LoadAll(charts)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Open(mine)
	if err != nil || after.Broken != nil {
		t.Fatal(err, after.Broken)
	}
	if after.About.Derived || len(after.Fields) != len(before[0].Fields) || after.Fields[0].Title != before[0].Fields[0].Title {
		t.Errorf("the form is %+v", after.Fields)
	}
	raw, err := os.ReadFile(filepath.Join(mine, schemaFile))
	if err != nil || !strings.Contains(string(raw), "\n    \"replicaCount\": {\n") || !strings.Contains(string(raw), "How many pods run.") {
		t.Errorf("the schema is %s, %v", raw, err)
	}
	if err := New(filepath.Join(folder, "other"), &Origin{Charts: charts, Name: "schooled"}); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(folder, "other", schemaFile)); err != nil || !strings.Contains(string(raw), "Its own") {
		t.Errorf("the schema that was there is %s, %v", raw, err)
	}
}

// What a chart requires by itself is not required by the form that is made of its values, and that is said.
func TestLintOfWhatAChartRequires(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "public")
	for name, text := range map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: public\nversion: 1.0.0\ndescription: Public\nannotations: {slipway.dev/title: Public, slipway.dev/group: Others}\n",
		"README.md":          "# Public\n",
		"values.yaml":        "site: \"\"\n",
		"templates/all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  site: {{ required \"Name the site.\" .Values.site }}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Lint(t.Context(), dir)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if f := found[0]; f.File != "templates/all.yaml" || f.Line != 5 || !strings.Contains(f.Says, "Name the site.") || !strings.Contains(f.Says, "portal template new NAME --from public") {
		t.Errorf("it says %s", f)
	}
}

// partly has a preset that sets one of two fields of a branch, and leaves the required one open.
const partly = `"unevaluatedProperties": false,
  "x-ui-presets": [{"id": "a", "title": "A", "values": {"team": "shop"}}],
  "allOf": [{"required": ["owner"], "properties": {
    "owner": {"type": "string", "title": "Owner", "examples": ["ann"]},
    "team": {"type": "string", "title": "Team", "default": ""}}}],`

func TestLintFinds(t *testing.T) {
	const s = "values.schema.json"
	for name, row := range map[string]struct{ file, old, by, says string }{
		"misspelt keyword":           {s, `"x-ui-widget": "mono"`, `"x-ui-wigdet": "mono"`, "values.schema.json:20: there is no keyword x-ui-wigdet; did you mean x-ui-widget?"},
		"unknown keyword":            {s, `"x-ui-widget": "mono"`, `"colour": "red"`, ":20: there is no keyword colour; docs/templates.md lists"},
		"somebody's own":             {s, `"x-ui-widget": "mono"`, `"x-our-thing": 1`, ""},
		"unknown widget":             {s, `"x-ui-widget": "mono"`, `"x-ui-widget": "momo"`, `:20: there is no widget "momo"; did you mean mono?`},
		"unknown section":            {s, `"x-ui-section": "settings"`, `"x-ui-section": "setings"`, `there is no section "setings" in x-ui-sections; did you mean settings?`},
		"default":                    {s, `"default": 2`, `"default": 99`, ":37: the default does not fit: maximum: got 99, want 20"},
		"default of a type":          {s, `"default": 2`, `"default": "two"`, ":37: the default does not fit: got string, want integer"},
		"flag":                       {s, `"default": 2`, `"default": 2, "x-ui-advanced": "yes"`, ":37: x-ui-advanced must be true or false"},
		"picker without of":          {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "SecretKey"}`, "a picker of kind SecretKey needs of"},
		"picker leads away":          {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "ServicePort", "of": "ports"}`, `of is "ports", and no field beside it has that name; did you mean port?`},
		"picker's pointer":           {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "ServicePort", "of": "/a/b"}`, `of is "/a/b", and no field is there`},
		"picker's keys":              {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "Secret", "keys": "_URL$"}`, "keys is for ServiceURL"},
		"picker's broken keys":       {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "ServiceURL", "keys": "("}`, "x-ui-picker, keys: \"(\" is no regular expression"},
		"picker's keys in a browser": {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "ServiceURL", "keys": "(?i)url$"}`, "values.schema.json:37: the property \"replicas\": x-ui-picker, keys: \"(?i)url$\" is no regular expression that browsers know: write"},
		"picker's kind":              {s, `"default": 2`, `"default": 2, "x-ui-picker": {"kind": "Secrets"}`, `x-ui-picker has no kind "Secrets"; did you mean Secret?`},
		"generate":                   {s, `"default": 2`, `"default": 2, "x-ui-generate": "32"`, `x-ui-generate is "32"; write hex: or base64:`},
		"preset":                     {s, `"required"`, `"x-ui-presets": [{"id": "a", "title": "A", "values": {"port": 0}}], "required"`, `:5: preset "a" does not fit: /port minimum: got 0, want 1`},
		"preset, partly":             {s, `"required"`, `"x-ui-presets": [{"id": "a", "title": "A", "values": {"port": 8080}}], "required"`, ""},
		"preset, partly, in allOf":   {s, `"additionalProperties": false,`, partly, ""},
		"preset, no such field":      {s, `"required"`, `"x-ui-presets": [{"id": "a", "title": "A", "values": {"prot": 8080}}], "required"`, `"a"`},
		"no example":                 {s, `"examples": [8080],`, ``, `:22: "port" is required and has no examples`},
		"required, not there":        {s, `["image", "port"]`, `["image", "prot"]`, `:5: "prot" is required, and there is no such property`},
		"pattern":                    {s, `"pattern": "^[a-z0-9]`, `"pattern": "^([a-z0-9]`, "values.schema.json:15: pattern"},
		"twice":                      {s, `"default": 2`, `"default": 2, "default": 3`, `:37: "default" stands twice`},
		"not JSON":                   {s, `"default": 2,`, `"default": 2`, ":38: it is not JSON"},
		"wrong type":                 {s, `"maxLength": 500`, `"maxLength": "500"`, "values.schema.json:16: maxLength: got string, want integer"},
		"ref leads nowhere":          {s, `"default": 2`, `"$ref": "#/$defs/none"`, "values.schema.json"},
		"rule that does not compile": {s, `"required"`, `"x-kubernetes-validations": [{"rule": "self.port >", "message": "m"}], "required"`, `values.schema.json:5: the rule "self.port >"`},
		"rule of no property":        {s, `"required"`, `"x-kubernetes-validations": [{"rule": "self.prot > 3", "message": "m"}], "required"`, "values.schema.json:5: the rule asks for self.prot, and there is no such property; did you mean port?"},
		"rule":                       {s, `"required"`, `"x-kubernetes-validations": [{"rule": "self.port > 3 && self.image.startsWith('a') || true", "message": "m"}], "required"`, ""},

		"chart version":       {"Chart.yaml", "version: 0.1.0", "version: one", `Chart.yaml:3: version "one" is not a semantic version`},
		"chart annotation":    {"Chart.yaml", "slipway.dev/icon", "slipway.dev/ikon", "Chart.yaml:12: there is no annotation slipway.dev/ikon; did you mean icon?"},
		"chart title":         {"Chart.yaml", "  slipway.dev/title: Hello\n", "", "slipway.dev/title is missing"},
		"chart icon":          {"Chart.yaml", "icon: globe", "icon: glob", "Chart.yaml:12: there is no icon glob; did you mean globe?"},
		"chart order":         {"Chart.yaml", "  slipway.dev/icon: globe", "  slipway.dev/order: first", `Chart.yaml:12: slipway.dev/order is a number from 0 to 999, such as "100"`},
		"chart allows":        {"Chart.yaml", "  slipway.dev/icon: globe", "  slipway.dev/allows: rback, cluster-scoped", `Chart.yaml:12: slipway.dev/allows has "rback"; did you mean rbac?`},
		"chart allows a kind": {"Chart.yaml", "  slipway.dev/icon: globe", "  slipway.dev/allows: kind", `Chart.yaml:12: kind needs a kind with its group, such as kind:ExternalSecret.external-secrets.io`},
		"chart not YAML":      {"Chart.yaml", "version: 0.1.0", "version: a: b", "Chart.yaml:3: it is not YAML"},
		"template's syntax":   {"templates/service.yaml", "{{ .Release.Name | quote }}", "{{ .Release.Name }", "templates/service.yaml:4"},
		"template's value":    {"templates/service.yaml", "port: 80", "port: {{ .Values.prt }}", "templates/service.yaml:10"},
		"template's function": {"templates/service.yaml", "port: 80", "port: {{ nothing }}", "templates/service.yaml"},
		"random":              {"templates/service.yaml", "port: 80", "port: {{ randNumeric 4 }}", "templates/service.yaml:10: the template calls randNumeric, whose answer changes each time"},
		"what it makes":       {"templates/service.yaml", "kind: Service", "kind: Node", "Node example"},
		"case":                {"tests/cases.yaml", "inputs:", "input:", "tests/cases.yaml:3: field input not found"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := begun(t)
			change(t, dir, row.file, row.old, row.by)
			found, err := Lint(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, f := range found {
				all = append(all, f.String())
			}
			text := strings.Join(all, "\n")
			if row.says == "" && text != "" || !strings.Contains(text, row.says) {
				t.Errorf("%q is not in\n%s", row.says, text)
			}
		})
	}
}

// A file that values.schema.json leads to is looked at like it, with lines of its own; nothing else is read.
func TestLintFollowsReferencesWithinTheChart(t *testing.T) {
	dir := begun(t)
	change(t, dir, "values.schema.json", `"default": 2`, `"default": 2, "$ref": "parts/count.json#/$defs/count"`)
	if err := os.Mkdir(filepath.Join(dir, "parts"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"count.json": "{\"$defs\": {\"count\": {\"$ref\": \"few.json#/$defs/few\",\n \"x-ui-wigdet\": \"mono\"}}}\n",
		"few.json":   "{\"$defs\": {\"few\": {\"type\": \"integer\",\n \"title\": \"Few\",\n \"default\": \"none\"}}}\n",
		"other.json": "{\"x-ui-wigdet\": 1}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "parts", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Lint(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range found {
		all = append(all, f.String())
	}
	want := []string{
		"parts/count.json:2: there is no keyword x-ui-wigdet; did you mean x-ui-widget?",
		"parts/few.json:3: the default does not fit: got string, want integer",
	}
	if !slices.Equal(all, want) {
		t.Errorf("%q", all)
	}
}

func TestLintOfFolders(t *testing.T) {
	if _, err := Lint(t.Context(), t.TempDir()); !errors.Is(err, ErrNoChart) {
		t.Errorf("an empty folder: %v", err)
	}
	dir := begun(t)
	if err := os.Remove(filepath.Join(dir, "README.md")); err != nil {
		t.Fatal(err)
	}
	found, err := Lint(t.Context(), dir)
	if err != nil || len(found) != 1 || !strings.Contains(found[0].String(), "README.md: it is missing") {
		t.Errorf("%v, %v", found, err)
	}
}

func TestCases(t *testing.T) {
	dir := begun(t)
	if _, _, err := Test(t.Context(), dir, true); err != nil {
		t.Fatal(err)
	}
	change(t, dir, "templates/service.yaml", "port: 80", "port: 81")
	change(t, dir, "values.schema.json", `"minimum": 1,`, `"minimum": 0,`)
	results, _, err := Test(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"least":      "- " + "    port: 80\n",
		"everything": "+     port: 81",
		"refused":    `/port: nothing is said; "Take 1 or more." was expected`,
	}
	for _, r := range results {
		if !strings.Contains(r.Failed, strings.TrimSuffix(want[r.Name], "\n")) {
			t.Errorf("%s: %q is not in %q", r.Name, want[r.Name], r.Failed)
		}
	}
	change(t, dir, "tests/cases.yaml", "name: least", "name: fewest")
	if _, found, err := Test(t.Context(), dir, false); err != nil || len(found) != 1 || found[0].File != "tests/golden/least.yaml" {
		t.Errorf("a golden file without a case: %v, %v", found, err)
	}
	if _, found, err := Test(t.Context(), dir, true); err != nil || len(found) != 0 {
		t.Errorf("-update left it: %v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tests/golden/least.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	change(t, dir, "tests/cases.yaml", "name: fewest", "name: everything")
	if _, found, _ := Test(t.Context(), dir, false); len(found) != 1 || found[0].Line != 7 {
		t.Errorf("two of the same name: %v", found)
	}
}

// A warning stops nothing, so its case has a golden file too.
func TestCaseWithWarning(t *testing.T) {
	dir := begun(t)
	change(t, dir, "values.schema.json", `"required"`, `"x-kubernetes-validations": [{"rule": "self.replicas > 1", "message": "One copy is gone while its node is.", "fieldPath": ".replicas", "x-ui-severity": "warning"}], "required"`)
	change(t, dir, "tests/cases.yaml", "name: least\ninputs:", "name: least\nwarnings: {/replicas: One copy is gone while its node is.}\ninputs:\n  replicas: 1")
	results, _, err := Test(t.Context(), dir, true)
	if err != nil || results[0].Failed != "" || !results[0].Updated {
		t.Errorf("%+v, %v", results[0], err)
	}
	change(t, dir, "tests/cases.yaml", "  replicas: 1\n", "")
	if results, _, err = Test(t.Context(), dir, true); err != nil || !strings.Contains(results[0].Failed, "/replicas: nothing is said") {
		t.Errorf("%+v, %v", results[0], err)
	}
}

func FuzzLint(f *testing.F) {
	raw, err := skeleton.ReadFile("skeleton/values.schema.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"properties": {"a": {"x-ui-picker": 1, "default": [], "x-ui-presets": [{}], "enum": {}, "required": "a"}}}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		dir := filepath.Join(t.TempDir(), "hello")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"Chart.yaml": []byte("apiVersion: v2\nname: hello\nversion: 1.0.0\n"), schemaFile: schema} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := Lint(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(schema), "\n") + 1
		for _, one := range found {
			if one.File == schemaFile && one.Line > lines {
				t.Errorf("%v, in a file of %d lines", one, lines)
			}
		}
	})
}
