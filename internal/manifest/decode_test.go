package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"
)

const cm = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string // names
	}{
		"nothing":        {"", nil},
		"only comments":  {"# a\n---\n# b\n", nil},
		"two":            {cm + "a\n---\n" + cm + "b\n", []string{"a", "b"}},
		"content at ---": {"--- {apiVersion: v1, kind: X, metadata: {name: a}}\n", []string{"a"}},
		"document end":   {cm + "a\n...\n---\n" + cm + "b\n", []string{"a", "b"}},
		"list":           {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: X, metadata: {name: a}}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: X, metadata: {name: b}}]}\n", []string{"a", "b"}},
		"empty list":     {"apiVersion: v1\nkind: List\n", nil},
		"JSON":           {`{"apiVersion":"v1","kind":"X","metadata":{"name":"a","labels":{"e":"\ud83d\ude80"}}}` + "\n" + `{"apiVersion":"v1","kind":"X","metadata":{"name":"b"}}`, []string{"a", "b"}},
		"flow":           {"{apiVersion: v1, kind: X, metadata: {name: a}}", []string{"a"}},
		"alias":          {cm + "a\n  labels: &l {x: w}\n  annotations: *l\n", []string{"a"}},
		"merge":          {cm + "a\n  labels: &l {x: w}\n  annotations:\n    <<: *l\n    z: a\n", []string{"a"}},
		"same name":      {cm + "a\n  namespace: n1\n---\n" + cm + "a\n  namespace: n2\n", []string{"a", "a"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			set, err := Decode(strings.NewReader(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range set {
				got = append(got, o.GetName())
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := cm + "a\ndata: " + strings.Repeat("[", 200) + strings.Repeat("]", 200)
	bomb := cm + "a\nx0: &x0 [1,1,1,1,1,1,1,1,1,1]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("x%d: &x%d [%s*x%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d,", i), 9), i)
	}
	var many strings.Builder
	for i := range ObjectLimit + 1 {
		fmt.Fprintf(&many, "---\n%sn%d\n", cm, i)
	}
	tests := map[string]struct{ in, want string }{
		"duplicate key":      {cm + "a\n---\n" + cm + "b\n  name: c\n", `document 2, line 10: the key "name" stands twice`},
		"duplicate JSON key": {"{\"apiVersion\":\"v1\",\n\"kind\":\"X\",\n\"kind\":\"Y\"}", `document 1, line 3: the key "kind" stands twice`},
		"no kind":            {"# x\n\napiVersion: v1\n", "document 1, line 3: kind is missing"},
		"no apiVersion":      {"kind: X\n", "document 1, line 1: apiVersion is missing"},
		"bad apiVersion":     {"apiVersion: a/b/c\nkind: X\nmetadata: {name: a}", "document 1, line 1: apiVersion is \"a/b/c\"; it should look like “v1” or “apps/v1”"},
		"number as kind":     {"apiVersion: v1\nkind: 5\n", "document 1, line 1: kind is not text; put it in quotes"},
		"no metadata":        {"apiVersion: v1\nkind: X\n", "document 1, line 1: metadata is missing, or has no fields"},
		"no name":            {"apiVersion: v1\nkind: X\nmetadata: {generateName: a-}\n", "document 1, line 1: metadata.name is missing"},
		"label":              {cm + "a\n  labels: {x: true}\n", `document 1, line 1: metadata.labels["x"] is not text; put its value in quotes`},
		"text":               {"hello\n", "document 1, line 1: this is not an object: it has no fields such as apiVersion and kind"},
		"list":               {"- a\n", "document 1, line 1: this is not an object: it has no fields such as apiVersion and kind"},
		"item":               {"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: X, metadata: {name: a}}, 5]\n", "document 1, line 1: item 2: this is not an object: it has no fields such as apiVersion and kind"},
		"items":              {"apiVersion: v1\nkind: List\nitems: 5\n", "document 1, line 1: items is not a list"},
		"twice":              {cm + "a\n---\n" + cm + "a\n", "document 2, line 6: ConfigMap a stands here twice; it is in the document that begins at line 1 too"},
		"syntax":             {"a: b\nc: [\n", "document 1, line 2: this is not YAML: did not find expected node content"},
		"tag":                {cm + "a\ndata: {x: !!binary aGk=}\n", "document 1, line 5: the tag !!binary is not known here"},
		"big number":         {cm + "a\ndata: {x: 99999999999999999999999999e999}\n", ""},
		"uint64":             {cm + "a\ndata: {x: 18446744073709551615}\n", "document 1, line 5: the number 18446744073709551615 is too large, or not a number in JSON; put it in quotes if it is text"},
		"NaN":                {cm + "a\ndata: {x: .nan}\n", "document 1, line 5: the number .nan is too large, or not a number in JSON; put it in quotes if it is text"},
		"NUL":                {cm + "a\n\x00", "document 1, line 5: the text holds a NUL or is not UTF-8"},
		"escaped NUL":        {cm + "a\ndata: {x: \"\\0\"}\n", "document 1, line 5: a text holds a NUL"},
		"UTF-8":              {cm + "a\nb: \xff", "document 1, line 5: the text holds a NUL or is not UTF-8"},
		"deep":               {deep, "document 1, line 5: it is nested more than 100 levels deep"},
		"bomb":               {bomb, "document 1, line 5: its aliases stand for more than 100000 values"},
		"self":               {cm + "a\nx: &x [*x]\n", "document 1, line 5: it is nested more than 100 levels deep"},
		"many":               {many.String(), "document 501, line 2502: there are more than 500 objects"},
		"large":              {strings.Repeat(" ", SizeLimit+1), "document 1: the text is larger than 4 MiB"},
		"trailing JSON":      {`{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}} x`, "document 2: this is not YAML: did not find expected <document start>"},
		"merge of text":      {cm + "a\n<<: b\n", "document 1, line 5: “<<” takes a map, or a list of maps"},
		"map as key":         {cm + "a\n{a: b}: c\n", "document 1, line 5: a key is not text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(strings.NewReader(tt.in))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What a plain scalar means is what Kubernetes' tools take it for, oddities included.
func TestDecodeMeansWhatKubernetesMeans(t *testing.T) {
	for _, s := range []string{"on", "Off", "y", "N", "yes", "TRUE", "tRUE", "~", "null", "1", "-1", "+1", "0777", "0o17", "0x1F", "0b101", "-0b1", "1_000", "1e3", "1.0", "1.5", ".5", "1.", "5.e3",
		"089", "1:30", "2026-11-21", "2026-11-21T10:00:00Z", "1.2.3", "100m", "=", "-", "--a", "1e400", "1e21", "123456789012345680000.5", "0.1", "- a", "a:b", "'on'", "\"8080\"", "!!str 5", "_1", "._1", "+", "."} {
		text := cm + "a\nv: " + s + "\n"
		set, err := Decode(strings.NewReader(text))
		var theirs map[string]any
		theirErr := sigsyaml.UnmarshalStrict([]byte(text), &theirs)
		if err != nil || theirErr != nil {
			if (err == nil) != (theirErr == nil) {
				t.Errorf("%s: %v, but %v", s, err, theirErr)
			}
			continue
		}
		if got, want := jsonText(t, set[0].Object["v"]), jsonText(t, theirs["v"]); got != want {
			t.Errorf("%s: got %s, want %s", s, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", cm + "a\n", cm + "a\n---\n" + cm + "b\ndata:\n  x: |\n    a\n    b\n", `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"n":1e3}`,
		"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: X, metadata: {name: a}}]", cm + "a\nx: &x {a: b}\ny: *x\nz: {<<: *x}\n", "a: !!binary x", "? [a]\n: b", "%YAML 1.1\n---\n" + cm + "a", "\xff", "{{", "&a *a", cm + "a\nx: [1, 0x10, 1e3, .5, on, ~, 1_0]\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		set, err := Decode(bytes.NewReader(in))
		if err != nil {
			return
		}
		if _, err := set.YAML(); err != nil {
			return // a key too long
		}
		assertRoundTrip(t, set)
	})
}
