package author

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"slipway.dev/slipway/internal/catalog"
)

const schemaFile = "values.schema.json"

// schemaWalk goes through every schema within one file: values.schema.json, or one that it leads to.
type schemaWalk struct {
	*chart
	file     string // relative to the chart's folder, with slashes
	lines    *positions
	root     map[string]any
	compiler *jsonschema.Compiler
	sections []string // ids and titles of x-ui-sections; nil where there are none
}

// schemaFiles looks at values.schema.json and at the chart's own files that it leads to. Without one the
// form is made of values.yaml, which is fine.
func (c *chart) schemaFiles() {
	var sections []string
	seen := map[string]bool{}
	for queue := []string{schemaFile}; len(queue) > 0; queue = queue[1:] {
		file := queue[0]
		if seen[file] {
			continue
		}
		seen[file] = true
		raw, err := c.read(filepath.FromSlash(file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // said where it is referred to
		}
		if err != nil {
			c.find(file, 0, "it cannot be read")
			continue
		}
		w := &schemaWalk{chart: c, file: file, lines: readPositions(raw), sections: sections}
		w.look(raw)
		sections = w.sections
		queue = append(queue, ownFiles(w.root, file)...)
	}
}

// look goes through the file.
func (w *schemaWalk) look(raw []byte) {
	if w.lines.failed != nil {
		w.find(w.file, w.lines.at, "it is not JSON: %v", w.lines.failed)
		return
	}
	for _, at := range w.lines.twice {
		w.say(at, "%q stands twice in the same object, and only the last one counts", last(at))
	}
	var err error
	if w.root, err = exactly(raw); err != nil {
		w.find(w.file, 0, "%v", err)
		return
	}
	w.readSections()
	w.compile()
	w.schema("", w.root, nil)
}

// ownFiles are the files of the chart, not those of its libraries, that the references in a schema lead to.
func ownFiles(v any, file string) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			names = append(names, ownFiles(v[key], file)...)
		}
		ref, _ := v["$ref"].(string)
		name, _, _ := strings.Cut(ref, "#")
		if name == "" || strings.Contains(name, ":") {
			break
		}
		if name = path.Join(path.Dir(file), name); fs.ValidPath(name) && !strings.HasPrefix(name, "charts/") {
			names = append(names, name)
		}
	case []any:
		for _, one := range v {
			names = append(names, ownFiles(one, file)...)
		}
	}
	return names
}

func (w *schemaWalk) say(at, format string, args ...any) {
	w.find(w.file, w.lines.of(at), format, args...)
}

func (w *schemaWalk) readSections() {
	for i, v := range asList(w.root["x-ui-sections"]) {
		m, _ := v.(map[string]any)
		id, _ := m["id"].(string)
		title, _ := m["title"].(string)
		if id == "" || title == "" {
			w.say(fmt.Sprintf("/x-ui-sections/%d", i), "a section needs an id and a title")
		}
		w.sections = append(w.sections, id, title)
	}
}

// chartURL is what the compiler knows the files of the chart by.
const chartURL = "file:///chart/"

// loadBeside reads schemas of the chart and of the library charts that it depends on, and no others.
type loadBeside struct{ dir string }

// Load reads one file of the chart.
func (l loadBeside) Load(address string) (any, error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, chartURL) {
		return nil, fmt.Errorf("$ref to %s is not followed; only files of the chart are", address)
	}
	name := strings.TrimPrefix(path.Clean(u.Path), "/chart/")
	raw, err := os.ReadFile(filepath.Join(l.dir, filepath.FromSlash(name)))
	if library, ok := strings.CutPrefix(name, "charts/"); errors.Is(err, fs.ErrNotExist) && ok {
		raw, err = os.ReadFile(filepath.Join(filepath.Dir(l.dir), filepath.FromSlash(library)))
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read", name)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(raw))
}

// compile makes the schemas of which defaults and presets are checked.
func (w *schemaWalk) compile() {
	c := jsonschema.NewCompiler()
	c.UseLoader(loadBeside{w.dir})
	c.DefaultDraft(jsonschema.Draft2020)
	catalog.AssertFormats(c)
	if _, err := c.Compile(chartURL + w.file); err != nil {
		w.compileProblem(err)
		return
	}
	w.compiler = c
}

var inSchema = regexp.MustCompile(`([^'"\s]+)#(/[^'"\s]*)`)

func (w *schemaWalk) compileProblem(err error) {
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		var v *jsonschema.ValidationError
		if errors.As(invalid.Err, &v) {
			w.invalid(v)
			return
		}
	}
	at := ""
	if m := inSchema.FindStringSubmatch(strings.ReplaceAll(err.Error(), chartURL, "")); m != nil && m[1] == w.file {
		at = m[2]
	}
	w.say(at, "%s", strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), chartURL, "")), " "))
}

// invalid tells which keywords have a value that JSON Schema does not allow.
func (w *schemaWalk) invalid(v *jsonschema.ValidationError) {
	if len(v.Causes) == 0 {
		at := ""
		for _, step := range v.InstanceLocation {
			at += "/" + escape(step)
		}
		text := v.Error()
		if i := strings.LastIndex(text, "': "); i >= 0 {
			text = text[i+3:]
		}
		w.say(at, "%s: %s", last(at), text)
	}
	for _, c := range v.Causes {
		w.invalid(c)
	}
}
