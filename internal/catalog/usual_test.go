package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

const usualSchema = `{"type": "object", "properties": {"secrets": {"type": "object", "title": "Secrets", "additionalProperties": {
	"type": "string", "x-ui-secret": true, "x-ui-generate": "hex:8", "maxLength": 100, "x-ui-shapes": [
		{"keys": "(^|_)MASTER_KEY$", "pattern": "^[0-9a-f]{64}$", "generate": "hex:32", "description": "64 hexadecimal digits"},
		{"keys": "^TOKEN$", "minLength": 50, "description": "50 characters or more"}]}}}}`

// A value of a shape that its name does not lead one to expect is warned of while it is known, and taken.
func TestUnusualSecrets(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": usualSchema})
	var sealed []string
	a := Around{Seal: func(v string) manifest.Token {
		sealed = append(sealed, v)
		return manifest.Token("slipway-secret-" + strings.Repeat("a2", 26))
	}}
	for _, tc := range []struct {
		key, value, generate, want string
	}{
		{key: "MASTER_KEY", value: "short", want: "This is not 64 hexadecimal digits, as values of this name usually are. It is taken all the same."},
		{key: "APP_MASTER_KEY", value: strings.Repeat("0f", 32)},
		{key: "MASTER_KEYS", value: "short"},
		{key: "TOKEN", value: strings.Repeat("é", 49), want: "This is not 50 characters or more, as values of this name usually are. It is taken all the same."},
		{key: "TOKEN", value: strings.Repeat("é", 50)},
		{key: "TOKEN", value: manifest.Empty},
		{key: "MASTER_KEY", generate: "hex:32"},
		{key: "OTHER", generate: "hex:8"},
	} {
		sealed = nil
		f := form("in/secrets/0/key", tc.key, "in/secrets/0/value", tc.value)
		if tc.generate != "" {
			f.Set(FormGenerate, "in/secrets/0/value")
		}
		r := tpl.Decode(f, a)
		c := find(t, r.View, "in/secrets/0/value")
		if len(r.Errors) > 0 || c.Warning != tc.want {
			t.Errorf("%s: %v, warned of %q", tc.key, r.Errors, c.Warning)
		}
		if said := fmt.Sprint(r.Odd); (tc.want != "") != (len(r.Odd) == 1) || tc.want != "" && r.Odd[0].Title != "Secrets, "+tc.key {
			t.Errorf("%s: %s", tc.key, said)
		}
		if again := tpl.Untouched(f, a); find(t, again.View, "in/secrets/0/value").Warning != tc.want {
			t.Errorf("%s: a row later there is %q", tc.key, again.View.Warnings)
		}
		if tc.value != manifest.Empty && len(sealed) == 0 {
			t.Errorf("%s: the value is not taken", tc.key)
		}
		if tc.generate == "hex:32" && len(sealed[0]) != 64 || tc.generate == "hex:8" && len(sealed[0]) != 16 {
			t.Errorf("%s: made %q", tc.key, sealed[0])
		}
		shown, err := json.Marshal(r.View)
		if err != nil || tc.value != manifest.Empty && tc.value != "" && strings.Contains(string(shown), tc.value) {
			t.Errorf("%s: the value stands in the form, %v", tc.key, err)
		}
	}
	// One that is refused is not warned of as well, and nobody warns of what was put aside before.
	if r := tpl.Decode(form("in/secrets/0/key", "TOKEN", "in/secrets/0/value", strings.Repeat("x", 101)), a); len(r.Odd) > 0 || len(r.Errors) != 1 {
		t.Errorf("refused: %v, %v", r.Odd, r.Errors)
	}
	if r := tpl.Decode(form("in/secrets/0/key", "TOKEN", "in/secrets/0/value", "slipway-secret-"+strings.Repeat("a2", 26)), a); len(r.Odd) > 0 {
		t.Errorf("stored: %v", r.Odd)
	}
}

// A shape that cannot be meant so makes the template unusable, and says why.
func TestShapesAreSound(t *testing.T) {
	const with = `{"type": "object", "properties": {"s": {"type": "object", "additionalProperties": {"type": "string", %s, "x-ui-shapes": [%s]}}}}`
	const secret = `"x-ui-secret": true`
	for shapes, want := range map[string]string{
		fmt.Sprintf(with, secret, `{"keys": "(", "description": "d"}`):                                                "values.schema.json: the property \"s\": x-ui-shapes, keys: \"(\" is no regular expression",
		fmt.Sprintf(with, secret, `{"description": "d"}`):                                                             "a regular expression that names fit",
		fmt.Sprintf(with, secret, `{"keys": "(?i)token$", "description": "d"}`):                                       "x-ui-shapes, keys: \"(?i)token$\" is no regular expression that browsers know",
		fmt.Sprintf(with, secret, `{"keys": "A", "pattern": "\\A[0-9]+", "description": "d"}`):                        "x-ui-shapes, pattern: ",
		fmt.Sprintf(with, secret, `{"keys": "A", "pattern": "(", "description": "d"}`):                                "no regular expression",
		fmt.Sprintf(with, secret, `{"keys": "A"}`):                                                                    "no description",
		fmt.Sprintf(with, secret, `{"keys": "A", "description": "d", "generate": "32"}`):                              "x-ui-generate",
		fmt.Sprintf(with, secret, `{"keys": "A", "description": "d", "minLength": 50, "generate": "hex:8"}`):          "not the shape",
		fmt.Sprintf(with, `"title": "no secret"`, `{"keys": "A", "description": "d"}`):                                "x-ui-secret",
		fmt.Sprintf(with, secret, `{"keys": "A", "description": "d", "pattern": "^[0-9a-f]+$", "generate": "hex:8"}`): "",
	} {
		tpl := Load(chartFS(map[string]string{"values.schema.json": shapes}), "folder")
		switch {
		case want == "" && tpl.Broken != nil:
			t.Errorf("%s: %v", shapes, tpl.Broken)
		case want != "" && (tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), want)):
			t.Errorf("%s: %v, want %q", shapes, tpl.Broken, want)
		}
	}
}
