package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// ruled loads a template with these properties and rules at the root.
func ruled(properties, rules string) *Template {
	schema := `{"type": "object", "properties": {` + properties + `}, "x-kubernetes-validations": [` + rules + `]}`
	return Load(chartFS(map[string]string{"values.schema.json": schema}), "folder")
}

func rule1(expression, more string) string {
	return fmt.Sprintf(`{"rule": %q, "message": "No."%s}`, expression, more)
}

const ruledFields = `
	"min": {"type": "integer", "default": 1}, "max": {"type": "integer"}, "share": {"type": "number"},
	"host": {"type": "string", "pattern": "^[a-z.]*$"}, "cpu": {"type": "string", "default": ""}, "url": {"type": "string"},
	"kind": {"type": "string", "enum": ["web", "job"], "default": "web"},
	"on": {"type": "boolean"}, "a-b": {"type": "string"},
	"env": {"type": "object", "additionalProperties": {"type": "string"}},
	"key": {"type": "string", "x-ui-secret": true},
	"limits": {"type": "object", "properties": {"cpu": {"type": "string"}, "most": {"type": "object", "properties": {"memory": {"type": "string"}}}}},
	"parts": {"type": "array", "items": {"type": "object", "x-kubernetes-validations": [
		{"rule": "self.to >= self.from", "message": "Not before it begins.", "fieldPath": ".to"}],
		"properties": {"name": {"type": "string"}, "from": {"type": "integer", "default": 5}, "to": {"type": "integer", "default": 9}}}}`

// Each expression is asked with inputs for which it does not hold, and with others for which it does.
func TestRules(t *testing.T) {
	token := `"slipway-secret-` + strings.Repeat("a2", 26) + `"`
	for _, tc := range []struct{ rule, broken, holds string }{
		{"!has(self.max) || self.max >= self.min", `{"max": 0}`, `{}`},
		{"!has(self.share) || self.share < 1", `{"share": 1.5}`, `{"share": 0.25}`},
		{"self.host == '' || self.cpu != ''", `{"host": "a"}`, `{"host": "a", "cpu": "1"}`},
		{"self.kind == 'web'", `{"kind": "job"}`, `{}`},
		{"!self.on", `{"on": true}`, `{}`},
		{"self.`a-b`.size() < 3", `{"a-b": "four"}`, `{"a-b": "on"}`},
		{"self.env.all(k, !k.startsWith('X_'))", `{"env": {"X_A": ""}}`, `{"env": {"A": ""}}`},
		{"'A' in self.env", `{}`, `{"env": {"A": ""}}`},
		{"quantity(self.cpu == '' ? '0' : self.cpu).compareTo(quantity('1')) <= 0", `{"cpu": "1001m"}`, `{"cpu": "1000m"}`},
		{"self.url == '' || url(self.url).getScheme() == 'https'", `{"url": "http://a"}`, `{"url": "https://a"}`},
		{"self.host.find('[.]test$') == ''", `{"host": "a.test"}`, `{"host": "a.com"}`},
		{"self.limits.most.memory == ''", `{"limits": {"most": {"memory": "1Gi"}}}`, `{}`},
		{"self.parts.all(p, self.parts.exists_one(q, q.name == p.name))", `{"parts": [{"name": "a"}, {"name": "a", "from": 1}]}`, `{"parts": [{"name": "a"}, {"name": "b"}]}`},
		{"self.parts.map(p, p.to).sum() <= 10", `{"parts": [{"name": "a"}, {"name": "b"}]}`, `{"parts": [{"name": "a"}]}`},
		{"self.key != ''", `{"key": null}`, `{"key": ` + token + `}`},
		{"release.app + '/' + release.team + '/' + release.environment + '/' + release.namespace == self.host", `{"host": "x"}`, ""},
		{"self.host == '' || release.apis.exists(a, a == self.host)", `{"host": "b"}`, `{"host": "example.com"}`},
		{"release.domains.exists(d, d == self.host)", `{"host": "b"}`, `{"host": "example.com"}`},
	} {
		tpl := ruled(ruledFields, rule1(tc.rule, ""))
		if tpl.Broken != nil {
			t.Errorf("%s: %v", tc.rule, tpl.Broken)
			continue
		}
		r := Release{
			App: "app", Target: policy.Target{Team: "team", Environment: "test"}, Place: manifest.Place{Namespace: "ns"},
			Domains: []string{"example.com"}, APIVersions: []string{"apps/v1", "example.com"},
		}
		if errs := tpl.Check(inputs(t, tc.broken), r); len(errs) != 1 || errs[0].Message != "No." {
			t.Errorf("%s: %s gives %v", tc.rule, tc.broken, errs)
		}
		if tc.holds == "" {
			continue
		}
		if errs := tpl.Check(inputs(t, tc.holds), r); len(errs) != 0 {
			t.Errorf("%s: %s gives %v", tc.rule, tc.holds, errs)
		}
	}
}

