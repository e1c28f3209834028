package author

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Case is one example of a template's use, in a file of the folder tests: inputs, and what comes of them.
// What comes of them is a golden file, tests/golden/NAME.yaml, or the errors that a person gets.
type Case struct {
	Name    string
	Release catalog.Release
	Inputs  catalog.Inputs
	// Errors and Warnings are what a person is told, by JSON pointer into the inputs, e.g. "/env/0/name".
	// Without Warnings in the file they are not looked at; that there are none is written "warnings: {}".
	Errors, Warnings map[string]string
	File             string // "tests/web.yaml"
	Line             int
}

// written is a case as its file has it.
type written struct {
	Name    string `yaml:"name"`
	Release struct {
		App           string   `yaml:"app"`
		Team          string   `yaml:"team"`
		Environment   string   `yaml:"environment"`
		Namespace     string   `yaml:"namespace"`
		KubeVersion   string   `yaml:"kubeVersion"`
		APIVersions   []string `yaml:"apiVersions"`
		Domains       []string `yaml:"domains"`
		ClusterScoped bool     `yaml:"clusterScoped"`
	} `yaml:"release"`
	Inputs   yaml.Node         `yaml:"inputs"`
	Errors   map[string]string `yaml:"errors"`
	Warnings map[string]string `yaml:"warnings"`
}

const (
	casesFolder  = "tests"
	goldenFolder = "tests/golden"
	casesLimit   = 1 << 20 // bytes of a file
)

var caseName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// readCases reads the cases of a chart, and tells what is wrong with their files.
func readCases(chart fs.FS) ([]Case, []Finding) {
	names, err := fs.Glob(chart, casesFolder+"/*.yaml")
	if err != nil {
		return nil, nil // the pattern is a good one
	}
	slices.Sort(names)
	var all []Case
	var wrong []Finding
	seen := map[string]string{}
	for _, name := range names {
		raw, err := fs.ReadFile(chart, name)
		if err != nil || len(raw) > casesLimit {
			wrong = append(wrong, Finding{name, 0, "it cannot be read, or is larger than 1 MiB"})
			continue
		}
		cases, problems := readCaseFile(name, raw)
		wrong = append(wrong, problems...)
		for _, c := range cases {
			if first, again := seen[c.Name]; again {
				wrong = append(wrong, Finding{name, c.Line, fmt.Sprintf("there is a case %q in %s already", c.Name, first)})
				continue
			}
			seen[c.Name] = name
			all = append(all, c)
		}
	}
	return all, wrong
}

func readCaseFile(name string, raw []byte) (all []Case, wrong []Finding) {
	lines := yaml.NewDecoder(bytes.NewReader(raw)) // the strict decoder below keeps none
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	for {
		var at yaml.Node
		if err := lines.Decode(&at); err != nil && !errors.Is(err, io.EOF) {
			line, says := yamlProblem(err)
			return all, append(wrong, Finding{name, line, "it is not YAML: " + says})
		}
		var w written
		err := d.Decode(&w)
		if errors.Is(err, io.EOF) {
			return all, wrong
		}
		line := at.Line
		if len(at.Content) > 0 {
			line = at.Content[0].Line
		}
		if err != nil {
			l, says := yamlProblem(err)
			if l == 0 {
				l = line
			}
			wrong = append(wrong, Finding{name, l, strings.ReplaceAll(says, " in type author.written", "")})
			continue
		}
		c, says := w.read(name, line)
		if says != "" {
			wrong = append(wrong, Finding{name, line, says})
			continue
		}
		all = append(all, c)
	}
}

