package templates

import (
	"fmt"

	"slipway.dev/slipway/internal/catalog"
)

// departuresWords sum up what differs.
func departuresWords(all []catalog.Departures) string {
	changed, given := 0, 0
	for _, d := range all {
		changed += len(d.Changed)
		given += len(d.Given)
	}
	switch {
	case given == 0:
		return count(changed, "value")
	case changed == 0:
		return fmt.Sprintf("nothing; %s given where it has none", count(given, "value"))
	}
	return fmt.Sprintf("%s, and %s given where it has none", count(changed, "value"), thousands(int64(given)))
}

func groupWords(d catalog.Departures) string {
	switch {
	case len(d.Given) == 0:
		return fmt.Sprintf("%d changed", len(d.Changed))
	case len(d.Changed) == 0:
		return fmt.Sprintf("%d given", len(d.Given))
	}
	return fmt.Sprintf("%d changed, %d given", len(d.Changed), len(d.Given))
}

// orNotSet says of a value that there is none.
func orNotSet(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
