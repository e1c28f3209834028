package catalog

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// durationFunctions are Helm's functions for lengths of time. They take what durationOf takes; what cannot be read
// counts as none, but for mustToDuration, which fails the rendering.
var durationFunctions = template.FuncMap{
	"mustToDuration": func(v any) time.Duration {
		d, err := durationOf(v)
		if err != nil {
			panic(err)
		}
		return d
	},
	"durationSeconds":      func(v any) float64 { return orNone(v).Seconds() },
	"durationMilliseconds": func(v any) int64 { return orNone(v).Milliseconds() },
	"durationMicroseconds": func(v any) int64 { return orNone(v).Microseconds() },
	"durationNanoseconds":  func(v any) int64 { return orNone(v).Nanoseconds() },
	"durationMinutes":      func(v any) float64 { return orNone(v).Minutes() },
	"durationHours":        func(v any) float64 { return orNone(v).Hours() },
	"durationDays":         func(v any) float64 { return orNone(v).Hours() / 24 },
	"durationWeeks":        func(v any) float64 { return orNone(v).Hours() / 24 / 7 },
	"durationRoundTo":      func(v, unit any) time.Duration { return to(v, unit, time.Duration.Round) },
	"durationTruncateTo":   func(v, unit any) time.Duration { return to(v, unit, time.Duration.Truncate) },
}

// to rounds a duration to multiples of a unit; without one that can be read it stays as it is.
func to(v, unit any, round func(d, unit time.Duration) time.Duration) time.Duration {
	d := orNone(v)
	if u, err := durationOf(unit); err == nil {
		return round(d, u)
	}
	return d
}

func orNone(v any) time.Duration {
	d, err := durationOf(v)
	if err != nil {
		return 0
	}
	return d
}

// durationOf reads a duration: one of Go's, as a text such as "1h30m", or a number of seconds.
func durationOf(v any) (time.Duration, error) {
	switch x := v.(type) {
	case nil:
		return 0, errors.New("invalid duration")
	case time.Duration:
		return x, nil
	case string:
		s := strings.TrimSpace(x)
		if s == "" {
			return 0, errors.New("empty duration")
		}
		if d, err := time.ParseDuration(s); err == nil {
			return d, nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return secondsOf(f)
		}
		return 0, fmt.Errorf("could not parse duration %q", x)
	}
	r := reflect.ValueOf(v)
	const most = uint64(math.MaxInt64 / int64(time.Second))
	switch {
	case r.CanInt():
		if n := r.Int(); n > int64(most) || n < -int64(most) {
			return 0, fmt.Errorf("duration seconds overflow: %d", n)
		}
		return time.Duration(r.Int()) * time.Second, nil
	case r.CanUint():
		if r.Uint() > most {
			return 0, fmt.Errorf("duration seconds overflow: %d", r.Uint())
		}
		return time.Duration(r.Uint()) * time.Second, nil
	case r.CanFloat():
		return secondsOf(r.Float())
	}
	return 0, fmt.Errorf("unsupported duration type %T", v)
}

func secondsOf(f float64) (time.Duration, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("invalid duration seconds: %v", f)
	}
	if math.Abs(f) > float64(math.MaxInt64)/float64(time.Second) {
		return 0, fmt.Errorf("duration seconds overflow: %v", f)
	}
	nanos := f * float64(time.Second)
	if nanos > float64(math.MaxInt64) || nanos < float64(math.MinInt64) {
		return 0, fmt.Errorf("duration nanoseconds overflow: %v", nanos)
	}
	return time.Duration(nanos), nil
}
