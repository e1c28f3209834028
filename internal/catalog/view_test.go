package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// outline writes a view as text, so that a golden file shows what the form is.
func outline(v View) string {
	var b strings.Builder
	for _, s := range v.Sections {
		fmt.Fprintf(&b, "# %s (%s) advanced=%v required=%v errors=%d help=%q summary=%q\n", s.Title, s.ID, s.Advanced, s.Required, s.Errors, s.Help, s.Summary)
		for i := range s.Controls {
			s.Controls[i].each(func(c *Control) {
				f := c.Field
				fmt.Fprintf(&b, "%s%s %s %q = %q on=%v set=%v", strings.Repeat("  ", strings.Count(c.Name, "/")), c.Name, f.Kind, f.Title, c.Value, c.On, c.Set)
				if f.Required {
					b.WriteString(" required")
				}
				if f.Unit != "" {
					fmt.Fprintf(&b, " unit=%s", f.Unit)
				}
				if f.Placeholder != "" {
					fmt.Fprintf(&b, " placeholder=%s", f.Placeholder)
				}
				if c.Error != "" {
					fmt.Fprintf(&b, " error=%q", c.Error)
				}
				for _, o := range f.Options {
					fmt.Fprintf(&b, " %s:%s", o.Value, o.Title)
				}
				b.WriteByte('\n')
			})
		}
	}
	return b.String()
}

func TestView(t *testing.T) {
	every := everyKindTemplate(t)
	set := inputs(t, `{"name": "ab", "count": 0, "labels": {"tier": null, "b": "2", "a": "1"}, "ports": [{"number": 1}], "deep": {"inner": {"flag": true, "a/b~c": "~/"}}, "on": false, "size": 3, "big": 12345678901234567890}`)
	golden(t, "view-every-kind-empty.txt", []byte(outline(every.View(nil, Around{}))))
	golden(t, "view-every-kind-set.txt", []byte(outline(every.View(set, Around{}))))
	golden(t, "view-web-service.txt", []byte(outline(webService(t).View(nil, Around{}))))
	_, v, _ := decoded(webService(t).Decode(form("in/image", "A", "in/env/0/key", "1", FormAdd, "/env"), Around{}))
	golden(t, "view-web-service-errors.txt", []byte(outline(v)))
}

func TestViewGivesTheInputsBack(t *testing.T) {
	for name, tpl := range map[string]*Template{"every": everyKindTemplate(t), "web": webService(t)} {
		all := []string{`{"image": "nginx", "port": 8080, "env": {"A": "", "B": "x"}, "security": {"readOnlyRootFilesystem": false}}`}
		if name == "every" {
			all = []string{
				`{"name": "ab", "count": 0, "labels": {"tier": null, "b": "2"}, "ports": [{"number": 1}], "hosts": [], "big": 12345678901234567890}`,
				`{"name": "ab", "count": 1, "deep": {"inner": {"flag": true, "a/b~c": "x"}}, "on": false, "size": 3, "password": "", "ratio": 0.25}`,
			}
		}
		for _, text := range all {
			want := inputs(t, text)
			got, _, errs := decoded(tpl.Decode(formOf(tpl.View(want, Around{})), Around{}))
			if len(errs) > 0 {
				t.Errorf("%s: %v", text, errs)
			}
			a, _ := json.Marshal(want)
			b, _ := json.Marshal(got)
			if string(a) != string(b) {
				t.Errorf("%s becomes %s", a, b)
			}
		}
	}
}

func TestControlsHaveTheirOwnIDs(t *testing.T) {
	v := everyKindTemplate(t).View(inputs(t, `{"labels": {"a": "1"}, "ports": [{}]}`), Around{})
	seen := map[string]string{}
	for i := range v.Sections {
		for j := range v.Sections[i].Controls {
			v.Sections[i].Controls[j].each(func(c *Control) {
				if other, ok := seen[c.ID]; ok {
					t.Errorf("%s and %s have the id %s", other, c.Name, c.ID)
				}
				seen[c.ID] = c.Name
			})
		}
	}
	if elementID("in/a-b") == elementID("in/a/b") || elementID("in/a_2d_b") == elementID("in/a-b") {
		t.Error("different names give the same id")
	}
}
