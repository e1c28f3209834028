package templates

import (
	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/change"
)

// swap marks a part that replaces the one with its id: see hx-swap-oob of htmx. Morphing keeps the
// focus, the selection and what is folded open.
const swap = "outerMorph"

// swapped is the attribute for it; none where the part is drawn with its page.
func swapped(oob string) templ.Attributes {
	if oob == "" {
		return nil
	}
	return templ.Attributes{"hx-swap-oob": oob}
}

// changeNote is the colour of the note about a change that is under way.
func changeNote(s change.State) string {
	if s == change.Failed {
		return "note-failed"
	}
	return "note-plain"
}

// nameClass sets workloads off from what they own.
func nameClass(top bool) string {
	if top {
		return "font-semibold"
	}
	return ""
}

// currentRow marks the row that is in force.
func currentRow(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}
