package templates

import (
	"strings"
	"testing"
)

// Many rows are offered the same addresses: they stand on the page once, and quietly. Rows whose names they do
// not suit know of them for when their name changes.
func TestAddressesAreOfferedOnce(t *testing.T) {
	html := draw(t, Form(samplePage(NavCatalogue, ""), offering()))
	id := offersID("ServiceURL  ")
	for text, want := range map[string]int{
		`<datalist id="` + id + `">`: 1, ` list="` + id + `"`: 1, `data-offers="` + id + `"`: 2,
		`data-offers-keys="_URL$"`: 2, "http://api.payments.svc.cluster.local:80": 1, "The cluster has no": 0, "in the cluster, as of now": 0,
	} {
		if got := strings.Count(html, text); got != want {
			t.Errorf("%d of %s, want %d", got, text, want)
		}
	}
}

// Of a value as long as a file the page shows the beginning, and how long it is.
func TestLongValuesAreCut(t *testing.T) {
	html := draw(t, Environment(samplePage(NavApplications, "Environment"), environmentPage()))
	for text, want := range map[string]int{
		strings.Repeat("é", longestValue) + "…</code>": 1, strings.Repeat("é", longestValue+1): 0, "(the first 300 of 30,000 characters)": 1,
		"a line\n": 42, "(the first 300 of 700 characters)": 1,
	} {
		if got := strings.Count(html, text); got != want {
			t.Errorf("%d of %.40s, want %d", got, text, want)
		}
	}
}
