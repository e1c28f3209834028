package templates

import (
	"slices"
	"strconv"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
)

// EndsData is the choice, on the plan of a copy, of how long it lives.
type EndsData struct {
	Chosen time.Duration
}

// CopyData is where and under which name a copy of an application is to be made.
type CopyData struct {
	App    change.Application
	Places []change.CopyPlace
	Chosen string // the environment
	Name   string // as typed, "" for the suggestion of the place that is chosen
	// NameError is what is wrong with the name, and Problem with anything else, each in a sentence.
	NameError, Problem string
	// Begun are the environments in which the person began a form of the template, which a copy replaces.
	Begun []string
	Hosts []catalog.HostClaim // of the application
}

// ExtendData is the choice of a later end.
type ExtendData struct {
	App     change.Application
	Laters  []change.Later
	Problem string // why nothing was put off, in a sentence
	Moved   bool   // the end is another one than was seen
	WhyNot  string // set where it cannot be put off at all
}

// ExtendValue is how a form names a later end: a duration, or "0s" for as long as may be.
func ExtendValue(l change.Later) string { return l.Lives.String() }

// lifetimeWords write a lifetime as people say it: "1 hour", "3 days", "90 minutes".
func lifetimeWords(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return count(int64(d/day), "day")
	case d%time.Hour == 0:
		return count(int64(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return count(int64(d/time.Minute), "minute")
	}
	return count(int64(d/time.Second), "second")
}

// left says how long it is until an end: "in 5 h", or "now".
func left(now, until time.Time) string {
	if !now.Before(until) {
		return "now"
	}
	return "in " + span(until.Sub(now))
}

// endsSoon tells whether an application ends within a day.
func endsSoon(now time.Time, e *change.Ending) bool {
	return e != nil && e.Until.Sub(now) <= 24*time.Hour
}

// deleting is the change that deletes an application whose time is over, where one is under way or failed.
func (d LiveData) deleting() int64 {
	for _, c := range d.Changes {
		if e := d.App.Ending; e != nil && c.ID == e.By {
			return c.ID
		}
	}
	return 0
}

// chosen is the place that the page shows first.
func (d CopyData) chosen() change.CopyPlace {
	for _, p := range d.Places {
		if p.Target.Environment == d.Chosen {
			return p
		}
	}
	return d.Places[0]
}

// copyNameOf is what stands in the field of the name.
func copyNameOf(d CopyData) string {
	if d.Name != "" || d.NameError != "" {
		return d.Name
	}
	return d.chosen().Name
}

// ExtendSeen is how a form names the end that is shown.
func ExtendSeen(e *change.Ending) string { return strconv.FormatInt(e.Until.UnixMicro(), 10) }

// placeWords say of a place what is there.
func placeWords(p change.CopyPlace) string {
	there := "nothing there yet"
	if p.There > 0 {
		there = count(p.There, "application") + " there"
	}
	return p.Target.Environment + ", " + there + ", at most " + lifetimeWords(p.Rule.MaxAge)
}

// comes says what becomes of the host names of a copy.
func (d CopyData) comes() string {
	var with, without []string
	for _, p := range d.Places {
		if p.Rule.Domain != "" {
			with = append(with, p.Rule.Domain)
		} else {
			without = append(without, p.Target.Environment)
		}
	}
	switch {
	case len(d.Hosts) == 0:
		return ""
	case len(without) == 0:
		return "Its host names are below " + list(unique(with)) + ", and texts that name the old ones are rewritten."
	case len(with) == 0:
		return "Its host names are left out: choose others."
	}
	return "Its host names are below " + list(unique(with)) + "; in " + list(without) + " they are left out, and you choose others."
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
