package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// Reserved is the top-level key of the values under which the portal tells a chart where it is
// rendered: app, team, environment, namespace and revision.
const Reserved = "slipway"

// loaded is what Load keeps of a chart for rendering. Nothing in it changes afterwards.
type loaded struct {
	chart    *chart.Chart // as written
	engine   *engineChart
	allows   allowances     // what it may make beyond the ordinary
	defaults map[string]any // values.yaml, with the schema's defaults over it
	// asWritten tells that the values are those of values.yaml and of the inputs alone; see completeKey.
	asWritten  bool
	schemaText []byte // values.schema.json, or what was derived in its place
	schema     *jsonschema.Schema
	conds      []condition // of the root
	rules      []rule      // of the root
	layout     []layoutSection
}

var chartName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// Load loads the chart whose files are in fsys. What is wrong with it is in Template.Broken; folder
// names it then, if Chart.yaml does not.
//
// A dependency whose repository is "file://../NAME" is not found this way; see LoadAll.
func Load(fsys fs.FS, folder string) *Template {
	return load(folder, func() ([]*archive.BufferedFile, error) { return readFiles(fsys) })
}

func load(folder string, read func() ([]*archive.BufferedFile, error)) *Template {
	t := &Template{ID: TemplateID{Name: folder}, About: About{Title: folder}}
	if err := t.load(read); err != nil {
		t.Broken = err
		t.Fields, t.loaded = nil, nil
	}
	return t
}

// Schema is the text of the template's values.schema.json, or of the one that was derived from values.yaml
// in its place (see About.Derived). It is nil for a broken template.
func (t *Template) Schema() []byte {
	if t.loaded == nil {
		return nil
	}
	return bytes.Clone(t.loaded.schemaText)
}

// errLibrary says that a chart is there for others.
var errLibrary = errors.New("a library chart makes no objects, so it is no template")

func (t *Template) load(read func() ([]*archive.BufferedFile, error)) (err error) {
	// A chart is somebody's file. Should a library panic on it, only this chart is lost.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the chart cannot be read: %v", r)
		}
	}()
	files, err := read()
	if err != nil {
		return err
	}
	c, err := loader.LoadFiles(files)
	if c != nil && c.Metadata != nil {
		t.introduce(c)
	}
	if err != nil {
		return fmt.Errorf("the chart cannot be read: %w", err)
	}
	if !chartName.MatchString(c.Name()) {
		return fmt.Errorf("the chart's name %q is not made of lower-case letters, digits and dashes", c.Name())
	}
	if c.Metadata.Type == "library" {
		return errLibrary
	}
	return t.read(c, files)
}

// read makes the form and prepares the rendering.
func (t *Template) read(c *chart.Chart, files []*archive.BufferedFile) error {
	own := chartLoader{}
	for _, f := range files {
		own[f.Name] = f.Data
	}
	if err := t.ensureSchema(own); err != nil {
		return err
	}
	if err := onceEach(own); err != nil {
		return err
	}
	schemas, err := readSchemas(own)
	if err != nil {
		return err
	}
	allows, err := readAllows(c.Metadata.Annotations[allowsAnnotation])
	if err != nil {
		return err
	}
	engine, err := newEngineChart(c)
	if err != nil {
		return err
	}
	t.loaded = &loaded{chart: c, engine: engine, allows: allows,
		schemaText: own[schemaFile], schema: schemas.compiled}
	return t.readForm(schemas)
}

// ensureSchema derives a schema where the chart has none.
func (t *Template) ensureSchema(files chartLoader) error {
	if len(bytes.TrimSpace(files[schemaFile])) > 0 {
		return nil
	}
	text, err := derive(files["values.yaml"])
	if err != nil {
		return fmt.Errorf("the chart has no %s, and none can be made of its values: %w", schemaFile, err)
	}
	files[schemaFile] = text
	t.About.Derived = true
	return nil
}

// readForm makes the form and its defaults.
func (t *Template) readForm(s *schemas) error {
	values := map[string]any{}
	if v := t.loaded.chart.Values; v != nil {
		values = copied(v).(map[string]any)
	}
	r := &fieldReader{schemas: s}
	root, err := r.resolve(s.root, 0)
	if err != nil {
		return err
	}
	sc, err := r.object(root, where{}, values)
	if err != nil {
		return err
	}
	if named(sc.fields, Reserved) != nil {
		return fmt.Errorf("the schema has a property %q, which the portal sets itself", Reserved)
	}
	if err := sound(sc.fields); err != nil {
		return err
	}
	for _, p := range presets(root) {
		if err := p.sound(sc.fields); err != nil {
			return fmt.Errorf("%s: %w", schemaFile, err)
		}
	}
	if t.loaded.rules, err = compileRules(&sc); err != nil {
		return err
	}
	titleSections(sc.fields, list(root["x-ui-sections"]))
	layout := layOut(sc.fields, list(root["x-ui-sections"]))
	t.Fields, t.Presets = inOrder(layout), presets(root)
	t.loaded.conds, t.loaded.layout = sc.conds, layout
	t.loaded.asWritten = root[completeKey] == false
	t.loaded.defaults = rowsCompleted(sc.fields, withDefaults(values, sc.fields))
	for _, f := range t.Fields {
		if f.Required {
			t.About.Gives = append(t.About.Gives, f.Title)
		}
	}
	return nil
}

// introduce reads what the catalogue's page says.
func (t *Template) introduce(c *chart.Chart) {
	m := c.Metadata
	if chartName.MatchString(m.Name) {
		t.ID = TemplateID{Name: m.Name, Version: m.Version}
	}
	say := func(key string) string { return m.Annotations["slipway.dev/"+key] }
	t.About = About{
		Title: say("title"), Summary: m.Description, Instead: say("instead"),
		Group: say("group"), Icon: say("icon"), Order: usualOrder,
	}
	if n, err := strconv.ParseUint(say("order"), 10, 32); err == nil {
		t.About.Order = int(min(n, lastOrder))
	}
	if t.About.Title == "" {
		t.About.Title = t.ID.Name
	}
	for part := range strings.SplitSeq(say("makes"), ",") {
		if part = strings.TrimSpace(part); part != "" {
			t.About.Makes = append(t.About.Makes, part)
		}
	}
	if len(m.Maintainers) > 0 && m.Maintainers[0] != nil {
		t.About.Owner = m.Maintainers[0].Name
	}
	for _, f := range c.Files {
		if f.Name == "README.md" {
			t.About.Readme = string(f.Data)
		}
	}
}

// withDefaults lays the schema's defaults over those of values.yaml, so that what the form shows is
// what is rendered.
func withDefaults(values map[string]any, fields []Field) map[string]any {
	for _, f := range fields {
		if f.Kind == Object {
			inner, _ := values[f.name].(map[string]any)
			if inner == nil {
				inner = map[string]any{}
			}
			if inner = withDefaults(inner, f.Fields); len(inner) > 0 {
				values[f.name] = inner
			}
			continue
		}
		if f.Default != nil {
			values[f.name] = copied(f.Default)
		}
	}
	return values
}
