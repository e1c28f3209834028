package catalog

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/manifest"
)

// ordinary loads a chart of testdata/ordinary, which know nothing of us, with another Chart.yaml for what
// its author would add.
func ordinary(t testing.TB, name, annotations string) *Template {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/ordinary/" + name)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		if path == "Chart.yaml" {
			data = append(data, annotations...)
		}
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tpl := Load(files, name)
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	return tpl
}

func TestDerivedSchemas(t *testing.T) {
	for _, name := range []string{"storefront", "cache", "ledger"} {
		t.Run(name, func(t *testing.T) {
			tpl := ordinary(t, name, "")
			if !tpl.About.Derived || len(tpl.About.Gives) > 0 {
				t.Errorf("derived %v, gives %v", tpl.About.Derived, tpl.About.Gives)
			}
			golden(t, "derived-"+name+".json", append(tpl.Schema(), '\n'))
			// The written schema, put into the chart, makes the same form.
			files := chartFS(map[string]string{"values.schema.json": string(tpl.Schema())})
			for _, f := range []string{"Chart.yaml", "values.yaml"} {
				data, err := os.ReadFile("testdata/ordinary/" + name + "/" + f)
				if err != nil {
					t.Fatal(err)
				}
				files[f] = &fstest.MapFile{Data: data}
			}
			again := Load(files, name)
			if again.Broken != nil || again.About.Derived || len(again.Fields) != len(tpl.Fields) {
				t.Errorf("the schema itself: %v, %d fields of %d", again.Broken, len(again.Fields), len(tpl.Fields))
			}
		})
	}
}

// A chart as "helm create" makes it works as it is, without and with inputs.
func TestAnOrdinaryChartWorks(t *testing.T) {
	tpl := ordinary(t, "storefront", "")
	for name, in := range map[string]string{
		"plain": `{}`,
		"set": `{"image": {"tag": "2.9"}, "resources": {"limits": {"memory": "64Mi"}}, "podLabels": {"tier": "back"}, "imagePullSecrets": [{"name": "pull"}],
			"ingress": {"enabled": true, "hosts": [{"host": "shop.example.com", "paths": [{"path": "/", "pathType": "Prefix"}]}]},
			"tolerations": [{"key": "gpu", "operator": "Exists"}], "podSecurityContext": {"fsGroup": 2000}}`,
	} {
		got, err := tpl.Render(context.Background(), inputs(t, in), release())
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "ordinary-storefront-"+name+".yaml", yamlOf(t, got.Set))
		if len(got.Skipped) != 1 || got.Skipped[0].Ref.Kind != "Pod" {
			t.Errorf("skipped %v", got.Skipped)
		}
	}
}

// Posting a derived form as it is sets nothing.
func TestADerivedFormSetsNothingByItself(t *testing.T) {
	for _, name := range []string{"storefront", "cache", "ledger"} {
		tpl := ordinary(t, name, "")
		got := tpl.Decode(formOf(tpl.View(nil, Around{Release: release()})), Around{Release: release()})
		if len(got.Inputs) > 0 || len(got.Errors) > 0 {
			t.Errorf("%s: %v, %v", name, got.Inputs, got.Errors)
		}
	}
}

// What an ordinary chart cannot do here, it says, with what to change; changed so, it works.
func TestOrdinaryChartsSayWhatToChange(t *testing.T) {
	token := manifest.Token("slipway-secret-" + strings.Repeat("a", 52))
	r := release()
	r.ClusterScoped = true
	fails := func(tpl *Template, in Inputs, want ...string) {
		t.Helper()
		_, err := tpl.Render(context.Background(), in, r)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("it does not say %q: %v", w, err)
			}
		}
	}
	makes := func(tpl *Template, in Inputs, want ...string) {
		t.Helper()
		got, err := tpl.Render(context.Background(), in, r)
		if err != nil {
			t.Error(err)
			return
		}
		for _, w := range want {
			if !slices.ContainsFunc(got.Set.Refs(), func(ref manifest.Ref) bool { return ref.String() == w }) {
				t.Errorf("%s is missing in %v", w, got.Set.Refs())
			}
		}
	}
	cache := ordinary(t, "cache", "")
	fails(cache, nil, "calls randAlphaNum, whose answer changes each time", "Take it from a value")
	makes(cache, Inputs{"auth": map[string]any{"password": string(token)}}, "Secret checkout-cache", "StatefulSet checkout-cache")
	makes(cache, Inputs{"auth": map[string]any{"existingSecret": "mine"}}, "StatefulSet checkout-cache")

	fails(ordinary(t, "ledger", ""), nil, "Job checkout-migrate a hook (helm.sh/hook: pre-install,pre-upgrade)", `"hooks" under slipway.dev/allows`)
	fails(ordinary(t, "ledger", "annotations: {slipway.dev/allows: hooks}"), nil, "ClusterRole checkout-reader", `"cluster-scoped:ClusterRole" under slipway.dev/allows`)
	ledger := ordinary(t, "ledger", `annotations: {slipway.dev/allows: "hooks, cluster-scoped:ClusterRole"}`)
	makes(ledger, Inputs{"jwtSecret": string(token)}, "ClusterRole checkout-reader", "CronJob checkout-nightly", "CronJob checkout-weekly", "Secret checkout")
}

func TestCommentsAreHelp(t *testing.T) {
	for comment, want := range map[string]string{
		"# Why it is so.":                              "Why it is so.",
		"# One line\n# and another.":                   "One line and another.",
		"# -- From helm-docs":                          "From helm-docs",
		"# image.tag -- The tag\n# @default -- `x`":    "The tag",
		"# Before\n# -- (int) Of a kind\n# over lines": "Of a kind over lines",
		"## @param a.b [default: 1] Of another key":    "",
		"# About the file.\n\n# About the key.":        "About the key.",
		"# Use it so:\n# limits:\n#   cpu: 1":          "Use it so:",
		"# - name: x":                                  "",
		"# @section -- Z":                              "",
		"":                                             "",
		"# Note: a colon is prose.":                    "Note: a colon is prose.",
		"# " + strings.Repeat("ü", 300):                strings.Repeat("ü", 200) + "…",
	} {
		if got := commentText(comment); got != want {
			t.Errorf("%q gives %q, want %q", comment, got, want)
		}
	}
}

func TestNamesThatLookSecret(t *testing.T) {
	for _, name := range []string{"password", "adminPassword", "jwtSecret", "JWT_SECRET", "apiKey", "API_KEY", "secretKey", "token", "authToken", "db-password", "credentials"} {
		if !looksSecret(name) {
			t.Errorf("%s is not seen", name)
		}
	}
	for _, name := range []string{"existingSecret", "secretName", "tokenPath", "publicKey", "passwordFile", "key", "keyspace", "existingPasswordSecret", "secretRef", "imagePullSecret", "tokens"} {
		if looksSecret(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}
