package catalog

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Schemas of what Kubernetes takes under names of its own.
const (
	texts     = `"additionalProperties": {"type": "string"}`
	quantity  = `{"type": "object", "properties": {"cpu": {"type": "string", "title": "CPU", "examples": ["100m"]}, "memory": {"type": "string", "examples": ["128Mi"]}}}`
	resources = `"properties": {"requests": ` + quantity + `, "limits": ` + quantity + `}`
	podGuard  = `"properties": {"runAsNonRoot": {"type": "boolean"}, "runAsUser": {"type": "integer"}, "runAsGroup": {"type": "integer"}, "fsGroup": {"type": "integer"}}`
	guard     = `"properties": {"runAsNonRoot": {"type": "boolean"}, "runAsUser": {"type": "integer"}, "runAsGroup": {"type": "integer"}, "readOnlyRootFilesystem": {"type": "boolean"}, "allowPrivilegeEscalation": {"type": "boolean"}}`
	variables = `"items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}`
	pulls     = `"items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "x-ui-picker": {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson"}}}}`
	tolerates = `"items": {"type": "object", "properties": {"key": {"type": "string"}, "operator": {"enum": ["Equal", "Exists"], "default": "Equal"}, "value": {"type": "string"}, "effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"], "default": "NoSchedule"}}}`
	addresses = `"items": {"type": "object", "properties": {"secretName": {"type": "string", "x-ui-picker": {"kind": "Secret", "type": "kubernetes.io/tls"}}, "hosts": {"type": "array", "items": {"type": "string"}}}}`
	// deep is more than a form made this way can show. The field keeps its default.
	deep = `"$comment": "The form cannot show this. Describe it here, or take it out."`
)

// shape is a schema for a name, of maps or of lists.
type shape struct {
	kind   yaml.Kind
	schema string // without braces and type
}

// shapes are the names of Kubernetes' own that charts leave empty in values.yaml, in lower case.
var shapes = map[string]shape{
	"nodeselector": {yaml.MappingNode, texts}, "matchlabels": {yaml.MappingNode, texts},
	"resources": {yaml.MappingNode, resources}, "affinity": {yaml.MappingNode, deep},
	"podsecuritycontext": {yaml.MappingNode, podGuard}, "securitycontext": {yaml.MappingNode, guard},
	"containersecuritycontext": {yaml.MappingNode, guard},
	"imagepullsecrets":         {yaml.SequenceNode, pulls}, "tolerations": {yaml.SequenceNode, tolerates},
	"env": {yaml.SequenceNode, variables}, "extraenv": {yaml.SequenceNode, variables}, "extraenvvars": {yaml.SequenceNode, variables},
	"tls": {yaml.SequenceNode, addresses}, "envfrom": {yaml.SequenceNode, deep}, "volumes": {yaml.SequenceNode, deep}, "extravolumes": {yaml.SequenceNode, deep},
	"volumemounts": {yaml.SequenceNode, deep}, "extravolumemounts": {yaml.SequenceNode, deep},
	"initcontainers": {yaml.SequenceNode, deep}, "sidecars": {yaml.SequenceNode, deep}, "extracontainers": {yaml.SequenceNode, deep},
	"topologyspreadconstraints": {yaml.SequenceNode, deep}, "extraobjects": {yaml.SequenceNode, deep}, "extradeploy": {yaml.SequenceNode, deep},
}

// shapeOf finds the schema of a map or list by its name, unless what stands in it is something else.
func shapeOf(name string, v *yaml.Node) (jsonObject, bool) {
	name = strings.ToLower(name)
	found, ok := shapes[name]
	if strings.HasSuffix(name, "annotations") || strings.HasSuffix(name, "labels") {
		found, ok = shape{yaml.MappingNode, texts}, true
	}
	if !ok || found.kind != v.Kind || found.schema == texts && !onlyTexts(v) || found.schema == variables && !onlyVariables(v) {
		return nil, false
	}
	kind := "object"
	if v.Kind == yaml.SequenceNode {
		kind = "array"
	}
	s := jsonObject{{"type", kind}}
	keyword, rest, _ := strings.Cut(found.schema, ": ")
	return append(s, jsonMember{strings.Trim(keyword, `"`), json.RawMessage(rest)}), true
}

func onlyTexts(m *yaml.Node) bool {
	for i := 1; i < len(m.Content); i += 2 {
		if m.Content[i].Tag != "!!str" {
			return false
		}
	}
	return true
}

// onlyVariables tells whether each item of a list is a name with a value that stands there.
func onlyVariables(l *yaml.Node) bool {
	for _, item := range l.Content {
		for i := 0; i+1 < len(item.Content); i += 2 {
			if !slices.Contains([]string{"name", "value"}, item.Content[i].Value) || item.Content[i+1].Tag != "!!str" {
				return false
			}
		}
	}
	return true
}
