package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func form(pairs ...string) Form {
	f := Form{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

func TestDecodeReadsWhatWasTyped(t *testing.T) {
	tpl := everyKindTemplate(t)
	for name, tc := range map[string]struct {
		form   Form
		inputs string
		errs   []string // "path: message"
	}{
		"least":                           {form("in/name", "ab", "in/count", "0"), `{"name": "ab", "count": 0}`, nil},
		"nothing":                         {form(), `{}`, []string{"/count: Write a whole number such as 3.", "/name: Write a name."}},
		"empty texts":                     {form("in/name", "", "in/count", " "), `{}`, []string{"/count: Write a whole number such as 3.", "/name: Write a name."}},
		"other names are not ours":        {form("in/name", "ab", "in/count", "1", "name", "x", "_do", "plan"), `{"name": "ab", "count": 1}`, nil},
		"a text stays a text":             {form("in/name", "true", "in/count", "1"), `{"name": "true", "count": 1}`, nil},
		"spaces and markup stay":          {form("in/name", " <b> ", "in/count", "1"), `{"name": " <b> ", "count": 1}`, nil},
		"numbers as people type them":     {form("in/name", "ab", "in/count", " +007 ", "in/ratio", "1.50"), `{"name": "ab", "count": 7, "ratio": 1.5}`, nil},
		"whole as decimal":                {form("in/name", "ab", "in/count", "2.0"), `{"name": "ab", "count": 2}`, nil},
		"big numbers are exact":           {form("in/name", "ab", "in/count", "1", "in/big", "9007199254740993123"), `{"name": "ab", "count": 1, "big": 9007199254740993123}`, nil},
		"no exponents":                    {form("in/name", "ab", "in/count", "1e999999999"), `{"name": "ab"}`, []string{"/count: Write a whole number such as 3."}},
		"not whole":                       {form("in/name", "ab", "in/count", "1.5"), `{"name": "ab"}`, []string{"/count: Write a whole number such as 3."}},
		"limits":                          {form("in/name", "abcdef", "in/count", "-1", "in/ratio", "2.5"), `{"name": "abcdef", "count": -1, "ratio": 2.5}`, []string{"/count: Take 0 or more.", "/name: Take 5 characters or fewer.", "/ratio: Take 2 or less."}},
		"multiple":                        {form("in/name", "ab", "in/count", "1", "in/ratio", "0.3"), `{"name": "ab", "count": 1, "ratio": 0.3}`, []string{"/ratio: Take a multiple of 0.25."}},
		"not a number":                    {form("in/name", "ab", "in/count", "1", "in/ratio", "NaN"), `{"name": "ab", "count": 1}`, []string{"/ratio: Write a number from -1 to 2."}},
		"lines end with LF":               {form("in/name", "ab", "in/count", "1", "in/notes", "a\r\nb"), `{"name": "ab", "count": 1, "notes": "a\nb"}`, nil},
		"switch on is the default":        {form("in/name", "ab", "in/count", "1", "in/on", "false", "in/on", "true"), `{"name": "ab", "count": 1}`, nil},
		"switch off":                      {form("in/name", "ab", "in/count", "1", "in/on", "false", "in/off", "false"), `{"name": "ab", "count": 1, "on": false}`, nil},
		"choice of the default":           {form("in/name", "ab", "in/count", "1", "in/size", "M"), `{"name": "ab", "count": 1}`, nil},
		"choice of a number":              {form("in/name", "ab", "in/count", "1", "in/size", "3"), `{"name": "ab", "count": 1, "size": 3}`, nil},
		"no such choice":                  {form("in/name", "ab", "in/count", "1", "in/size", "XXL"), `{"name": "ab", "count": 1}`, []string{"/size: Choose one of: Small, Medium, 3."}},
		"rows, with holes":                {form("in/name", "ab", "in/count", "1", "in/hosts/0", "a", "in/hosts/3", "", "in/hosts/7", "b"), `{"name": "ab", "count": 1, "hosts": ["a", "b"]}`, nil},
		"rows of the default":             {form("in/name", "ab", "in/count", "1", "in/hosts", "", "in/hosts/0", "one.example"), `{"name": "ab", "count": 1}`, nil},
		"all rows gone":                   {form("in/name", "ab", "in/count", "1", "in/hosts", ""), `{"name": "ab", "count": 1, "hosts": []}`, nil},
		"an error in a row":               {form("in/name", "ab", "in/count", "1", "in/hosts/0", "", "in/hosts/1", "A"), `{"name": "ab", "count": 1, "hosts": ["A"]}`, []string{"/hosts/1: Write a host such as a.example.com."}},
		"the same row twice":              {form("in/name", "ab", "in/count", "1", "in/hosts/0", "a", "in/hosts/1", "a"), `{"name": "ab", "count": 1, "hosts": ["a", "a"]}`, []string{"/hosts: Rows 1 and 2 are the same. Remove one."}},
		"map of the default":              {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "tier", "in/labels/0/value", "web"), `{"name": "ab", "count": 1}`, nil},
		"map row added, default's gone":   {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "a", "in/labels/0/value", "0"), `{"name": "ab", "count": 1, "labels": {"a": "0", "tier": null}}`, nil},
		"map row without text":            {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "tier", "in/labels/0/value", ""), `{"name": "ab", "count": 1, "labels": {"tier": ""}}`, nil},
		"map row without name":            {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "", "in/labels/0/value", "x"), `{"name": "ab", "count": 1, "labels": {"tier": null}}`, []string{"/labels/0/key: Write a name, or remove the row."}},
		"map row empty":                   {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "tier", "in/labels/0/value", "web", "in/labels/1/key", "", "in/labels/1/value", ""), `{"name": "ab", "count": 1}`, nil},
		"map name twice":                  {form("in/name", "ab", "in/count", "1", "in/labels/0/key", "tier", "in/labels/0/value", "web", "in/labels/1/key", "tier", "in/labels/1/value", "x"), `{"name": "ab", "count": 1}`, []string{"/labels/1/key: This name stands in a row above already. Take another one."}},
		"map name and text unfit":         {form("in/name", "ab", "in/count", "1", "in/labels/5/key", "A1", "in/labels/5/value", "12345"), `{"name": "ab", "count": 1, "labels": {"A1": "12345", "tier": null}}`, []string{"/labels/0/key: Write lower-case letters.", "/labels/0/value: Take 4 characters or fewer."}},
		"list of objects":                 {form("in/name", "ab", "in/count", "1", "in/ports/0/number", "8", "in/ports/0/kind", "udp", "in/ports/1/number", "", "in/ports/1/kind", "tcp", "in/ports/2/number", "7", "in/ports/2/kind", "tcp"), `{"name": "ab", "count": 1, "ports": [{"number": 8, "kind": "udp"}, {"number": 7}]}`, nil},
		"an error in a list of objects":   {form("in/name", "ab", "in/count", "1", "in/ports/0/kind", "tcp", "in/ports/1/number", "10", "in/ports/2/kind", "udp"), `{"name": "ab", "count": 1, "ports": [{"number": 10}, {"kind": "udp"}]}`, []string{"/ports/1/number: Take 9 or less.", "/ports/2/number: Write a whole number."}},
		"nested, the default again":       {form("in/name", "ab", "in/count", "1", "in/deep/cpu", "100m", "in/deep/inner/flag", "true"), `{"name": "ab", "count": 1, "deep": {"inner": {"flag": true}}}`, nil},
		"nested, unfit":                   {form("in/name", "ab", "in/count", "1", "in/deep/cpu", "lots"), `{"name": "ab", "count": 1, "deep": {"cpu": "lots"}}`, []string{"/deep/cpu: Write a CPU such as 100m."}},
		"a text with a default, emptied":  {form("in/name", "ab", "in/count", "1", "in/password", ""), `{"name": "ab", "count": 1, "password": ""}`, nil},
		"names that need escaping":        {form("in/name", "ab", "in/count", "1", "in/deep/inner/a~1b~0c", "x"), `{"name": "ab", "count": 1, "deep": {"inner": {"a/b~c": "x"}}}`, nil},
		"unknown name":                    {form("in/name", "ab", "in/count", "1", "in/slipway/app", "x"), `{"name": "ab", "count": 1}`, []string{": The form holds a field that this template does not have: /slipway."}},
		"unknown name in a row":           {form("in/name", "ab", "in/count", "1", "in/hosts/0/x", "x"), `{"name": "ab", "count": 1, "hosts": []}`, []string{": The form holds a field that this template does not have: /hosts/0/x."}},
		"row that is no number":           {form("in/name", "ab", "in/count", "1", "in/hosts/01", "x"), `{"name": "ab", "count": 1}`, []string{": The form holds a field that this template does not have: /hosts/01."}},
		"field that the form cannot show": {form("in/name", "ab", "in/count", "1", "in/odd", "x"), `{"name": "ab", "count": 1}`, nil},
		"characters that are no text":     {form("in/name", "a\x00b\xff", "in/count", "1"), `{"name": "ab` + "\uFFFD" + `", "count": 1}`, []string{"/name: It held characters that are not text. They were taken out: look whether the rest is right."}},
	} {
		t.Run(name, func(t *testing.T) {
			in, v, errs := decoded(tpl.Decode(tc.form, Around{}))
			want := inputs(t, tc.inputs)
			if d := cmp.Diff(want, in, cmp.Comparer(func(a, b json.Number) bool { return a == b })); d != "" {
				t.Errorf("inputs (-want +got):\n%s", d)
			}
			var got []string
			for _, e := range errs {
				got = append(got, e.Path+": "+e.Message)
				if e.Title == "" {
					t.Errorf("the error at %s has no title", e.Path)
				}
				if e.Path != "" && find(t, v, FormPrefix+e.Path).Error != e.Message {
					t.Errorf("the control %s does not have its error", e.Path)
				}
			}
			if d := cmp.Diff(tc.errs, got); d != "" {
				t.Errorf("errors (-want +got):\n%s", d)
			}
		})
	}
}

