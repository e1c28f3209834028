package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// schemaBase is where the compiler believes the chart's files to be. Nothing is ever read from there.
const (
	schemaBase = "slipway:///"
	schemaFile = "values.schema.json"
)

// chartLoader gives the schema compiler the chart's own files, and nothing else: a $ref to another file
// or to the network would let a chart make the portal fetch things.
type chartLoader map[string][]byte

// Load implements jsonschema.URLLoader.
func (l chartLoader) Load(url string) (any, error) {
	name, own := strings.CutPrefix(url, schemaBase)
	data, ok := l[name]
	if !own || !ok {
		return nil, fmt.Errorf("$ref to %s is not followed; only references to the chart's own files are", strings.TrimPrefix(url, schemaBase))
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(data))
}

// schemas are a chart's values.schema.json and the files that it refers to: compiled for checking, and as
// decoded JSON for what the compiler drops, the x-ui-* keywords and the order of the keys.
type schemas struct {
	compiler *jsonschema.Compiler
	compiled *jsonschema.Schema
	root     map[string]any
	files    chartLoader
	read     map[string]map[string]any // decoded and prepared, by name; see prepare
}

// readSchemas compiles values.schema.json among the chart's files.
func readSchemas(files chartLoader) (*schemas, error) {
	if len(files[schemaFile]) == 0 {
		return nil, errors.New("the chart has no values.schema.json, so there is no form")
	}
	s := &schemas{files: files, read: map[string]map[string]any{}, compiler: jsonschema.NewCompiler()}
	root, err := s.file(schemaFile)
	if err != nil {
		return nil, err
	}
	s.root = root
	s.compiler.UseLoader(files)
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	AssertFormats(s.compiler)
	if s.compiled, err = s.compiler.Compile(schemaBase + schemaFile); err != nil {
		return nil, fmt.Errorf("%s: %w", schemaFile, err)
	}
	return s, nil
}

// file decodes one of the chart's schema files.
func (s *schemas) file(name string) (map[string]any, error) {
	if m, ok := s.read[name]; ok {
		return m, nil
	}
	data, ok := s.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no such file in the chart", name)
	}
	if len(data) > maxSchemaBytes {
		return nil, tooMuch(name, maxSchemaBytes, "bytes")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", name)
	}
	order, err := keyOrder(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := limited(m, ""); err != nil {
		return nil, fmt.Errorf("%s%w", name, err)
	}
	s.read[name] = m
	prepare(m, name, "", order)
	return m, nil
}

// Keys that prepare adds to a schema. No JSON text holds them: a NUL cannot be in a key of ours.
const (
	orderKey = "\x00order" // []string: the names in "properties", as they stand in the file
	whereKey = "\x00where" // string: where the schema's "if" can be compiled from
)

// completeKey at the root of a schema, set to false, keeps the portal from giving every declared field a
// value before rendering: a chart that was not written for that may tell an empty text from none.
const completeKey = "x-values-complete"

// limited refuses a schema whose patterns or choices are too large to check values with them in time.
func limited(v any, at string) error {
	switch v := v.(type) {
	case map[string]any:
		if n := len(list(v["enum"])); n > maxOptions {
			return fmt.Errorf("#%s/enum: %w", at, tooMuch("a choice", maxOptions, "options"))
		}
		patterns := slices.Sorted(maps.Keys(properties(v["patternProperties"])))
		if p, ok := v["pattern"].(string); ok {
			patterns = append(patterns, p)
		}
		for _, p := range patterns {
			if _, err := programSize(p); err != nil {
				return fmt.Errorf("#%s: %w", at, err)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := limited(v[key], join(at, key)); err != nil {
				return err
			}
		}
	case []any:
		for i, x := range v {
			if err := limited(x, joinRow(at, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// onlyLine is what a YAML decoder says, without what is said before each of its errors.
func onlyLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors: ")
}

func properties(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// onceEach refuses values in which a key stands twice: readers differ in which of the two they take.
func onceEach(files chartLoader) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) != "values.yaml" {
			continue
		}
		if _, err := yaml.YAMLToJSONStrict(files[name]); err != nil {
			return fmt.Errorf("%s: %s", name, onlyLine(err))
		}
	}
	return nil
}

// prepare makes a decoded schema independent of where it stands: references become absolute within the
// chart, and what only the text tells (the order of properties) or only the place (an "if" to compile)
// is written beside it.
func prepare(v any, file, at string, order map[string][]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			prepare(x, file, join(at, key), order)
		}
		if ref, ok := v["$ref"].(string); ok {
			v["$ref"] = absolute(file, ref)
		}
		if _, ok := v["properties"].(map[string]any); ok {
			v[orderKey] = order[join(at, "properties")]
		}
		for i, raw := range list(v[rulesKey]) {
			if m, ok := raw.(map[string]any); ok {
				m[whereKey] = file + "#" + joinRow(join(at, rulesKey), i)
			}
		}
		if _, ok := v["if"].(map[string]any); ok {
			v[whereKey] = file + "#" + join(at, "if")
		}
	case []any:
		for i, x := range v {
			prepare(x, file, joinRow(at, i), order)
		}
	}
}

// absolute writes a reference as "file#pointer", with the file's name within the chart.
func absolute(file, ref string) string {
	name, pointer, _ := strings.Cut(ref, "#")
	switch {
	case name == "":
		name = file
	case !strings.Contains(name, ":") && !path.IsAbs(name):
		name = path.Join(path.Dir(file), name)
	}
	return name + "#" + pointer
}

// keyOrder records in which order the keys of each object stand in a JSON text, by JSON pointer:
// the order of the properties is the order of the form, and decoding into maps loses it.
func keyOrder(data []byte) (map[string][]string, error) {
	order := map[string][]string{}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := readOrder(d, "", order, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return order, nil
}

func readOrder(d *json.Decoder, at string, order map[string][]string, depth int) error {
	if depth > 100 {
		return errors.New("nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		key := strconv.Itoa(i)
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			key = k.(string)
			if seen[key] {
				return fmt.Errorf("the key %q stands twice in %q", key, at)
			}
			seen[key] = true
			order[at] = append(order[at], key)
		}
		if err := readOrder(d, join(at, key), order, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing one
	return err
}
