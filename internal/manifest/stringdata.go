package manifest

import (
	"encoding/base64"
	"strings"
)

// StringData copies a Secret with its placeholders (see Placeholders) as text in stringData, where a
// person can find and replace them. All other entries stay in data. Objects of other kinds are given back
// as they are.
func StringData(u Object) Object {
	if !IsSecret(u) {
		return u
	}
	u = u.DeepCopy()
	data, _ := u.Object["data"].(map[string]any)
	text, _ := u.Object["stringData"].(map[string]any)
	if text == nil {
		text = map[string]any{}
	}
	for key, v := range data {
		encoded, _ := v.(string)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !isText(string(raw)) || !strings.Contains(string(raw), PlaceholderPrefix) {
			continue
		}
		text[key] = string(raw)
		delete(data, key)
	}
	if len(text) > 0 {
		u.Object["stringData"] = text
	}
	if len(data) == 0 {
		delete(u.Object, "data")
	}
	return u
}
