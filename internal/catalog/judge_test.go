package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const judgedSchema = `{"type": "object", "properties": {
	"host": {"type": "string", "x-ui-host": true}, "path": {"type": "string", "default": "/"},
	"addresses": {"type": "array", "items": {"type": "object", "properties": {
		"host": {"type": "string", "title": "Host name", "x-ui-host": true}, "paths": {"type": "array", "items": {"type": "string"}}}}},
	"size": {"type": "string", "default": "1Gi", "x-ui-immutable": true, "x-ui-unit": "of storage"},
	"keep": {"type": "boolean", "default": true},
	"claims": {"type": "array", "items": {"type": "object", "properties": {
		"name": {"type": "string"}, "class": {"type": "string", "x-ui-immutable": true}, "mode": {"type": "string", "enum": ["a", "b"], "x-ui-enum-titles": {"a": "One node"}, "default": "a", "x-ui-immutable": true}}}},
	"env": {"type": "object", "title": "Environment", "additionalProperties": {"type": "string"}},
	"secrets": {"type": "object", "additionalProperties": {"type": "string", "x-ui-secret": true}},
	"variables": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}, "key": {"type": "string"}}}},
	"database": {"type": "string"}
}}`

func judged(t *testing.T) *Template {
	t.Helper()
	return loadChart(t, map[string]string{"values.schema.json": judgedSchema, "templates/all.yaml": "", "values.yaml": ""})
}

func said(errs Errors) []string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Path+": "+e.Message)
	}
	return out
}