func TestDecodeLosesNothing(t *testing.T) {
	tpl := everyKindTemplate(t)
	for _, typed := range []string{"", " ", "0", "<script>alert(1)</script>", "a\tb", "1e5", "\u202e", "é", strings.Repeat("x", 1000), "\"'`"} {
		f := form("in/name", typed, "in/count", typed, "in/size", typed, "in/notes", typed, "in/hosts/0", typed,
			"in/labels/0/key", typed, "in/labels/0/value", typed, "in/ports/0/number", typed, "in/deep/cpu", typed)
		_, v, _ := decoded(tpl.Decode(f, Around{}))
		for name, values := range f {
			if got := find(t, v, name).Value; got != values[0] {
				t.Errorf("%s: typed %q, shown %q", name, values[0], got)
			}
		}
	}
}

func TestDecodeChangesRows(t *testing.T) {
	tpl := everyKindTemplate(t)
	rows := func(f Form, name string) (texts []string) {
		_, v, _ := decoded(tpl.Decode(f, Around{}))
		for _, r := range find(t, v, name).Rows {
			texts = append(texts, r.Item.Value)
		}
		return texts
	}
	base := []string{"in/name", "ab", "in/count", "1"}
	for name, tc := range map[string]struct {
		form []string
		list string
		want []string
	}{
		"add":               {[]string{"in/hosts/0", "a", FormAdd, "/hosts"}, "in/hosts", []string{"a", ""}},
		"add by name":       {[]string{"in/hosts/0", "a", FormAdd, "in/hosts"}, "in/hosts", []string{"a", ""}},
		"add to a default":  {[]string{FormAdd, "in/hosts"}, "in/hosts", []string{"one.example", ""}},
		"add elsewhere":     {[]string{"in/hosts/0", "a", FormAdd, "in/name"}, "in/hosts", []string{"a"}},
		"remove":            {[]string{"in/hosts/0", "a", "in/hosts/1", "b", FormRemove, "in/hosts/0"}, "in/hosts", []string{"b"}},
		"remove the last":   {[]string{"in/hosts", "", "in/hosts/0", "a", FormRemove, "in/hosts/0"}, "in/hosts", nil},
		"remove what isn't": {[]string{"in/hosts/0", "a", FormRemove, "in/hosts/9"}, "in/hosts", []string{"a"}},
		"remove of a map":   {[]string{"in/labels/0/key", "a", "in/labels/0/value", "x", "in/labels/1/key", "b", "in/labels/1/value", "y", FormRemove, "in/labels/0"}, "in/labels", []string{"y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, rows(form(append(base, tc.form...)...), tc.list)); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
		})
	}
}

