package templates

import (
	"strings"
	"testing"
)

// Many rows are offered the same addresses: they stand on the page once, and quietly. Rows whose names they do
// not suit know of them for when their name changes.
func TestAddressesAreOfferedOnce(t *testing.T) {
	html := draw(t, Form(samplePage(NavCatalogue, ""), offering()))
	for text, want := range map[string]int{
		`<datalist id="offers-ServiceURL">`: 1, ` list="offers-ServiceURL"`: 1, `data-offers="offers-ServiceURL"`: 2,
		`data-offers-keys="_URL$"`: 2, "http://api.payments.svc.cluster.local:80": 1, "The cluster has no": 0, "in the cluster, as of now": 0,
	} {
		if got := strings.Count(html, text); got != want {
			t.Errorf("%d of %s, want %d", got, text, want)
		}
	}
}