// A rule's finding stands at the field it names, in its row; a warning stops nothing.
func TestWhereRulesSpeak(t *testing.T) {
	tpl := ruled(ruledFields,
		rule1("self.host == ''", `, "fieldPath": ".limits.cpu"`)+","+
			rule1("self.kind == 'web'", `, "x-ui-severity": "warning", "fieldPath": ".kind", "messageExpression": "'It is a ' + self.kind + ' in ' + release.app + '.'"`)+","+
			rule1("self.cpu == ''", `, "messageExpression": "self.cpu == 'x' ? '' : string(1/0)", "fieldPath": ".cpu"`))
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	r := tpl.Decode(form("in/host", "a", "in/kind", "job", "in/cpu", "x",
		"in/parts/0/name", "", "in/parts/3/name", "a", "in/parts/3/to", "4"), Around{Release: Release{App: "app"}})
	want := []string{"/cpu: No.", "/limits/cpu: No.", "/parts/1/to: Not before it begins."}
	if diff := cmp.Diff(want, said(r.Errors)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/kind: It is a job in app."}, said(r.Warnings)); diff != "" {
		t.Error(diff)
	}
	if c := find(t, r.View, "in/kind"); c.Warning == "" || c.Error != "" {
		t.Errorf("the control is %+v", c)
	}
	if _, err := tpl.Render(t.Context(), inputs(t, `{"kind": "job"}`), Release{App: "app"}); err != nil {
		t.Errorf("a warning stops it: %v", err)
	}
	// What is wrong with a value of its own is said rather than what a rule thinks of it.
	if errs := tpl.Check(inputs(t, `{"host": "A B"}`), Release{}); len(errs) != 2 || errs[0].Path != "/host" {
		t.Errorf("the errors are %v", errs)
	}
}

