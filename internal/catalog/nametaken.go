package catalog

import (
	"errors"

	"slipway.dev/slipway/internal/manifest"
)

// nameTaken is an object whose name something else of the application, or the portal itself, has already.
// Names come from the chart's author or from a field, so it is worded for both.
type nameTaken struct {
	ref    manifest.Ref
	author string // ends the sentence "the chart makes ConfigMap a …"
	says   string // for whoever typed the name
}

func (e *nameTaken) Error() string { return "the chart makes " + e.ref.String() + " " + e.author }

// typedNames gives an error for each field that holds a name which is taken, and nothing where the name was
// not typed. Defaults are the chart's author's.
func (t *Template) typedNames(in Inputs, err error) Errors {
	var taken *nameTaken
	if !errors.As(err, &taken) {
		return nil
	}
	w := newFiller()
	given := declared(t.Fields, in)
	controls := w.fill(t.Fields, "", "", given, t.loaded.defaults)
	found := findings{}
	visit(t.Fields, given, "", func(f *Field, v any, pointer string, _ map[string]any) {
		if v == taken.ref.Name && f.Kind == Text {
			found.add(w.pathOf(pointer), taken.says, usual)
		}
	})
	return found.attach(controls, nil)
}
