package catalog

import (
	"strings"
	"testing"
)

const rulesSchema = `{
	"type": "object",
	"properties": {
		"min": {"type": "integer", "title": "At least", "default": 1},
		"max": {"type": "integer", "title": "At most", "default": 3},
		"host": {"type": "string"},
		"resources": {
			"type": "object",
			"properties": {"request": {"type": "string"}, "limit": {"type": "string"}},
			"x-kubernetes-validations": [
				{"rule": "!has(self.request) || !has(self.limit) || quantity(self.limit).compareTo(quantity(self.request)) >= 0", "message": "Take as much as is asked for, or more.", "fieldPath": ".limit"}
			]
		},
		"image": {"type": "string", "x-kubernetes-validations": [{"rule": "!self.endsWith(':latest')", "message": "A tag that moves.", "x-ui-severity": "warning"}]},
		"rows": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 5}},
			"x-kubernetes-validations": [{"rule": "self.a < self.b", "messageExpression": "'Take less than ' + string(self.b) + '.'", "fieldPath": ".a"}]}}
	},
	"x-kubernetes-validations": [
		{"rule": "self.max >= self.min", "messageExpression": "'Take ' + string(self.min) + ' or more.'", "message": "Take more.", "fieldPath": ".max"},
		{"rule": "!has(self.host) || self.host.startsWith(release.team + '.')", "message": "Begin with the team.", "fieldPath": ".host", "x-ui-severity": "warning"}
	]
}`

func TestRules(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": rulesSchema})
	release := Release{App: "app"}
	release.Target.Team = "shop"
	for in, want := range map[string]string{
		`{}`:                     "",
		`{"min": 4}`:             "/max: Take 4 or more.",
		`{"min": 0, "max": 0}`:   "",
		`{"min": 3, "max": 3.0}`: "",
		`{"resources": {"request": "250m", "limit": "0.2"}}`:    "/resources/limit: Take as much as is asked for, or more.",
		`{"resources": {"request": "1000m", "limit": "1"}}`:     "",
		`{"resources": {"request": "no amount", "limit": "1"}}`: "",
		`{"resources": {"request": "1Gi"}}`:                     "",
		`{"rows": [{"a": 1}, {"a": 5}, {"a": 6, "b": 7}, {}]}`:  "/rows/1/a: Take less than 5.",
		`{"image": "x:latest"}`:                                 "? /image: A tag that moves.",
		`{"host": "other.example.com", "image": "x:1"}`:         "? /host: Begin with the team.",
		`{"host": "shop.example.com"}`:                          "",
		`{"min": 9007199254740993, "max": 9007199254740992}`:    "/max: Take 9007199254740993 or more.",
		`{"min": 1, "max": 12345678901234567890123}`:            "",
	} {
		var got []string
		for _, e := range tpl.Check(inputs(t, in), release) {
			got = append(got, e.Path+": "+e.Message)
		}
		for _, e := range tpl.Warnings(inputs(t, in), release) {
			got = append(got, "? "+e.Path+": "+e.Message)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q, want %q", in, strings.Join(got, "; "), want)
		}
	}
	r := tpl.Decode(form("in/min", "4", "in/image", "x:latest"), Around{Release: release})
	if len(r.Errors) != 1 || find(t, r.View, "in/max").Error == "" || find(t, r.View, "in/image").Warning == "" || len(r.Warnings) != 1 {
		t.Errorf("a form: %v, %v", r.Errors, r.Warnings)
	}
}

func TestRulesThatCannotBeUsed(t *testing.T) {
	for rule, says := range map[string]string{
		`{"rule": "self.a >", "message": "m"}`:                          "self.a >",
		`{"rule": "1 + 1", "message": "m"}`:                             "type int instead of bool",
		`{"rule": "unknown(self)", "message": "m"}`:                     "undeclared reference",
		`{"rule": "true"}`:                                              "no message",
		`{"message": "m"}`:                                              "no expression",
		`{"rule": "true", "message": "m", "fieldPath": "a"}`:            "no path",
		`{"rule": "true", "message": "m", "fieldPath": ".a['b"}`:        "does not end",
		`{"rule": "true", "messageExpression": "1"}`:                    "type int instead of string",
		`{"rule": "` + strings.Repeat("(", 2000) + `", "message": "m"}`: "rule 1",
		`{"rule": "self.all(a, self.all(b", "message": "m"}`:            "rule 1",
		`{"rule": "'a'.matches('(')", "message": "m"}`:                  "error parsing regexp",
	} {
		tpl := Load(chartFS(map[string]string{"values.schema.json": `{"type": "object", "properties": {"o": {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [` + rule + `]}}}`}), "x")
		if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), says) {
			t.Errorf("%.80s: %v, want an error that says %q", rule, tpl.Broken, says)
		}
	}
}

// A rule whose cost explodes ends by itself, and does not keep others from being told.
func TestRulesAreBounded(t *testing.T) {
	tpl := loadChart(t, map[string]string{"values.schema.json": `{
		"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "string"}}, "n": {"type": "integer"}},
		"x-kubernetes-validations": [
			{"rule": "self.rows.all(a, self.rows.all(b, self.rows.all(c, self.rows.all(d, a + b + c + d != 'x'))))", "message": "never"},
			{"rule": "self.n > 1", "message": "Take more than 1.", "fieldPath": ".n"}
		]}`})
	row := `"` + strings.Repeat("y", 1000) + `"`
	in := inputs(t, `{"n": 1, "rows": [`+strings.Repeat(row+",", 199)+row+`]}`)
	errs := tpl.Check(in, Release{App: "app"})
	if len(errs) != 1 || errs[0].Path != "/n" {
		t.Errorf("got %v", errs)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("self.a > 1", ".a", `{"a": 2}`)
	f.Add("quantity(self.a).compareTo(quantity('1Gi')) > 0", "['a']", `{"a": "2Gi"}`)
	f.Fuzz(func(t *testing.T, expression, path, in string) {
		one, err := readRule(map[string]any{"rule": expression, "message": "m", "fieldPath": path})
		var values Inputs
		if err != nil || values.UnmarshalJSON([]byte(in)) != nil || values == nil {
			return
		}
		r := judge{filler: newFiller(), found: findings{}, warned: findings{}}.ruling()
		r.apply([]rule{one}, exact(map[string]any(values)), "")
	})
}
