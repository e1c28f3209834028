package catalog

import (
	"testing"

	"slipway.dev/slipway/charts"
)

// A form that is posted as it was shown sets nothing, whatever the defaults are: lists of rows with
// defaults of their own too. Else better defaults would reach nobody who has opened the form once.
func TestUntouchedFormSetsNothing(t *testing.T) {
	cat, err := Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range cat.Templates() {
		if tpl.Broken != nil {
			t.Errorf("%s: %v", tpl.ID, tpl.Broken)
			continue
		}
		r := tpl.Decode(formOf(tpl.View(nil, Around{})), Around{})
		if len(r.Inputs) > 0 {
			t.Errorf("%s: posting the form as it is sets %v", tpl.ID, r.Inputs)
		}
	}
}
