package catalog

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestReplaceHost(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"api.example.com":                       "NEW",
		"https://API.example.COM:8443/a?b":      "https://NEW:8443/a?b",
		"api.example.com,api.example.com":       "NEW,NEW",
		"See api.example.com. Or not.":          "See NEW. Or not.",
		"the last is api.example.com.":          "the last is NEW.",
		"my-api.example.com":                    "my-api.example.com",
		"x.api.example.com":                     "x.api.example.com",
		"api.example.com.eu":                    "api.example.com.eu",
		"api.example.company":                   "api.example.company",
		"api.example.com-old":                   "api.example.com-old",
		"me@api.example.com\n\xff\x00 İ end":    "me@NEW\n\xff\x00 İ end",
		"api.example.comapi.example.com":        "api.example.comapi.example.com",
		"location ~ ^/x { proxy $request_uri }": "location ~ ^/x { proxy $request_uri }",
	} {
		if got := replaceHost(in, "Api.example.com", "NEW"); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzReplaceHost(f *testing.F) {
	f.Add("https://api.example.com", "api.example.com", "a.b")
	f.Add("a.a.a", "a", "aa")
	f.Fuzz(func(t *testing.T, s, from, to string) {
		if got := replaceHost(s, from, from); len(from) == 0 && got != s || asciiLower(got) != asciiLower(s) {
			t.Errorf("%q becomes %q by its own name", s, got)
		}
		if got := replaceHost(s, from, to); !strings.Contains(asciiLower(s), asciiLower(from)) && got != s {
			t.Errorf("%q without %q becomes %q", s, from, got)
		}
	})
}

func TestRehost(t *testing.T) {
	all, err := Open(fstest.MapFS{
		"web/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
		"web/values.yaml": {Data: []byte("{}\n")},
		"web/values.schema.json": {Data: []byte(`{"type": "object", "properties": {
			"host": {"type": "string", "x-ui-host": true},
			"hosts": {"type": "array", "items": {"type": "object", "properties": {"host": {"type": "string", "x-ui-host": true}, "path": {"type": "string"}}}},
			"mode": {"type": "string", "enum": ["api.example.com", "other"]},
			"token": {"type": "string", "x-ui-secret": true},
			"env": {"type": "object", "additionalProperties": {"type": "string"}},
			"replicas": {"type": "integer"}}}`)},
		"web/templates/a.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	web, err := all.Newest("web")
	if err != nil {
		t.Fatal(err)
	}
	in := Inputs{
		"host": "api.example.com", "hosts": []any{map[string]any{"host": "API.example.com", "path": "/v1"}, map[string]any{"host": "*.example.org", "path": ""}},
		"mode": "api.example.com", "token": "api.example.com", "replicas": int64(2), "unknown": "api.example.com",
		"env": map[string]any{"URL": "https://api.example.com/x", "OTHER": "https://my.api.example.com", "LIST": "api.example.com,*.example.org"},
	}
	before := cmp.Diff(in, Inputs{})
	var asked []string
	out, hosts, texts := web.Rehost(in, func(host string) string {
		asked = append(asked, host)
		return map[string]string{"api.example.com": "copy.preview.test"}[host]
	})
	if !slices.Equal(asked, []string{"api.example.com", "*.example.org"}) || texts != 2 {
		t.Errorf("asked for %q, %d texts", asked, texts)
	}
	if diff := cmp.Diff([]Rehosted{{"api.example.com", "copy.preview.test"}, {"*.example.org", ""}}, hosts); diff != "" {
		t.Error(diff)
	}
	want := Inputs{
		"host": "copy.preview.test", "hosts": []any{map[string]any{"host": "copy.preview.test", "path": "/v1"}, map[string]any{"host": "", "path": ""}},
		"mode": "api.example.com", "token": "api.example.com", "replicas": int64(2), "unknown": "api.example.com",
		"env": map[string]any{"URL": "https://copy.preview.test/x", "OTHER": "https://my.api.example.com", "LIST": "copy.preview.test,*.example.org"},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	if cmp.Diff(in, Inputs{}) != before {
		t.Error("the inputs were changed")
	}
}
