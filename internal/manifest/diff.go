package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ValueLimit is the most characters of a value that a FieldChange shows. A longer one is cut and ends
// in its length and the first digits of its SHA-256, so that two long values never look the same.
const ValueLimit = 200

// Fields lists the fields in which two states of one object differ, in order of path. Items of a
// list are matched by what names them, where they have that (see mergeKeys); otherwise by position.
// The values are short JSON, text without quotes. Values of Secrets are masked. A field that is null
// is as one that is not there. If before or after is nil, the object as a whole comes or goes, and
// there are no fields.
func Fields(before, after Object) []FieldChange {
	if before == nil || after == nil {
		return nil
	}
	before, after = MaskPair(before, after)
	var d differ
	d.maps("", before.Object, after.Object)
	slices.SortFunc(d.out, func(a, b FieldChange) int { return cmp.Compare(a.Path, b.Path) })
	return d.out
}

type differ struct{ out []FieldChange }

func (d *differ) add(path string, from, to any) {
	c := FieldChange{Path: path, Op: Change}
	if from == nil {
		c.Op = Create
	} else {
		c.From = shortValueOf(from)
	}
	if to == nil {
		c.Op = Delete
	} else {
		c.To = shortValueOf(to)
	}
	d.out = append(d.out, c)
}

func (d *differ) values(path string, from, to any) {
	switch f := from.(type) {
	case map[string]any:
		if t, ok := to.(map[string]any); ok {
			d.mapsOrEmpty(path, f, t)
			return
		}
	case []any:
		if t, ok := to.([]any); ok {
			d.lists(path, f, t)
			return
		}
	}
	if !same(from, to) {
		d.add(path, from, to)
	}
}

// mapsOrEmpty compares maps one of which may be empty: {} is a value of its own, as in "emptyDir: {}".
func (d *differ) mapsOrEmpty(path string, from, to map[string]any) {
	if len(from) == 0 && len(to) == 0 {
		return
	}
	d.maps(path, from, to)
}

func (d *differ) maps(path string, from, to map[string]any) {
	for k, f := range from {
		d.values(path+step(k), f, to[k])
	}
	for k, t := range to {
		if from[k] == nil && t != nil {
			d.values(path+step(k), nil, t)
		}
	}
}

func (d *differ) lists(path string, from, to []any) {
	if keys := mergeKeyOf(from, to); keys != nil {
		d.keyed(path, keys, from, to)
		return
	}
	if len(from) != len(to) {
		d.add(path, from, to)
		return
	}
	for i := range from {
		d.values(fmt.Sprintf("%s[%d]", path, i), from[i], to[i])
	}
}

// keyed compares lists whose items have names. A different order is a change of its own: it restarts
// pods although no item differs.
func (d *differ) keyed(path string, keys []string, from, to []any) {
	if len(from) == 0 || len(to) == 0 {
		if len(from) != len(to) {
			d.add(path, from, to)
		}
		return
	}
	theirs := map[string]any{}
	for _, t := range to {
		theirs[itemStep(t, keys)] = t
	}
	var kept, common []string
	ours := map[string]bool{}
	for _, f := range from {
		id := itemStep(f, keys)
		ours[id] = true
		if theirs[id] != nil {
			kept = append(kept, id)
		}
		d.values(path+id, f, theirs[id])
	}
	for _, t := range to {
		id := itemStep(t, keys)
		if ours[id] {
			common = append(common, id)
			continue
		}
		d.values(path+id, nil, t)
	}
	if !slices.Equal(kept, common) {
		d.add(path+"[order]", names(kept), names(common))
	}
}

func names(steps []string) []any {
	out := make([]any, len(steps))
	for i, s := range steps {
		out[i] = s
	}
	return out
}

// mergeKeys are what names the items of Kubernetes' lists, most telling first. The first ones that
// all items of both lists have, without two being equal, are taken. Later names of one entry may be
// missing, because the API server fills them in.
var mergeKeys = [][]string{
	{"name"}, {"containerPort", "protocol"}, {"port", "protocol"}, {"mountPath"}, {"devicePath"},
	{"topologyKey", "whenUnsatisfiable"}, {"key", "operator", "effect"}, {"key"}, {"ip"}, {"uid"},
	{"host"}, {"path"}, {"type"}, {"kind"},
}

func mergeKeyOf(from, to []any) []string {
	for _, keys := range mergeKeys {
		if len(from)+len(to) > 0 && named(from, keys) && named(to, keys) {
			return keys
		}
	}
	return nil
}

// named tells whether keys tell the items of list apart.
func named(list []any, keys []string) bool {
	seen := make(map[string]bool, len(list))
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok || !isScalar(m[keys[0]]) {
			return false
		}
		id := itemStep(item, keys)
		if seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return true
}

// itemStep is an item's place in a path: [name="api"], [containerPort=8080,protocol="TCP"].
func itemStep(item any, keys []string) string {
	m, _ := item.(map[string]any)
	s := "["
	for i, k := range keys {
		if !isScalar(m[k]) {
			continue
		}
		if i > 0 {
			s += ","
		}
		s += k + "=" + compact(m[k])
	}
	return s + "]"
}

var plainStep = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// step is a key's place in a path: .spec, or ["app.kubernetes.io/name"].
func step(key string) string {
	if plainStep.MatchString(key) {
		return "." + key
	}
	return "[" + compact(key) + "]"
}

// same compares values as JSON does: 1 and 1.0 are the same number.
func same(a, b any) bool {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return ok && x == y
	}
	x, xIsNumber := number(a)
	y, yIsNumber := number(b)
	if xIsNumber && yIsNumber && (isFloat(a) || isFloat(b)) {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func isFloat(v any) bool { _, ok := v.(float64); return ok }

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// shortValueOf is v for people: text as it is, all else as JSON, cut at ValueLimit.
func shortValueOf(v any) string {
	s, ok := v.(string)
	if !ok {
		s = compact(v)
	}
	if len(s) <= ValueLimit || utf8.RuneCountInString(s) <= ValueLimit {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	runes := []rune(s)
	end := fmt.Sprintf("… (%d characters, %s)", len(runes), hex.EncodeToString(sum[:8]))
	return string(runes[:ValueLimit-utf8.RuneCountInString(end)]) + end
}

// compact is v as JSON with sorted keys, with <, > and & as they are. Values of an Object are always
// JSON, so it cannot fail.
func compact(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
