package change

import (
	"fmt"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// What ReadDocuments takes at most.
const (
	DocumentSizeLimit = 1 << 20 // bytes of a file
	DocumentLimit     = 100     // applications of a file
	documentDepth     = 40      // levels of nesting in the inputs
)

// Document is an application as a file says it: what a person would type into the form, and where it
// is to run. It is what `portal render` reads, what the pages offer for download, and what a form can
// be filled from. Secrets are never in it: null stands for a value that is set elsewhere.
type Document struct {
	Template    string
	Version     string // of the template; "" for the newest
	Team        string
	Environment string
	Name        string // the application's
	Inputs      catalog.Inputs

	number int            // in its file, from 1
	lines  map[string]int // where things stand: "template", "inputs" or a JSON pointer below the inputs
}

// Draft is the change that makes the application as the document says. Its kind is Create; whoever
// knows that the application exists makes it an Update. A document without a version leaves the
// template's empty, for the caller to take the newest.
func (d Document) Draft() Draft {
	return Draft{
		Kind: Create, Inputs: d.Inputs,
		App:      AppKey{Target: policy.Target{Team: d.Team, Environment: d.Environment}, Name: d.Name},
		Template: catalog.TemplateID{Name: d.Template, Version: d.Version},
	}
}

// Number is the document's place in its file, from 1; 0 if it was not read from one.
func (d Document) Number() int { return d.number }

// Line is the line of the file at which a value stands, or the nearest that it is in: of one of the
// fields ("template", "team", …) or of a JSON pointer (RFC 6901) into the inputs ("/env/0/value"). It
// is 0 for a document that was not read from a file.
func (d Document) Line(at string) int {
	for p := at; p != ""; p = p[:max(strings.LastIndexByte(p, '/'), 0)] {
		if n, ok := d.lines[p]; ok {
			return n
		}
	}
	if n, ok := d.lines["inputs"]; ok && strings.HasPrefix(at, "/") {
		return n
	}
	return d.lines[""]
}

// DocumentError is one thing that is wrong with a file of documents.
type DocumentError struct {
	Document int    // from 1; 0 for the file as a whole
	Line     int    // from 1; 0 where no line is to blame
	Field    string // "team", "inputs.env[0].value"; "" for the document as a whole
	Message  string // says what to write instead, without a full stop
}

// Error is one line: "line 12: document 2: inputs.replicas: is set twice".
func (e DocumentError) Error() string {
	var parts []string
	if e.Line > 0 {
		parts = append(parts, "line "+strconv.Itoa(e.Line))
	}
	if e.Document > 0 {
		parts = append(parts, "document "+strconv.Itoa(e.Document))
	}
	if e.Field != "" {
		parts = append(parts, e.Field)
	}
	return strings.Join(append(parts, e.Message), ": ")
}

// DocumentErrors are all that is wrong with a file, in the order of its lines.
type DocumentErrors []DocumentError

// Error gives a line for each.
func (e DocumentErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// FieldName writes a JSON pointer into the inputs as people write a path: "/env/0/value" becomes
// "inputs.env[0].value", and a name with other characters than letters, digits and "_" stands in
// brackets and quotes.
func FieldName(pointer string) string {
	b := strings.Builder{}
	b.WriteString("inputs")
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" {
			continue
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		_, err := strconv.Atoi(step)
		switch {
		case err == nil:
			fmt.Fprintf(&b, "[%s]", step)
		case plainName(step):
			b.WriteString("." + step)
		default:
			fmt.Fprintf(&b, "[%q]", step)
		}
	}
	return b.String()
}

func plainName(s string) bool {
	for _, r := range s {
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}