func TestHostNamesOfTheTeam(t *testing.T) {
	tpl := judged(t)
	for _, tc := range []struct {
		host    string
		domains []string
		says    string
	}{
		{"shop.example.com", nil, ""},
		{"shop.example.com", []string{"example.com"}, ""},
		{"EXAMPLE.com", []string{"example.com"}, ""},
		{"*.example.com", []string{"example.com"}, ""},
		{"", []string{"example.com"}, ""},
		{"badexample.com", []string{"example.com"}, "Take example.com or a name that ends with .example.com"},
		{"com", []string{"example.com"}, "Take example.com"},
		{"example.com.evil.test", []string{"example.com", "example.org"}, "Take example.com or example.org, or a name"},
		{"shop.example.com", []string{}, "no host names yet"},
	} {
		in := Inputs{"host": tc.host, "addresses": []any{map[string]any{"host": tc.host}}}
		errs := tpl.Check(in, Release{App: "app", Domains: tc.domains})
		if tc.says == "" && len(errs) > 0 || tc.says != "" && (len(errs) != 2 || !strings.Contains(errs[0].Message, tc.says) || errs[1].Path != "/addresses/0/host") {
			t.Errorf("%q among %q: %v", tc.host, tc.domains, errs)
		}
	}
	got := tpl.Hosts(inputs(t, `{"host": "a.test", "addresses": [{"host": ""}, {"host": "b.test", "paths": ["/x", "/y"]}]}`))
	want := []HostClaim{{"/host", "Host", "a.test", []string{"/"}}, {"/addresses/1/host", "Addresses, row 2, host name", "b.test", []string{"/x", "/y"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsFixedStays(t *testing.T) {
	tpl := judged(t)
	deployed := inputs(t, `{"claims": [{"name": "data", "class": "fast"}, {"name": "logs"}], "was": 1}`)
	for _, tc := range []struct {
		posted []string
		want   []string
	}{
		{[]string{"in/size", "1Gi", "in/claims/0/name", "logs", "in/claims/1/name", "data", "in/claims/1/class", "fast"}, nil},
		{[]string{"in/claims/0/name", "new", "in/claims/0/class", "slow"}, nil},
		{
			[]string{"in/size", "2Gi", "in/claims/0/name", "logs", "in/claims/0/mode", "b", "in/claims/1/name", "data"},
			[]string{
				"/size: This is fixed once the application exists. Put it back to 1Gi of storage, or make a new application.",
				"/claims/0/mode: This is fixed once the application exists. Put it back to One node, or make a new application.",
				"/claims/1/class: This is fixed once the application exists. Put it back to fast, or make a new application.",
			},
		},
		{[]string{"in/claims/0/name", "data", "in/claims/0/class", "slow"}, []string{"/claims/0/class: This is fixed once the application exists. Put it back to fast, or make a new application."}},
	} {
		r := tpl.Decode(form(tc.posted...), Around{Deployed: deployed})
		if diff := cmp.Diff(tc.want, said(r.Errors)); diff != "" {
			t.Errorf("%q: %s", tc.posted, diff)
		}
		if alone := tpl.Decode(form(tc.posted...), Around{}); len(alone.Errors) > 0 {
			t.Errorf("%q: a new application is held to %v", tc.posted, alone.Errors)
		}
		if len(r.View.Gone) != 1 {
			t.Errorf("what is dropped is %v", r.View.Gone)
		}
	}
}

func TestSlips(t *testing.T) {
	tpl := judged(t)
	secret, inURL, built := "looks like a secret", "password in this address", "when the image is built"
	for _, tc := range []struct{ name, value, says string }{
		{"PORT", "8080", ""},
		{"DB_PASSWORD", "hunter2", secret},
		{"STRIPE_SECRET_KEY", "sk_live_1", secret},
		{"API_TOKEN", "abc", secret},
		{"GITHUB_TOKEN_URL", "https://x", ""},
		{"MAX_TOKENS", "4000", ""},
		{"TOKEN", "on", ""},
		{"STRIPE_PUBLISHABLE_KEY", "pk_1", ""},
		{"TLS_KEY_FILE", "/etc/tls/key", ""},
		{"SECRET_PATH", "/x", ""},
		{"KEYBOARD", "de", ""},
		{"MONKEY", "yes please", ""},
		{"DB_PASSWORD", "", ""},
		{"DATABASE", "postgres://app:hunter2@db/app", inURL},
		{"DATABASE", "postgres://app:$(DB_PASSWORD)@db/app", ""},
		{"DATABASE", "postgres://app@db/app", ""},
		{"DATABASE", "postgres://app:pa%ss@db/app", inURL},
		{"dbPassword", "hunter2", secret},
		{"CERTIFICATE", "-----BEGIN PRIVATE KEY-----", "private key"},
		{"DB_PASSWORD", "$(OTHER)", ""},
		{"SITE", "mail me: a://b or x@y", ""},
		{"NEXT_PUBLIC_API", "https://x", built},
		{"VITE_", "x", ""},
	} {
		in := Inputs{"env": map[string]any{tc.name: tc.value}, "variables": []any{map[string]any{"name": tc.name, "value": tc.value}}}
		got := tpl.Warnings(in, Release{App: "app"})
		want := 2
		if tc.says == "" {
			want = 0
		}
		if len(got) != want || want > 0 && (got[0].Path != "/env/0/value" || got[1].Path != "/variables/0/value" || !strings.Contains(got[0].Message, tc.says)) {
			t.Errorf("%s=%s: %v", tc.name, tc.value, got)
		}
		if len(got) > 0 && tc.says != built && strings.Contains(fmt.Sprint(got), tc.value) {
			t.Errorf("%s: the warning repeats the value: %v", tc.name, got)
		}
	}
	if got := tpl.Warnings(inputs(t, `{"database": "redis://:pw@h", "secrets": {"VITE_KEY": null, "DB_PASSWORD": null}}`), Release{}); len(got) != 2 {
		t.Errorf("the warnings are %v", got)
	}
	r := tpl.Decode(form("in/env/0/key", "A_KEY", "in/env/0/value", "v"), Around{})
	if c := find(t, r.View, "in/env/0/value"); c.Warning == "" || c.Error != "" || len(r.Errors) > 0 || len(r.Warnings) != 1 {
		t.Errorf("the control is %+v, with %v and %v", c, r.Errors, r.Warnings)
	}
}
