package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
)

// Rules are those of Kubernetes' own schemas, x-kubernetes-validations: expressions of CEL over "self",
// the values of the object that they stand at. See the Kubernetes documentation, "Validation rules" of
// CustomResourceDefinitions. What is different here: the values are complete (a text that nobody set is "",
// a list []), what a condition hides is absent, there is "release" and no "oldSelf", and with
// "x-ui-severity": "warning" a rule stops nothing.

// rule is a compiled rule.
type rule struct {
	holds    cel.Program
	says     cel.Program // of messageExpression, or nil
	text     string      // message
	warns    bool
	at       []string // fieldPath, from the object
	location string   // in the chart's files, for its author
	when     []gate   // conditions of the object under which it counts
}

// ruleSource is a rule as it stands in a schema, until all fields are known.
type ruleSource struct {
	raw  map[string]any
	when []gate
}

// ruleSources takes the rules of a resolved schema, or of a branch of it.
func ruleSources(s map[string]any, under []gate) []ruleSource {
	var all []ruleSource
	for _, raw := range list(s[rulesKey]) {
		m, _ := raw.(map[string]any)
		all = append(all, ruleSource{raw: m, when: under})
	}
	return all
}

// compileRules compiles the rules of a form: those of the root, and of every field within it.
func compileRules(sc *scope) (root []rule, err error) {
	w := &ruleWriter{types: newFormTypes()}
	self := w.types.object(sc.fields)
	if root, err = w.compile(sc.rules, self); err != nil {
		return nil, err
	}
	return root, w.fields(sc.fields, self)
}

type ruleWriter struct{ types *formTypes }

func (w *ruleWriter) fields(fields []Field, of *cel.Type) error {
	for i := range fields {
		f := &fields[i]
		if err := w.field(f, w.types.fieldOf(of, f.name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *ruleWriter) field(f *Field, self *cel.Type) (err error) {
	if f.rules, err = w.compile(f.sources, self); err != nil {
		return err
	}
	switch f.Kind {
	case Object:
		return w.fields(f.Fields, self)
	case List:
		return w.field(f.Item, self.Parameters()[0])
	case Map:
		return w.field(f.Item, self.Parameters()[1])
	}
	return nil
}

func (w *ruleWriter) compile(sources []ruleSource, self *cel.Type) ([]rule, error) {
	if len(sources) == 0 {
		return nil, nil
	}
	if len(sources) > maxRules {
		return nil, tooMuch("an object of "+schemaFile, maxRules, "rules")
	}
	env, err := w.types.env(self)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schemaFile, err)
	}
	var rules []rule
	for _, s := range sources {
		r, err := w.one(env, s, self)
		if err != nil {
			return nil, fmt.Errorf("%s: the rule %q: %w", cmp.Or(text(s.raw, whereKey), schemaFile), shortened(text(s.raw, "rule")), err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (w *ruleWriter) one(env *cel.Env, s ruleSource, self *cel.Type) (rule, error) {
	r := rule{
		text: text(s.raw, "message"), warns: text(s.raw, "x-ui-severity") == "warning",
		location: text(s.raw, whereKey), when: s.when,
	}
	source, expression := text(s.raw, "rule"), text(s.raw, "messageExpression")
	if r.text == "" && expression == "" {
		return r, errors.New("it has no message, so nobody would know what to do")
	}
	var err error
	if r.at, err = fieldPath(text(s.raw, "fieldPath")); err != nil {
		return r, err
	}
	if r.holds, err = w.program(env, source, cel.BoolType); err != nil {
		return r, err
	}
	if expression != "" {
		if r.says, err = w.program(env, expression, cel.StringType); err != nil {
			return r, fmt.Errorf("messageExpression: %w", err)
		}
	}
	if len(r.at) > 0 && self.Kind() == cel.StructKind && !w.types.has(self, r.at[0]) && !strings.Contains(source, "has(self."+r.at[0]+")") {
		return r, fmt.Errorf("fieldPath names %q, which is no field", r.at[0])
	}
	return r, nil
}

// program compiles an expression, holds it to what it may cost at worst, and to fields that there are.
func (w *ruleWriter) program(env *cel.Env, source string, want *cel.Type) (cel.Program, error) {
	if len(source) > maxRuleBytes {
		return nil, tooMuch("a rule", maxRuleBytes, "bytes")
	}
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("there is no expression")
	}
	w.types.unknown = nil
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, errors.New(strings.Join(strings.Fields(issues.Err().Error()), " "))
	}
	if !ast.OutputType().IsAssignableType(want) && ast.OutputType() != cel.DynType {
		return nil, fmt.Errorf("it is of type %s instead of %s", ast.OutputType(), want)
	}
	if name := untested(ast, w.types.unknown); name != "" {
		return nil, fmt.Errorf("%s is no field here; ask has() first if another template may have it", name)
	}
	estimate, err := env.EstimateCost(ast, worstCase)
	if err != nil {
		return nil, err
	}
	if estimate.Max > maxRuleEstimate {
		return nil, fmt.Errorf("it could cost %d steps, more than the %s that a rule may; loops within loops are what costs most", estimate.Max, grouped(maxRuleEstimate))
	}
	return env.Program(ast, programOptions...)
}

// untested finds a field that no schema declares and that the expression does not ask has() for.
func untested(ast *cel.Ast, unknown []string) string {
	if len(unknown) == 0 {
		return ""
	}
	var tested []string
	celast.PreOrderVisit(ast.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() == celast.SelectKind && e.AsSelect().IsTestOnly() {
			tested = append(tested, e.AsSelect().FieldName())
		}
	}))
	for _, name := range unknown {
		if !slices.Contains(tested, name) {
			return name
		}
	}
	return ""
}

// fieldPath reads a path such as .limits.cpu or ['a-b'].c, as Kubernetes writes them.
func fieldPath(path string) ([]string, error) {
	var at []string
	for rest := path; rest != ""; {
		var name string
		switch {
		case strings.HasPrefix(rest, "['"):
			end := strings.Index(rest, "']")
			if end < 0 {
				return nil, fmt.Errorf("fieldPath %q has no end; write .name or ['name']", path)
			}
			name, rest = rest[2:end], rest[end+2:]
		case strings.HasPrefix(rest, "."):
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			name, rest = rest[1:end], rest[end:]
		}
		if name == "" {
			return nil, fmt.Errorf("fieldPath %q cannot be read; write .name or ['name']", path)
		}
		at = append(at, name)
	}
	return at, nil
}
