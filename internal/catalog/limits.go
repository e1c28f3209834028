package catalog

import (
	"fmt"
	"time"
)

// What a posted form may hold.
const (
	maxFormValues = 8000      // values of all names together; below what the portal reads, so that it is told in the form
	maxValueBytes = 256 << 10 // one value
	maxNameBytes  = 1024      // a control's name, or a name in a Map
	maxNameDepth  = 24        // parts of a control's name
	maxRows       = 200       // rows of a List or a Map
	maxNumberText = 40        // characters of a number, so that nobody makes us compute 1e999999999
)

// What a chart may hold.
const (
	maxChartFiles  = 500
	maxChartBytes  = 4 << 20
	maxSchemaDepth = 14        // nested objects and lists that the form shows
	maxFields      = 4000      // of one template, nested ones included
	maxSchemaBytes = 512 << 10 // one schema file
	maxOptions     = 1000      // of one choice
	maxActions     = 20_000    // in one file of templates
	maxConditions  = 200       // of one object
)

// What a rendering may cost. Engine steps are counted by the meter.
const (
	maxRenderTime   = 10 * time.Second
	maxOutputBytes  = 4 << 20
	maxObjectBytes  = 1 << 20
	maxObjects      = 200
	maxSteps        = 100_000   // turns of loops, calls of named templates and of functions
	maxPrintedBytes = 32 << 20  // printed by all templates, what includes return counted again
	maxTextBytes    = 2 << 20   // one text while rendering
	maxListItems    = 100_000   // one value while rendering: its items at every depth
	maxMadeBytes    = 128 << 20 // all that functions make in one rendering, garbage included
	maxNesting      = 200       // templates that call each other
	tplSteps        = 100       // what a call of tpl counts for: it copies all templates
	maxSearch       = 64 << 20  // size of a compiled pattern times the text that it is matched with
	maxPatternBytes = 10_000    // of a regular expression
	maxProgram      = 20_000    // instructions of one that is compiled
	maxGlobBytes    = 1000      // of a pattern of .Files.Glob
	maxTOMLBytes    = 64 << 10  // of a text for fromToml, whose parser takes the square of the nesting
	maxTOMLDepth    = 2000      // its inline tables times the parts of a key
	maxTOMLDots     = 100       // dots in one of its lines
	maxErrorBytes   = 2000
	maxProduct      = 64 << 20 // sizes of two arguments of a function that multiplies them
)

// tooMuch says which limit was passed.
func tooMuch(what string, limit int, unit string) error {
	return fmt.Errorf("%s is limited to %s %s", what, grouped(limit), unit)
}

// grouped writes n with commas: 2,000.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
