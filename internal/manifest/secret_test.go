package manifest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var here = Place{Cluster: "local", Namespace: "shop"}

func newSealer(t *testing.T) *Sealer {
	t.Helper()
	s, err := NewSealer([]byte(strings.Repeat("k", MinSealerKey)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeal(t *testing.T) {
	s := newSealer(t)
	one := s.Seal(here, "value")
	if !IsToken(string(one)) || !one.Stands() || len(one.Short()) != 20 {
		t.Fatalf("%q is no token", one)
	}
	if again := s.Seal(here, "value"); again != one {
		t.Error("the same value has two tokens")
	}
	others := map[string]Token{
		"another value":     s.Seal(here, "value "),
		"another namespace": s.Seal(Place{"local", "shop2"}, "value"),
		"another cluster":   s.Seal(Place{"other", "shop"}, "value"),
		"a shifted border":  s.Seal(Place{"locals", "hop"}, "value"),
		"a longer name":     s.Seal(Place{"local", "shopv"}, "alue"),
		"no value":          s.Seal(here, ""),
	}
	for what, token := range others {
		if token == one {
			t.Errorf("%s has the same token", what)
		}
	}
	key, err := NewSealer([]byte(strings.Repeat("x", MinSealerKey)))
	if err != nil || key.Seal(here, "value") == one {
		t.Errorf("another key gives the same token, %v", err)
	}
	if _, err := NewSealer(make([]byte, MinSealerKey-1)); err == nil {
		t.Error("a short key is taken")
	}
}

func TestIsToken(t *testing.T) {
	for text, want := range map[string]bool{
		string(Unset): true, Empty: false, "": false, "slipway-secret-": false,
		tokenPrefix + strings.Repeat("a", 52): true, tokenPrefix + strings.Repeat("a", 51): false,
		tokenPrefix + strings.Repeat("A", 52): false, tokenPrefix + strings.Repeat("1", 52): false,
		" " + string(Unset): false, string(Unset) + "\n": false,
	} {
		if got := IsToken(text); got != want {
			t.Errorf("IsToken(%q) is %t", text, got)
		}
	}
	if Unset.Stands() || Unset.Short() != "" {
		t.Error("Unset stands for a value")
	}
}

// Whatever somebody does with values by mistake, they are not written.
func TestSecretsAreNotWritten(t *testing.T) {
	const value = "h2-very-secret"
	s := Secrets{Unset: value}
	raw, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secrets", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secrets", s, "in", []any{s})
	texts := []string{string(raw), log.String(), s.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, struct{ S Secrets }{s}), fmt.Sprintf(verb, &s))
	}
	for _, text := range texts {
		if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("the value stands in %q", text)
		}
	}
}

