package author

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Lint looks at the chart in dir and tells all there is to mend, by file and line; none means that the
// template can be used and its form has the words that people need. The error is for the folder itself.
// A library chart is looked at as far as it goes: its Chart.yaml and its schema.
func Lint(ctx context.Context, dir string) ([]Finding, error) {
	c, err := open(dir)
	if err != nil {
		return nil, err
	}
	c.chartFile()
	c.readme()
	c.schemaFiles()
	if c.library {
		return c.findings(), nil
	}
	if broken := c.template.Broken; broken != nil {
		if len(c.found) == 0 {
			c.blame(broken)
		}
		return c.findings(), nil
	}
	c.renderExample(ctx)
	_, problems := readCases(os.DirFS(c.dir))
	c.found = append(c.found, problems...)
	return c.findings(), nil
}

// chartFile looks at Chart.yaml.
func (c *chart) chartFile() {
	const file = "Chart.yaml"
	raw, err := c.read(file)
	if err != nil {
		c.find(file, 0, "it cannot be read")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		line, says := yamlProblem(err)
		c.find(file, line, "it is not YAML: %s", says)
		return
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		c.find(file, 0, "it is empty")
		return
	}
	root := entries(doc.Content[0])
	for _, name := range []string{"apiVersion", "name", "version", "description"} {
		if root[name] == nil || root[name].Value == "" {
			c.find(file, 0, "%s is missing", name)
		}
	}
	if n := root["apiVersion"]; n != nil && n.Value != "v2" {
		c.find(file, n.Line, "apiVersion must be v2")
	}
	if n := root["version"]; n != nil {
		if _, err := semver.StrictNewVersion(n.Value); err != nil {
			c.find(file, n.Line, "version %q is not a semantic version such as 1.0.0", n.Value)
		}
	}
	if c.library {
		return
	}
	c.annotations(root["annotations"])
}

var (
	ours    = regexp.MustCompile(`^slipway\.dev/(.*)$`)
	ordinal = regexp.MustCompile(`^[0-9]{1,3}$`)
)

func (c *chart) annotations(n *yaml.Node) {
	const file = "Chart.yaml"
	if n == nil || n.Kind != yaml.MappingNode {
		c.find(file, 0, "annotations are missing; slipway.dev/title is what the catalogue calls the template")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		m := ours.FindStringSubmatch(key.Value)
		if m == nil {
			continue
		}
		seen[m[1]] = true
		switch {
		case !slices.Contains(annotations, m[1]):
			c.find(file, key.Line, "there is no annotation %s; %s", key.Value, meant(m[1], annotations))
		case m[1] == "allows":
			c.allows(v)
		case strings.TrimSpace(v.Value) == "":
			c.find(file, v.Line, "%s is empty", key.Value)
		case m[1] == "icon" && !slices.Contains(catalog.Icons, v.Value):
			c.find(file, v.Line, "there is no icon %s; %s", v.Value, meant(v.Value, catalog.Icons))
		case m[1] == "order" && !ordinal.MatchString(v.Value):
			c.find(file, v.Line, "slipway.dev/order is a number from 0 to 999, such as \"100\"")
		}
	}
	for _, name := range []string{"title", "group"} {
		if !seen[name] {
			c.find(file, n.Line, "slipway.dev/%s is missing; the catalogue shows it", name)
		}
	}
}

func (c *chart) allows(n *yaml.Node) {
	for part := range strings.SplitSeq(n.Value, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(part), ":")
		switch {
		case !slices.Contains(allowances, name):
			c.find("Chart.yaml", n.Line, "slipway.dev/allows has %q; %s", name, meant(name, allowances))
		case name == "cluster-scoped" && kind == "":
			c.find("Chart.yaml", n.Line, "cluster-scoped needs a kind, such as cluster-scoped:Namespace")
		case name == "kind" && kind == "":
			c.find("Chart.yaml", n.Line, "kind needs a kind with its group, such as kind:ExternalSecret.external-secrets.io")
		}
	}
}

