package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// defaultLimit is how many changes a Query without a limit gives.
const defaultLimit = 100

// Change gives one change with all its parts. ErrNotFound.
func (s *Store) Change(ctx context.Context, id int64) (change.Change, error) {
	var row changeRow
	err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return change.Change{}, found("read a change", err)
	}
	c := row.change()
	return c, wrap("read a watch", withWatches(ctx, s.read, &c))
}

// Changes lists changes, newest first unless q says otherwise, without Inputs, Rendered and, in
// Plan.Objects, Before, After and Fields.
func (s *Store) Changes(ctx context.Context, q change.Query) ([]change.Change, error) {
	var rows []changeRow
	sel := s.read.NewSelect().Model(&rows).ExcludeColumn(heavy...).Apply(chosen(q))
	if q.Oldest {
		sel = sel.OrderExpr("id ASC")
	} else {
		sel = sel.OrderExpr("id DESC")
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	if err := sel.Limit(int64(q.Limit)).Scan(ctx); err != nil {
		return nil, wrap("list changes", err)
	}
	out := make([]change.Change, len(rows))
	all := make([]*change.Change, len(rows))
	for i := range rows {
		out[i] = rows[i].change()
		all[i] = &out[i]
	}
	return out, wrap("read watches", withWatches(ctx, s.read, all...))
}

func chosen(q change.Query) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(sel *bun.SelectQuery) *bun.SelectQuery {
		sel = sel.Apply(within(q.Visible))
		if q.App != nil {
			sel = sel.Apply(named(*q.App))
		}
		if len(q.States) > 0 {
			sel = sel.Where("state IN (?)", bun.List(q.States))
		}
		if !q.By.IsZero() {
			sel = sel.Where("requester_issuer = ?", clean(q.By.Issuer)).Where("requester_subject = ?", clean(q.By.Subject))
		}
		if !q.NotBy.IsZero() {
			sel = sel.Where("requester_issuer <> ? OR requester_subject <> ?", clean(q.NotBy.Issuer), clean(q.NotBy.Subject))
		}
		if q.Before > 0 {
			sel = sel.Where("id < ?", q.Before)
		}
		return sel
	}
}

// within limits rows that have a team and an environment to targets, which may use policy.Any. nil
// means all, an empty slice none.
func within(targets []policy.Target) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		if targets == nil {
			return q
		}
		if len(targets) == 0 {
			return q.Where("1 = 0")
		}
		return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, t := range targets {
				q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
					q = q.Where("1 = 1")
					if t.Team != policy.Any {
						q = q.Where("team = ?", clean(t.Team))
					}
					if t.Environment != policy.Any {
						q = q.Where("environment = ?", clean(t.Environment))
					}
					return q
				})
			}
			return q
		})
	}
}

// found is wrap for a query of one row: none is change.ErrNotFound.
func found(doing string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return change.ErrNotFound
	}
	return wrap(doing, err)
}