func (w written) read(file string, line int) (Case, string) {
	c := Case{Name: w.Name, Errors: w.Errors, Warnings: w.Warnings, File: file, Line: line}
	if !caseName.MatchString(w.Name) {
		return c, fmt.Sprintf("name is %q; a case needs one of small letters, digits and dashes, for its golden file", w.Name)
	}
	c.Release = example()
	for to, from := range map[*string]string{
		&c.Release.App: w.Release.App, &c.Release.Target.Team: w.Release.Team,
		&c.Release.Target.Environment: w.Release.Environment, &c.Release.KubeVersion: w.Release.KubeVersion,
	} {
		if from != "" {
			*to = from
		}
	}
	c.Release.Place = manifest.Place{Cluster: "cluster", Namespace: c.Release.Target.Team + "-" + c.Release.Target.Environment}
	if w.Release.Namespace != "" {
		c.Release.Place.Namespace = w.Release.Namespace
	}
	c.Release.Domains, c.Release.ClusterScoped, c.Release.APIVersions = w.Release.Domains, w.Release.ClusterScoped, w.Release.APIVersions
	if w.Inputs.Kind == 0 {
		return c, ""
	}
	raw, err := yaml.Marshal(&w.Inputs)
	if err != nil {
		return c, "inputs cannot be read: " + err.Error()
	}
	in, err := readInputs(raw)
	c.Inputs = in
	if err != nil {
		return c, "inputs cannot be read: " + err.Error()
	}
	return c, ""
}

// readInputs reads inputs from YAML, as Kubernetes' tools read it.
func readInputs(raw []byte) (catalog.Inputs, error) {
	text, err := sigsyaml.YAMLToJSONStrict(raw)
	if err != nil {
		return nil, err
	}
	var in catalog.Inputs
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, errors.New("they are not fields with values")
	}
	return in, nil
}

// ReadInputs reads a file of inputs for a template, in YAML: what one would type into the form. What is
// written in plain text for a secret field is put aside, as the portal does.
func ReadInputs(t *catalog.Template, raw []byte) (catalog.Inputs, error) {
	in, err := readInputs(raw)
	if err != nil {
		return nil, err
	}
	return sealed(t.Fields, in), nil
}

// sealer makes the tokens of examples. Its key is no secret, and neither are the values in examples.
func sealer() *manifest.Sealer {
	s, err := manifest.NewSealer([]byte("the key of examples, which hold no secret"))
	if err != nil {
		panic(err) // it is long enough
	}
	return s
}

// sealed copies inputs with tokens in place of what stands in secret fields.
func sealed(fields []catalog.Field, in map[string]any) catalog.Inputs {
	seal := sealer()
	out := sealObject(fields, in, func(v string) string {
		return string(seal.Seal(manifest.Place{Cluster: "example", Namespace: "example"}, v))
	})
	return out
}

func sealObject(fields []catalog.Field, in map[string]any, seal func(string) string) map[string]any {
	out := map[string]any{}
	for name, v := range in {
		out[name] = v
		for i := range fields {
			if last(fields[i].Path) == name {
				out[name] = sealValue(&fields[i], v, seal)
			}
		}
	}
	return out
}

func sealValue(f *catalog.Field, v any, seal func(string) string) any {
	switch v := v.(type) {
	case string:
		if f.Secret && v != "" && !manifest.IsToken(v) {
			return seal(v)
		}
	case map[string]any:
		if f.Kind == catalog.Object {
			return sealObject(f.Fields, v, seal)
		}
		if f.Item == nil {
			return v
		}
		out := map[string]any{}
		for k, x := range v {
			out[k] = sealValue(f.Item, x, seal)
		}
		return out
	case []any:
		if f.Item == nil {
			return v
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = sealValue(f.Item, x, seal)
		}
		return out
	}
	return v
}

func (c Case) golden() string { return path.Join(goldenFolder, c.Name+".yaml") }

// ReleaseFor is where a template is rendered for somebody who tries it out.
func ReleaseFor(app, team, environment, namespace, kubeVersion string) catalog.Release {
	r := example()
	r.App, r.Target, r.KubeVersion = app, policy.Target{Team: team, Environment: environment}, kubeVersion
	r.Place.Namespace = namespace
	return r
}
