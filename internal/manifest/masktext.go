package manifest

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HiddenText replaces a whole text that repeats a value too short to be cut out of it.
const HiddenText = "(hidden, because it may repeat a secret value)"

// The least bytes of a value, and of a line of it, that can be told from ordinary words.
const (
	shortValue = 4
	shortLine  = 8
)

// MaskText removes the secret values of o, which may be nil, from a text that an API server or a
// webhook wrote about it: as they are, in base64, escaped as in JSON or Go, as bytes, and line by
// line. If a value of fewer than four bytes stands in s as a word of its own, all of s is replaced,
// because cutting such a value out of the words around it would tell what it is.
func MaskText(s string, o Object) string {
	if o == nil || s == "" {
		return s
	}
	var forms []string
	for _, v := range secretValues(o.Object) {
		if len(v) < shortValue {
			if standsIn(s, v) {
				return HiddenText
			}
			continue
		}
		forms = append(forms, writtenForms(v)...)
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, f := range slices.Compact(forms) {
		s = strings.ReplaceAll(s, f, Hidden)
	}
	return s
}

// standsIn tells whether v is in s with no letter or digit on either side of it.
func standsIn(s, v string) bool {
	if v == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(s[from:], v)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(v)
		before, _ := utf8.DecodeLastRuneInString(s[:start])
		after, _ := utf8.DecodeRuneInString(s[end:])
		if !isWord(before) && !isWord(after) {
			return true
		}
		from = start + 1
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// secretValues are the values of a Secret, or of the Secrets in a list, in clear and as they stand.
func secretValues(m map[string]any) []string {
	var out []string
	if isSecret(m) {
		out = append(out, fieldValues(m["data"], true)...)
		return append(out, fieldValues(m["stringData"], false)...)
	}
	items, _ := m["items"].([]any)
	for _, item := range items {
		child, ok := item.(map[string]any)
		if !ok || (!holdsSecret(child) && m["kind"] != "SecretList") {
			continue
		}
		if m["kind"] == "SecretList" {
			child = map[string]any{"kind": "Secret", "data": child["data"], "stringData": child["stringData"]}
		}
		out = append(out, secretValues(child)...)
	}
	return out
}

func fieldValues(v any, encoded bool) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, val := range v {
			out = append(out, fieldValues(val, encoded)...)
		}
		return out
	case []any:
		var out []string
		for _, val := range v {
			out = append(out, fieldValues(val, encoded)...)
		}
		return out
	case string:
		if !encoded {
			return []string{v}
		}
		if clear, err := base64.StdEncoding.DecodeString(v); err == nil {
			return []string{v, string(clear)}
		}
		return []string{v}
	case nil, bool:
		return nil
	default:
		return []string{fmt.Sprint(v)} // a number where text belongs: the server's message quotes it
	}
}

// writtenForms are the ways in which a server's message may have written v.
func writtenForms(v string) []string {
	forms := []string{
		v,
		strings.Trim(strconv.Quote(v), `"`),
		strings.Trim(strconv.QuoteToASCII(v), `"`),
		hex.EncodeToString([]byte(v)),
		strings.Trim(fmt.Sprint([]byte(v)), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(v)), "[]byte{"), "}"),
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		forms = append(forms, enc.EncodeToString([]byte(v)))
	}
	if b, err := json.Marshal(v); err == nil {
		forms = append(forms, strings.Trim(string(b), `"`))
	}
	if strings.Contains(v, "\n") {
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); len(line) >= shortLine {
				forms = append(forms, line)
			}
		}
	}
	return slices.DeleteFunc(forms, func(f string) bool { return len(f) < shortValue })
}
