package templates

import (
	"strings"
	"time"

	"slipway.dev/slipway/internal/audit"
)

// auditDay is the entries of one day, newest first.
type auditDay struct {
	Day     time.Time
	Entries []audit.Entry
}

// auditDays groups a page of the log by day, in UTC.
func auditDays(entries []audit.Entry) []auditDay {
	var out []auditDay
	for _, e := range entries {
		d := e.Time.UTC().Truncate(24 * time.Hour)
		if len(out) == 0 || !out[len(out)-1].Day.Equal(d) {
			out = append(out, auditDay{Day: d})
		}
		last := &out[len(out)-1]
		last.Entries = append(last.Entries, e)
	}
	return out
}

// outcomeClass is the look of an entry's outcome.
func outcomeClass(o audit.Outcome) string {
	switch o {
	case audit.Done:
		return "st st-ready"
	case audit.Refused:
		return "st st-refused"
	case audit.Failed:
		return "st st-failed"
	case audit.Intent:
		return "st st-pending"
	}
	return "st st-unknown"
}

// outcomeClass is that of an entry, quiet for what was announced and has ended: the entry that says how has
// the colour.
func (d AuditData) outcomeClass(e audit.Entry) string {
	if _, settled := d.Settled[e.Seq]; settled {
		return "st st-none"
	}
	return outcomeClass(e.Outcome)
}

// outcomeWord is an entry's outcome, with that which settles it: "intent, done".
func (d AuditData) outcomeWord(e audit.Entry) string {
	if end, settled := d.Settled[e.Seq]; settled {
		return string(e.Outcome) + ", " + string(end.Outcome)
	}
	return string(e.Outcome)
}

// onWhat says what an entry is about, after its target.
func onWhat(e audit.Entry) string {
	var parts []string
	switch {
	case e.Object != "":
		parts = append(parts, e.Object)
	case e.Application != "":
		parts = append(parts, e.Application)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	return strings.Join(parts, " · ")
}

// filtered tells whether the log is narrowed down at all.
func (d AuditData) filtered() bool {
	for _, name := range auditFilters {
		if d.Query.Get(name) != "" {
			return true
		}
	}
	return false
}

// auditFilters are the parameters that choose entries.
var auditFilters = []string{"person", "team", "environment", "application", "action", "outcome", "change", "text", "since", "until"}

// rareFilters says what is set of the filters that stand behind "More filters".
func (d AuditData) rareFilters() string {
	var set []string
	for _, name := range []string{"person", "application", "change", "since", "until"} {
		if v := d.Query.Get(name); v != "" {
			set = append(set, name+" "+v)
		}
	}
	return strings.Join(set, ", ")
}

// auditActions are the actions by which one can filter.
func auditActions() []string {
	var out []string
	for _, a := range audit.Actions {
		out = append(out, string(a))
	}
	return out
}

var auditOutcomes = []string{
	string(audit.Done), string(audit.Refused), string(audit.Failed), string(audit.Intent), string(audit.Unknown),
}

// entryURL opens an entry, or closes the one that is open.
func (d AuditData) entryURL(e audit.Entry) string {
	if d.Open == e.Seq {
		return plus("/audit", d.Query, "entry", "")
	}
	return plus("/audit", d.Query, "entry", plainNumber(e.Seq)) + "#e" + plainNumber(e.Seq)
}

// endURL opens the entry that settles another one, which may be on another page: among its change's.
func (d AuditData) endURL(end audit.Entry) string {
	if end.Change == 0 {
		return d.entryURL(end)
	}
	number := plainNumber(end.Seq)
	return withQuery("/audit", "change", plainNumber(end.Change), "action", string(end.Action), "entry", number) + "#e" + number
}

// exportURL is the export with the same filters.
func (d AuditData) exportURL(ext string) string {
	return plus("/audit/export."+ext, d.Query, "entry", "", "before", "")
}

// auditCommand is the proof of an export, by hand.
const auditCommand = "portal audit verify slipway-audit.jsonl"