func secretOf(kind string, data, stringData map[string]any) Object {
	o := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"}}
	if kind != "" {
		o["type"] = kind
	}
	if data != nil {
		o["data"] = data
	}
	if stringData != nil {
		o["stringData"] = stringData
	}
	return &unstructured.Unstructured{Object: o}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestUnseal(t *testing.T) {
	s := newSealer(t)
	values := Secrets{}
	token := func(v string) string {
		k := s.Seal(here, v)
		values[k] = v
		return string(k)
	}
	tests := []struct {
		name              string
		in                Object
		field, key, value string
	}{
		{"whole", secretOf("", nil, map[string]any{"A": token("a b")}), "stringData", "A", "a b"},
		{"within", secretOf("", nil, map[string]any{"URL": "postgres://u:" + token("p") + "@h/" + token("q")}), "stringData", "URL", "postgres://u:p@h/q"},
		{"base64", secretOf("", map[string]any{"A": b64(token("x\n\x00\xff"))}, nil), "data", "A", b64("x\n\x00\xff")},
		{"bytes that are no text", secretOf("", nil, map[string]any{"A": token("\x8d\x00")}), "data", "A", b64("\x8d\x00")},
		{"newlines", secretOf("", nil, map[string]any{"key.pem": token("-----BEGIN\n\nEND-----\n")}), "stringData", "key.pem", "-----BEGIN\n\nEND-----\n"},
		{"empty", secretOf("", nil, map[string]any{"A": ""}), "stringData", "A", ""},
		{"a value that looks like a token", secretOf("", nil, map[string]any{"A": token(string(Unset))}), "stringData", "A", string(Unset)},
		{
			"a login with quotes",
			secretOf(dockerConfig, nil, map[string]any{dockerConfigKey: `{"auths":{"r.example.com":{"username":"u","password":"` + token(`q"\<&>`) + `"}}}`}),
			"stringData", dockerConfigKey, `{"auths":{"r.example.com":{"password":"q\"\\<&>","username":"u"}}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := fmt.Sprint(tt.in.Object)
			out, err := Unseal(tt.in, values)
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := unstructured.NestedString(out.Object, tt.field, tt.key)
			if got != tt.value {
				t.Errorf("%s.%s is %q, want %q", tt.field, tt.key, got, tt.value)
			}
			if fmt.Sprint(tt.in.Object) != before {
				t.Error("the object itself was changed")
			}
		})
	}
}

func TestUnsealRefuses(t *testing.T) {
	known := string(newSealer(t).Seal(here, "v"))
	tests := []struct {
		name string
		in   Object
		says string
	}{
		{"no value", secretOf("", nil, map[string]any{"A": known}), "no longer there"},
		{"unset", secretOf("", nil, map[string]any{"A": string(Unset)}), "has no value yet"},
		{"a login that is no JSON", secretOf(dockerConfig, nil, map[string]any{dockerConfigKey: known}), "not JSON"},
		{"not base64", secretOf("", map[string]any{"A": "%"}, nil), "not base64"},
		{"a number", secretOf("", nil, map[string]any{"A": int64(1)}), "not a text"},
		{"no map", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "data": "x"}}, "not a map"},
		{"an annotation", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"annotations": map[string]any{"x": known}}}}, "metadata.annotations.x"},
		{"another kind", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"A": "x" + known}}}, "data.A"},
		{"base64 in another kind", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "binaryData": map[string]any{"A": b64(known)}}}, "binaryData.A"},
		{"another group's Secret", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "x.example.com/v1", "kind": "Secret", "data": map[string]any{"A": known}}}, "data.A"},
		{"a key", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{known: "A"}}}, "data."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Unseal(tt.in, Secrets{})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("the error is %v, want one that says %q", err, tt.says)
			}
		})
	}
	var missing *MissingValue
	_, err := Unseal(secretOf("", nil, map[string]any{"A": string(Unset)}), Secrets{Unset: "x"})
	if !errors.As(err, &missing) || missing.Key != "A" || missing.Token != Unset {
		t.Errorf("Unset was given a value: %v", err)
	}
}

func TestTokensAndLiterals(t *testing.T) {
	one, two := string(newSealer(t).Seal(here, "1")), string(newSealer(t).Seal(here, "2"))
	u := secretOf("", map[string]any{"B": b64(one + two)}, map[string]any{"A": "x" + one, "C": ""})
	if got := Tokens(u); len(got) != 2 {
		t.Errorf("the tokens are %v", got)
	}
	if key, found := Literal(u); found {
		t.Errorf("%s is taken for a literal", key)
	}
	if key, found := Literal(secretOf("", nil, map[string]any{"A": "x" + one, "PLAIN": "text"})); !found || key != "PLAIN" {
		t.Errorf("the literal is %q, %t", key, found)
	}
}

func TestPlaceholders(t *testing.T) {
	one := string(newSealer(t).Seal(here, "1"))
	out, err := Placeholders(secretOf("", map[string]any{"tls.key": b64(string(Unset))}, map[string]any{"db_url": "postgres://u:" + one + "@h", "NONE": ""}))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(out.Object["data"], out.Object["stringData"])
	if want := "map[tls.key:" + b64("REPLACE_WITH_TLS_KEY") + "] map[NONE: db_url:postgres://u:REPLACE_WITH_DB_URL@h]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzUnseal(f *testing.F) {
	f.Add("v", "x", "kubernetes.io/dockerconfigjson", ".dockerconfigjson")
	f.Add(`q"`, `{"a":`, "", "A")
	f.Add("\x8d", "0", "", "0")
	f.Fuzz(func(t *testing.T, value, around, kind, key string) {
		s, err := NewSealer([]byte(strings.Repeat("k", MinSealerKey)))
		if err != nil {
			t.Fatal(err)
		}
		token := s.Seal(here, value)
		for _, text := range []string{string(token), around + string(token) + around} {
			out, err := Unseal(secretOf(kind, nil, map[string]any{key: text}), Secrets{token: value})
			if err != nil {
				continue
			}
			got, plain, _ := unstructured.NestedString(out.Object, "stringData", key)
			if !plain { // bytes that are no text stand in data
				encoded, _, _ := unstructured.NestedString(out.Object, "data", key)
				raw, err := base64.StdEncoding.DecodeString(encoded)
				if err != nil {
					t.Fatal(err)
				}
				got = string(raw)
			}
			if kind != dockerConfig && key != dockerConfigKey && text == string(token) && got != value {
				t.Errorf("a whole value is %q, was %q", got, value)
			}
		}
	})
}

// What a person has to replace can be found by searching, and what is no text stays as it was.
func TestStringData(t *testing.T) {
	set, err := Decode(strings.NewReader(`{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {
		"KEY": "` + b64("REPLACE_WITH_KEY") + `", "EMPTY": "", "bytes": "/w=="}, "stringData": {"OTHER": "x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	u := StringData(set[0])
	if got, want := fmt.Sprint(u.Object["data"], u.Object["stringData"]), "map[EMPTY: bytes:/w==] map[KEY:REPLACE_WITH_KEY OTHER:x]"; got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if fmt.Sprint(set[0].Object["stringData"]) != "map[OTHER:x]" {
		t.Error("the object itself was changed")
	}
}
