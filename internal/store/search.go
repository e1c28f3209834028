package store

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

type order string

const (
	newestFirst order = "DESC"
	oldestFirst order = "ASC"
)

// maxBranches is the most values of the leading column that are searched for one by one.
const maxBranches = 16

// search is a filter made ready. It looks for entries along one index: for each value of the leading
// column the entries lie in order of seq, so the newest of each value are found without sorting,
// and the newest of these are the page. The remaining conditions are checked on the way.
type search struct {
	s       *Store
	people  map[int64]policy.Person
	targets map[int64]policy.Target
	lead    string // leading column, "" for seq itself
	values  []any  // of the leading column
	where   []condition
	lo, hi  int64 // seq, both exclusive
}

type condition struct {
	sql  string // with ? for args
	args []any
}

// column is something that an index of the log begins with.
type column struct {
	name   string
	values []any
	index  string // the condition of a partial index, "" for none
}

func (s *Store) search(ctx context.Context, f audit.Filter, n *names) (*search, error) {
	q := &search{s: s, hi: math.MaxInt64}
	var err error
	if q.people, q.targets, err = n.snapshot(ctx, s.read); err != nil {
		return nil, err
	}
	q.choose(q.columns(f))
	q.text(f.Text)
	return q, q.between(ctx, f)
}

// columns are the indexed columns that f limits, those first that probably leave the fewest entries.
func (q *search) columns(f audit.Filter) []column {
	var cols []column
	if f.Change != 0 {
		cols = append(cols, column{"change_id", []any{f.Change}, "change_id <> 0"})
	}
	if f.Application != "" {
		cols = append(cols, column{"application", []any{clean(f.Application)}, "application <> ''"})
	}
	if f.Person != "" {
		cols = append(cols, column{name: "actor_id", values: anys(actorsOf(q.people, f.Person))})
	}
	if f.Outcome != "" && f.Outcome != audit.Done {
		cols = append(cols, column{"outcome", []any{string(f.Outcome)}, "outcome <> 'done'"})
	}
	if ids, all := targetsOf(q.targets, f); !all {
		cols = append(cols, column{name: "target_id", values: anys(ids)})
	}
	if f.Action != "" {
		cols = append(cols, column{name: "action", values: []any{string(f.Action)}})
	}
	if f.Outcome == audit.Done {
		q.add("outcome = ?", string(f.Outcome))
	}
	return cols
}

// choose takes the first column that has few values to lead; the others are checked.
func (q *search) choose(cols []column) {
	for _, c := range cols {
		if q.lead == "" && len(c.values) <= maxBranches {
			q.lead, q.values = c.name, c.values
			if c.index != "" {
				q.add(c.index)
			}
			continue
		}
		q.add(q.unindexed(c.name)+" IN (?)", bun.List(c.values))
	}
}

// unindexed keeps SQLite, which knows nothing of how values are spread, from taking another index.
func (q *search) unindexed(column string) string {
	if q.s.driver == SQLite {
		return "+" + column
	}
	return column
}

func (q *search) add(sql string, args ...any) { q.where = append(q.where, condition{sql, args}) }

