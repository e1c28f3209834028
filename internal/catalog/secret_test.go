package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

const secretSchema = `{"type": "object", "additionalProperties": false, "required": ["key"], "properties": {
	"name": {"type": "string"},
	"key": {"type": "string", "x-ui-secret": true, "title": "Master key", "pattern": "^[0-9a-f]{64}$", "x-ui-pattern-help": "Write 64 hexadecimal digits.", "x-ui-generate": "hex:32"},
	"pem": {"type": ["string", "null"], "x-ui-secret": true, "x-ui-widget": "file"},
	"env": {"type": "object", "additionalProperties": {"type": "string", "x-ui-secret": true}},
	"list": {"type": "array", "items": {"type": "object", "required": ["value"], "properties": {"name": {"type": "string"}, "value": {"type": "string", "x-ui-secret": true, "minLength": 3}}}}
}}`

const secretTemplate = `
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData:
  key: {{ .Values.key | toJson }}
  {{- range $k, $v := .Values.env }}
  {{ $k }}: {{ $v | toJson }}
  {{- end }}
data: {pem: {{ .Values.pem | b64enc }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {sum: {{ .Values.key | sha256sum }}, name: {{ .Values.name | quote }}}
`

func secretChart(t *testing.T) (*Template, Around) {
	t.Helper()
	sealer, err := manifest.NewSealer([]byte(strings.Repeat("k", manifest.MinSealerKey)))
	if err != nil {
		t.Fatal(err)
	}
	tpl := loadChart(t, map[string]string{"values.schema.json": secretSchema, "templates/all.yaml": secretTemplate})
	return tpl, Around{Release: Release{App: "app"}, Seal: func(v string) manifest.Token { return sealer.Seal(manifest.Place{}, v) }}
}

var hex64 = strings.Repeat("0f", 32)

// A typed value is sealed: it is in Secrets, and a token everywhere else.
func TestSecretsAreSealed(t *testing.T) {
	tpl, a := secretChart(t)
	const pem = "-----BEGIN-----\r\n\x00\xffend\n"
	r := tpl.Decode(form("in/key", hex64, "file/pem", "", "in/env/0/key", "URL", "in/env/0/value", "line one\r\nline two", "file/pem", "", "in/pem", "", "in/name", "n"), a)
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	withFile := form("in/key", hex64)
	withFile["file/pem"] = []string{pem}
	f := tpl.Decode(withFile, a)
	if got := f.Secrets[manifest.Token(f.Inputs["pem"].(string))]; got != pem {
		t.Errorf("the file's bytes became %q", got)
	}
	if got := r.Secrets[manifest.Token(r.Inputs["env"].(map[string]any)["URL"].(string))]; got != "line one\nline two" {
		t.Errorf("the text became %q", got)
	}
	for _, text := range []string{fmt.Sprint(r.Inputs), outline(r.View), fmt.Sprint(f.Inputs), outline(f.View)} {
		if strings.Contains(text, hex64) || strings.Contains(text, "line one") || strings.Contains(text, "BEGIN") {
			t.Errorf("a value stands in plain text: %s", text)
		}
	}
	c := find(t, r.View, "in/key")
	if !c.Stored || c.Unset || !manifest.IsToken(c.Value) {
		t.Errorf("the control is %+v", c)
	}
	if again := tpl.Check(r.Inputs, a.Release); len(again) > 0 {
		t.Errorf("the tokens do not pass: %v", again)
	}
	out, err := tpl.Render(t.Context(), f.Inputs, a.Release)
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Tokens(out.Set[0]))+len(manifest.Tokens(out.Set[1]))+len(manifest.Tokens(out.Set[2])) != 2 {
		t.Errorf("the tokens are not in the Secret: %v", out.Set)
	}
}

// What comes back from the form unchanged keeps its token; what is typed instead replaces it.
func TestSecretsRoundTrip(t *testing.T) {
	tpl, a := secretChart(t)
	first := tpl.Decode(form("in/key", hex64, "in/env/0/key", "A", "in/env/0/value", "a"), a)
	token := first.Inputs["key"].(string)
	again := tpl.Decode(form("in/key", token, "in/key", "", "in/env/0/key", "A", "in/env/0/value", "", "in/env/0/value", manifest.Empty), a)
	if again.Inputs["key"] != token || len(again.Secrets) > 0 || len(again.Errors) > 0 {
		t.Errorf("the kept value is %v, %v, %v", again.Inputs["key"], again.Secrets, again.Errors)
	}
	if v := again.Inputs["env"].(map[string]any)["A"]; v != "" {
		t.Errorf("the value that is empty on purpose is %v", v)
	}
	other := tpl.Decode(form("in/key", token, "in/key", strings.Repeat("1", 64)), a)
	if other.Inputs["key"] == token || len(other.Secrets) != 1 {
		t.Errorf("the replaced value is %v", other.Inputs["key"])
	}
	if got := tpl.Decode(formOf(tpl.View(first.Inputs, a)), a); !same(map[string]any(got.Inputs), map[string]any(first.Inputs)) {
		t.Errorf("the form gives back %v of %v", got.Inputs, first.Inputs)
	}
}

