package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Shape says what secret values under a certain name usually look like: of a key that some program reads, its
// documents tell. A value of another shape is warned of and taken all the same, since the name alone decides
// nothing. See x-ui-shapes.
type Shape struct {
	Keys      string `json:"keys"`                // a regular expression that the name fits
	Pattern   string `json:"pattern,omitempty"`   // one that the value usually fits
	MinLength int    `json:"minLength,omitempty"` // characters that it usually has at least
	Generate  string `json:"-"`                   // as Field.Generate, in its place
	Words     string `json:"words"`               // "64 hexadecimal digits"

	keys, pattern *regexp.Regexp
}

// shapesOf reads x-ui-shapes. What is no pattern is found by sound.
func shapesOf(s map[string]any) []Shape {
	var all []Shape
	for _, raw := range list(s["x-ui-shapes"]) {
		m, _ := raw.(map[string]any)
		one := Shape{Keys: text(m, "keys"), Pattern: text(m, "pattern"), Generate: text(m, "generate"), Words: text(m, "description")}
		if n := integer(m, "minLength"); n != nil {
			one.MinLength = *n
		}
		one.keys, _ = scriptPattern(one.Keys)
		one.pattern, _ = scriptPattern(one.Pattern)
		all = append(all, one)
	}
	return all
}

// sound tells what is wrong with a shape, for the template's author.
func (s Shape) sound() error {
	if s.Keys == "" {
		return errors.New("x-ui-shapes needs keys, a regular expression that names fit")
	}
	if _, err := scriptPattern(s.Keys); err != nil {
		return fmt.Errorf("x-ui-shapes, keys: %w", err)
	}
	if _, err := scriptPattern(s.Pattern); err != nil {
		return fmt.Errorf("x-ui-shapes, pattern: %w", err)
	}
	switch {
	case s.Words == "":
		return fmt.Errorf("x-ui-shapes has no description for %q, which says what such values are: 64 hexadecimal digits", s.Keys)
	case s.Generate == "":
		return nil
	}
	made, err := generated(s.Generate)
	if err == nil && !s.fits(made) {
		return fmt.Errorf("x-ui-shapes generates %q for %q, which has not the shape that it asks for", s.Generate, s.Keys)
	}
	return err
}

// shapeFor finds the shape of values under a name, nil if none is known.
func (f *Field) shapeFor(name string) *Shape {
	for i := range f.Shapes {
		if s := &f.Shapes[i]; s.keys != nil && s.keys.MatchString(name) {
			return s
		}
	}
	return nil
}

func (s *Shape) fits(value string) bool {
	return utf8.RuneCountInString(value) >= s.MinLength && (s.Pattern == "" || s.pattern.MatchString(value))
}

// Hint says what such a value is.
func (s Shape) Hint() string { return "Usually " + s.Words + "." }

// Odd says that a value is something else. It does not repeat the value.
func (s Shape) Odd() string {
	return "This is not " + s.Words + ", as values of this name usually are. It is taken all the same."
}

// generate is what makes a value: the shape's own recipe, else the field's.
func (f *Field) generate(s *Shape) string {
	if s == nil {
		return f.Generate
	}
	return cmp.Or(s.Generate, f.Generate)
}

// MarshalJSON adds what is said, for the script that judges a value while it is typed.
func (s Shape) MarshalJSON() ([]byte, error) {
	type bare Shape
	return json.Marshal(struct {
		bare
		Hint string `json:"hint"`
		Odd  string `json:"odd"`
	}{bare(s), s.Hint(), s.Odd()})
}
