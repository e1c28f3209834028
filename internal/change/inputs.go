package change

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// inputChanges lists what differs between two sets of inputs, in the order of the form. from is nil for
// an application that is new: then it lists what was filled in.
func inputChanges(fields []catalog.Field, from, to catalog.Inputs) []InputChange {
	d := &inputDiff{update: from != nil}
	d.object(fields, "", nil, from, to)
	return d.out
}

type inputDiff struct {
	update bool // of inputs that were there before
	out    []InputChange
}

func (d *inputDiff) object(fields []catalog.Field, path string, titles []string, from, to map[string]any) {
	seen := map[string]bool{}
	for i := range fields {
		key := lastSegment(fields[i].Path)
		seen[key] = true
		d.value(&fields[i], path+"/"+key, append(slices.Clone(titles), fields[i].Title), from[key], to[key])
	}
	for _, key := range sortedKeys(from, to) {
		if !seen[key] { // set by a template version that had the field
			d.value(&catalog.Field{Title: key}, path+"/"+key, append(slices.Clone(titles), key), from[key], to[key])
		}
	}
}

func (d *inputDiff) value(f *catalog.Field, path string, titles []string, from, to any) {
	a, b := asMap(from), asMap(to)
	switch {
	case f.Kind == catalog.Object && (from == nil || a != nil) && (to == nil || b != nil):
		d.object(f.Fields, path, titles, a, b)
		return
	case f.Kind == catalog.Map && f.Item != nil && (from == nil || a != nil) && (to == nil || b != nil):
		for _, key := range sortedKeys(a, b) {
			d.value(f.Item, path+"/"+key, append(slices.Clone(titles), key), a[key], b[key])
		}
		return
	case d.rows(f, path, titles, from, to):
		return
	}
	d.leaf(f, path, titles, from, to)
}

// leaf compares two values that are not taken apart.
func (d *inputDiff) leaf(f *catalog.Field, path string, titles []string, from, to any) {
	if reflect.DeepEqual(from, to) {
		return
	}
	x, y := d.words(f, from), d.words(f, to)
	switch {
	case f.Secret:
		x, y = hidden(from), hidden(to)
	case x != y:
	case holdsToken(from) || holdsToken(to):
		x, y = x+" (before)", y+" (another secret value)"
	case strings.HasSuffix(x, cutOff):
		x, y = x+" (before)", y+" (another text further on)"
	default:
		return
	}
	d.say(path, titles, x, y)
}

func (d *inputDiff) say(path string, titles []string, from, to string) {
	d.out = append(d.out, InputChange{Title: strings.Join(titles, " · "), Path: path, From: from, To: to})
}

// words writes a value as the form does. What was set before, or is set no longer, has its default.
func (d *inputDiff) words(f *catalog.Field, v any) string {
	if v == nil && d.update && f.Default != nil {
		if s := inputInWords(f, f.Default); s != "" && s != `""` {
			return s + " by default"
		}
	}
	return inputInWords(f, v)
}

func inputInWords(f *catalog.Field, v any) string {
	if v != nil && (f.Kind == catalog.Choice || f.Kind == catalog.Number) {
		return f.Describe(v) // with the option's title, with the unit
	}
	return inWords(v)
}

func asMap(v any) map[string]any {
	switch m := v.(type) {
	case map[string]any:
		return m
	case catalog.Inputs:
		return m
	}
	return nil
}

func lastSegment(pointer string) string {
	s := pointer[strings.LastIndexByte(pointer, '/')+1:]
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
}

func sortedKeys(a, b map[string]any) []string {
	keys := maps.Clone(a)
	if keys == nil {
		keys = map[string]any{}
	}
	maps.Copy(keys, b)
	return slices.Sorted(maps.Keys(keys))
}

// inputLimit is the most runes of a value that a plan repeats.
const inputLimit = 120

// cutOff ends what was longer.
const cutOff = "…"

// inWords writes a value on one line. Text is as it was typed; "" stands for not set.
func inWords(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		if x == "" {
			return `""`
		}
		return cut(readable(x))
	case bool:
		return map[bool]string{true: "on", false: "off"}[x]
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []any:
		parts := make([]string, len(x))
		for i, item := range x {
			parts[i] = inWords(item)
		}
		return cut(strings.Join(parts, ", "))
	case map[string]any:
		raw, _ := json.Marshal(x) // of decoded JSON, so it cannot fail
		return cut(readable(string(raw)))
	}
	return cut(fmt.Sprint(v))
}

// hidden tells of a secret value whether it is set, and nothing else.
func hidden(v any) string {
	switch v {
	case nil:
		return ""
	case "":
		return "(empty)"
	case string(manifest.Unset):
		return noValueYet
	}
	return manifest.Hidden
}

const noValueYet = "(no value yet)"

// readable puts words in the place of tokens: nobody can read those.
func readable(s string) string {
	for _, t := range manifest.TokensIn(s) {
		s = strings.Replace(s, string(t), hidden(string(t)), 1)
	}
	return s
}

// holdsToken tells whether a secret stands somewhere in a value.
func holdsToken(v any) bool {
	raw, err := json.Marshal(v)
	return err == nil && len(manifest.TokensIn(string(raw))) > 0
}

func cut(s string) string {
	s = strings.ReplaceAll(s, "\n", " ⏎ ")
	if r := []rune(s); len(r) > inputLimit {
		return string(r[:inputLimit-1]) + cutOff
	}
	return s
}

// Title says in one line what a draft is, given its plan.
func Title(d Draft, plan Plan) string {
	words := changesInWords(plan.Inputs)
	if from := plan.Promoted; from != nil && plan.Copies != nil {
		return "Create " + d.App.Name + ", a copy of " + from.Claim(d.App)
	} else if from != nil {
		s := "Promote " + d.App.Name + " from " + from.Claim(d.App)
		if d.Kind == Update && words != "" {
			s += ": " + words
		}
		return s
	}
	switch d.Kind {
	case Create:
		return "Create " + d.App.Name
	case Delete:
		return "Delete " + d.App.Name
	case Rollback:
		return fmt.Sprintf("Roll %s back to revision %d", d.App.Name, d.Revision)
	case RestartPods:
		return restartTitle(d, plan)
	case ScalePods:
		return scaleTitle(d.App.Name, plan)
	}
	if from := plan.From; d.Kind == Update && from.Version != "" && from != plan.Template {
		s := fmt.Sprintf("%s: %s %s → %s", d.App.Name, plan.Template.Name, from.Version, plan.Template.Version)
		if n := len(plan.Inputs); n > 0 {
			s += fmt.Sprintf(", with %s", count(n, "input changed", "inputs changed"))
		}
		return s
	}
	if words == "" {
		return fmt.Sprintf("Apply %s again", d.App.Name)
	}
	return d.App.Name + ": " + words
}

// changesInWords says on one line which inputs change, "" if none does.
func changesInWords(changes []InputChange) string {
	switch len(changes) {
	case 0:
		return ""
	case 1:
		c := changes[0]
		switch {
		case c.To == "":
			return c.Title + " removed"
		case len([]rune(c.To)) <= 60:
			return c.Title + " " + c.To
		}
		return c.Title
	case 2:
		return changes[0].Title + " and " + changes[1].Title
	}
	return fmt.Sprintf("%s, %s and %d more", changes[0].Title, changes[1].Title, len(changes)-2)
}
