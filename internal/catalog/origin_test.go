package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/manifest"
)

// A line leads to the field that decides it, in the row that it is from; a line that the template alone
// writes leads nowhere.
func TestFieldsOf(t *testing.T) {
	cat, err := Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := cat.Newest("application")
	if err != nil || tpl.Broken != nil {
		t.Fatal(err, tpl)
	}
	in := inputs(t, `{"workloads": [
		{"name": "api", "kind": "web", "port": 8080, "image": "registry.example.com/api:1.4", "env": {"MODE": "fast", "LEVEL": "3"}},
		{"name": "admin", "kind": "web", "port": 8080, "image": "registry.example.com/admin:2.0", "env": {"MODE": "fast"}}]}`)
	r := Release{App: "shop"}
	out, err := tpl.Render(t.Context(), in, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ object, line, want string }{
		{"Deployment admin", "image: registry.example.com/admin:2.0", "/workloads/1/image"},
		{"Deployment api", `value: "3"`, "/workloads/0/env/0/value"},
		{"Deployment api", "- name: MODE", "/workloads/0/env/1/key"},
		{"Deployment admin", "value: fast", "/workloads/1/env/0/value"},
		{"Deployment api", "name: api", "/workloads/0/name"},
		{"Deployment api", "spec:", ""},
	} {
		object := slices.IndexFunc(out.Set, func(u manifest.Object) bool { return u.GetKind()+" "+u.GetName() == tc.object })
		if object < 0 {
			t.Fatalf("there is no %s", tc.object)
		}
		text, err := lines(out.Set[object])
		if err != nil {
			t.Fatal(err)
		}
		line := slices.IndexFunc(text, func(l string) bool { return strings.TrimSpace(l) == tc.line })
		got, err := tpl.FieldsOf(t.Context(), in, r, object, line+1)
		if err != nil || line < 0 || (tc.want == "") != (len(got) == 0) || tc.want != "" && got[0] != tc.want {
			t.Errorf("%s, %q (line %d): %v %v, want %s", tc.object, tc.line, line+1, got, err, tc.want)
		}
	}
	for _, at := range [][2]int{{-1, 1}, {len(out.Set), 1}, {0, 0}, {0, 10_000}} {
		if _, err := tpl.FieldsOf(t.Context(), in, r, at[0], at[1]); !errors.Is(err, errNoLine) {
			t.Errorf("%v: %v", at, err)
		}
	}
	var errs Errors
	if _, err := tpl.FieldsOf(t.Context(), inputs(t, `{"workloads": 1}`), r, 0, 1); !errors.As(err, &errs) {
		t.Errorf("inputs that do not fit give %v", err)
	}
}

// Whatever line is asked for, the fields that are named do decide it.
func TestFieldsOfAreTrue(t *testing.T) {
	tpl := webService(t)
	in := inputs(t, `{"image": "nginx:1.2", "port": 8080, "host": "shop.example.com", "env": {"A": "1"}}`)
	out, err := tpl.Render(t.Context(), in, release())
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for object := range out.Set {
		text, err := lines(out.Set[object])
		if err != nil {
			t.Fatal(err)
		}
		for line := 1; line <= len(text); line += 3 {
			paths, err := tpl.FieldsOf(t.Context(), in, release(), object, line)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				named++
				marks, err := tpl.Marks(t.Context(), in, release(), p)
				if err != nil || !slices.Contains(marks, Mark{Object: object, Line: line, Path: p}) {
					t.Errorf("%s does not decide %q: %v", p, text[line-1], err)
				}
			}
		}
	}
	if named < 5 {
		t.Errorf("only %d fields were named", named)
	}
}

// Rows of a map stand in the order in which somebody typed them, and in that of their names in the inputs.
func TestPathsAsPosted(t *testing.T) {
	tpl := webService(t)
	r := tpl.Decode(form("in/image", "a:1", "in/port", "80", "in/env/0/key", "Z", "in/env/0/value", "1", "in/env/3/key", "", "in/env/5/key", "A", "in/env/5/value", "2"), Around{Release: release()})
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	for own, posted := range map[string]string{"/image": "/image", "/env/0/value": "/env/2/value", "/env/1/value": "/env/0/value", "/env/1/key": "/env/0/key", "/none": "/none"} {
		if got := r.Posted(tpl, own); got != posted {
			t.Errorf("%s was posted at %s, not %s", own, posted, got)
		}
		if got := r.Own(tpl, posted); got != own {
			t.Errorf("%s is %s of the inputs, not %s", posted, own, got)
		}
	}
}
