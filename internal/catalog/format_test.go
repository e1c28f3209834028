package catalog

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A schedule is what the API server takes for one; a format that is not known here asserts nothing.
func TestFormats(t *testing.T) {
	c := jsonschema.NewCompiler()
	AssertFormats(c)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"properties": {"at": {"format": "cron"}, "from": {"format": "ipv4"}}}`))
	if err == nil {
		err = c.AddResource("file:///schema.json", doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("file:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, fits := range map[string]bool{
		"0 3 * * *": true, "@daily": true, "*/15,5 0-6/2,23 1-7 JAN,6-dec ?": true,
		"": false, "60 3 * * *": false, "0 3 * *": false, "0 0 3 * * *": false, "?q *i 1? H *": false, "@never": false,
		"0 3 31 2 *": true, // never comes, and the API server takes it
	} {
		if err := schema.Validate(map[string]any{"at": text, "from": "anywhere"}); (err == nil) != fits {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := schema.Validate(map[string]any{"at": 5}); err != nil {
		t.Errorf("what is no text: %v", err)
	}
}
