package templates

import (
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// HiddenField is a form value that goes along unseen.
type HiddenField struct{ Name, Value string }

// DiffView is how differences are shown.
type DiffView struct {
	Split bool
	// All is the object of which every line is shown, as manifest.Ref's String has it.
	All string
	// Unchanged shows the objects that stay as they are.
	Unchanged bool
	// URL is the page's address without the query parameters diff, all and unchanged, for the links
	// that change the view. It may hold a query. Empty where the plan answers a post: then the view is
	// changed by buttons that post Hidden again to Post.
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
