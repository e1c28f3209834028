package templates

import (
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
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
	// Posted is true where the page answers a post: then the error summary takes the focus.
	Posted bool
}

// ManifestsData is the pane beside the form: the objects as they would be.
type ManifestsData struct {
	Objects []ManifestObject
	Took    time.Duration // to render
	// Problem says why there is nothing to show, in one sentence: the form has errors, or the
	// template's own message. What was shown before is gone then.
	Problem string
	// Errors is how many fields need another value.
	Errors int
}

// ManifestObject is one object of the pane.
type ManifestObject struct {
	Ref  manifest.Ref
	YAML string
	// By tells which field decides a line: from the line's number, counted from 1.
	By map[int]MarkedBy
}

// MarkedBy is the field that decides a line.
type MarkedBy struct {
	Path  string // catalog.Field.Path
	Title string
}
