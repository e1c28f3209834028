package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
)

// Create stores a new change with its audit entries. See change.Store. For a change that is no
// Create, the application must be living: change.ErrNotFound.
func (s *Store) Create(ctx context.Context, c change.Change, entries []audit.Entry) (change.Change, error) {
	if !change.State("").CanBecome(c.State) {
		return change.Change{}, fmt.Errorf("%w: a new change cannot be %s", ErrTransition, c.State)
	}
	stored, err := s.create(ctx, c, entries)
	if duplicate(err) || errors.Is(err, change.ErrNameTaken) {
		// Somebody else's transaction may have come in between: with the same name, or with this very
		// form, posted twice. The second look finds which.
		stored, err = s.create(ctx, c, entries)
	}
	if duplicate(err) {
		err = change.ErrNameTaken
	}
	return stored, err
}

func (s *Store) create(ctx context.Context, c change.Change, entries []audit.Entry) (stored change.Change, err error) {
	err = s.tx(ctx, "store a change", func(ctx context.Context, tx bun.Tx) error {
		known, err := byIdempotency(ctx, tx, c)
		if !errors.Is(err, sql.ErrNoRows) {
			stored = known
			return err
		}
		stored, err = s.insertChange(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := dropDraftOf(ctx, tx, stored); err != nil {
			return err
		}
		return s.appendAudit(ctx, tx, about(stored, entries))
	})
	return stored, err
}

// byIdempotency finds the change that an earlier post of the same form made.
func byIdempotency(ctx context.Context, tx bun.Tx, c change.Change) (change.Change, error) {
	if c.Idempotency == "" {
		return change.Change{}, sql.ErrNoRows
	}
	var row changeRow
	err := tx.NewSelect().Model(&row).
		Where("requester_issuer = ?", clean(c.Requester.Issuer)).
		Where("requester_subject = ?", clean(c.Requester.Subject)).
		Where("idempotency = ?", clean(c.Idempotency)).
		Where("idempotency <> ''").Scan(ctx)
	if err != nil {
		return change.Change{}, err
	}
	known := row.change()
	return known, withWatches(ctx, tx, &known)
}

func (s *Store) insertChange(ctx context.Context, tx bun.Tx, c change.Change) (change.Change, error) {
	c.ID, c.Version, c.Revision, c.Holder = 0, 1, 0, ""
	row := rowOf(c)
	var err error
	if row.ApplicationID, err = s.applicationFor(ctx, tx, c); err != nil {
		return change.Change{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return change.Change{}, err
	}
	out := row.change()
	out.Watch, out.Undoes = c.Watch, c.Undoes
	if err := insertWatch(ctx, tx, out); err != nil {
		return change.Change{}, err
	}
	if err := insertEnding(ctx, tx, &row, out); err != nil {
		return change.Change{}, err
	}
	return out, insertTokens(ctx, tx, row.ID, c.Tokens)
}

// applicationFor makes the application of a Create, and finds it for any other kind.
func (s *Store) applicationFor(ctx context.Context, tx bun.Tx, c change.Change) (int64, error) {
	var living applicationRow
	err := s.lock(tx.NewSelect().Model(&living).Apply(named(c.App)).Where("NOT ended")).Scan(ctx)
	switch {
	case err == nil && c.Kind == change.Create:
		return 0, change.ErrNameTaken
	case err == nil:
		return living.ID, nil
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	case c.Kind != change.Create:
		return 0, change.ErrNotFound
	}
	made := applicationRow{
		Key: keyOf(c.App), Place: placeRow(c.Place),
		Template: c.Template.Name, TemplateVer: c.Template.Version, Created: micros(c.Submitted),
	}
	_, err = tx.NewInsert().Model(&made).Exec(ctx)
	return made.ID, err
}

// about sets the change in the entries that come with it.
func about(c change.Change, entries []audit.Entry) []audit.Entry {
	out := make([]audit.Entry, len(entries))
	for i, e := range entries {
		e.Change = c.ID
		out[i] = e
	}
	return out
}

func named(k change.AppKey) func(*bun.SelectQuery) *bun.SelectQuery {
	r := keyOf(k)
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("team = ?", r.Team).Where("environment = ?", r.Environment).Where("name = ?", r.Name)
	}
}
