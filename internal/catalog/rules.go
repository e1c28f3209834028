package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	kubecel "k8s.io/apiserver/pkg/cel/library"
)

// Rules are what a schema says of several fields together, in the words that Kubernetes has for it in
// custom resources (x-kubernetes-validations): a CEL expression over self that must be true, a message,
// and the field at which it is told. Ours may be warnings, too ("x-ui-severity": "warning"), and may ask
// for release: its app, team, environment, namespace and domains.
//
// A rule that cannot be worked out, because a value is missing or is no amount, says nothing: the schema
// says what is missing. Use has() where absence itself matters.
type rule struct {
	source  string
	program cel.Program
	message string
	words   cel.Program // messageExpression; nil for none
	field   []string    // fieldPath, from the object that the rule stands at
	warning bool
}

// What rules may cost, in CEL's units: about a step each.
const (
	maxRuleCost  = 1_000_000  // one rule on one object
	maxRulesCost = 20_000_000 // all rules of a form
	maxRules     = 500        // of one template
)

// ruleEnvironment is what a rule may use: the functions that Kubernetes gives, and numbers that compare
// whatever they are made of.
var ruleEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("self", cel.DynType),
		cel.Variable("release", cel.MapType(cel.StringType, cel.DynType)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		kubecel.Quantity(), kubecel.URLs(), kubecel.Regex(), kubecel.Lists(), kubecel.IP(), kubecel.CIDR(), kubecel.SemverLib(),
	)
})

// rules compiles what stands under x-kubernetes-validations.
func (r *fieldReader) rules(s map[string]any, path string) ([]rule, error) {
	var all []rule
	for i, raw := range list(s[rulesKey]) {
		m, _ := raw.(map[string]any)
		if r.ruleCount++; r.ruleCount > maxRules {
			return nil, tooMuch(schemaFile, maxRules, "rules")
		}
		one, err := readRule(m)
		if err != nil {
			return nil, fmt.Errorf("%s: rule %d at %q, %s: %w", schemaFile, i+1, path, text(m, "rule"), err)
		}
		all = append(all, one)
	}
	return all, nil
}

func readRule(m map[string]any) (rule, error) {
	one := rule{source: text(m, "rule"), message: text(m, "message"), warning: text(m, "x-ui-severity") == "warning"}
	var err error
	if one.program, err = compileRule(one.source, cel.BoolType); err != nil {
		return rule{}, err
	}
	if words := text(m, "messageExpression"); words != "" {
		if one.words, err = compileRule(words, cel.StringType); err != nil {
			return rule{}, fmt.Errorf("messageExpression: %w", err)
		}
	}
	if one.message == "" && one.words == nil {
		return rule{}, errors.New("it has no message")
	}
	if one.field, err = fieldPath(text(m, "fieldPath")); err != nil {
		return rule{}, err
	}
	return one, nil
}

func compileRule(source string, want *cel.Type) (cel.Program, error) {
	env, err := ruleEnvironment()
	if err != nil {
		return nil, fmt.Errorf("the rules' environment: %w", err)
	}
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("there is no expression")
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, errors.New(strings.Join(strings.Fields(issues.Err().Error()), " "))
	}
	if got := ast.OutputType(); !got.IsExactType(want) && !got.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("it is of type %s instead of %s", got, want)
	}
	return env.Program(ast, cel.CostLimit(maxRuleCost), cel.InterruptCheckFrequency(100), cel.EvalOptions(cel.OptOptimize|cel.OptTrackCost))
}

// fieldPath reads a path as Kubernetes writes it: .spec.replicas, or ['name.with.dots'].
func fieldPath(text string) ([]string, error) {
	var steps []string
	for rest := text; rest != ""; {
		var step string
		if inner, ok := strings.CutPrefix(rest, "['"); ok {
			step, rest, ok = strings.Cut(inner, "']")
			if !ok {
				return nil, fmt.Errorf("fieldPath %q does not end", text)
			}
		} else if rest, ok = strings.CutPrefix(rest, "."); ok {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			step, rest = rest[:end], rest[end:]
		}
		if step == "" {
			return nil, fmt.Errorf("fieldPath %q is no path such as .maxReplicas", text)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// ruling is one pass of all rules over a form's values.
type ruling struct {
	judge
	release map[string]any
	spent   uint64
}

func (j judge) ruling() *ruling {
	domains := make([]any, len(j.release.Domains))
	for i, d := range j.release.Domains {
		domains[i] = d
	}
	return &ruling{judge: j, release: map[string]any{
		"app": j.release.App, "team": j.release.Target.Team, "environment": j.release.Target.Environment,
		"namespace": j.release.Place.Namespace, "domains": domains,
	}}
}

// apply judges a value by its rules; pointer is where it stands.
func (r *ruling) apply(rules []rule, value any, pointer string) {
	if len(rules) == 0 {
		return
	}
	self := native(copied(value))
	for _, one := range rules {
		if r.spent > maxRulesCost {
			r.found.add("", "The rules of this template take too long for so many values. Remove some rows, or tell your platform team.", worst)
			return
		}
		holds, known := r.eval(one.program, self)
		if !known || holds == true {
			continue
		}
		message := one.message
		if one.words != nil {
			if words, ok := r.eval(one.words, self); ok && words != "" {
				message = fmt.Sprint(words)
			}
		}
		to := r.found
		if one.warning {
			to = r.warned
		}
		to.add(r.pathOf(join(pointer, one.field...)), message, minor)
	}
}

// eval works an expression out; known is false where that cannot be done.
func (r *ruling) eval(p cel.Program, self any) (value any, known bool) {
	ctx, cancel := context.WithTimeout(context.Background(), maxRenderTime)
	defer cancel()
	out, details, err := p.ContextEval(ctx, map[string]any{"self": plainNumbers(self), "release": r.release})
	if details != nil && details.ActualCost() != nil {
		r.spent += *details.ActualCost()
	}
	if err != nil {
		return nil, false
	}
	return valueOf(out), true
}

func valueOf(v ref.Val) any {
	if v == nil {
		return nil
	}
	return v.Value()
}

// plainNumbers makes of numbers that no type of ours holds exactly what CEL can compute with.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plainNumbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plainNumbers(x)
		}
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return string(v)
		}
		return f
	}
	return v
}
