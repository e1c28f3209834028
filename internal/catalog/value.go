package catalog

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// UnmarshalJSON keeps numbers exactly as they are written.
func (in *Inputs) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return err
	}
	*in = m
	return nil
}

var plainNumber = regexp.MustCompile(`^([+-]?)0*([0-9]+)(?:\.([0-9]+?)0*)?$`)

// readNumber reads a number as people type it and returns it in one canonical form, exact. Exponents
// are not taken: nobody types them into a form, and they make small texts into huge numbers.
func readNumber(text string) (json.Number, bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxNumberText {
		return "", false
	}
	m := plainNumber.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	n := m[2]
	if m[3] != "" && m[3] != "0" {
		n += "." + m[3]
	}
	if m[1] == "-" && n != "0" {
		n = "-" + n
	}
	return json.Number(n), true
}

func isWhole(n json.Number) bool { return !strings.Contains(string(n), ".") }

// numberOf takes a number of any of the types that JSON and YAML decoders make.
func numberOf(v any) (json.Number, bool) {
	switch v := v.(type) {
	case json.Number:
		if n, ok := readNumber(string(v)); ok {
			return n, true
		}
		if len(v) > maxNumberText {
			return "", false
		}
		f, err := v.Float64()
		if err != nil || math.Abs(f) > 1e20 {
			return "", false
		}
		return numberOf(f)
	case int:
		return json.Number(strconv.Itoa(v)), true
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", false
		}
		return readNumber(strconv.FormatFloat(v, 'f', -1, 64))
	}
	return "", false
}

// textOf shows a scalar as a person would type it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	if n, ok := numberOf(v); ok {
		return string(n)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// same compares two values, numbers by what they are worth.
func same(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if v, ok := y[k]; !ok || !same(x[k], v) {
				return false
			}
		}
		return true
	}
	x, okX := numberOf(a)
	y, okY := numberOf(b)
	return okX && okY && ratOf(x).Cmp(ratOf(y)) == 0
}

func ratOf(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// copied copies maps and lists, all the way down.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = copied(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = copied(x)
		}
		return l
	}
	return v
}

// merged lays over on base as Helm does: maps are merged, everything else is replaced. A nil in over
// removes the key; with keepNil it is kept, so that the result can be laid over something itself.
func merged(base, over map[string]any, keepNil bool) map[string]any {
	return mergedInto(copied(base).(map[string]any), over, keepNil)
}

// mergedInto is merged, and changes m.
func mergedInto(m, over map[string]any, keepNil bool) map[string]any {
	for k, v := range over {
		old, hadMap := m[k].(map[string]any)
		now, isMap := v.(map[string]any)
		switch {
		case v == nil && !keepNil:
			delete(m, k)
		case isMap && hadMap:
			mergedInto(old, now, keepNil)
		case isMap:
			m[k] = mergedInto(make(map[string]any, len(now)), now, keepNil)
		default:
			m[k] = copied(v)
		}
	}
	return m
}

// difference is the least that merged needs to make want of base. What want does not have is taken
// from base, except in maps whose keys the person chooses (free): there it is removed.
func difference(base, want map[string]any, fields []Field, free bool) map[string]any {
	d := map[string]any{}
	for k, v := range want {
		old, has := base[k]
		f := named(fields, k)
		if has && (same(old, v) || sameRows(f, old, v)) {
			continue
		}
		oldMap, _ := old.(map[string]any)
		if now, ok := v.(map[string]any); ok {
			inner := difference(oldMap, now, fieldsOf(f), f == nil || f.Kind == Map)
			if len(inner) == 0 && (has || !free) {
				continue
			}
			v = inner
		}
		d[k] = v
	}
	if free {
		for k := range base {
			if _, ok := want[k]; !ok {
				d[k] = nil
			}
		}
	}
	return d
}

// sameRows tells whether two lists are the same once the defaults of their rows are laid under them.
func sameRows(f *Field, a, b any) bool {
	x, y := list(a), list(b)
	if f == nil || f.Kind != List || f.Item == nil || f.Item.Kind != Object || len(x) != len(y) {
		return false
	}
	for i := range x {
		p, okP := x[i].(map[string]any)
		q, okQ := y[i].(map[string]any)
		if !okP || !okQ || !same(merged(itemDefaults(f.Item), p, false), merged(itemDefaults(f.Item), q, false)) {
			return false
		}
	}
	return true
}

func named(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func fieldsOf(f *Field) []Field {
	if f == nil {
		return nil
	}
	return f.Fields
}

// native turns exact numbers into the types that templates can compute with. A number that neither
// int64 nor float64 holds exactly stays as it is written.
func native(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = native(x)
		}
	case []any:
		for i, x := range v {
			v[i] = native(x)
		}
	case json.Number:
		n, ok := numberOf(v)
		if !ok {
			return string(v)
		}
		if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			return i
		}
		if f, err := n.Float64(); err == nil {
			if back, ok := numberOf(f); ok && back == n {
				return f
			}
		}
		return n
	}
	return v
}
