package catalog

import (
	"github.com/robfig/cron/v3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// asserted is what the keyword "format" asserts (JSON Schema 2020-12, validation, section 7.2). All others only
// annotate, as they do for Helm.
var asserted = map[string]func(text string) error{
	// As the API server reads spec.schedule of a CronJob (batch/v1), with the same library.
	"cron": func(text string) error { _, err := cron.ParseStandard(text); return err },
}

// AssertFormats makes a compiler assert the formats that forms know: "cron".
func AssertFormats(c *jsonschema.Compiler) {
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: "https://slipway.dev/vocabulary/format", Compile: compileFormat})
	c.AssertVocabs()
}

func compileFormat(_ *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
	name, _ := schema["format"].(string)
	if check := asserted[name]; check != nil {
		return format{name, check}, nil
	}
	return nil, nil
}

type format struct {
	name  string
	check func(string) error
}

// Validate takes what is no text, which is for the keyword "type" to judge.
func (f format) Validate(ctx *jsonschema.ValidatorContext, v any) {
	text, ok := v.(string)
	if !ok {
		return
	}
	if err := f.check(text); err != nil {
		ctx.AddError(&kind.Format{Got: text, Want: f.name, Err: err})
	}
}
