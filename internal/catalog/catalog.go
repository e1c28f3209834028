// Package catalog holds the templates: Helm charts whose values.schema.json is at once the form that
// a person fills in and the check of what was filled in.
//
// The way of an input: a posted form (url.Values) → Template.Decode → Inputs, which is only what the
// person set → Template.Render, which adds the chart's defaults, renders with Helm's engine and
// returns a manifest.Set. Everything here is pure: no cluster, no clock, no network; a template
// comes from an fs.FS.
//
// The charts are the platform's, the values are anybody's, so Render trusts neither: what comes out
// is limited in kind, size and time, and belongs to the application's namespace.
package catalog

import (
	"errors"
	"net/url"
	"regexp"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// ErrUnknownTemplate is returned for a template, or a version of one, that the catalogue has not.
var ErrUnknownTemplate = errors.New("catalog: no such template")

// TemplateID names a version of a template.
type TemplateID struct {
	Name    string `json:"name"`    // the chart's
	Version string `json:"version"` // the chart's, semantic version
}

// String is how it is written for people: "web-service 1.0.0".
func (id TemplateID) String() string { return id.Name + " " + id.Version }

// About is what the catalogue's page says of a template. It comes from the chart's Chart.yaml:
// description, and annotations named slipway.dev/….
type About struct {
	Title   string   // slipway.dev/title, or the chart's name
	Summary string   // description: what it is
	Instead string   // slipway.dev/instead: when to take another
	Group   string   // slipway.dev/group: the answer to "what does it do?", e.g. "It answers requests"
	Icon    string   // slipway.dev/icon: one of Icons
	Order   int      // slipway.dev/order: its place in the catalogue, 0 to 999; smaller comes first, 500 if not set
	Gives   []string // titles of the required fields: what one has to give
	Makes   []string // slipway.dev/makes: kinds, in words
	Owner   string   // first maintainer
	Readme  string   // README.md as it is
	Derived bool     // the chart has no values.schema.json, so the form is made of its values.yaml
}

// Origin says where a version of a template was taken from.
type Origin struct {
	Folder string // in the source; empty where it has no folders
	Source string // for people: "built in", a folder, "oci://registry.example.com/charts/web-service"
	Pin    string // the content's digest, "sha256:…", or the Git commit; empty where nothing pins it
}

// Inputs are what a person set, and only that, shaped as the template's values are.
type Inputs map[string]any

// Release is what a template is rendered for.
type Release struct {
	App    string // the application's name; a DNS label of at most 53 characters
	Target policy.Target
	Place  manifest.Place
	// Revision is the number that the change gets if it is applied.
	Revision int
	// KubeVersion of the cluster, e.g. "v1.37.1", and its APIs as "apps/v1" and "apps/v1/Deployment".
	KubeVersion string
	APIVersions []string
	// Domains are the host names that the application may have, with all below them; nil for any.
	Domains []string
	// ClusterScoped tells whether the target takes templates that make objects outside the namespace.
	ClusterScoped bool
}

// Around is what a form is read and drawn in: the rules that hold there, what is deployed, and how
// secret values are put aside.
type Around struct {
	Release Release
	// Deployed are the inputs of the application's current revision, nil for a new application. A form
	// shows them beside what is new, and fields that are fixed once the application exists are held to them.
	Deployed Inputs
	// Seal gives the token of a secret value. Without it, values of secret fields are not taken.
	Seal func(value string) manifest.Token
}

// Reading is what a posted form holds.
type Reading struct {
	// Inputs hold only what differs from being unset and from the default: an empty text that is not
	// required is not in them. When there are Errors, they are what could be read.
	Inputs   Inputs
	View     View   // everything as it was typed, with each error at its field; of secrets only whether there is a value
	Errors   Errors // what must be mended
	Warnings Errors // what should be looked at, and stops nothing
	// Odd are those of Warnings that are about secret values which came with this form and have another shape
	// than is usual. Nobody can tell later: only their tokens are kept.
	Odd Errors
	// Secrets are the values that were typed into secret fields and fit them, by the tokens that stand
	// for them in Inputs and View.
	Secrets manifest.Secrets

	at, keys map[string]string // pointer of a value, and of a map's entry, in Inputs → path of the posted control
}

// HostClaim is a host name that the inputs ask for, with the control that holds it.
type HostClaim struct {
	Path  string // of the control, as in FieldError
	Title string
	Host  string
	Paths []string // the URL paths under it, where the same row has some
}

// SecretUse is a secret field of the inputs, with the token in it: manifest.Unset where there is no
// value yet, "" where it is empty on purpose.
type SecretUse struct {
	Path  string // of the control, as in FieldError
	Title string
	Token manifest.Token
}

// Rendered is what came out of a template.
type Rendered struct {
	Set manifest.Set
	// Skipped are objects that the chart makes and that are not applied, each with the reason.
	Skipped []Skipped
	// Marks tells which lines of the objects' YAML the field in focus decides. Render leaves it empty,
	// since it costs another rendering: see Template.Marks.
	Marks []Mark
}

// Skipped is an object that is left out.
type Skipped struct {
	Ref    manifest.Ref
	Reason string // a sentence: "It is a Helm hook (post-install), and hooks are not run."
}

// Mark says that lines of an object's canonical YAML are decided by a field of the form.
type Mark struct {
	Object int    // index in Rendered.Set
	Line   int    // from 1
	Path   string // the field's, see Field.Path
}

// FieldError is what is wrong with one input.
type FieldError struct {
	Path    string // the control's: its Name without FormPrefix, "/env/0/value"; "" for the form as a whole
	Title   string // the field's, with what it is in: "Environment variables, row 2, value"
	Message string // says what to type instead
}

// Errors are all that is wrong with a form, in the order of its fields.
type Errors []FieldError

// Error joins the messages.
func (e Errors) Error() string {
	s := ""
	for i, f := range e {
		if i > 0 {
			s += "; "
		}
		s += f.Title + ": " + f.Message
	}
	return s
}

// TemplateError is a failure of a template itself: it cannot make objects of these inputs, or makes
// what it may not. Its text is for the template's author, and nothing in it is secret.
type TemplateError struct {
	Template TemplateID
	Err      error
}

// Error names the template.
func (e *TemplateError) Error() string {
	return "template " + e.Template.String() + ": " + e.Err.Error()
}

// Unwrap gives the failure.
func (e *TemplateError) Unwrap() error { return e.Err }

// FieldKind is what a field holds.
type FieldKind string

// The kinds of fields.
const (
	Text      FieldKind = "text"
	Multiline FieldKind = "multiline"
	Number    FieldKind = "number"  // integer or not, see Field.Integer
	Switch    FieldKind = "switch"  // a boolean
	Choice    FieldKind = "choice"  // one of Field.Options
	List      FieldKind = "list"    // of Field.Item
	Map       FieldKind = "map"     // names to Field.Item
	Object    FieldKind = "object"  // of Field.Fields
	Unknown   FieldKind = "unknown" // a schema that the form cannot show; the field keeps its default
)

// Field is one input as the schema describes it. It does not change once the template is loaded.
type Field struct {
	Path        string // JSON pointer (RFC 6901) from the root of the values, "/resources/cpu"; in a list item, from the item
	Kind        FieldKind
	Title       string // schema: title, or the property's name in words
	Help        string // schema: description; says why
	Unit        string // x-ui-unit, shown behind the input
	Placeholder string // x-ui-placeholder, else the first of examples
	Section     string // x-ui-section
	// SectionTitle is what x-ui-sections calls it, "" where that does not list it.
	SectionTitle string
	Order        int  // x-ui-order
	Mono         bool // x-ui-widget: "mono"; a machine reads it, so it is shown as one writes code
	Required     bool
	Advanced     bool // x-ui-advanced
	Secret       bool // x-ui-secret
	Immutable    bool // x-ui-immutable: fixed once the application exists
	Environment  bool // x-ui-environment, x-ui-host: it is another value in each environment, with all that is in it
	Integer      bool
	Default      any // from the schema, else from values.yaml; nil for none
	Options      []Option
	Pattern      string
	PatternHelp  string // x-ui-pattern-help: what to type so that Pattern fits, as a sentence
	Example      string // the first of examples
	Min, Max     *float64
	MinLength    *int
	MaxLength    *int
	MinItems     *int
	MaxItems     *int
	Item         *Field
	Picker       *Picker  // x-ui-picker: where suggestions come from
	Generate     string   // x-ui-generate: "hex:32" or "base64:32", bytes of a value that the portal can make
	Shapes       []Shape  // x-ui-shapes: what values are, by the names of the entries that they stand under
	Upload       bool     // x-ui-widget: "file"; a file can be taken in place of typing
	Host         bool     // x-ui-host: a host name that is asked for
	Presets      []Preset // List: rows to begin with, x-ui-presets
	KeyTitle     string   // Map: what the name is called, x-ui-key
	KeyPattern   string   // Map: propertyNames
	Fields       []Field

	conds   []condition // Object: under which some of Fields are there
	when    [][]gate    // one of these must hold, all of each; empty for a field that is always there
	sources []ruleSource
	rules   []rule         // x-kubernetes-validations
	base    map[string]any // of a row: the defaults of Fields
	name    string         // the property's
	choices []any          // Choice: the value of each of Options
	keyHelp string         // Map: what to type as a name
}

// Picker says which things of the cluster a field names, so that they can be offered.
type Picker struct {
	// Kind is a Kubernetes kind (StorageClass, IngressClass, PriorityClass, Secret, ConfigMap, Service,
	// ClusterIssuer, Namespace) or one of SecretKey, ConfigMapKey, ServicePort, ServiceURL and NodeLabel.
	Kind string
	Of   string // for a key or port: the field that names the object, a sibling's name or a pointer from the root
	Type string // of Secrets: only those of this type
	// Keys is a regular expression: in the rows of a Map, only values under such names are offered something,
	// and nothing is said of them.
	Keys string

	keys *regexp.Regexp
}

// Preset is a set of values to begin with.
type Preset struct {
	ID     string
	Title  string
	Help   string
	Values map[string]any
}

// Option is one value of a Choice.
type Option struct {
	Value string
	Title string
	Help  string // what it means to choose it; x-ui-enum-help
}

// Section is a group of fields under one heading.
type Section struct {
	ID       string
	Title    string
	Help     string
	Advanced bool // folded; every field in it has a default
	Required bool // some field in it must be given
	Controls []Control
	// Summary is what an advanced section says of its values while it is folded.
	Summary string
	Errors  int // how many of its controls have an error
}

// Control is a Field with what was typed into it: what a page shows. Views draw it without knowing
// any schema.
type Control struct {
	Field *Field
	Name  string // of the HTML control: "in" + Path, with indices for rows: "in/env/0/value"
	ID    string // of the HTML element, unique on the page
	Value string // exactly as typed, or the deployed or default value
	On    bool   // Switch
	Set   bool   // whether the person set it, as opposed to the default being shown
	Error string
	// Warning says what should be looked at; it stops nothing.
	Warning string
	// Default and Deployed are the other values of the field, in words: what it has if nobody sets it, and
	// what runs now. Both are "" where there is none, and of a secret they never hold the value.
	Default, Deployed string
	// Changed tells that the value is another one than the deployed one.
	Changed bool
	// Stored tells of a secret field that there is a value for it. Unset tells that a value is asked for and
	// missing. Value is the token, or what stands for a missing one, and is to be posted back hidden.
	Stored, Unset bool
	// Shape is what a secret value under this name usually is, nil where nothing is known.
	Shape *Shape
	// Suits tells that what Field.Picker offers suits the name that the value stands under; see Picker.Keys.
	Suits bool
	Of    string    // what Field.Picker.Of holds now: the object whose keys are offered
	Rows  []Row     // List and Map
	Parts []Control // Object
}

// Row is one item of a List or one entry of a Map.
type Row struct {
	Index int
	Key   *Control // Map only
	Item  Control
	// Open tells that somebody works on the row: it was added just now, or the form says so, see FormOpen.
	// Only forms with more rows than are shown whole go by it.
	Open bool
}

// View is a form ready to be drawn.
type View struct {
	Sections []Section
	Errors   Errors
	Warnings Errors
	// Gone are deployed inputs that this version of the template has no field for: they are dropped.
	Gone []Gone
}

// Gone is an input without a field.
type Gone struct {
	Path  string
	Value string // in words
}

// Template is a loaded version of a template. It is safe for concurrent use.
type Template struct {
	ID     TemplateID
	About  About
	Fields []Field // in the order of the form
	// Presets are sets of values to begin with, x-ui-presets at the root of the schema.
	Presets []Preset
	// Broken is why the template cannot be used; then only ID, Origin and perhaps About are set.
	Broken error
	// Origin is set by whoever loads the template, before anybody else sees it.
	Origin Origin

	loaded  *loaded
	content string // digest of all its files, see LoadAll
}

// Forms, as they are posted. The names of the controls are those of Control.Name. More names change the
// form without leaving it, so that all of it works without JavaScript: FormAdd with a list's name adds a
// row, FormRemove, FormUp and FormDown with a row's name remove and move it, FormGenerate with a secret
// control's name makes a value for it, FormPreset with a preset's ID begins with that, or with a list's
// name, "=" and an ID adds a row. FormOpen and FormShut with a row's name open and close it where a list is
// too long for all of its rows to be shown whole; FormOpened names those that are open.
const (
	FormPrefix   = "in"
	FormAdd      = "_add"
	FormRemove   = "_remove"
	FormUp       = "_up"
	FormDown     = "_down"
	FormGenerate = "_generate"
	FormPreset   = "_preset"
	FormOpen     = "_open"
	FormShut     = "_shut"
	FormOpened   = "_opened"
	// FormFile and a control's path, "file/secrets/0/value", names what was taken from a file, byte for byte.
	FormFile = "file"
)

// Form is what was posted, after a limit on its size.
type Form = url.Values
