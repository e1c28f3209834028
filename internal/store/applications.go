package store

import (
	"context"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Application gives the living application of the name. ErrNotFound.
func (s *Store) Application(ctx context.Context, key change.AppKey) (change.Application, error) {
	var row applicationRow
	err := s.read.NewSelect().Model(&row).Apply(named(key)).Where("NOT ended").Scan(ctx)
	if err != nil {
		return change.Application{}, found("read an application", err)
	}
	out, err := withEndings(ctx, s.read, []applicationRow{row}, nil)
	if err != nil {
		return change.Application{}, wrap("read an application", err)
	}
	return out[0], nil
}

// Applications lists the living applications of the targets (nil for all), by team, environment and
// name. One whose first change is under way is among them, with revision 0.
func (s *Store) Applications(ctx context.Context, visible []policy.Target) ([]change.Application, error) {
	var rows []applicationRow
	err := s.read.NewSelect().Model(&rows).Apply(within(visible)).Where("NOT ended").
		OrderExpr("team, environment, name").Scan(ctx)
	if err != nil {
		return nil, wrap("list applications", err)
	}
	out, err := withEndings(ctx, s.read, rows, visible)
	return out, wrap("list applications", err)
}

// Revision gives one revision of the application of the name; if none is living, of the last one that
// was. ErrNotFound.
func (s *Store) Revision(ctx context.Context, key change.AppKey, number int) (change.Revision, error) {
	var row revisionWithChange
	err := s.revisions(&row, key).ColumnExpr("c.inputs, c.rendered").Where("r.number = ?", number).Scan(ctx)
	if err != nil {
		return change.Revision{}, found("read a revision", err)
	}
	return row.revision(), nil
}

// Revisions lists the revisions of the application that Revision would look in, newest first, without
// Inputs and Rendered.
func (s *Store) Revisions(ctx context.Context, key change.AppKey) ([]change.Revision, error) {
	var rows []revisionWithChange
	err := s.revisions(&rows, key).OrderExpr("r.number DESC").Scan(ctx)
	if err != nil {
		return nil, wrap("list revisions", err)
	}
	out := make([]change.Revision, len(rows))
	for i := range rows {
		out[i] = rows[i].revision()
	}
	return out, nil
}

// revisionWithChange is a revision with what it was made of.
type revisionWithChange struct {
	Number      int       `bun:"number"`
	Change      int64     `bun:"change_id"`
	Applied     int64     `bun:"applied_at"`
	Kind        string    `bun:"kind"`
	Template    string    `bun:"template"`
	TemplateVer string    `bun:"template_version"`
	Requester   personRow `bun:"embed:requester_"`
	Inputs      inputs    `bun:"inputs"`
	Rendered    []byte    `bun:"rendered"`
}

func (r *revisionWithChange) revision() change.Revision {
	return change.Revision{
		Number: r.Number, Change: r.Change, Kind: change.Kind(r.Kind),
		Template: catalog.TemplateID{Name: r.Template, Version: r.TemplateVer},
		Inputs:   catalog.Inputs(r.Inputs), Rendered: r.Rendered,
		By: r.Requester.person(), Applied: fromMicros(r.Applied),
	}
}

func (s *Store) revisions(into any, key change.AppKey) *bun.SelectQuery {
	newest := s.read.NewSelect().Model((*applicationRow)(nil)).Column("id").Apply(named(key)).
		OrderExpr("ended ASC, revision > 0 DESC, id DESC").Limit(1)
	return s.read.NewSelect().Model(into).ModelTableExpr("revisions AS r").
		ColumnExpr("r.number, r.change_id, r.applied_at, c.kind, c.template, c.template_version").
		ColumnExpr("c.requester_issuer, c.requester_subject, c.requester_name, c.requester_email").
		Join("JOIN changes AS c ON c.id = r.change_id").
		Where("r.application_id = (?)", newest)
}

// Inventory lists the objects that the application of the name has, or may have after an attempt that
// failed. Of a name without a living application, these are what an earlier one left behind.
func (s *Store) Inventory(ctx context.Context, key change.AppKey) ([]manifest.Ref, error) {
	var rows []inventoryRow
	err := s.read.NewSelect().Model(&rows).Apply(named(key)).OrderExpr("api_group, kind, outside, object").Scan(ctx)
	if err != nil {
		return nil, wrap("read an inventory", err)
	}
	out := make([]manifest.Ref, len(rows))
	for i := range rows {
		out[i] = rows[i].ref()
	}
	return out, nil
}

// Standing tells what the living application of the name is to have, all as of one moment. It is empty
// for one that does not live, or was never applied.
func (s *Store) Standing(ctx context.Context, key change.AppKey) (change.Standing, error) {
	var rows []struct {
		Changed int64   `bun:"changed_at"`
		Last    *string `bun:"last"`
		Group   *string `bun:"api_group"`
		Kind    *string `bun:"kind"`
		Object  *string `bun:"object"`
		Version *string `bun:"api_version"`
		Outside *string `bun:"outside"`
	}
	last := s.read.NewSelect().Model((*changeRow)(nil)).Column("c.state").
		Where("c.application_id = a.id").Where("c.state IN (?)", bun.List([]change.State{change.Applying, change.Applied, change.Failed})).
		OrderExpr("CASE WHEN c.state = ? THEN 0 ELSE 1 END, c.finished_at DESC, c.id DESC", change.Applying).Limit(1)
	k := keyOf(key)
	err := s.read.NewSelect().ModelTableExpr("applications AS a").
		ColumnExpr("a.changed_at, (?) AS last", last).
		ColumnExpr("i.api_group, i.kind, i.object, i.api_version, i.outside").
		Join("LEFT JOIN inventory AS i ON i.team = a.team AND i.environment = a.environment AND i.name = a.name").
		Where("a.team = ?", k.Team).Where("a.environment = ?", k.Environment).Where("a.name = ?", k.Name).
		Where("NOT a.ended").Where("a.revision > 0").
		OrderExpr("i.api_group, i.kind, i.outside, i.object").Scan(ctx, &rows)
	if err != nil {
		return change.Standing{}, wrap("read what an application is to have", err)
	}
	var out change.Standing
	for _, r := range rows {
		out.Applied = fromMicros(r.Changed)
		out.Settled = r.Last != nil && change.State(*r.Last) == change.Applied
		if r.Kind != nil {
			out.Refs = append(out.Refs, manifest.Ref{Group: *r.Group, Version: *r.Version, Kind: *r.Kind, Name: *r.Object, Namespace: *r.Outside})
		}
	}
	return out, nil
}
