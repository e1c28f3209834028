package catalog

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	kubecel "k8s.io/apiserver/pkg/cel/library"
)

// ruleEnv is CEL as Kubernetes 1.37 extends it for validation rules (k8s.io/apiserver, package
// pkg/cel/environment), but for what asks an API server for permissions. Names that are no identifiers
// stand in backquotes: self.`a-b`.
var ruleEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), cel.EnableIdentifierEscapeSyntax(),
		cel.CostEstimatorOptions(checker.PresenceTestHasCost(false)),
		cel.ASTValidators(
			cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateHomogeneousAggregateLiterals()),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.TwoVarComprehensions(), ext.Lists(ext.ListsVersion(3)),
		kubecel.URLs(), kubecel.Regex(), kubecel.Lists(kubecel.ListsVersion(1)), kubecel.Quantity(),
		kubecel.IP(), kubecel.CIDR(), kubecel.Format(), kubecel.SemverLib(kubecel.SemverVersion(1)),
	)
})

var programOptions = []cel.ProgramOption{
	cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost), cel.CostLimit(maxRuleCost),
	cel.CostTracking(&kubecel.CostEstimator{}), cel.InterruptCheckFrequency(100),
}

// worstCase estimates what an expression costs with the most that a form takes.
var worstCase = &kubecel.CostEstimator{SizeEstimator: formSizes{}}

// formSizes says how large the values of a form get: as many rows as it has, and texts of an ordinary
// length. A longer text is stopped when the rule runs.
type formSizes struct{}

// EstimateSize implements checker.CostEstimator.
func (formSizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	switch element.Type().Kind() {
	case types.ListKind, types.MapKind:
		return &checker.SizeEstimate{Max: maxRows}
	}
	return &checker.SizeEstimate{Max: 1024}
}

// EstimateCallCost implements checker.CostEstimator.
func (formSizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// formTypes gives the fields of a form to CEL's type checker: a slip of the pen in a rule is found when
// the template is loaded. A field that is not declared is taken as of any type, and noted, since a library
// may ask with has() for a field that only some of its templates have.
type formTypes struct {
	*types.Registry
	objects map[string]map[string]*cel.Type
	unknown []string // fields that were asked for and are not declared
}

const releaseType = "release"

func newFormTypes() *formTypes {
	r, err := types.NewRegistry()
	if err != nil {
		panic(err) // it registers nothing that could fail
	}
	return &formTypes{Registry: r, objects: map[string]map[string]*cel.Type{releaseType: {
		"app": cel.StringType, "team": cel.StringType, "environment": cel.StringType, "namespace": cel.StringType,
		"domains": cel.ListType(cel.StringType), "apis": cel.ListType(cel.StringType),
	}}}
}

// env is the environment of rules at a value of the type.
func (t *formTypes) env(self *cel.Type) (*cel.Env, error) {
	base, err := ruleEnv()
	if err != nil {
		return nil, err
	}
	return base.Extend(cel.CustomTypeProvider(t), cel.CustomTypeAdapter(t.Registry),
		cel.Variable("self", self), cel.Variable("release", cel.ObjectType(releaseType)))
}

// object declares an object of fields and gives its type.
func (t *formTypes) object(fields []Field) *cel.Type {
	name := "form." + strconv.Itoa(len(t.objects))
	declared := map[string]*cel.Type{}
	t.objects[name] = declared
	for i := range fields {
		declared[fields[i].name] = t.of(&fields[i])
	}
	return cel.ObjectType(name)
}

func (t *formTypes) of(f *Field) *cel.Type {
	switch f.Kind {
	case Text, Multiline:
		return cel.StringType
	case Switch:
		return cel.BoolType
	case Number:
		if f.Integer {
			return cel.IntType
		}
		return cel.DoubleType
	case Choice:
		return choiceType(f.choices)
	case Object:
		return t.object(f.Fields)
	case List:
		return cel.ListType(t.of(f.Item))
	case Map:
		return cel.MapType(cel.StringType, t.of(f.Item))
	}
	return cel.DynType
}

func choiceType(choices []any) *cel.Type {
	for _, c := range choices {
		if _, ok := c.(string); !ok {
			return cel.DynType
		}
	}
	return cel.StringType
}

func (t *formTypes) fieldOf(object *cel.Type, name string) *cel.Type {
	return t.objects[object.TypeName()][name]
}

func (t *formTypes) has(object *cel.Type, name string) bool { return t.fieldOf(object, name) != nil }

// FindStructType implements types.Provider.
func (t *formTypes) FindStructType(name string) (*types.Type, bool) {
	if t.objects[name] != nil {
		return types.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return t.Registry.FindStructType(name)
}

// FindStructFieldType implements types.Provider. Values are maps, so that no accessors are given.
func (t *formTypes) FindStructFieldType(object, field string) (*types.FieldType, bool) {
	fields, ours := t.objects[object]
	if !ours {
		return t.Registry.FindStructFieldType(object, field)
	}
	if f := fields[field]; f != nil {
		return &types.FieldType{Type: f}, true
	}
	if object == releaseType {
		return nil, false
	}
	t.unknown = append(t.unknown, field)
	return &types.FieldType{Type: cel.DynType}, true
}

// selfOf makes of values what a rule sees of them. A switch is false where nobody set it, a list, a map or
// an object is empty; a text, a number or a choice is absent then, unless it has a default. Of a secret a
// rule sees the token, or "".
func selfOf(fields []Field, conds []condition, values map[string]any) map[string]any {
	away := hidden(fields, conds, values)
	self := make(map[string]any, len(values))
	for name, v := range values {
		if named(fields, name) == nil {
			self[name] = numbers(v)
		}
	}
	for i := range fields {
		f := &fields[i]
		if away[f.name] {
			continue
		}
		if v := f.self(values[f.name]); v != nil {
			self[f.name] = v
		}
	}
	return self
}

func (f *Field) self(v any) any {
	switch {
	case f.Secret && (v == nil || noValue(v)):
		v = ""
	case v == nil && f.Kind != Text && f.Kind != Multiline && f.Kind != Choice:
		v = f.nothing()
	}
	switch x := v.(type) {
	case map[string]any:
		switch f.Kind {
		case Object:
			return selfOf(f.Fields, f.conds, x)
		case Map:
			out := make(map[string]any, len(x))
			for k, item := range x {
				out[k] = f.Item.self(item)
			}
			return out
		}
	case []any:
		if f.Kind == List {
			out := make([]any, len(x))
			for i, item := range x {
				out[i] = f.Item.self(item)
			}
			return out
		}
	case json.Number:
		return numberFor(x, f.Kind == Number && !f.Integer)
	}
	return numbers(v)
}

// numbers makes every number one that CEL computes with.
func numbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			out[k] = numbers(item)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = numbers(item)
		}
		return out
	case json.Number:
		return numberFor(x, false)
	}
	return v
}

func numberFor(n json.Number, fraction bool) any {
	if i, err := n.Int64(); err == nil && !fraction {
		return i
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return string(n)
}
