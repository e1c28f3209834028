package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sigsyaml "sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func object(t testing.TB, js string) Object {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON([]byte(js)); err != nil {
		t.Fatal(err)
	}
	return u
}

func configMap(data map[string]any) Object {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "settings"}, "data": data,
	}}
}

func TestYAMLGolden(t *testing.T) {
	deployment := object(t, `{"status":{"replicas":1},"spec":{"replicas":3,"paused":false,"template":{"spec":{"volumes":[{"emptyDir":{},"name":"tmp"}],
		"containers":[{"image":"registry/api:9c41e7d","name":"api","args":["-c","8080","--on"],"env":[],"command":null,"resources":{"limits":{"cpu":1,"share":0.5}},
		"ports":[{"containerPort":8080,"name":"http"}]}]}},"matrix":[[1,2],[[]],["a"]]},
		"metadata":{"labels":{"app.kubernetes.io/name":"api","on":"yes"},"namespace":"pay","name":"api"},"kind":"Deployment","apiVersion":"apps/v1"}`)
	texts := configMap(map[string]any{
		"nginx.conf": "location / {\n  return 301 https://$host$request_uri;\n}\n",
		"variable":   "$request_uri", "keep": "a\n\n\nb\n\n", "strip": "a\nb",
		"trailing": "a  \nb \n", "blank-end": "a\nb ", "leading": "  a\nb", "empty-first": "\na",
		"true": "true", "port": "8080", "exp": "1e3", "on": "on", "hex": "0x10", "octal": "0777", "octal2": "0o17", "binary": "0b1",
		"time": "10:30", "date": "2026-11-21", "version": "1.2.3", "ip": "127.0.0.1", "empty": "", "null": "null", "tilde": "~",
		"dash": "-", "flag": "--verbose", "colon": "a: b", "url": "http://x:80/?a=b#c", "hash": "a #b", "comma": "a, b", "star": "*",
		"quote": `say "hi"`, "backslash": `C:\x`, "single": "it's", "both": `it's "so"`, "tab": "a\tb", "crlf": "a\r\nb\r\n",
		"unicode": "Größe 東京 🚀", "bidi": "a\u202eb", "nbsp": "a\u00a0b", "joiner": "a\u200db", "space": " a ", "percent": "%x", "at": "@x", "merge": "<<",
		"inf": ".inf", "underscore": "1_000", "range": "1e999", "commit": "123e4567", "documents": "---\na: b\n---\n",
	})
	got, err := Set{deployment, texts}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "canonical.yaml", got)
	assertRoundTrip(t, Set{deployment, texts})
}

// assertRoundTrip proves that the canonical form means the same to Decode and to Kubernetes' tools.
func assertRoundTrip(t testing.TB, set Set) {
	t.Helper()
	text, err := set.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(jsonOf(t, set), jsonOf(t, back)); d != "" {
		t.Fatalf("decoded (-want +got):\n%s\n%s", d, text)
	}
	for _, o := range set {
		doc, err := YAML(o)
		if err != nil {
			t.Fatal(err)
		}
		var theirs map[string]any
		if err := sigsyaml.UnmarshalStrict(doc, &theirs); err != nil {
			t.Fatalf("sigs.k8s.io/yaml: %v\n%s", err, doc)
		}
		if d := cmp.Diff(jsonText(t, o.Object), jsonText(t, theirs)); d != "" {
			t.Fatalf("sigs.k8s.io/yaml (-want +got):\n%s\n%s", d, doc)
		}
	}
}

func jsonOf(t testing.TB, set Set) []string {
	out := make([]string, len(set))
	for i, o := range set {
		out[i] = jsonText(t, o.Object)
	}
	return out
}

func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestYAMLRefuses(t *testing.T) {
	deep := any("x")
	for range DepthLimit + 1 {
		deep = []any{deep}
	}
	tests := map[string]struct {
		o    Object
		want error
	}{
		"NUL":       {configMap(map[string]any{"a": "x\x00y"}), ErrNotText},
		"NUL key":   {configMap(map[string]any{"\x00": "x"}), ErrNotText},
		"not UTF-8": {configMap(map[string]any{"a": "x\xff\ny"}), ErrNotText},
		"deep":      {configMap(map[string]any{"a": deep}), ErrTooDeep},
		"long key":  {configMap(map[string]any{strings.Repeat("k", 2000): "x"}), nil},
		"channel":   {configMap(map[string]any{"a": make(chan int)}), nil},
		"nil":       {nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := YAML(tt.o)
			if err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzYAMLText(f *testing.F) {
	for _, s := range []string{"", "on", "1e3", "a\nb", " a\n b\n", "a\n \nb", "\t\n", "|", "? a", "a: b", "- a", "\u2028", "\ufeffa", "0_1", "+.inf", "1:30", "é\n", "...", "a\n...\n", "a\n\n", "\U000e0001"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, k, v string) {
		o := configMap(map[string]any{"k": v, "list": []any{v, []any{v}, map[string]any{"a": v, "b": v}}, k: v})
		if _, err := YAML(o); err != nil {
			if isText(k) && isText(v) && len(k) < 150 {
				t.Fatalf("%q, %q: %v", k, v, err)
			}
			return
		}
		assertRoundTrip(t, Set{o})
	})
}

func BenchmarkYAML(b *testing.B) {
	items := make([]any, 500)
	for i := range items {
		items[i] = map[string]any{"name": "api", "image": "registry/api:1", "port": int64(8080)}
	}
	o := configMap(map[string]any{"items": items})
	for b.Loop() {
		if _, err := YAML(o); err != nil {
			b.Fatal(err)
		}
	}
}
