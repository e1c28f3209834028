package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/change"
)

// watchRow is a row of watches: the wish that a change be rolled back by itself, and what became of it.
type watchRow struct {
	bun.BaseModel `bun:"table:watches,alias:w"`

	Change int64         `bun:"change_id,pk"`
	State  string        `bun:"state"`
	Since  int64         `bun:"since"`
	Ended  int64         `bun:"ended"`
	Why    string        `bun:"why"`
	Undone sql.NullInt64 `bun:"undone_by"`
	Lease  int64         `bun:"lease_until"`
	Holder string        `bun:"holder"`
}

func watchRowOf(id int64, w change.Watch) watchRow {
	return watchRow{
		Change: id, State: string(w.State), Since: micros(w.Since), Ended: micros(w.Ended), Why: clean(w.Why),
		Undone: sql.NullInt64{Int64: w.Undone, Valid: w.Undone != 0},
	}
}

func (r *watchRow) watch() *change.Watch {
	return &change.Watch{
		State: change.WatchState(r.State), Since: fromMicros(r.Since), Ended: fromMicros(r.Ended),
		Why: r.Why, Undone: r.Undone.Int64,
	}
}

// withWatches adds to changes what is known of their watches, and which change each takes back.
func withWatches(ctx context.Context, db bun.IDB, changes ...*change.Change) error {
	if len(changes) == 0 {
		return nil
	}
	ids := make([]int64, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	var rows []watchRow
	err := db.NewSelect().Model(&rows).Where("change_id IN (?)", bun.List(ids)).WhereOr("undone_by IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		for _, c := range changes {
			switch {
			case c.ID == r.Change:
				c.Watch = r.watch()
			case r.Undone.Valid && c.ID == r.Undone.Int64:
				c.Undoes = r.Change
			}
		}
	}
	return nil
}

func insertWatch(ctx context.Context, tx bun.Tx, c change.Change) error {
	if c.Watch == nil {
		return nil
	}
	row := watchRowOf(c.ID, *c.Watch)
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// watchable chooses the oldest watch that goes on and that nobody has.
const watchable = `SELECT w.change_id FROM watches AS w
WHERE w.state = 'watching' AND (w.holder = '' OR w.lease_until <= ?0) ORDER BY w.change_id LIMIT 1`

// ClaimWatch gives the oldest watch to holder. See change.Store.
func (s *Store) ClaimWatch(ctx context.Context, holder string, lease time.Duration) (change.Change, error) {
	clock := bun.Safe(s.clock())
	idle, err := s.read.NewSelect().Model((*watchRow)(nil)).Where("state = 'watching'").
		Where("holder = '' OR lease_until <= ?", clock).Exists(ctx)
	if err != nil {
		return change.Change{}, wrap("look for changes to watch", err)
	}
	if !idle {
		return change.Change{}, change.ErrNothingToDo
	}
	choose := watchable
	if s.driver == Postgres {
		choose += " FOR UPDATE OF w SKIP LOCKED"
	}
	var id int64
	err = s.tx(ctx, "claim a watch", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*watchRow)(nil)).
			Set("holder = ?", holder).Set("lease_until = ? + ?", clock, lease.Microseconds()).
			Where("change_id = ("+choose+")", clock).Returning("change_id").Exec(ctx, &id)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && id == 0 {
		return change.Change{}, change.ErrNothingToDo
	}
	if err != nil {
		return change.Change{}, err
	}
	return s.Change(ctx, id)
}

// RenewWatch prolongs the lease of a watch from now on; 0 gives it back. ErrLeaseLost.
func (s *Store) RenewWatch(ctx context.Context, id int64, holder string, lease time.Duration) error {
	return s.renew(ctx, "renew the lease of a watch", holder, lease, func(tx bun.Tx) *bun.UpdateQuery {
		return tx.NewUpdate().Model((*watchRow)(nil)).Where("change_id = ?", id).Where("state = 'watching'")
	})
}

// saveWatch stores how far a watch is, and with it the change that takes this one back.
func (s *Store) saveWatch(ctx context.Context, tx bun.Tx, row *changeRow, before, after *change.Change, commit change.Commit) error {
	if after.Watch == nil {
		return nil
	}
	if commit.Watcher != "" {
		if err := s.holdsWatch(ctx, tx, row.ID, commit.Watcher); err != nil {
			return err
		}
	}
	if commit.Undo != nil {
		if err := s.insertUndo(ctx, tx, row, after, commit); err != nil {
			return err
		}
	}
	if *after.Watch == *before.Watch {
		return nil
	}
	w := watchRowOf(row.ID, *after.Watch)
	_, err := tx.NewUpdate().Model(&w).Column("state", "since", "ended", "why", "undone_by").WherePK().Exec(ctx)
	return err
}

// holdsWatch makes sure that holder has the watch, and keeps others from claiming it meanwhile.
func (s *Store) holdsWatch(ctx context.Context, tx bun.Tx, id int64, holder string) error {
	var w watchRow
	err := s.lock(tx.NewSelect().Model(&w).Where("change_id = ?", id)).Scan(ctx)
	if err == nil && (w.Holder != holder || w.State != string(change.Watching)) || errors.Is(err, sql.ErrNoRows) {
		return change.ErrLeaseLost
	}
	return err
}

// insertUndo stores the change that takes another back, if that one is still its application's last word.
func (s *Store) insertUndo(ctx context.Context, tx bun.Tx, row *changeRow, after *change.Change, commit change.Commit) error {
	var app applicationRow
	if err := s.lock(tx.NewSelect().Model(&app).Where("id = ?", row.ApplicationID)).Scan(ctx); err != nil {
		return err
	}
	busy, err := tx.NewSelect().Model((*changeRow)(nil)).Where("application_id = ?", row.ApplicationID).
		Where("state IN ('approved', 'applying')").Exists(ctx)
	if err != nil {
		return err
	}
	if busy || app.Ended || app.Revision != row.Revision {
		return change.ErrSuperseded
	}
	if commit.Undo.Undoes != row.ID {
		return fmt.Errorf("store: what takes #%d back says that it takes #%d back", row.ID, commit.Undo.Undoes)
	}
	undo, err := s.insertChange(ctx, tx, *commit.Undo)
	if err != nil {
		return err
	}
	after.Watch.Undone = undo.ID
	return nil
}

// checkWatch refuses what no caller may do to a watch.
func checkWatch(before, after change.Change) error {
	switch {
	case (before.Watch == nil) != (after.Watch == nil), before.Undoes != after.Undoes:
		return fmt.Errorf("store: what was submitted as #%d cannot be changed", before.ID)
	case before.Watch == nil, before.Watch.State == after.Watch.State:
		return nil
	case !before.Watch.State.CanBecome(after.Watch.State):
		return fmt.Errorf("%w: the watch of #%d from %s to %s", ErrTransition, before.ID, before.Watch.State, after.Watch.State)
	}
	return nil
}