func (q *search) text(part string) {
	if part == "" {
		return
	}
	like := "LIKE"
	if q.s.driver == Postgres {
		like = "ILIKE"
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(clean(part)) + "%"
	var either []string
	var args []any
	for _, column := range []string{"object", "digest", "detail", "request_id"} {
		either = append(either, column+" "+like+` ? ESCAPE '\'`)
		args = append(args, pattern)
	}
	q.add("("+strings.Join(either, " OR ")+")", args...)
}

// between limits the search to the time that f names, and to the part of the log in which entries of
// that time stand. That part is looked up, not assumed: a clock may have been set back.
func (q *search) between(ctx context.Context, f audit.Filter) error {
	if f.Since.IsZero() && f.Until.IsZero() {
		return nil
	}
	since, until := int64(math.MinInt64+1), int64(math.MaxInt64)
	if !f.Since.IsZero() {
		since = ceilMicros(f.Since)
		q.add(q.unindexed("at")+" >= ?", since)
	}
	if !f.Until.IsZero() {
		until = ceilMicros(f.Until)
		q.add(q.unindexed("at")+" < ?", until)
	}
	var first, last int64
	err := q.s.read.QueryRowContext(ctx,
		"SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM audit_entries WHERE at >= ? AND at < ?", since, until).
		Scan(&first, &last)
	q.above(first - 1)
	q.below(last + 1)
	return err
}

func (q *search) above(seq int64) { q.lo = max(q.lo, seq) }

// below limits the search to entries before seq; 0 is no limit.
func (q *search) below(seq int64) {
	if seq > 0 {
		q.hi = min(q.hi, seq)
	}
}

// none tells whether nothing can be found.
func (q *search) none() bool {
	return q.hi <= q.lo+1 || (q.lead != "" && len(q.values) == 0)
}

// branches are the queries for each value of the leading column; they have no entry in common.
func (q *search) branches(columns string, limit int, o order) []*bun.SelectQuery {
	values := q.values
	if q.lead == "" {
		values = []any{nil}
	}
	out := make([]*bun.SelectQuery, len(values))
	for i, v := range values {
		b := q.s.read.NewSelect().TableExpr("audit_entries").ColumnExpr(columns).Where("seq > ?", q.lo).Where("seq < ?", q.hi)
		if q.lead != "" {
			b = b.Where("? = ?", bun.Ident(q.lead), v)
		}
		for _, c := range q.where {
			b = b.Where(c.sql, c.args...)
		}
		if o != "" {
			b = b.OrderExpr("seq " + string(o))
		}
		out[i] = b.Limit(int64(limit))
	}
	return out
}

// union puts branches into one query.
func (q *search) union(branches []*bun.SelectQuery) *bun.SelectQuery {
	all := q.s.read.NewSelect().TableExpr("(?) AS b", branches[0]).ColumnExpr("*")
	for _, b := range branches[1:] {
		all = all.UnionAll(q.s.read.NewSelect().TableExpr("(?) AS b", b).ColumnExpr("*"))
	}
	return all
}

const entryColumns = "seq, at, actor_id, portal, action, outcome, target_id, application, change_id, " +
	"object, digest, ran_as, detail, request_id, remote_ip, user_agent, prev, hash"

func (q *search) entries(ctx context.Context, limit int, o order) ([]audit.Entry, error) {
	if q.none() {
		return nil, nil
	}
	query := q.branches(entryColumns, limit, o)[0]
	if len(q.values) > 1 {
		query = q.s.read.NewSelect().TableExpr("(?) AS u", q.union(q.branches(entryColumns, limit, o))).
			ColumnExpr("*").OrderExpr("seq " + string(o)).Limit(int64(limit))
	}
	rows, err := query.Rows(ctx)
	var out []audit.Entry
	err = eachRow(rows, err, func() error {
		e, err := q.scan(rows)
		out = append(out, e)
		return err
	})
	return out, err
}

func (q *search) count(ctx context.Context, limit int) (n int, err error) {
	if q.none() {
		return 0, nil
	}
	query := q.branches("1 AS one", limit, "")[0]
	if len(q.values) > 1 {
		query = q.union(q.branches("1 AS one", limit, ""))
	}
	err = q.s.read.NewSelect().TableExpr("(?) AS u", query).ColumnExpr("count(*)").Scan(ctx, &n)
	return n, err
}

func (q *search) scan(rows *sql.Rows) (audit.Entry, error) {
	var e audit.Entry
	var at, actor, target int64
	err := rows.Scan(&e.Seq, &at, &actor, &e.Actor.Portal, &e.Action, &e.Outcome, &target, &e.Application, &e.Change,
		&e.Object, &e.Digest, &e.RanAs, &e.Detail, &e.Request.ID, &e.Request.RemoteIP, &e.Request.UserAgent, &e.Prev, &e.Hash)
	e.Time, e.Actor.Person, e.Target = fromMicros(at), q.people[actor], q.targets[target]
	return e, err
}

// ceilMicros is the first microsecond that is not before t.
func ceilMicros(t time.Time) int64 {
	m := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		m++
	}
	return m
}

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