// A name without a value, or a field that must have one, is unset: it can be planned and says so.
func TestSecretsUnset(t *testing.T) {
	tpl, a := secretChart(t)
	r := tpl.Decode(form("in/env/0/key", "A", "in/env/0/value", "", "in/list/0/name", "", "in/list/0/value", "", "in/list/1/name", "x", "in/list/1/value", ""), a)
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	b, _ := json.Marshal(r.Inputs)
	if want := `{"env":{"A":"slipway-secret-unset"},"key":"slipway-secret-unset","list":[{"name":"x","value":"slipway-secret-unset"}]}`; string(b) != want {
		t.Errorf("the inputs are %s, want %s", b, want)
	}
	if !find(t, r.View, "in/env/0/value").Unset || !find(t, r.View, "in/key").Unset || find(t, r.View, "in/pem").Unset {
		t.Error("what is missing is not marked")
	}
	file := inputs(t, `{"key": null, "env": {"A": null, "B": ""}}`)
	if errs := tpl.Check(file, a.Release); len(errs) > 0 {
		t.Errorf("a file's null is refused: %v", errs)
	}
	var uses []string
	for _, u := range tpl.Secrets(file) {
		uses = append(uses, fmt.Sprintf("%s %s=%s", u.Path, u.Title, u.Token))
	}
	if want := "/key Master key=slipway-secret-unset, /env/0/value Env, A=slipway-secret-unset, /env/1/value Env, B="; strings.Join(uses, ", ") != want {
		t.Errorf("the secrets are %q, want %q", strings.Join(uses, ", "), want)
	}
	out, err := tpl.Render(t.Context(), file, a.Release)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, u := range out.Set {
		for _, token := range manifest.Tokens(u) {
			found = found || token == manifest.Unset
		}
	}
	if !found {
		t.Error("the unset value is not in the Secret")
	}
}

// A value that will not do is told about and kept nowhere, and a file holds none.
func TestSecretsRefused(t *testing.T) {
	tpl, a := secretChart(t)
	for name, tt := range map[string]struct {
		form Form
		path string
		says string
	}{
		"pattern":   {form("in/key", "hunter2"), "/key", "Write 64 hexadecimal digits."},
		"length":    {form("in/list/0/value", "ab"), "/list/0/value", "Take 3 characters or more."},
		"too large": {form("in/env/0/key", "A", "in/env/0/value", strings.Repeat("x", manifest.MaxSecretBytes+1)), "/env/0/value", "bytes or less"},
	} {
		r := tpl.Decode(tt.form, a)
		if len(r.Errors) == 0 || r.Errors[0].Path != tt.path || !strings.Contains(r.Errors[0].Message, tt.says) || !strings.Contains(r.Errors[0].Message, "type it again") {
			t.Errorf("%s: %v", name, r.Errors)
		}
		if len(r.Secrets) > 0 || strings.Contains(outline(r.View)+fmt.Sprint(r.Errors, r.Inputs), "hunter2") {
			t.Errorf("%s: the value is kept", name)
		}
	}
	if errs := tpl.Check(inputs(t, `{"key": "plain", "env": {"A": "b"}}`), a.Release); len(errs) != 2 {
		t.Errorf("plain values pass: %v", errs)
	}
	a.Seal = nil
	if r := tpl.Decode(form("in/key", hex64), a); len(r.Errors) != 1 || len(r.Secrets) > 0 {
		t.Errorf("without a sealer: %v", r.Errors)
	}
}

func TestGenerate(t *testing.T) {
	tpl, a := secretChart(t)
	r := tpl.Untouched(form("in/key", "", FormGenerate, "in/key"), a)
	c := find(t, r.View, "in/key")
	if !c.Stored || len(r.Secrets) != 1 {
		t.Fatalf("nothing was made: %+v", c)
	}
	for _, v := range r.Secrets {
		if len(v) != 64 || (&Field{Pattern: "^[0-9a-f]{64}$"}).judgeSecret(v) != "" {
			t.Errorf("%d characters were made", len(v))
		}
	}
	for _, spec := range []string{"", "hex", "hex:0", "hex:2000", "hex:-1", "utf8:3", "base64:x"} {
		if _, err := generated(spec); err == nil {
			t.Errorf("%q makes a value", spec)
		}
	}
}

// A value that will not do is not kept, so it is told even to somebody who has only added a row.
func TestUntouchedTellsWhatIsNotKept(t *testing.T) {
	tpl, a := secretChart(t)
	r := tpl.Untouched(form("in/key", "hunter2", FormAdd, "in/env"), a)
	if len(r.Errors) != 1 || r.Errors[0].Path != "/key" || find(t, r.View, "in/key").Error == "" {
		t.Errorf("the errors are %v", r.Errors)
	}
	if r := tpl.Untouched(form("in/list/0/name", "x", FormAdd, "in/env"), a); len(r.Errors) > 0 {
		t.Errorf("what is only missing yet is told: %v", r.Errors)
	}
}

// What stands for a value somewhere else is refused in a plain field, where it is seen, and not by what it would
// become of it.
func TestTokensInPlainFields(t *testing.T) {
	tpl, a := secretChart(t)
	token := string(a.Seal("x"))
	for _, typed := range []string{token, "postgres://u:" + token + "@h", string(manifest.Unset)} {
		r := tpl.Decode(form("in/key", hex64, "in/name", typed), a)
		if len(r.Errors) != 1 || r.Errors[0].Path != "/name" || !strings.Contains(r.Errors[0].Message, "only a field for secrets takes it") {
			t.Errorf("%q: %v", typed, r.Errors)
		}
	}
	if r := tpl.Decode(form("in/key", token, "in/name", "slipway-secret-service"), a); len(r.Errors) > 0 {
		t.Errorf("what is right is refused: %v", r.Errors)
	}
}
