package manifest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// IsSecret tells whether u is a Secret, the one kind that may hold tokens.
func IsSecret(u Object) bool {
	k := u.GroupVersionKind()
	return k.Group == "" && k.Kind == "Secret"
}

// dockerConfig is the type of Secret whose value is JSON that holds logins.
const (
	dockerConfig    = "kubernetes.io/dockerconfigjson"
	dockerConfigKey = ".dockerconfigjson"
)

// MissingValue says that a Secret needs a value that is not there.
type MissingValue struct {
	Secret string // the object's name
	Key    string // within the Secret
	Token  Token  // Unset if it was never given
}

// Error names the key.
func (e *MissingValue) Error() string {
	if e.Token == Unset {
		return fmt.Sprintf("manifest: the key %s of Secret %s has no value yet", e.Key, e.Secret)
	}
	return fmt.Sprintf("manifest: the value for the key %s of Secret %s is no longer there", e.Key, e.Secret)
}

// entry is one key of a Secret, decoded.
type entry struct {
	field, key string
	text       string
}

// entries reads data (base64) and stringData, sorted by field and key.
func entries(u Object) ([]entry, error) {
	var all []entry
	for _, field := range []string{"data", "stringData"} {
		m, _, err := unstructured.NestedMap(u.Object, field)
		if err != nil {
			return nil, fmt.Errorf("manifest: %s of Secret %s is not a map", field, u.GetName())
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			text, ok := m[key].(string)
			if !ok && m[key] != nil {
				return nil, fmt.Errorf("manifest: %s.%s of Secret %s is not a text", field, key, u.GetName())
			}
			if field == "data" {
				raw, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					return nil, fmt.Errorf("manifest: %s.%s of Secret %s is not base64", field, key, u.GetName())
				}
				text = string(raw)
			}
			all = append(all, entry{field, key, text})
		}
	}
	return all, nil
}

