package author

import (
	"maps"
	"slices"
	"strings"
)

// What a keyword's value is, as far as Lint goes into it.
type holds int

const (
	plain   holds = iota // nothing to go into
	schema               // one schema
	schemas              // a list of schemas
	named                // schemas by name
)

// keywords are those of JSON Schema 2020-12 (core and validation), of Kubernetes, and ours, see
// docs/templates.md.
var keywords = map[string]holds{
	"$schema": plain, "$id": plain, "$ref": plain, "$anchor": plain, "$comment": plain, "$defs": named, "definitions": named,
	"type": plain, "enum": plain, "const": plain, "default": plain, "examples": plain, "title": plain, "description": plain,
	"deprecated": plain, "readOnly": plain, "writeOnly": plain, "format": plain, "pattern": plain,
	"minLength": plain, "maxLength": plain, "minimum": plain, "maximum": plain, "exclusiveMinimum": plain,
	"exclusiveMaximum": plain, "multipleOf": plain, "minItems": plain, "maxItems": plain, "uniqueItems": plain,
	"minContains": plain, "maxContains": plain, "minProperties": plain, "maxProperties": plain, "required": plain,
	"dependentRequired": plain, "contentEncoding": plain, "contentMediaType": plain, "contentSchema": schema,
	"items": schema, "contains": schema, "additionalProperties": schema, "unevaluatedProperties": schema,
	"unevaluatedItems": schema, "propertyNames": schema, "not": schema, "if": schema, "then": schema, "else": schema,
	"prefixItems": schemas, "allOf": schemas, "anyOf": schemas, "oneOf": schemas,
	"properties": named, "patternProperties": named, "dependentSchemas": named,

	"x-kubernetes-validations": plain,
	"x-ui-section":             plain, "x-ui-sections": plain, "x-ui-order": plain, "x-ui-advanced": plain, "x-ui-unit": plain,
	"x-ui-placeholder": plain, "x-ui-pattern-help": plain, "x-ui-enum-titles": plain, "x-ui-enum-help": plain,
	"x-ui-key": plain, "x-ui-immutable": plain, "x-ui-widget": plain, "x-ui-secret": plain, "x-ui-generate": plain,
	"x-ui-shapes": plain,
	"x-ui-host":   plain, "x-ui-picker": plain, "x-ui-presets": plain, "x-ui-environment": plain,
}

// flags are the keywords that are true or false.
var flags = []string{"x-ui-advanced", "x-ui-immutable", "x-ui-secret", "x-ui-host", "x-ui-environment", "uniqueItems", "deprecated"}

// words are the keywords that are text.
var words = []string{
	"title", "description", "pattern", "x-ui-section", "x-ui-unit", "x-ui-placeholder", "x-ui-pattern-help",
	"x-ui-key", "x-ui-widget", "x-ui-generate",
}

var (
	widgets     = []string{"mono", "multiline", "file"}
	pickerKinds = []string{
		"StorageClass", "IngressClass", "PriorityClass", "Secret", "ConfigMap", "SecretKey", "ConfigMapKey", "Service",
		"ServicePort", "ServiceURL", "NodeLabel", "ClusterIssuer", "Namespace",
	}
	pickerWords = []string{"kind", "of", "type", "keys"}
	pickersOf   = []string{"SecretKey", "ConfigMapKey", "ServicePort"} // those that need to know of which object
	annotations = []string{"title", "group", "icon", "instead", "makes", "allows", "order"}
	allowances  = []string{"cluster-scoped", "kind", "other-namespaces", "rbac", "hooks", "literal-secrets"}
)

// meant names what was probably meant, else all that there is.
func meant(name string, known []string) string {
	best, at := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(k), strings.ToLower(name)); d < at {
			best, at = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "there are " + strings.Join(known, ", ")
}

// meantKeyword is meant for keywords, of which there are too many to list.
func meantKeyword(name string) string {
	known := slices.Sorted(maps.Keys(keywords))
	s := meant(name, known)
	if strings.HasPrefix(s, "there are") {
		return "docs/templates.md lists those that are read; begin its name with x- to keep it for yourself"
	}
	return s
}

// distance is Damerau's and Levenshtein's, with neighbours swapped counted once.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
