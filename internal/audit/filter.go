package audit

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Actions are all actions, in the order in which a page offers them.
var Actions = []Action{
	SignIn, SignOut, SubmitChange, ApproveChange, RejectChange, WithdrawChange, ResumeChange, ExpireChange,
	ApplyChange, ApplyObject, DeleteObject, WatchChange, ExtendCopy, EndCopy,
	StageSecrets, DropSecrets, ExportAudit, Access,
}

// Outcomes are all outcomes.
var Outcomes = []Outcome{Done, Refused, Failed, Intent, Unknown}

// queryLimit is the most bytes of a text to search for.
const queryLimit = 200

// Problem is what is wrong with one field of a filter.
type Problem struct {
	Field   string // the name in the query, "since"
	Message string // says what to type instead
}

// ParseFilter reads a filter from the query of an address: person, team, environment, application,
// action, outcome, change, text, since and until. Other names are not its own and are left alone.
//
// A time is RFC 3339, "2006-01-02T15:04" or a day, all in UTC unless they say otherwise, or so long
// before now: "30m", "24h", "7d", "2w". A day as until includes that day. The filter holds what
// could be read; the problems say what could not. Visible is never set from a query.
func ParseFilter(q url.Values, now time.Time) (Filter, []Problem) {
	p := filterParser{query: q, now: now.UTC()}
	f := Filter{
		Person: p.text("person"), Application: p.text("application"), Text: p.text("text"),
		Action:  oneOf(&p, "action", Actions),
		Outcome: oneOf(&p, "outcome", Outcomes),
		Change:  p.number("change"),
		Since:   p.time("since", false),
		Until:   p.time("until", true),
	}
	f.Target.Team, f.Target.Environment = p.text("team"), p.text("environment")
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		p.problem("until", "Take a time after %s.", f.Since.Format(time.RFC3339))
	}
	return f, p.problems
}

// Query writes f so that ParseFilter reads it back, without Visible.
func (f Filter) Query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("person", f.Person)
	set("team", f.Target.Team)
	set("environment", f.Target.Environment)
	set("application", f.Application)
	set("action", string(f.Action))
	set("outcome", string(f.Outcome))
	set("text", f.Text)
	if f.Change != 0 {
		q.Set("change", strconv.FormatInt(f.Change, 10))
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.UTC().Format(time.RFC3339Nano))
	}
	if !f.Until.IsZero() {
		q.Set("until", f.Until.UTC().Format(time.RFC3339Nano))
	}
	return q
}

type filterParser struct {
	query    url.Values
	now      time.Time
	problems []Problem
}

func (p *filterParser) problem(field, format string, args ...any) {
	p.problems = append(p.problems, Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (p *filterParser) text(field string) string {
	s := strings.TrimSpace(visible(p.query.Get(field)))
	if len(s) > queryLimit {
		p.problem(field, "Take %d characters or fewer.", queryLimit)
		return ""
	}
	return s
}

func oneOf[T ~string](p *filterParser, field string, all []T) T {
	s := T(p.text(field))
	if s == "" || slices.Contains(all, s) {
		return s
	}
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	p.problem(field, "Take one of: %s.", strings.Join(names, ", "))
	return ""
}

func (p *filterParser) number(field string) int64 {
	s := strings.TrimPrefix(p.text(field), "#")
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		p.problem(field, "Take the number of a change, such as 118.")
		return 0
	}
	return n
}

// time reads a time; a day stands for its beginning, or for its end.
func (p *filterParser) time(field string, endOfDay bool) time.Time {
	s := p.text(field)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && plausible(t) {
			return t.UTC()
		}
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil && plausible(t) {
		if endOfDay {
			t = t.AddDate(0, 0, 1)
		}
		return t
	}
	if ago, ok := duration(s); ok {
		return p.now.Add(-ago)
	}
	p.problem(field, "Take a day such as %s, a time such as %s, or so long ago: 30m, 24h, 7d.", p.now.Format(time.DateOnly), p.now.Format("2006-01-02T15:04"))
	return time.Time{}
}

// plausible keeps to years that databases and other programs can hold.
func plausible(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 9000 }

var units = map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// duration reads "30m", "24h", "7d" and "2w", up to 100 years.
func duration(s string) (time.Duration, bool) {
	unit, ok := units[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !ok || err != nil || n > uint64(100*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// SettledBy tells whether other, a later entry, says how ended what e announced. An attempt that was killed
// is settled by the outcome of the one that went on with it.
func (e Entry) SettledBy(other Entry) bool {
	return e.Outcome == Intent && other.Outcome != Intent && other.Seq > e.Seq && other.Action == e.Action && other.Target == e.Target &&
		other.Application == e.Application && other.Change == e.Change && other.Request.ID == e.Request.ID
}

// settledWithin is how long after an intent that belongs to no change its outcome is looked for: nothing of
// that kind takes longer.
const settledWithin = time.Hour

// Settling chooses the entries among which is the one that settles e, and few others.
func (e Entry) Settling() Filter {
	f := Filter{Action: e.Action, Target: e.Target, Application: e.Application, Change: e.Change, Text: e.Request.ID, Since: e.Time}
	if e.Change == 0 {
		f.Until = e.Time.Add(settledWithin)
	}
	return f
}