// What a condition hides is absent, and rules of a branch count while it holds.
func TestRulesAndConditions(t *testing.T) {
	tpl := Load(chartFS(map[string]string{"values.schema.json": `{"type": "object",
		"properties": {"kind": {"type": "string", "enum": ["web", "job"], "default": "web"}},
		"x-kubernetes-validations": [{"rule": "!has(self.port) || self.port != 1", "message": "Not 1.", "fieldPath": ".port"}],
		"if": {"properties": {"kind": {"const": "web"}}},
		"then": {"properties": {"port": {"type": "integer", "default": 80}}, "x-kubernetes-validations": [{"rule": "self.port != 2", "message": "Not 2.", "fieldPath": ".port"}]},
		"else": {"properties": {"when": {"type": "string", "default": ""}}, "x-kubernetes-validations": [{"rule": "self.when != ''", "message": "Say when.", "fieldPath": ".when"}]}}`}), "folder")
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	for in, want := range map[string]string{
		`{}`: "[]", `{"port": 1}`: "[/port: Not 1.]", `{"port": 2}`: "[/port: Not 2.]",
		`{"kind": "job"}`: "[/when: Say when.]", `{"kind": "job", "port": 2, "when": "x"}`: "[]", `{"kind": "job", "port": 1, "when": "x"}`: "[]",
	} {
		if got := fmt.Sprint(said(tpl.Check(inputs(t, in), Release{}))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestRulesThatMakeATemplateUnusable(t *testing.T) {
	for rule, says := range map[string]string{
		rule1("self.min >", ""):                       "Syntax error",
		rule1("self.nim > 1", ""):                     "nim is no field here",
		rule1("self.parts.all(p, p.title != '')", ""): "title is no field here",
		rule1("self.min == 'x'", ""):                  "no matching overload",
		rule1("self.min", ""):                         "of type int instead of bool",
		rule1("oldSelf.min == self.min", ""):          "undeclared reference to 'oldSelf'",
		rule1("release.password == ''", ""):           "undefined field 'password'",
		rule1("self.host.matches('(')", ""):           "invalid matches argument",
		rule1("true", `, "fieldPath": "host"`):        "cannot be read",
		rule1("true", `, "fieldPath": ".nost"`):       `fieldPath names "nost"`,
		rule1("true", `, "messageExpression": "1"`):   "messageExpression: it is of type int instead of string",
		`{"message": "m"}`:                            "there is no expression",
		rule1(strings.Repeat("(", 300), ""):           "recursion limit",
		rule1("true", `, "fieldPath": ".a['b"`):       "has no end",
		`{"rule": "true"}`:                            "it has no message",
		rule1("self.parts.all(a, self.parts.all(b, self.parts.all(c, a.name + b.name + c.name != '')))", ""): "it could cost",
	} {
		tpl := ruled(ruledFields, rule)
		if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), says) || !strings.Contains(tpl.Broken.Error(), "values.schema.json#/x-kubernetes-validations/0") {
			t.Errorf("%s: %v", rule, tpl.Broken)
		}
	}
	if tpl := ruled(ruledFields, rule1("!has(self.other) || self.other.enabled", `, "fieldPath": ".other"`)); tpl.Broken != nil {
		t.Errorf("a field that is asked for with has() first is taken as wrong: %v", tpl.Broken)
	}
}

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

func TestRulesOfAForm(t *testing.T) {
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
		`{"resources": {"request": "no amount", "limit": "1"}}`: "/resources/limit: Take as much as is asked for, or more. (It could not be checked with these values.)",
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

// A rule that cannot be asked stops the change, unless a value is missing, it only warns or the values are
// wrong anyway.
func TestRulesThatCannotBeAsked(t *testing.T) {
	for _, tc := range []struct{ severity, in, want string }{
		{"", `{"cpu": "much"}`, "[/cpu: No. (It could not be checked with these values.)]"},
		{`, "x-ui-severity": "warning"`, `{"cpu": "much"}`, "[]"},
		{"", `{"cpu": "much", "host": "A B"}`, "[/host: Write a host.]"},
		{"", `{"cpu": null}`, "[]"},
	} {
		tpl := ruled(ruledFields, rule1("self.cpu == '' || quantity(self.cpu).isGreaterThan(quantity('1'))", `, "fieldPath": ".cpu"`+tc.severity))
		if got := fmt.Sprint(said(tpl.Check(inputs(t, tc.in), Release{}))); got != tc.want {
			t.Errorf("%s %s: %s", tc.in, tc.severity, got)
		}
	}
}

// Long texts and many rows cost a rule no more than its limit, and all rules together no more than theirs.
func TestRulesEnd(t *testing.T) {
	tpl := ruled(`"texts": {"type": "array", "items": {"type": "object", "x-kubernetes-validations": [`+rule1("!self.text.matches('(a|b|ab)*c(a+)+d')", "")+`], "properties": {"text": {"type": "string"}}}}`,
		rule1("self.texts.all(a, !a.text.matches('(a+)+b'))", ""))
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	var rows []any
	for range maxRows {
		rows = append(rows, map[string]any{"text": strings.Repeat("a", 200_000)})
	}
	errs := tpl.Check(Inputs{"texts": rows}, Release{})
	if len(errs) == 0 || errs[0].Path != "" {
		t.Errorf("%d errors, the first %v", len(errs), errs[:min(len(errs), 1)])
	}
}

func FuzzRules(f *testing.F) {
	for _, s := range []string{"self.min > 1", "self.env.all(k, k in self.env)", "has(self.parts)", "self.parts[0].name == ''", "1/0 == 1", "quantity(self.cpu).sign() > 0", "self == self", "release.domains"} {
		f.Add(s, `{"min": 3, "env": {"A": "b"}, "parts": [{}]}`)
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		tpl := ruled(ruledFields, rule1(strings.ToValidUTF8(expression, ""), ""))
		if tpl.Broken != nil {
			return
		}
		var in Inputs
		if in.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		tpl.Check(in, Release{App: "app"}) // neither may panic
		tpl.Warnings(in, Release{App: "app"})
	})
}
