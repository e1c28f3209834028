package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
)

// claimable chooses the oldest change that is to be applied. An Approved one waits for every change of
// its application that is being applied, held or not: that one is half-way. One that is half-way
// waits only for one that is held. The index changes_held makes sure of it when two workers look at
// the same moment.
const claimable = `SELECT c.id FROM changes AS c
WHERE (c.state = 'approved' AND NOT EXISTS (SELECT 1 FROM changes AS o
         WHERE o.application_id = c.application_id AND o.id <> c.id AND o.state = 'applying'))
   OR (c.state = 'applying' AND (c.holder = '' OR c.lease_until <= ?0) AND NOT EXISTS (SELECT 1 FROM changes AS o
         WHERE o.application_id = c.application_id AND o.id <> c.id AND o.state = 'applying' AND o.holder <> ''))
ORDER BY c.id LIMIT 1`

// claimTries is how often Claim looks again after another worker was quicker.
const claimTries = 8

// Claim gives the oldest change that is to be applied to holder. See change.Store. Each worker, and
// each part of a worker that claims by itself, should have a holder of its own. The lease is
// measured by the database's clock.
func (s *Store) Claim(ctx context.Context, holder string, lease time.Duration, note func(change.Change) []audit.Entry) (change.Change, error) {
	var err error
	for range claimTries {
		var c change.Change
		c, err = s.claim(ctx, holder, lease, note)
		if !duplicate(err) {
			return c, err
		}
	}
	return change.Change{}, change.ErrNothingToDo
}

func (s *Store) claim(ctx context.Context, holder string, lease time.Duration, note func(change.Change) []audit.Entry) (change.Change, error) {
	idle, err := s.nothingToClaim(ctx)
	if err != nil {
		return change.Change{}, err
	}
	if idle {
		return change.Change{}, change.ErrNothingToDo
	}
	choose := claimable
	if s.driver == Postgres {
		choose += " FOR UPDATE OF c SKIP LOCKED"
	}
	clock := bun.Safe(s.clock())
	var row changeRow
	var c change.Change
	err = s.tx(ctx, "claim a change", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(&row).
			Set("state = 'applying'").Set("holder = ?", holder).
			Set("lease_until = ? + ?", clock, lease.Microseconds()).
			Set("attempt = attempt + 1").Set("version = version + 1").
			Set("started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END", micros(now())).
			Where("id = ("+choose+")", clock).
			Returning("*").Exec(ctx)
		if err != nil || row.ID == 0 {
			return err
		}
		c = row.change()
		if err := withWatches(ctx, tx, &c); err != nil || note == nil {
			return err
		}
		return s.appendAudit(ctx, tx, note(c))
	})
	if errors.Is(err, sql.ErrNoRows) || (err == nil && row.ID == 0) {
		return change.Change{}, change.ErrNothingToDo
	}
	if err != nil {
		return change.Change{}, err
	}
	return c, nil
}

// nothingToClaim looks without locking anything, since workers ask often and mostly in vain.
func (s *Store) nothingToClaim(ctx context.Context) (bool, error) {
	exists, err := s.read.NewSelect().Model((*changeRow)(nil)).
		Where("state IN ('approved', 'applying')").
		Where("state = 'approved' OR holder = '' OR lease_until <= ?", bun.Safe(s.clock())).Exists(ctx)
	return !exists, wrap("look for changes to apply", err)
}

// Renew prolongs a lease from now on. With a lease of 0 the change is given back, and can be claimed
// at once. ErrLeaseLost.
func (s *Store) Renew(ctx context.Context, id int64, holder string, lease time.Duration) error {
	return s.renew(ctx, "renew a lease", holder, lease, func(tx bun.Tx) *bun.UpdateQuery {
		return tx.NewUpdate().Model((*changeRow)(nil)).Where("id = ?", id).Where("state = 'applying'")
	})
}

// renew prolongs the lease of the row that which chooses, if holder has it.
func (s *Store) renew(ctx context.Context, what, holder string, lease time.Duration, which func(bun.Tx) *bun.UpdateQuery) error {
	return s.tx(ctx, what, func(ctx context.Context, tx bun.Tx) error {
		q := which(tx).Set("lease_until = ? + ?", bun.Safe(s.clock()), lease.Microseconds()).
			Where("holder = ?", holder).Where("holder <> ''")
		if lease <= 0 {
			q = q.Set("holder = ''")
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(change.ErrLeaseLost, err)
		}
		return nil
	})
}

// Overdue lists the pending changes that have expired at now, the oldest first.
func (s *Store) Overdue(ctx context.Context, now time.Time) ([]int64, error) {
	var ids []int64
	err := s.read.NewSelect().Model((*changeRow)(nil)).Column("id").
		Where("state = 'pending'").Where("expires_at > 0").Where("expires_at <= ?", micros(now)).
		OrderExpr("expires_at, id").Scan(ctx, &ids)
	return ids, wrap("look for changes that have expired", err)
}