// holds tells whether a section has a control of the path that shows the value.
func holds(path, value string) func(Section) bool {
	return func(s Section) bool {
		return slices.ContainsFunc(s.Controls, func(c Control) bool { return c.Name == FormPrefix+path && c.Value == value })
	}
}

func TestDecodeHasLimits(t *testing.T) {
	tpl := everyKindTemplate(t)
	message := func(f Form) string {
		_, _, errs := decoded(tpl.Decode(f, Around{}))
		if len(errs) == 0 {
			return ""
		}
		return errs[0].Message
	}
	many := form("in/name", "ab", "in/count", "1")
	for i := range maxFormValues {
		many.Add(fmt.Sprintf("in/hosts/%d", i), "a")
	}
	if got, want := message(many), "The form holds more than 8,000 values. Remove some rows."; got != want {
		t.Errorf("too many values: %q", got)
	}
	if v := tpl.Decode(many, Around{}).View; !slices.ContainsFunc(v.Sections, holds("/name", "ab")) {
		t.Error("what was typed is lost in a form with too many values")
	}
	if v := tpl.Decode(form("in/name", "ab", "in/"+strings.Repeat("a/", 5000), "x"), Around{}).View; !slices.ContainsFunc(v.Sections, holds("/name", "ab")) {
		t.Error("what was typed is lost in a form with a very deep name")
	}
	rows := form("in/name", "ab", "in/count", "1")
	for i := range maxRows + 1 {
		rows.Add(fmt.Sprintf("in/labels/%d/key", i), fmt.Sprintf("k%d", i))
	}
	if got, want := message(rows), "Take 200 rows or fewer."; got != want {
		t.Errorf("too many rows: %q", got)
	}
	if got, want := message(form("in/name", "ab", "in/count", "1", "in/notes", strings.Repeat("x", maxValueBytes+1))), "Take 262,144 bytes or less."; got != want {
		t.Errorf("too long: %q", got)
	}
	if got := message(form("in/name", "ab", "in/count", "1", "in/"+strings.Repeat("a/", 5000), "x")); got == "" {
		t.Error("a very deep name is taken")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("in/name", "ab", "in/hosts/0", "a", "in/labels/0/key", "k", "/hosts", "in/hosts/0")
	f.Add("in/count", "1e999", "in/labels/1/value", "\x00\xff", "in/deep/inner/a~1b~0c", "~", "in/labels", "in/labels/1")
	f.Add("in/ports/3/kind", "udp", "in/ports/3/number", "-0", "in/size", "3", "in/ports", "x")
	f.Add("in/", "", "in//", " ", "in/~2", "\u202e", "in", "in/")
	tpl := everyKindTemplate(f)
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2, n3, v3, add, remove string) {
		typed := form("in/name", v1, "in/count", v2, "in/ratio", v3, "in/hosts/0", v1, "in/hosts/2", v2,
			"in/labels/0/key", v1, "in/labels/0/value", v2, "in/labels/1/key", v3, "in/ports/1/number", v3, "in/notes", v1,
			n1, v1, n2, v2, n3, v3, FormAdd, add, FormRemove, remove)
		_, first, _ := decoded(tpl.Decode(typed, Around{}))
		in, second, _ := decoded(tpl.Decode(formOf(first), Around{}))
		again, third, _ := decoded(tpl.Decode(formOf(second), Around{}))
		if d := cmp.Diff(map[string]any(in), map[string]any(again)); d != "" {
			t.Errorf("the inputs change when the view is posted again:\n%s", d)
		}
		if d := cmp.Diff(formOf(second), formOf(third)); d != "" {
			t.Errorf("the view changes when it is posted again:\n%s", d)
		}
		less := tpl.Decode(second.Form(), Around{})
		if d := cmp.Diff(map[string]any(in), map[string]any(less.Inputs)); d != "" {
			t.Errorf("the inputs change when the view posts itself:\n%s", d)
		}
		_ = tpl.Check(in, Release{}) // neither may panic
		tpl.View(in, Around{})
	})
}

// decoded takes a Reading apart.
func decoded(r Reading) (Inputs, View, Errors) { return r.Inputs, r.View, r.Errors }

// What no field sets is refused in rows too, as a file with a typing mistake has it.
func TestUnknownInputsInRows(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{"type": "object", "properties": {
		"list": {"type": "array", "items": {"type": "object", "unevaluatedProperties": false, "properties": {"a": {"type": "string"}}}},
		"map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "string"}}}}}}}}}`})
	for in, want := range map[string]string{
		`{"list": [{"a": "x"}, {"aa": "y"}]}`:         "/list/1/aa",
		`{"map": {"k": {"b": [{"c": "x", "d": 1}]}}}`: "/map/k/b/0/d",
		`{"list": [{"a": "x"}], "map": {"k": {}}}`:    "",
	} {
		errs := tpl.Check(inputs(t, in), release())
		if (want == "") != (len(errs) == 0) || !strings.Contains(errs.Error(), want) {
			t.Errorf("%s: %v", in, errs)
		}
	}
}
