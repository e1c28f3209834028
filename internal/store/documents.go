package store

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
)

// document is a value that is stored as JSON in a column. What queries choose by is never in one.
type document[T any] struct{ V T }

// Value encodes for the database.
func (d document[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.V)
	return string(b), err
}

// Scan decodes from the database.
func (d *document[T]) Scan(src any) error {
	b, err := textOf(src)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, &d.V)
}

// inputs are stored so that each number comes back as what it was: a whole number as int64, any
// other as float64. A float64 that happens to be whole is written with ".0", since JSON itself does not
// tell them apart.
type inputs catalog.Inputs

// Value encodes for the database.
func (in inputs) Value() (driver.Value, error) {
	if in == nil {
		return "null", nil
	}
	b, err := json.Marshal(writable(map[string]any(in)))
	return string(b), err
}

// Scan decodes from the database.
func (in *inputs) Scan(src any) error {
	b, err := textOf(src)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return err
	}
	if m == nil {
		*in = nil
		return nil
	}
	*in = readable(m).(map[string]any)
	return nil
}

func textOf(src any) ([]byte, error) {
	switch t := src.(type) {
	case string:
		return []byte(t), nil
	case []byte:
		return t, nil
	}
	return nil, fmt.Errorf("a %T is no JSON text", src)
}

// writable is a copy of v in which float64s stay recognisable.
func writable(v any) any {
	switch t := v.(type) {
	case catalog.Inputs:
		return writable(map[string]any(t))
	case map[string]any:
		m := make(map[string]any, len(t))
		for k, x := range t {
			m[k] = writable(x)
		}
		return m
	case []any:
		l := make([]any, len(t))
		for i, x := range t {
			l[i] = writable(x)
		}
		return l
	case float64:
		if t == math.Trunc(t) && math.Abs(t) < 1e21 {
			return json.Number(strconv.FormatFloat(t, 'f', 1, 64))
		}
	}
	return v
}

// readable turns each json.Number in v into an int64 or a float64. One that is neither stays.
func readable(v any) any {
	switch t := v.(type) {
	case map[string]any:
		for k, x := range t {
			t[k] = readable(x)
		}
	case []any:
		for i, x := range t {
			t[i] = readable(x)
		}
	case json.Number:
		if i, err := t.Int64(); err == nil {
			return i
		}
		if f, err := t.Float64(); err == nil && strings.ContainsAny(t.String(), ".eE") {
			return f
		}
	}
	return v
}
