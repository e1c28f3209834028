package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// Helm's functions are those of sprig, and more that it does not export (helm.sh/helm/v4/pkg/engine, funcs.go);
// they are made anew here, and TestFunctionsDoWhatHelmsDo holds each to Helm's own.

// authorSays is the error of fail and required: a message that the template's author wrote.
type authorSays struct{ message string }

// Error is the message.
func (e *authorSays) Error() string { return e.message }

// helmFunctions are the functions that Helm gives to templates, but for include and tpl, which belong to a
// rendering. No cluster is looked up and no name is resolved.
func helmFunctions() template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	maps.Copy(all, template.FuncMap{
		"toYaml": toYAML, "mustToYaml": must(yamlText), "toYamlPretty": toYAMLPretty,
		"fromYaml": fromYAML, "fromYamlArray": fromYAMLArray,
		"toToml": toTOML, "mustToToml": must(tomlText), "fromToml": fromTOML,
		"toJson": toJSON, "mustToJson": must(jsonText), "fromJson": fromJSON, "fromJsonArray": fromJSONArray,
		"lookup":        func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil },
		"getHostByName": func(string) string { return "" },
		"fail":          func(message string) (string, error) { return "", &authorSays{message} },
		"required":      required,
	})
	maps.Copy(all, durationFunctions)
	return all
}

// required refuses what is not there: nil and the empty text.
func required(message string, v any) (any, error) {
	if v == nil || v == "" {
		return v, &authorSays{message}
	}
	return v, nil
}

// must gives the text or panics, which fails the rendering.
func must(text func(any) (string, error)) func(any) string {
	return func(v any) string {
		s, err := text(v)
		if err != nil {
			panic(err)
		}
		return s
	}
}

func yamlText(v any) (string, error) {
	data, err := yaml.Marshal(v)
	return strings.TrimSuffix(string(data), "\n"), err
}

func toYAML(v any) string {
	s, err := yamlText(v)
	if err != nil {
		return ""
	}
	return s
}

func toYAMLPretty(v any) string {
	var b bytes.Buffer
	e := goyaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// What cannot be read is told under "Error", or as the only item: templates ask for it there.
func fromYAML(text string) map[string]any {
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func fromYAMLArray(text string) []any {
	l := []any{}
	if err := yaml.Unmarshal([]byte(text), &l); err != nil {
		l = []any{err.Error()}
	}
	return l
}

func jsonText(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

func toJSON(v any) string {
	s, err := jsonText(v)
	if err != nil {
		return ""
	}
	return s
}

func fromJSON(text string) map[string]any {
	m := map[string]any{}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func fromJSONArray(text string) []any {
	l := []any{}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		l = []any{err.Error()}
	}
	return l
}

func tomlText(v any) (string, error) {
	var b bytes.Buffer
	err := toml.NewEncoder(&b).Encode(v)
	return b.String(), err
}

func toTOML(v any) string {
	s, err := tomlText(v)
	if err != nil {
		return err.Error()
	}
	return s
}

func fromTOML(text string) map[string]any {
	m := map[string]any{}
	if err := toml.Unmarshal([]byte(text), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}
