package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// endingRow is a row of endings: when an application ends by itself, and what came of that.
type endingRow struct {
	bun.BaseModel `bun:"table:endings,alias:e"`

	Application int64         `bun:"application_id,pk"`
	Until       int64         `bun:"until"`
	Made        int64         `bun:"made_by"`
	By          sql.NullInt64 `bun:"ended_by"`
	Tries       int           `bun:"tries"`
	Next        int64         `bun:"try_at"`
	Why         string        `bun:"why"`
}

func (r *endingRow) ending() *change.Ending {
	return &change.Ending{
		Until: fromMicros(r.Until), Made: r.Made, By: r.By.Int64, Tries: r.Tries, Next: fromMicros(r.Next), Why: r.Why,
	}
}

// withEndings makes applications of rows, each with its end if it has one. visible are the targets of the rows.
func withEndings(ctx context.Context, db bun.IDB, rows []applicationRow, visible []policy.Target) ([]change.Application, error) {
	out := make([]change.Application, len(rows))
	at := make(map[int64]int, len(rows))
	for i := range rows {
		out[i] = rows[i].application()
		at[rows[i].ID] = i
	}
	if len(rows) == 0 {
		return out, nil
	}
	ids := db.NewSelect().Model((*applicationRow)(nil)).Column("id").Apply(within(visible)).Where("NOT ended")
	if len(rows) == 1 {
		ids = db.NewSelect().ColumnExpr("?", rows[0].ID)
	}
	var endings []endingRow
	if err := db.NewSelect().Model(&endings).Where("application_id IN (?)", ids).Scan(ctx); err != nil {
		return nil, err
	}
	for i := range endings {
		if j, ok := at[endings[i].Application]; ok {
			out[j].Ending = endings[i].ending()
		}
	}
	return out, nil
}

// insertEnding stores when the application of a Create ends.
func insertEnding(ctx context.Context, tx bun.Tx, row *changeRow, c change.Change) error {
	if c.Kind != change.Create || c.Plan.Until.IsZero() {
		return nil
	}
	_, err := tx.NewInsert().Model(&endingRow{Application: row.ApplicationID, Until: micros(c.Plan.Until), Made: row.ID}).Exec(ctx)
	return err
}

// due chooses of the living applications whose time is over the one that may be tried first.
const due = `e.until <= ?0 AND e.try_at <= ?0 AND EXISTS (SELECT 1 FROM applications AS a WHERE a.id = e.application_id AND NOT a.ended)`

// ClaimEnding gives the application whose time has been over for the longest. See change.Store.
func (s *Store) ClaimEnding(ctx context.Context, pause func(tries int) time.Duration) (change.Application, error) {
	clock := bun.Safe(s.clock())
	some, err := s.read.NewSelect().Model((*endingRow)(nil)).Where(due, clock).Exists(ctx)
	if err != nil {
		return change.Application{}, wrap("look for applications whose time is over", err)
	}
	if !some {
		return change.Application{}, change.ErrNothingToDo
	}
	var app applicationRow
	var e endingRow
	err = s.tx(ctx, "claim the end of an application", func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewSelect().Model(&e).Where(due, clock).OrderExpr("e.until, e.application_id").Limit(1)
		if s.driver == Postgres {
			q = q.For("UPDATE OF e SKIP LOCKED")
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		e.Tries++
		_, err := tx.NewUpdate().Model(&e).Set("tries = ?", e.Tries).Set("try_at = ? + ?", clock, pause(e.Tries).Microseconds()).
			WherePK().Returning("try_at").Exec(ctx, &e.Next)
		if err != nil {
			return err
		}
		return tx.NewSelect().Model(&app).Where("id = ?", e.Application).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) { // another one was quicker
		return change.Application{}, change.ErrNothingToDo
	}
	if err != nil {
		return change.Application{}, err
	}
	out := app.application()
	out.Ending = e.ending()
	return out, nil
}

// End stores the Delete that ends an application. See change.Store.
func (s *Store) End(ctx context.Context, app change.Application, c change.Change, entries []audit.Entry) (change.Change, error) {
	var made change.Change
	err := s.tx(ctx, "end an application", func(ctx context.Context, tx bun.Tx) error {
		row, e, err := s.lockEnding(ctx, tx, app)
		if err != nil {
			return err
		}
		busy, err := tx.NewSelect().Model((*changeRow)(nil)).Where("application_id = ?", row.ID).
			Where("state IN ('approved', 'applying')").Exists(ctx)
		if err != nil {
			return err
		}
		if busy || row.Revision != c.Base {
			return change.ErrSuperseded
		}
		if made, err = s.insertChange(ctx, tx, c); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(e).Set("ended_by = ?", made.ID).Set("why = ''").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		return s.appendAudit(ctx, tx, about(made, entries))
	})
	return made, err
}

// lockEnding locks the living application and its end, if that is still the one of app.
func (s *Store) lockEnding(ctx context.Context, tx bun.Tx, app change.Application) (*applicationRow, *endingRow, error) {
	row, e := new(applicationRow), new(endingRow)
	err := s.lock(tx.NewSelect().Model(row).Apply(named(app.AppKey)).Where("NOT ended")).Scan(ctx)
	if err == nil {
		err = s.lock(tx.NewSelect().Model(e).Where("application_id = ?", row.ID)).Scan(ctx)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && (app.Ending == nil || e.Until != micros(app.Ending.Until) || e.Made != app.Ending.Made) {
		err = change.ErrSuperseded
	}
	return row, e, err
}

// Stuck stores why an application could not be ended. See change.Store.
func (s *Store) Stuck(ctx context.Context, app change.Application, why string, entries []audit.Entry) error {
	return s.tx(ctx, "store why an application is still there", func(ctx context.Context, tx bun.Tx) error {
		_, e, err := s.lockEnding(ctx, tx, app)
		switch {
		case err != nil:
			return err
		case e.By.Int64 != app.Ending.By: // a try that took longer than its claim comes too late with its news
			return change.ErrSuperseded
		case e.Why == clean(why):
			return nil
		}
		if _, err := tx.NewUpdate().Model(e).Set("why = ?", clean(why)).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.appendAudit(ctx, tx, entries)
	})
}

// Extend puts off the end of an application. See change.Store.
func (s *Store) Extend(ctx context.Context, key change.AppKey, seen, until time.Time, entries []audit.Entry) error {
	return s.tx(ctx, "put off the end of an application", func(ctx context.Context, tx bun.Tx) error {
		var app applicationRow
		var e endingRow
		err := s.lock(tx.NewSelect().Model(&app).Apply(named(key)).Where("NOT ended")).Scan(ctx)
		if err == nil {
			err = s.lock(tx.NewSelect().Model(&e).Where("application_id = ?", app.ID)).Scan(ctx)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return change.ErrNotFound
		}
		if err != nil {
			return err
		}
		begun, err := tx.NewSelect().Model((*changeRow)(nil)).Where("id = ?", e.By).
			Where("state IN ('approved', 'applying', 'failed')").Exists(ctx)
		if err != nil {
			return err
		}
		if begun || e.Until != micros(seen) {
			return change.ErrEndingMoved
		}
		_, err = tx.NewUpdate().Model(&e).Set("until = ?", micros(until)).Set("tries = 0").Set("try_at = 0").Set("why = ''").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		return s.appendAudit(ctx, tx, entries)
	})
}
