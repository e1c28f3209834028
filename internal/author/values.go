package author

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// defaults checks that a default fits its own schema.
func (w *schemaWalk) defaults(at string, m map[string]any) {
	v, set := m["default"]
	if !set {
		return
	}
	for _, one := range w.misfits(at, v) {
		if !isObject(v) || !one.missing {
			w.say(at+"/default", "the default does not fit: %s", one.says)
		}
	}
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// presets checks that presets have names, and that what they set fits. What they leave out is for the
// person to fill in.
func (w *schemaWalk) presets(at string, m map[string]any) {
	raw, set := m["x-ui-presets"]
	if !set {
		return
	}
	here := at + "/x-ui-presets"
	list, ok := raw.([]any)
	if !ok {
		w.say(here, "x-ui-presets must be a list")
		return
	}
	within := at // what the values are values of
	if m["type"] == "array" {
		within = at + "/items"
	}
	seen := map[string]bool{}
	for i, v := range list {
		p, _ := v.(map[string]any)
		place := fmt.Sprintf("%s/%d", here, i)
		id, _ := p["id"].(string)
		switch {
		case id == "" || p["title"] == nil || p["values"] == nil:
			w.say(place, "a preset needs id, title and values")
			continue
		case seen[id]:
			w.say(place, "there are two presets %q", id)
		}
		seen[id] = true
		for _, one := range w.misfits(within, p["values"]) {
			if !one.missing {
				w.say(place+"/values"+one.at, "preset %q does not fit: %s", id, one.says)
			}
		}
	}
}

// misfit is one thing in which a value breaks a schema.
type misfit struct {
	at      string // in the value
	says    string
	missing bool // something that is required is not there
	follows bool // it may be so because of another one
}

// misfits validates v by the schema at a pointer of the file.
func (w *schemaWalk) misfits(pointer string, v any) []misfit {
	if w.compiler == nil {
		return nil
	}
	s, err := w.compiler.Compile(chartURL + w.file + "#" + pointer)
	if err != nil {
		return nil // said by compile
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(s.Validate(v), &invalid) {
		return nil
	}
	all := leaves(invalid)
	// Of a branch that does not hold, no property counts as seen. What is wrong in the branch is told, or
	// is only that something is left open; a preset with a field that there is not is found by loading it.
	if slices.ContainsFunc(all, func(m misfit) bool { return !m.follows }) {
		all = slices.DeleteFunc(all, func(m misfit) bool { return m.follows })
	}
	return all
}

var english = message.NewPrinter(language.English)

func leaves(v *jsonschema.ValidationError) []misfit {
	at := ""
	for _, step := range v.InstanceLocation {
		at += "/" + escape(step)
	}
	if _, ok := v.ErrorKind.(*kind.Required); ok {
		return []misfit{{at, v.ErrorKind.LocalizedString(english), true, false}}
	}
	if len(v.Causes) == 0 {
		says := v.ErrorKind.LocalizedString(english)
		if at != "" {
			says = at + " " + says
		}
		return []misfit{{at, says, false, strings.HasSuffix(v.SchemaURL, "/unevaluatedProperties")}}
	}
	var out []misfit
	for _, c := range v.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}

// required checks that what must be given says how it looks.
func (w *schemaWalk) required(at string, m map[string]any) {
	props, _ := m["properties"].(map[string]any)
	for _, v := range asList(m["required"]) {
		name, _ := v.(string)
		raw, there := props[name]
		here := at + "/properties/" + escape(name)
		if !there {
			if !w.isPart(at) && m["allOf"] == nil && m["$ref"] == nil && !strings.HasSuffix(at, "/then") && !strings.HasSuffix(at, "/else") {
				w.say(at+"/required", "%q is required, and there is no such property", name)
			}
			continue
		}
		p := w.follow(raw)
		if p == nil || p["default"] != nil || p["enum"] != nil || p["x-ui-secret"] == true || p["const"] != nil {
			continue
		}
		switch p["type"] {
		case "string", "integer", "number":
			if len(asList(p["examples"])) == 0 && p["x-ui-placeholder"] == nil {
				w.say(here, "%q is required and has no examples; people copy the first one", name)
			}
		}
	}
}

// follow resolves a $ref within the file; nil where it leads to another one.
func (w *schemaWalk) follow(raw any) map[string]any {
	m, _ := raw.(map[string]any)
	ref, _ := m["$ref"].(string)
	if ref == "" {
		return m
	}
	rest, ok := strings.CutPrefix(ref, "#/$defs/")
	defs, _ := w.root["$defs"].(map[string]any)
	target, there := defs[rest].(map[string]any)
	if !ok || !there {
		return nil
	}
	both := map[string]any{}
	for _, from := range []map[string]any{target, m} {
		for k, v := range from {
			both[k] = v
		}
	}
	delete(both, "$ref")
	return both
}
