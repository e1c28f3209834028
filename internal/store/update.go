package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// Update loads a change, lets fn change it, and stores it with what fn returns. See change.Store.
//
// fn runs inside the transaction, so it must be quick and must not call the store. What was
// submitted (kind, inputs, rendered objects, plan) cannot be changed; changing the plan's digest is an
// error. A state that is not Applying has no lease; one that has just become Applying has none yet.
//
// A Create that ends without having been applied ends its application too, so that the name is free
// again, unless an attempt may have left objects in the cluster: then the application stays, and
// with it the way to see and delete them.
func (s *Store) Update(ctx context.Context, id int64, fn func(*change.Change) (change.Commit, error)) (change.Change, error) {
	var after change.Change
	err := s.tx(ctx, "store a change", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.loadForUpdate(ctx, tx, id)
		if err != nil {
			return err
		}
		before := row.change()
		if err := withWatches(ctx, tx, &before); err != nil {
			return err
		}
		after = row.change()
		after.Undoes = before.Undoes
		if before.Watch != nil {
			after.Watch = new(*before.Watch)
		}
		commit, err := fn(&after)
		if err != nil {
			return callerError{err}
		}
		if err := check(before, after, commit); err != nil {
			return err
		}
		if err := s.checkBase(ctx, tx, row, commit); err != nil {
			return err
		}
		return s.save(ctx, tx, row, &before, &after, commit)
	})
	if err != nil {
		return change.Change{}, err
	}
	return after, nil
}

func (s *Store) loadForUpdate(ctx context.Context, tx bun.Tx, id int64) (*changeRow, error) {
	row := new(changeRow)
	err := s.lock(tx.NewSelect().Model(row).Where("id = ?", id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, change.ErrNotFound
	}
	return row, err
}

// check refuses what no caller may do to a change. An expired lease that nobody has taken is still
// its holder's: the row is locked, so nobody can take it in between.
func check(before, after change.Change, commit change.Commit) error {
	if commit.Holder != "" && (before.Holder != commit.Holder || before.State != change.Applying) {
		return change.ErrLeaseLost
	}
	if after.State != before.State && !before.State.CanBecome(after.State) {
		return fmt.Errorf("%w: #%d from %s to %s", ErrTransition, before.ID, before.State, after.State)
	}
	if after.ID != before.ID || after.App != before.App || after.Kind != before.Kind || after.Plan.Digest != before.Plan.Digest {
		return fmt.Errorf("store: what was submitted as #%d cannot be changed", before.ID)
	}
	return checkWatch(before, after)
}

// checkBase refuses a commit that counts on the change's base where that is not the application's any more.
// The application's row stays locked, so that no other change becomes its next revision meanwhile.
func (s *Store) checkBase(ctx context.Context, tx bun.Tx, row *changeRow, commit change.Commit) error {
	if !commit.AtBase {
		return nil
	}
	var app applicationRow
	if err := s.lock(tx.NewSelect().Model(&app).Where("id = ?", row.ApplicationID)).Scan(ctx); err != nil {
		return err
	}
	if app.Ended || app.Revision != row.Base || app.Place != row.Place {
		return change.ErrSuperseded
	}
	return nil
}

func (s *Store) save(ctx context.Context, tx bun.Tx, row *changeRow, before, after *change.Change, commit change.Commit) error {
	was := change.State(row.State)
	if after.State != change.Applying || was != change.Applying {
		after.Lease, after.Holder = fromMicros(0), ""
	}
	if commit.Revision {
		if err := s.addRevision(ctx, tx, row, after); err != nil {
			return err
		}
	}
	after.Version = row.Version + 1
	row.setMutable(*after)
	res, err := tx.NewUpdate().Model(row).Column(mutable...).
		Where("id = ?", row.ID).Where("version = ?", row.Version-1).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("store: #%d was changed by somebody else meanwhile", row.ID), err)
	}
	if err := keepInventory(ctx, tx, row.Key, commit); err != nil {
		return err
	}
	if err := endUnborn(ctx, tx, row, was); err != nil {
		return err
	}
	if err := s.saveWatch(ctx, tx, row, before, after, commit); err != nil {
		return err
	}
	entries := about(*after, commit.Audit)
	if after.Watch != nil && after.Watch.Undone != 0 {
		entries = append(entries, about(change.Change{ID: after.Watch.Undone}, commit.UndoAudit)...)
	}
	return s.appendAudit(ctx, tx, entries)
}

