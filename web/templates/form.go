package templates

import (
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// FormData is the form of a new application, or of one that exists.
type FormData struct {
	Kind     change.Kind // Create or Update
	App      change.AppKey
	Place    manifest.Place
	Template catalog.TemplateID
	About    catalog.About
	View     catalog.View
	// Name is what was typed as the application's name (Create only), NameError what is wrong with it.
	Name      string
	NameError string
	Problem   string // something about the form as a whole, in one sentence
	Revision  int    // Update: on which revision it is based
	// Action is where the form is posted to. Its preview is at Action + "/preview".
	Action    string
	Manifests ManifestsData
	Version   VersionChoice // Update only
	Presets   []catalog.Preset
	// Answers are what the cluster offers, by pickerKey.
	Answers map[string]PickerAnswer
	Kept    Kept
	// Focus is the name of the control that gets the focus, "" for none.
	Focus string
	// Carried goes along unseen: what was said on the plan page, for when it is shown again.
	Carried []HiddenField
	// Notice says what came of pressing a button, in a sentence.
	Notice string
	// Filled says which file the form was filled from.
	Filled string
	// Source is where the values were taken over from; nil for nowhere.
	Source *change.Source
	// Reshaped is set on a preview of which the fields are others than those on the page. Typed tells that
	// somebody has typed there.
	Reshaped, Typed bool
	heading         string // the title over what is drawn
	// Posted is true where the page answers a post: then the error summary takes the focus.
	Posted bool
}

// Kept says whether a form is kept while its owner does something else.
type Kept struct {
	At       time.Time // zero: it is not
	Returned bool      // the page shows what was kept
	Version  string    // of the template that it was begun with, where that is another one
	Problem  string    // why it cannot be kept
}

// DraftRow is a form that somebody has begun, in lists.
type DraftRow struct {
	Target   policy.Target
	Template string
	App      string // "" for a new application
	Saved    time.Time
	URL      string // of its form; it is discarded at URL + "/discard"
}

// PickerAnswer is what a cluster has for a field to name.
type PickerAnswer struct {
	Choices []manifest.Choice
	Problem string // why there is no answer, for people
}

// PickerQuestion is what a field asks of the cluster.
type PickerQuestion struct {
	Picker catalog.Picker
	Of     string
}

// ManifestsData is the pane beside the form: the objects as they would be.
type ManifestsData struct {
	Objects []ManifestObject
	// Environment is what the containers of these objects will find set.
	Environment []environ.Container
	Took        time.Duration // to render
	// Problem says why there is nothing to show, in one sentence: the form has errors, or the
	// template's own message. What was shown before is gone then.
	Problem string
	// Errors is how many fields need another value.
	Errors int
	// Notice says what came of choosing a line, in a sentence.
	Notice string
}

// ManifestObject is one object of the pane.
type ManifestObject struct {
	Ref   manifest.Ref
	Index int // among the objects as the template makes them
	YAML  string
	// By tells which field decides a line: from the line's number, counted from 1.
	By map[int]MarkedBy
	// Folded is set on an object of which only the name is shown, Asked on one whose lines somebody asked for.
	Folded, Asked bool
}

// Name is how an object of the pane is asked for in a form.
func (o ManifestObject) Name() string { return o.Ref.Kind + "/" + o.Ref.Name }

// Lines is how many lines its YAML has.
func (o ManifestObject) Lines() int { return strings.Count(o.YAML, "\n") }

// Fold leaves at most limit lines in the pane. Objects that were asked for stay, whatever their size; then those
// that are named after the row which somebody works on, then the first ones, as long as they fit.
func (d ManifestsData) Fold(limit int, asked []string, row string) {
	rank := func(o *ManifestObject) int {
		switch {
		case slices.Contains(asked, o.Name()):
			return 0
		case row != "" && (o.Ref.Name == row || strings.HasSuffix(o.Ref.Name, "-"+row)):
			return 1
		}
		return 2
	}
	left := limit
	for r := range 3 {
		for i := range d.Objects {
			o := &d.Objects[i]
			if rank(o) != r {
				continue
			}
			left -= o.Lines()
			o.Asked, o.Folded = r == 0, r > 0 && left < 0
		}
	}
}

// MarkedBy is the field that decides a line.
type MarkedBy struct {
	Path  string // catalog.Field.Path
	Title string
}
