package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

type draftRow struct {
	bun.BaseModel `bun:"table:drafts,alias:d"`

	Issuer      string                 `bun:"owner_issuer,pk"`
	Subject     string                 `bun:"owner_subject,pk"`
	Team        string                 `bun:"team,pk"`
	Environment string                 `bun:"environment,pk"`
	Template    string                 `bun:"template,pk"`
	Application string                 `bun:"application,pk"`
	TemplateVer string                 `bun:"template_version"`
	Saved       int64                  `bun:"saved_at"`
	Form        document[catalog.Form] `bun:"form"`
}

func (r *draftRow) draft() change.SavedDraft {
	return change.SavedDraft{
		DraftKey: change.DraftKey{
			Target: policy.Target{Team: r.Team, Environment: r.Environment}, Template: r.Template, App: r.Application,
		},
		Version: r.TemplateVer, Form: r.Form.V, Saved: fromMicros(r.Saved),
	}
}

// SaveDraft keeps a draft. See change.Store.
func (s *Store) SaveDraft(ctx context.Context, owner policy.Identity, d change.SavedDraft) error {
	row := draftRow{
		Issuer: clean(owner.Issuer), Subject: clean(owner.Subject),
		Team: clean(d.Target.Team), Environment: clean(d.Target.Environment), Template: clean(d.Template), Application: clean(d.App),
		TemplateVer: clean(d.Version), Saved: micros(d.Saved), Form: document[catalog.Form]{d.Form},
	}
	return s.tx(ctx, "keep a draft", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).
			On("CONFLICT (owner_issuer, owner_subject, team, environment, template, application) DO UPDATE").
			Set("template_version = EXCLUDED.template_version").Set("saved_at = EXCLUDED.saved_at").Set("form = EXCLUDED.form").
			Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*draftRow)(nil)).Where("saved_at < ?", micros(d.Saved.Add(-change.DraftLife))).Exec(ctx)
		if err != nil {
			return err
		}
		return dropOldest(ctx, tx, row)
	})
}

// dropOldest removes what the owner of row has beyond change.DraftsPerPerson.
func dropOldest(ctx context.Context, tx bun.Tx, row draftRow) error {
	var first int64
	err := tx.NewSelect().Model((*draftRow)(nil)).Column("saved_at").
		Where("owner_issuer = ?", row.Issuer).Where("owner_subject = ?", row.Subject).
		OrderExpr("saved_at DESC").Offset(change.DraftsPerPerson-1).Limit(1).Scan(ctx, &first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // there is room
	}
	if err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*draftRow)(nil)).
		Where("owner_issuer = ?", row.Issuer).Where("owner_subject = ?", row.Subject).
		Where("saved_at < ?", first).Exec(ctx)
	return err
}

// DropDraft removes a draft. See change.Store.
func (s *Store) DropDraft(ctx context.Context, owner policy.Identity, key change.DraftKey) error {
	return s.tx(ctx, "remove a draft", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*draftRow)(nil)).ApplyQueryBuilder(keyed(owner, key)).Exec(ctx)
		return err
	})
}

// dropDraftOf removes the draft that a new change was made of.
func dropDraftOf(ctx context.Context, tx bun.Tx, c change.Change) error {
	key, ok := c.DraftKey()
	if !ok {
		return nil
	}
	_, err := tx.NewDelete().Model((*draftRow)(nil)).ApplyQueryBuilder(keyed(c.Requester.Identity, key)).Exec(ctx)
	return err
}

// Draft gives one draft. See change.Store.
func (s *Store) Draft(ctx context.Context, owner policy.Identity, key change.DraftKey, since time.Time) (change.SavedDraft, error) {
	var row draftRow
	err := s.read.NewSelect().Model(&row).ApplyQueryBuilder(keyed(owner, key)).Where("saved_at >= ?", micros(since)).Scan(ctx)
	if err != nil {
		return change.SavedDraft{}, found("read a draft", err)
	}
	return row.draft(), nil
}

// Drafts lists somebody's drafts. See change.Store.
func (s *Store) Drafts(ctx context.Context, owner policy.Identity, since time.Time) ([]change.SavedDraft, error) {
	var rows []draftRow
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("form").
		Where("owner_issuer = ?", clean(owner.Issuer)).Where("owner_subject = ?", clean(owner.Subject)).
		Where("saved_at >= ?", micros(since)).OrderExpr("saved_at DESC, template, application").Scan(ctx)
	if err != nil {
		return nil, wrap("list drafts", err)
	}
	out := make([]change.SavedDraft, len(rows))
	for i := range rows {
		out[i] = rows[i].draft()
	}
	return out, nil
}

// tokenPrefix is what every token of a secret begins with.
const tokenPrefix = "slipway-secret-"

// DraftTokens lists the tokens in drafts. See change.Store.
func (s *Store) DraftTokens(ctx context.Context, t policy.Target, since time.Time) ([]string, error) {
	var rows []draftRow
	err := s.read.NewSelect().Model(&rows).Column("form").
		Where("team = ?", clean(t.Team)).Where("environment = ?", clean(t.Environment)).
		Where("saved_at >= ?", micros(since)).Scan(ctx)
	if err != nil {
		return nil, wrap("list the secrets of drafts", err)
	}
	var out []string
	for i := range rows {
		for _, values := range rows[i].Form.V {
			for _, v := range values {
				if strings.HasPrefix(v, tokenPrefix) {
					out = append(out, v)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func keyed(owner policy.Identity, key change.DraftKey) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("owner_issuer = ?", clean(owner.Issuer)).Where("owner_subject = ?", clean(owner.Subject)).
			Where("team = ?", clean(key.Target.Team)).Where("environment = ?", clean(key.Target.Environment)).
			Where("template = ?", clean(key.Template)).Where("application = ?", clean(key.App))
	}
}