// addRevision makes the change its application's newest revision. An application that another change
// has deleted meanwhile lives again, since its objects do; ErrNameTaken if its name has a successor.
func (s *Store) addRevision(ctx context.Context, tx bun.Tx, row *changeRow, c *change.Change) error {
	applied := c.Finished
	if applied.IsZero() {
		applied = now()
	}
	var number int
	_, err := tx.NewUpdate().Model((*applicationRow)(nil)).
		Set("revision = revision + 1").Set("ended = ?", c.Kind == change.Delete).
		Set("template = ?", row.Template).Set("template_version = ?", row.TemplateVer).
		Set("cluster = ?", row.Place.Cluster).Set("namespace = ?", row.Place.Namespace).
		Set("changed_at = ?", micros(applied)).
		Where("id = ?", row.ApplicationID).Returning("revision").Exec(ctx, &number)
	if duplicate(err) {
		return change.ErrNameTaken
	}
	if err != nil {
		return err
	}
	c.Revision = number
	_, err = tx.NewInsert().Model(&revisionRow{
		ApplicationID: row.ApplicationID, Number: number, Change: row.ID, Applied: micros(applied),
	}).Exec(ctx)
	return err
}

// keepInventory puts in what is about to be written and takes out what is gone for certain.
func keepInventory(ctx context.Context, tx bun.Tx, key keyRow, commit change.Commit) error {
	if len(commit.Mine) > 0 {
		rows := make([]inventoryRow, 0, len(commit.Mine))
		for _, ref := range unique(commit.Mine) {
			rows = append(rows, inventoryRow{Key: key, Group: ref.Group, Kind: ref.Kind, Object: ref.Name, Version: ref.Version, Outside: ref.Namespace})
		}
		_, err := tx.NewInsert().Model(&rows).
			On("CONFLICT (team, environment, name, api_group, kind, outside, object) DO UPDATE").
			Set("api_version = EXCLUDED.api_version").Exec(ctx)
		if err != nil {
			return err
		}
	}
	for _, ref := range commit.Gone {
		_, err := tx.NewDelete().Model((*inventoryRow)(nil)).
			Where("team = ?", key.Team).Where("environment = ?", key.Environment).Where("name = ?", key.Name).
			Where("api_group = ?", ref.Group).Where("kind = ?", ref.Kind).Where("object = ?", ref.Name).Where("outside = ?", ref.Namespace).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// unique leaves out repetitions, which one INSERT must not hold.
func unique(refs []manifest.Ref) []manifest.Ref {
	seen := map[manifest.Ref]bool{}
	var out []manifest.Ref
	for _, r := range refs {
		same := r
		same.Version = ""
		if !seen[same] {
			seen[same] = true
			out = append(out, r)
		}
	}
	return out
}

// endUnborn ends the application of a Create that ends without ever having been applied.
func endUnborn(ctx context.Context, tx bun.Tx, row *changeRow, was change.State) error {
	state := change.State(row.State)
	closed := state != was && !state.Open() && state != change.Applied && state != change.Failed
	if !closed || row.Kind != string(change.Create) {
		return nil
	}
	_, err := tx.NewUpdate().Model((*applicationRow)(nil)).Set("ended = ?", true).
		Where("id = ?", row.ApplicationID).Where("revision = 0").
		Where("NOT EXISTS (SELECT 1 FROM inventory AS i WHERE i.team = a.team AND i.environment = a.environment AND i.name = a.name)").
		Where("NOT EXISTS (SELECT 1 FROM changes AS o WHERE o.application_id = a.id AND o.id <> ? AND o.state IN ('pending', 'approved', 'applying'))", row.ID).
		Exec(ctx)
	return err
}
