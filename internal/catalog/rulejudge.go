package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"slipway.dev/slipway/internal/manifest"
)

// noValue tells whether a secret has no value yet.
func noValue(v any) bool {
	s, ok := v.(string)
	return ok && s == string(manifest.Unset)
}

// rulesJudge runs rules and counts what they cost.
type rulesJudge struct {
	judge
	ctx     context.Context
	release map[string]any
	cost    uint64
	schema  bool // the values do not fit the schema, so that a rule may not be able to look at them
}

// rules judges values by the rules of the template.
func (j judge) rules(t *Template, values map[string]any) {
	ctx, cancel := context.WithTimeout(context.Background(), maxRuleTime)
	defer cancel()
	r := &rulesJudge{judge: j, ctx: ctx, release: releaseValues(j.release), schema: len(j.found) > 0}
	self := selfOf(t.Fields, t.loaded.conds, values)
	r.object(t.loaded.rules, t.Fields, t.loaded.conds, values, self, "")
}

func releaseValues(r Release) map[string]any {
	domains, apis := r.Domains, r.APIVersions
	if domains == nil {
		domains = []string{}
	}
	if apis == nil {
		apis = []string{}
	}
	return map[string]any{
		"app": r.App, "team": r.Target.Team, "environment": r.Target.Environment,
		"namespace": r.Place.Namespace, "domains": domains, "apis": apis,
	}
}

// object judges an object and what is in it. values are what self was made of.
func (j *rulesJudge) object(rules []rule, fields []Field, conds []condition, values, self map[string]any, pointer string) {
	for i := range rules {
		if holdsAll(rules[i].when, conds, values) {
			j.rule(&rules[i], self, pointer)
		}
	}
	for i := range fields {
		f := &fields[i]
		if v, ok := self[f.name]; ok {
			j.field(f, values[f.name], v, join(pointer, f.name))
		}
	}
}

func (j *rulesJudge) field(f *Field, value, self any, pointer string) {
	if x, ok := self.(map[string]any); ok && f.Kind == Object {
		values, _ := value.(map[string]any)
		j.object(f.rules, f.Fields, f.conds, values, x, pointer)
		return
	}
	for i := range f.rules {
		j.rule(&f.rules[i], self, pointer)
	}
	if f.Item == nil {
		return
	}
	switch x := self.(type) {
	case map[string]any:
		values, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(x)) {
			j.field(f.Item, values[name], x[name], join(pointer, name))
		}
	case []any:
		for i, item := range x {
			var v any
			if l := list(value); i < len(l) {
				v = l[i]
			}
			j.field(f.Item, v, item, joinRow(pointer, i))
		}
	}
}

// holdsAll tells whether a rule counts: those of a branch do while the branch holds.
func holdsAll(when []gate, conds []condition, values map[string]any) bool {
	return !slices.ContainsFunc(when, func(g gate) bool {
		return conds[g.cond].holds(values, nil) != g.want
	})
}

// rule asks one rule. One that needs a value which is not there says nothing: the schema says what must be
// there, and has() asks for absence itself. One that cannot be asked for another reason, such as an amount
// that is none, stops the change, unless the values are wrong anyway or it only warns: nobody knows what it
// would have said.
func (j *rulesJudge) rule(r *rule, self any, pointer string) {
	if j.cost > maxRulesCost {
		return
	}
	out, err := j.eval(r.holds, self)
	holds, isBool := out.(bool)
	switch {
	case err == nil && isBool && holds:
		return
	case err == nil && isBool:
		message := r.text
		if r.says != nil {
			message = j.message(r, self)
		}
		j.tell(r, join(pointer, r.at...), message)
	case err == nil || missing(err) || r.warns || j.schema:
	default:
		j.tell(r, join(pointer, r.at...), unasked(r.text))
	}
	if j.cost > maxRulesCost {
		j.found.add("", "There is more in this form than its rules can look at. Remove some rows.", worst)
	}
}

func (j *rulesJudge) eval(p cel.Program, self any) (any, error) {
	out, details, err := p.ContextEval(j.ctx, map[string]any{"self": self, "release": j.release})
	if details != nil && details.ActualCost() != nil {
		j.cost += *details.ActualCost()
	} else {
		j.cost += maxRuleCost / 100
	}
	if err != nil {
		return nil, err
	}
	return out.Value(), nil
}

// missing tells whether an expression failed for want of a value. CEL has no other sign of it.
func missing(err error) bool { return strings.HasPrefix(err.Error(), "no such key: ") }

// message is what messageExpression says, or the message if it says nothing that can be shown.
func (j *rulesJudge) message(r *rule, self any) string {
	out, err := j.eval(r.says, self)
	s, ok := out.(string)
	s = strings.TrimSpace(s)
	if err != nil || !ok || s == "" || strings.ContainsAny(s, "\r\n") || utf8.RuneCountInString(s) > maxMessage {
		return orText(r.text, "This does not go with the other values.")
	}
	return s
}

// unasked is said of a rule that cannot be asked.
func unasked(text string) string {
	return orText(text, "This does not go with the other values.") + " (It could not be checked with these values.)"
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (j *rulesJudge) tell(r *rule, pointer, message string) {
	to := j.found
	if r.warns {
		to = j.warned
	}
	to.add(j.pathOf(pointer), message, minor)
}

// What rules may cost, in CEL's units; about a nanosecond each. They are those of the Kubernetes API server.
const (
	maxRules        = 200
	maxRuleBytes    = 4096
	maxRuleEstimate = 100_000_000
	maxRuleCost     = 1_000_000  // of one rule
	maxRulesCost    = 10_000_000 // of all rules together
	maxRuleTime     = 2 * time.Second
	maxMessage      = 500 // characters of a message that an expression makes
)
