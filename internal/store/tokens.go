package store

import (
	"context"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

type tokenRow struct {
	bun.BaseModel `bun:"table:change_tokens,alias:t"`

	Change int64  `bun:"change_id,pk"`
	Token  string `bun:"token,pk"`
}

func insertTokens(ctx context.Context, tx bun.Tx, id int64, tokens []manifest.Token) error {
	if len(tokens) == 0 {
		return nil
	}
	rows := make([]tokenRow, len(tokens))
	for i, t := range tokens {
		rows[i] = tokenRow{Change: id, Token: clean(string(t))}
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// TokensInUse lists the tokens that something in the place may still need. See change.Store. A change
// that failed can be resumed as long as no other one became its application's next revision.
func (s *Store) TokensInUse(ctx context.Context, place manifest.Place) ([]manifest.Token, error) {
	var found []string
	err := s.read.NewSelect().Model((*tokenRow)(nil)).ColumnExpr("DISTINCT t.token").
		Join("JOIN changes AS c ON c.id = t.change_id").
		Join("JOIN applications AS a ON a.id = c.application_id").
		Where("c.cluster = ?", clean(place.Cluster)).Where("c.namespace = ?", clean(place.Namespace)).
		Where("NOT a.ended").
		WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("c.state IN (?)", bun.List([]string{string(change.Pending), string(change.Approved), string(change.Applying), string(change.Applied)})).
				WhereOr("c.state = ? AND c.base = a.revision", string(change.Failed))
		}).
		OrderExpr("t.token").Scan(ctx, &found)
	if err != nil {
		return nil, wrap("list the secrets in use", err)
	}
	out := make([]manifest.Token, len(found))
	for i, t := range found {
		out[i] = manifest.Token(t)
	}
	return out, nil
}