func entries(n *yaml.Node) map[string]*yaml.Node {
	m := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m[n.Content[i].Value] = n.Content[i+1]
	}
	return m
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?(?:line (\d+): )?`)

func yamlProblem(err error) (line int, says string) {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(m[1])
	return line, err.Error()[len(m[0]):]
}

func (c *chart) readme() {
	raw, err := c.read("README.md")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.find("README.md", 0, "it is missing; the catalogue shows it to whoever looks for a template")
	case err != nil:
		c.find("README.md", 0, "it cannot be read")
	case strings.TrimSpace(string(raw)) == "":
		c.find("README.md", 0, "it is empty")
	}
}

// place finds file and line in what Helm and the catalogue say of a template: "hello/templates/a.yaml:3".
var place = regexp.MustCompile(`([\w.-]+)/((?:charts/[\w.-]+/)*(?:templates/[\w./-]+|values\.schema\.json|values\.yaml))(?::(\d+))?`)

// blame notes an error of the template at the file and line that it names.
func (c *chart) blame(err error) {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if m := pointed.FindStringSubmatch(text); m != nil {
		if raw, readErr := c.read(schemaFile); readErr == nil {
			c.find(schemaFile, readPositions(raw).of(m[1]), "%s", m[2])
			return
		}
	}
	if m := changing.FindStringSubmatch(text); m != nil && c.calls(m[1], text) {
		return
	}
	if m := place.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[3])
		c.find(m[2], line, "%s", text)
		return
	}
	for _, file := range []string{"values.schema.json", "values.yaml"} {
		if raw, readErr := c.read(file); readErr == nil && strings.Contains(text, file) {
			p := readPositions(raw)
			line := 0
			for _, m := range quoted.FindAllStringSubmatch(text, -1) {
				if n := p.lineOf(m[1]); n > 0 {
					line = n
				}
			}
			c.find(file, line, "%s", strings.TrimPrefix(text, file+": "))
			return
		}
	}
	c.find("Chart.yaml", 0, "%s", text)
}

// changing is how the catalogue names a function whose answer changes.
var changing = regexp.MustCompile(`the template calls (\w+), whose answer changes`)

// calls notes a text wherever the templates of the chart, and of those within it, call a function.
func (c *chart) calls(function, text string) bool {
	call := regexp.MustCompile(`\{\{.*\b` + function + `\b`)
	found := false
	_ = fs.WalkDir(os.DirFS(c.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains("/"+name, "/templates/") {
			return nil //nolint:nilerr // what cannot be read calls nothing
		}
		raw, err := c.read(name)
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		for i, line := range strings.Split(string(raw), "\n") {
			if call.MatchString(line) {
				found = true
				c.find(name, i+1, "%s", text)
			}
		}
		return nil
	})
	return found
}

// pointed is how the catalogue names a place in the schema.
var pointed = regexp.MustCompile(`^values\.schema\.json#(/\S*): (.*)$`)

var quoted = regexp.MustCompile(`"([^"]+)"`)

// example is where Lint renders a template.
func example() catalog.Release {
	return catalog.Release{
		App: "example", Target: policy.Target{Team: "team", Environment: "production"},
		Place: manifest.Place{Cluster: "cluster", Namespace: "team-production"}, Revision: 1, ClusterScoped: true,
	}
}

// renderExample renders the template with the examples of its required fields, so that a mistake in the
// files that make the objects is found without anybody having written a case.
func (c *chart) renderExample(ctx context.Context) {
	in := examples(c.template.Fields)
	_, err := c.template.Render(ctx, in, example())
	var fields catalog.Errors
	var broken *catalog.TemplateError
	switch {
	case errors.As(err, &broken) && c.template.About.Derived && strings.Contains(err.Error(), "execution error at"):
		// The chart's own "required" or "fail": in a form made of values.yaml nothing has to be filled in.
		c.blame(fmt.Errorf("%w; what people have to fill in is required in a values.schema.json, and portal template new NAME --from %s begins with one", broken.Err, filepath.Base(c.dir)))
	case errors.As(err, &broken):
		c.blame(broken.Err)
	case errors.As(err, &fields):
		for _, f := range fields {
			c.find("values.schema.json", 0, "with the examples of the required fields alone, %s: %s", f.Title, f.Message)
		}
	case err != nil:
		c.blame(err)
	}
}

// examples are inputs made of what the required fields have as examples.
func examples(fields []catalog.Field) catalog.Inputs {
	in := catalog.Inputs{}
	for i := range fields {
		f := &fields[i]
		name := last(f.Path)
		switch {
		case f.Kind == catalog.Object:
			if inner := examples(f.Fields); len(inner) > 0 {
				in[name] = map[string]any(inner)
			}
		case f.Required && f.Secret:
			in[name] = string(manifest.Unset)
		case f.Required:
			if v, ok := exampleOf(f); ok {
				in[name] = v
			}
		}
	}
	return in
}

func exampleOf(f *catalog.Field) (any, bool) {
	switch f.Kind {
	case catalog.Choice:
		for _, o := range f.Options {
			if o.Value == f.Example {
				return o.Value, true
			}
		}
		return f.Options[0].Value, len(f.Options) > 0
	case catalog.Switch:
		return false, true
	case catalog.Number:
		n, err := strconv.ParseFloat(f.Example, 64)
		return n, err == nil
	case catalog.List, catalog.Map:
		if f.Item == nil {
			return nil, false
		}
		v, ok := itemExample(f.Item)
		if f.Kind == catalog.Map {
			return map[string]any{"example": v}, ok
		}
		return []any{v}, ok
	}
	return f.Example, f.Example != ""
}

func itemExample(f *catalog.Field) (any, bool) {
	if f.Kind == catalog.Object {
		return map[string]any(examples(f.Fields)), true
	}
	return exampleOf(f)
}
