package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaURL is what the compiler knows the schema by. Nothing is ever read from it.
const schemaURL = "slipway:///values.schema.json"

// noLoader refuses to read any schema but the chart's own: a $ref to a file or to the network would
// let a chart make the portal fetch things.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("$ref to %s is not followed; only references within the file are", url)
}

// parseSchema decodes and compiles values.schema.json. The raw form is needed for the x-ui-*
// keywords, which the compiler drops.
func parseSchema(data []byte) (raw map[string]any, compiled *jsonschema.Schema, err error) {
	if len(data) == 0 {
		return nil, nil, errors.New("the chart has no values.schema.json, so there is no form")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, nil, fmt.Errorf("values.schema.json: %w", err)
	}
	raw, ok := doc.(map[string]any)
	if !ok {
		return nil, nil, errors.New("values.schema.json is not an object")
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, nil, fmt.Errorf("values.schema.json: %w", err)
	}
	compiled, err = c.Compile(schemaURL)
	if err != nil {
		return nil, nil, fmt.Errorf("values.schema.json: %w", err)
	}
	return raw, compiled, nil
}

// keyOrder records in which order the keys of each object stand in a JSON text, by JSON pointer:
// the order of the properties is the order of the form, and decoding into maps loses it.
func keyOrder(data []byte) (map[string][]string, error) {
	order := map[string][]string{}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := readOrder(d, "", order, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("values.schema.json: %w", err)
	}
	return order, nil
}

func readOrder(d *json.Decoder, at string, order map[string][]string, depth int) error {
	if depth > 100 {
		return errors.New("nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	for i := 0; d.More(); i++ {
		key := strconv.Itoa(i)
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			key = k.(string)
			order[at] = append(order[at], key)
		}
		if err := readOrder(d, join(at, key), order, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing one
	return err
}
