package catalog

import "context"

// loaded is what Load keeps of a chart for rendering.
type loaded struct{}

// View draws the empty form, with defaults.
func (t *Template) View(set Inputs) View { panic("todo") }

// Decode reads a posted form. The inputs hold only what differs from being unset: an empty text
// field that is not required is not in them. When there are errors, the inputs are what could be
// read. The view holds everything as it was typed, with each error at its field.
func (t *Template) Decode(form Form) (Inputs, View, Errors) { panic("todo") }

// Check validates inputs that did not come from a form (a rollback, a file).
func (t *Template) Check(in Inputs) Errors { panic("todo") }

// Render makes the application's objects, sorted. It returns Errors for bad inputs, or an error
// whose text is for the template's author: a chart that fails, takes too long, or makes what it may not.
func (t *Template) Render(ctx context.Context, in Inputs, r Release) (Rendered, error) { panic("todo") }
