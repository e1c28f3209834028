package templates

import (
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/policy"
)

// HiddenField is a form value that goes along unseen.
type HiddenField struct{ Name, Value string }

// DiffView is how differences are shown. The page reads it from its address, or from what was posted:
// diff=split, all=“Deployment api”, unchanged=1.
type DiffView struct {
	Split bool
	// All is the object of which every line is shown, as manifest.Ref's String has it.
	All string
	// Unchanged shows the objects that stay as they are.
	Unchanged bool
	// URL is the page's address, for the links that change the view. It may hold a query. Empty where
	// the plan answers a post: then the view is changed by buttons that post Hidden to Post, with
	// _do=plan and the parameters above. Hidden holds the form's fields without _do.
	URL    string
	Post   string
	Hidden []HiddenField
}

// PlanData is the plan of something that is not submitted yet, or as it was submitted.
type PlanData struct {
	Kind      change.Kind
	App       change.AppKey
	Template  catalog.TemplateID
	Revision  int // Rollback: to which revision
	Title     string
	Plan      change.Plan
	Diff      DiffView
	Requester policy.Person

	// Environment is what the containers of the plan's objects will find set.
	Environment []environ.Container
	// Departures are what the inputs set against the template's defaults.
	Departures []catalog.Departures

	// Undo is the switch for rolling back by itself.
	Undo UndoData
	// Ends is how long a copy lives.
	Ends EndsData
	// Failed are changes of the application that could be resumed, and cannot once this one is applied.
	Failed []change.Change
	// Missing are the secret values that must be given before this can be applied.
	Missing []MissingValue

	// Change is set where the plan is shown as it was submitted; then there is nothing to submit.
	Change int64

	// Submit is where the plan is submitted to, with Diff.Hidden, the digest, the reason and Key.
	Submit      string
	Key         string
	Reason      string
	ReasonError string
	// Back is the form: a post of Diff.Hidden with _do=edit where BackPost, else a link.
	Back     string
	BackPost bool
	// Moved is true where the plan is no longer the one that was seen and submitted.
	Moved bool
	// Problem says why the last try to submit did nothing, in one sentence.
	Problem string
	// MaySubmit is false for those who can look but not submit; WhyNot says why.
	MaySubmit bool
	WhyNot    string
}

type bundleFile struct{ name, what string }

// bundleFiles are what can be downloaded of a plan, a change and a revision. What deletes makes no objects.
func bundleFiles(kind change.Kind) []bundleFile {
	files := []bundleFile{{"bundle.zip", "all of it, for kubectl apply -k"}}
	if kind == change.Delete {
		files[0].what = "what it deletes, and how with kubectl"
	} else {
		files = append(files, bundleFile{"manifests.yaml", "the objects, without Secrets that have values"})
	}
	return append(files, bundleFile{"inputs.yaml", "what was filled in"})
}

// MissingValue is a secret that has no value yet.
type MissingValue struct {
	Title string
	Name  string // of its control
}
