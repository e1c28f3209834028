package templates

import (
	"fmt"
	"strconv"

	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/status"
)

// cores says an amount of CPU: "250m", "1.5 cores".
func cores(milli int64) string {
	if milli < 1000 {
		return fmt.Sprintf("%dm", milli)
	}
	return strconv.FormatFloat(float64(milli/10)/100, 'f', -1, 64) + " " + plural(milli/1000+milli%1000, "core")
}

// memory says an amount of memory in the unit in which it has at most four digits.
func memory(bytes int64) string {
	const mi, gi = 1 << 20, 1 << 30
	switch {
	case bytes >= 10*gi:
		return fmt.Sprintf("%d GiB", bytes/gi)
	case bytes >= gi:
		return strconv.FormatFloat(float64(bytes*10/gi)/10, 'f', -1, 64) + " GiB"
	case bytes >= mi:
		return fmt.Sprintf("%d MiB", bytes/mi)
	}
	return fmt.Sprintf("%d KiB", bytes/1024)
}

// measure says an amount with its unit.
type measure func(int64) string

// against says what is used of what: "180 MiB of 256 MiB asked for, limit 512 MiB".
func against(s status.Share, say measure) string {
	text := say(s.Used)
	if s.Requested > 0 {
		text += " of " + say(s.Requested) + " asked for"
	}
	if s.Limit > 0 {
		text += ", limit " + say(s.Limit)
	}
	return text
}

// bar is a Share in hundredths of a bar's width: up to the limit, or else somewhat beyond the larger of
// what is used and what was asked for. Mark is where what was asked for is; negative for nowhere.
type bar struct{ fill, mark int64 }

func barOf(s status.Share) bar {
	whole := s.Limit
	if whole == 0 {
		whole = max(s.Used, s.Requested) * 5 / 4
	}
	if whole == 0 {
		return bar{mark: -1}
	}
	b := bar{fill: min(s.Used*100/whole, 100), mark: -1}
	if s.Requested > 0 && s.Requested < whole {
		b.mark = s.Requested * 100 / whole
	}
	return b
}

// nearWords says which pods are near their memory limit.
func nearWords(w status.WorkloadUsage) string {
	if w.Near == 1 {
		return "1 pod uses 90 % or more of its memory limit"
	}
	return fmt.Sprintf("%d pods use 90 %% or more of their memory limit", w.Near)
}

// measured tells whether anything is known of any workload.
func measured(all []status.WorkloadUsage) bool {
	for _, w := range all {
		if w.Known > 0 {
			return true
		}
	}
	return false
}

// labelled names the heading of a part that may be empty, and has no heading then.
func labelled(yes bool, by string) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-labelledby": by}
}