// Tokens lists the tokens in the values of a Secret, sorted, each once. It is empty for every other
// kind, and for a Secret that cannot be read: Unseal tells why.
func Tokens(u Object) []Token {
	if !IsSecret(u) {
		return nil
	}
	all, err := entries(u)
	if err != nil {
		return nil
	}
	var found []Token
	for _, e := range all {
		found = append(found, TokensIn(e.text)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Literal finds a value of a Secret that is neither empty nor has a token in it: one that stands in the
// rendered bytes in plain text.
func Literal(u Object) (key string, found bool) {
	if !IsSecret(u) {
		return "", false
	}
	all, err := entries(u)
	if err != nil {
		return "", true
	}
	for _, e := range all {
		if e.text != "" && len(TokensIn(e.text)) == 0 {
			return e.key, true
		}
	}
	return "", false
}

// Misplaced finds a token where its value would stand in plain text: in any kind but Secret, or in a
// Secret outside its data, be it plain or in base64. The path is dotted.
func Misplaced(u Object) (path string, found bool) {
	for _, key := range slices.Sorted(maps.Keys(u.Object)) {
		if IsSecret(u) && (key == "data" || key == "stringData") {
			continue
		}
		if path, found := tokenAt(u.Object[key], key); found {
			return path, true
		}
	}
	return "", false
}

func tokenAt(v any, path string) (string, bool) {
	switch v := v.(type) {
	case string:
		if hasToken(v) {
			return path, true
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if hasToken(key) {
				return path + "." + key, true
			}
			if p, found := tokenAt(v[key], path+"."+key); found {
				return p, true
			}
		}
	case []any:
		for i, x := range v {
			if p, found := tokenAt(x, path+"["+strconv.Itoa(i)+"]"); found {
				return p, true
			}
		}
	}
	return "", false
}

// hasToken looks for a token in a text and, if all of it is base64, in what it says.
func hasToken(s string) bool {
	if strings.Contains(s, tokenPrefix) && len(TokensIn(s)) > 0 {
		return true
	}
	if len(s) < len(tokenPrefix) {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	return err == nil && bytes.Contains(raw, []byte(tokenPrefix))
}

// Unseal puts values in the place of the tokens of a Secret and returns a copy; an object of another
// kind is returned as it is. It returns a *MissingValue for a token that has no value, and an error for
// a misplaced token (see Misplaced) or a Secret that cannot be read.
//
// A token may be a whole value or stand inside one. In the JSON of a docker configuration it is put
// into the texts of the JSON, so that a password with quotes keeps it well-formed.
func Unseal(u Object, values Secrets) (Object, error) {
	if path, found := Misplaced(u); found {
		return nil, fmt.Errorf("manifest: %s holds a secret value in %s, which everybody may read", RefOf(u), path)
	}
	if !IsSecret(u) {
		return u, nil
	}
	return replaceTokens(u, func(key string, t Token) (string, error) {
		v, ok := values[t]
		if !ok || !t.Stands() {
			return "", &MissingValue{Secret: u.GetName(), Key: key, Token: t}
		}
		return v, nil
	})
}

// Placeholders puts "REPLACE_WITH_" and the key's name in the place of the tokens of a Secret, for files
// that leave the portal. Other kinds are returned as they are.
func Placeholders(u Object) (Object, error) {
	if !IsSecret(u) {
		return u, nil
	}
	return replaceTokens(u, func(key string, _ Token) (string, error) { return Placeholder(key), nil })
}

// PlaceholderPrefix is how every placeholder begins.
const PlaceholderPrefix = "REPLACE_WITH_"

// Placeholder is what stands in a file for the value of a key of a Secret.
func Placeholder(key string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
	return PlaceholderPrefix + strings.Trim(name, "_")
}

// replaceTokens gives back a copy of a Secret with each token replaced by what with says.
func replaceTokens(u Object, with func(key string, t Token) (string, error)) (Object, error) {
	all, err := entries(u)
	if err != nil {
		return nil, err
	}
	out := u.DeepCopy()
	for _, e := range all {
		text, err := fill(u, e, with)
		if err != nil {
			return nil, err
		}
		field := e.field
		if !utf8.ValidString(text) && field == "stringData" { // JSON has no place for other bytes
			unstructured.RemoveNestedField(out.Object, field, e.key)
			field = "data"
		}
		if field == "data" {
			text = base64.StdEncoding.EncodeToString([]byte(text))
		}
		if err := unstructured.SetNestedField(out.Object, text, field, e.key); err != nil {
			return nil, fmt.Errorf("manifest: Secret %s: %w", u.GetName(), err)
		}
	}
	return out, nil
}

func fill(u Object, e entry, with func(key string, t Token) (string, error)) (string, error) {
	replace := func(text string) (string, error) {
		var missing []error
		out := tokenWithin.ReplaceAllStringFunc(text, func(t string) string {
			v, err := with(e.key, Token(t))
			if err != nil {
				missing = append(missing, err)
			}
			return v
		})
		return out, errors.Join(missing...)
	}
	kind, _, _ := unstructured.NestedString(u.Object, "type")
	if kind != dockerConfig || e.key != dockerConfigKey || len(TokensIn(e.text)) == 0 {
		return replace(e.text)
	}
	var doc any
	if err := json.Unmarshal([]byte(e.text), &doc); err != nil {
		return "", fmt.Errorf("manifest: %s of Secret %s is not JSON", e.key, u.GetName())
	}
	doc, err := eachText(doc, replace)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return "", fmt.Errorf("manifest: %s of Secret %s: %w", e.key, u.GetName(), err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// eachText replaces the texts of decoded JSON, all the way down.
func eachText(v any, replace func(string) (string, error)) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		return replace(v)
	case map[string]any:
		for key := range v {
			if v[key], err = eachText(v[key], replace); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = eachText(v[i], replace); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
