// Package systems holds what must be in a cluster once the four systems that the portal was made for
// are deployed: Coequal, honeyDue, Checkstack and a service as Opta's k8s-service made it; and what a
// service must have by Eurosky's decision, which names none. The expectations are written from the documents of those systems, not from what our templates happen to
// make, and serve every test that deploys one of them, by command line or by browser.
//
// An expectation is a line of a field and its value:
//
//	Deployment api
//	spec.replicas 3
//	spec.template.spec.containers[api].image "registry.example.com/api:1.0"
//	spec.template.spec.containers[api].ports ~[{"containerPort": 8000}]
//	data.REDIS_PASSWORD ""
//	spec.minReadySeconds absent
//	Service worker absent
//	Job api-migrate-*
//
// A line of a kind and a name begins an object, or says that there is none; "*" stands for the rest of a name. Paths are dotted; [x] chooses the item of a list
// whose name (or mountPath, key, topologyKey) is x, or the item at the index x; a key with dots stands
// in ["…"]. Values are JSON and compared as a whole; after "~" maps may hold more and lists of maps
// are compared item by item. Quantities are compared by what they are worth. "absent" is a field that
// is not there, "secret" one whose value is not said here.
package systems

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

//go:embed expect/*.txt
var files embed.FS

// Want is one expectation.
type Want struct {
	Object string // "Deployment api"
	Path   string
	Value  string // JSON, "~" and JSON, "absent" or "secret"; of an object, "" or "absent"
	Line   int    // of its file
}

// Wants reads the expectations of a system: "coequal", "honeydue", "checkstack", "opta", one of these with
// "-options", or "eurosky".
func Wants(system string) ([]Want, error) {
	text, err := files.ReadFile("expect/" + system + ".txt")
	if err != nil {
		return nil, err
	}
	var wants []Want
	object := ""
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case line[0] >= 'A' && line[0] <= 'Z':
			w := Want{Object: line, Line: i + 1}
			if name, ok := strings.CutSuffix(line, " absent"); ok {
				w.Object, w.Value = name, "absent"
			}
			object = w.Object
			wants = append(wants, w)
			continue
		}
		path, value, ok := strings.Cut(line, " ")
		if !ok || object == "" {
			return nil, fmt.Errorf("%s, line %d: a path and a value are needed", system, i+1)
		}
		wants = append(wants, Want{Object: object, Path: path, Value: strings.TrimSpace(value), Line: i + 1})
	}
	return wants, nil
}

// Compare tells, one sentence each, what of the wants the objects are not. Objects are decoded JSON.
func Compare(objects []map[string]any, wants []Want) []string {
	byName := map[string]map[string]any{}
	for _, o := range objects {
		meta, _ := o["metadata"].(map[string]any)
		byName[fmt.Sprint(o["kind"], " ", meta["name"])] = o
	}
	var wrong []string
	for _, w := range wants {
		o, ok := byName[w.Object]
		if begins, any := strings.CutSuffix(w.Object, "*"); any {
			for _, name := range slices.Sorted(maps.Keys(byName)) {
				if !ok && strings.HasPrefix(name, begins) {
					o, ok = byName[name], true
				}
			}
		}
		switch {
		case w.Path == "" && w.Value == "absent":
			if ok {
				wrong = append(wrong, fmt.Sprintf("line %d: there is %s, and should not be", w.Line, w.Object))
			}
		case !ok && w.Path == "":
			wrong = append(wrong, fmt.Sprintf("line %d: there is no %s; there are %s", w.Line, w.Object, strings.Join(slices.Sorted(maps.Keys(byName)), ", ")))
		case ok && w.Path != "":
			if err := w.check(o); err != nil {
				wrong = append(wrong, fmt.Sprintf("line %d: %s, %s: %v", w.Line, w.Object, w.Path, err))
			}
		}
	}
	return wrong
}

func (w Want) check(o map[string]any) error {
	got, there, err := lookUp(o, w.Path)
	switch {
	case err != nil:
		return err
	case w.Value == "absent":
		if there {
			return fmt.Errorf("it is %s and should not be there", inJSON(got))
		}
		return nil
	case !there:
		return fmt.Errorf("it is not there")
	case w.Value == "secret":
		return nil
	}
	text, loose := strings.CutPrefix(w.Value, "~")
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		return fmt.Errorf("the expectation is no JSON: %w", err)
	}
	if !equal(plain(got), want, loose) {
		return fmt.Errorf("it is %s instead of %s", inJSON(got), text)
	}
	return nil
}

// lookUp follows a path. There is false where the last step leads nowhere.
func lookUp(v any, path string) (got any, there bool, err error) {
	steps, err := split(path)
	if err != nil {
		return nil, false, err
	}
	for _, s := range steps {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[s]
			if !ok {
				return nil, false, nil
			}
			v = next
		case []any:
			next, ok := item(x, s)
			if !ok {
				return nil, false, nil
			}
			v = next
		default:
			return nil, false, nil
		}
	}
	return v, true, nil
}

// listKeys are the fields by which an item of a list is named.
var listKeys = []string{"name", "mountPath", "key", "topologyKey", "type", "host"}

func item(list []any, name string) (any, bool) {
	for _, key := range listKeys {
		for _, x := range list {
			if m, ok := x.(map[string]any); ok && m[key] == name {
				return x, true
			}
		}
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}

func split(path string) ([]string, error) {
	var steps []string
	for path != "" {
		switch {
		case strings.HasPrefix(path, `["`):
			end := strings.Index(path, `"]`)
			if end < 0 {
				return nil, fmt.Errorf("%s does not end", path)
			}
			steps, path = append(steps, path[2:end]), strings.TrimPrefix(path[end+2:], ".")
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return nil, fmt.Errorf("%s does not end", path)
			}
			steps, path = append(steps, path[1:end]), strings.TrimPrefix(path[end+1:], ".")
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				return append(steps, path), nil
			}
			steps = append(steps, path[:end])
			path = strings.TrimPrefix(path[end:], ".")
		}
	}
	return steps, nil
}

// equal compares decoded JSON. Loose lets maps hold more than was asked for.
func equal(got, want any, loose bool) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !loose && len(g) != len(w) {
			return false
		}
		for k, v := range w {
			x, ok := g[k]
			if !ok || !equal(x, v, loose) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !equal(g[i], w[i], loose) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want) || sameQuantity(got, want)
}

// sameQuantity tells whether both are texts that say the same amount: "1000m" and "1". Texts without
// a digit in front are none, so that names are compared as they are.
func sameQuantity(a, b any) bool {
	x, okX := a.(string)
	y, okY := b.(string)
	if !okX || !okY || x == "" || y == "" || x[0] < '0' || x[0] > '9' {
		return false
	}
	if !strings.ContainsAny(x+y, "mKMGTik") { // "8080" and "08080" are texts, not amounts
		return false
	}
	p, errX := resource.ParseQuantity(x)
	q, errY := resource.ParseQuantity(y)
	return errX == nil && errY == nil && p.Cmp(q) == 0
}

// plain makes every number a float64, as encoding/json does.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return v
	}
	return out
}

func inJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
