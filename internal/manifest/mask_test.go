package manifest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func secret(data, stringData map[string]any) map[string]any {
	m := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"}}
	if data != nil {
		m["data"] = data
	}
	if stringData != nil {
		m["stringData"] = stringData
	}
	return m
}

func of(m map[string]any) Object { return &unstructured.Unstructured{Object: m} }

func TestMaskPair(t *testing.T) {
	before := of(secret(map[string]any{"same": "QQ==", "differs": "QQ==", "goes": "QQ=="}, nil))
	after := of(secret(map[string]any{"same": "QQ==", "differs": "Qg==", "comes": "Qg=="}, nil))
	b, a := MaskPair(before, after)
	wantBefore := map[string]any{"same": Hidden, "differs": HiddenBefore, "goes": Hidden}
	wantAfter := map[string]any{"same": Hidden, "differs": HiddenChanged, "comes": Hidden}
	if d := cmp.Diff(wantBefore, b.Object["data"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantAfter, a.Object["data"]); d != "" {
		t.Error(d)
	}
	if before.Object["data"].(map[string]any)["same"] != "QQ==" {
		t.Error("the original was masked")
	}
	if b2, a2 := MaskPair(b, a); cmp.Diff(b, b2) != "" || cmp.Diff(a, a2) != "" {
		t.Error("masking twice is not the same as once")
	}
	fields := Fields(before, after)
	want := []FieldChange{
		{Path: ".data.comes", To: Hidden, Op: Create},
		{Path: ".data.differs", From: HiddenBefore, To: HiddenChanged, Op: Change},
		{Path: ".data.goes", From: Hidden, Op: Delete},
	}
	if d := cmp.Diff(want, fields); d != "" {
		t.Error(d)
	}
}

func TestMaskShapes(t *testing.T) {
	value := "hunter2hunter2"
	lastApplied := secret(map[string]any{"a": value}, nil)
	lastApplied["metadata"].(map[string]any)["annotations"] = map[string]any{annotationLastApplied: `{"data":"` + value + `"}`, "keep": "this"}
	typeless := map[string]any{"metadata": map[string]any{"name": "x"}, "data": map[string]any{"a": value}}
	tests := map[string]map[string]any{
		"data":         secret(map[string]any{"a": value}, nil),
		"stringData":   secret(nil, map[string]any{"a": value}),
		"no map":       {"kind": "Secret", "data": value},
		"list":         {"kind": "Secret", "data": []any{value}},
		"nested":       secret(map[string]any{"a": map[string]any{"b": value}}, nil),
		"last applied": lastApplied,
		"List":         {"kind": "List", "items": []any{secret(map[string]any{"a": value}, nil), map[string]any{"kind": "List", "items": []any{secret(nil, map[string]any{"a": value})}}}},
		"SecretList":   {"kind": "SecretList", "items": []any{typeless}},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := json.Marshal(Mask(of(m)).Object)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(out), value) {
				t.Errorf("the value is still there: %s", out)
			}
			if !strings.Contains(string(out), Hidden) {
				t.Errorf("nothing was masked: %s", out)
			}
			if got := MaskText("cannot take "+value+" here", of(m)); name != "last applied" && name != "no map" && strings.Contains(got, value) {
				t.Errorf("text: %s", got)
			}
		})
	}
	if cm := configMap(map[string]any{"a": value}); Mask(cm) != cm {
		t.Error("an object without secrets was copied")
	}
	if Mask(nil) != nil {
		t.Error("nothing became something")
	}
}

func TestMaskText(t *testing.T) {
	s := of(secret(map[string]any{"pem": base64.StdEncoding.EncodeToString([]byte("-----BEGIN KEY-----\nMIIBOgIBAAJB\nAKj34GkxFhD9\n-----END KEY-----\n")), "pin": "MTI="}, map[string]any{"password": `pa"ss word`, "empty": ""}))
	tests := map[string]string{
		"quota exceeded":                               "quota exceeded",
		`value pa"ss word is bad`:                      "value (hidden) is bad",
		`value "pa\"ss word" is bad`:                   `value "(hidden)" is bad`,
		"line AKj34GkxFhD9 is bad":                     "line (hidden) is bad",
		"the pin 12 is bad":                            HiddenText,
		"the pin 123 is bad":                           "the pin 123 is bad",
		"bytes [112 97 34 115 115 32 119 111 114 100]": "bytes [(hidden)]",
		"in base64 cGEic3Mgd29yZA== it":                "in base64 (hidden) it",
	}
	for in, want := range tests {
		if got := MaskText(in, s); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := MaskText("a 12 b", nil); got != "a 12 b" {
		t.Error(got)
	}
	if got := MaskText("hunter2", configMap(map[string]any{"a": "hunter2"})); got != "hunter2" {
		t.Error("a ConfigMap's value was hidden")
	}
}

// No value of any Secret, in clear or in base64, is in anything that is made for people.
func TestNoValueLeaks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \n\t\"'\\{}<>&:é東🚀")
	random := func() string {
		r := make([]rune, 8+rnd.IntN(60))
		for i := range r {
			r[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(r)
	}
	for range 500 {
		var values []string
		make1 := func() Object {
			data, text := map[string]any{}, map[string]any{}
			for i := range 3 {
				v, w := random(), random()
				values = append(values, v, base64.StdEncoding.EncodeToString([]byte(v)), w, base64.StdEncoding.EncodeToString([]byte(w)))
				data[fmt.Sprint("k", i)] = base64.StdEncoding.EncodeToString([]byte(v))
				text[fmt.Sprint("k", i)] = w
			}
			o := of(secret(data, text))
			o.SetAnnotations(map[string]string{annotationLastApplied: jsonText(t, o.Object)})
			return o
		}
		before, after := make1(), make1()
		b, a := MaskPair(before, after)
		var out strings.Builder
		for _, o := range []Object{b, a, Mask(before)} {
			doc, err := YAML(o)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(doc)
		}
		fmt.Fprint(&out, Fields(before, after))
		out.WriteString(MaskText(fmt.Sprintf("%v %+q %s", before.Object, before.Object, jsonText(t, before.Object)), before))
		for _, v := range values {
			if strings.Contains(out.String(), v) {
				t.Fatalf("%q is in\n%s", v, out.String())
			}
		}
	}
}

func TestClean(t *testing.T) {
	o := object(t, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","uid":"u","resourceVersion":"1","generation":2,"creationTimestamp":"2026-11-21T00:00:00Z","selfLink":"/x",
		"managedFields":[{"manager":"slipway"}],"annotations":{"deployment.kubernetes.io/revision":"3","kubectl.kubernetes.io/last-applied-configuration":"{}"},"labels":{"x":"z"}},
		"spec":{"template":{"metadata":{"creationTimestamp":null,"labels":{"x":"z"}}}},"status":{"replicas":1}}`)
	got := Clean(o)
	want := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"x":"z"},"name":"a"},"spec":{"template":{"metadata":{"labels":{"x":"z"}}}}}`
	if d := cmp.Diff(want, jsonText(t, got.Object)); d != "" {
		t.Error(d)
	}
	if o.GetUID() != "u" || o.Object["status"] == nil {
		t.Error("the original was cleaned")
	}
	o.SetAnnotations(map[string]string{"deployment.kubernetes.io/revision": "3", "mine": "m"})
	if d := cmp.Diff(map[string]string{"mine": "m"}, Clean(o).GetAnnotations()); d != "" {
		t.Error(d)
	}
}
