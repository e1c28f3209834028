package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// entryRow is a row of audit_entries.
type entryRow struct {
	bun.BaseModel `bun:"table:audit_entries,alias:e"`

	Seq         int64  `bun:"seq,pk"`
	At          int64  `bun:"at"`
	Actor       int64  `bun:"actor_id"`
	Portal      bool   `bun:"portal"`
	Action      string `bun:"action"`
	Outcome     string `bun:"outcome"`
	Target      int64  `bun:"target_id"`
	Application string `bun:"application"`
	Change      int64  `bun:"change_id"`
	Object      string `bun:"object"`
	Digest      string `bun:"digest"`
	RanAs       string `bun:"ran_as"`
	Detail      string `bun:"detail"`
	RequestID   string `bun:"request_id"`
	RemoteIP    string `bun:"remote_ip"`
	UserAgent   string `bun:"user_agent"`
	Prev        string `bun:"prev"`
	Hash        string `bun:"hash"`
}

// Record stores audit entries that go with no change.
func (s *Store) Record(ctx context.Context, entries ...audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.tx(ctx, "store audit entries", func(ctx context.Context, tx bun.Tx) error {
		return s.appendAudit(ctx, tx, entries)
	})
}

// appendAudit puts entries at the end of the chain. It is the last thing that a transaction does,
// since on PostgreSQL nobody else can append until the transaction has ended.
func (s *Store) appendAudit(ctx context.Context, tx bun.Tx, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	seq, hash, err := s.lockHead(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([]entryRow, len(entries))
	at := now()
	for i, e := range entries {
		seq++
		e.Seq, e.Time = seq, at
		e = audit.Seal(hash, e)
		hash = e.Hash
		if rows[i], err = entryRowOf(ctx, tx, e); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx); err != nil {
		return err
	}
	return s.moveHead(ctx, tx, seq, hash)
}

// lockHead gives the end of the chain and keeps others from appending until the transaction ends.
func (s *Store) lockHead(ctx context.Context, tx bun.Tx) (seq int64, hash string, err error) {
	if s.driver == Postgres {
		err = tx.QueryRowContext(ctx, "SELECT seq, hash FROM audit_head FOR UPDATE").Scan(&seq, &hash)
		return seq, hash, err
	}
	return lastEntry(ctx, tx)
}

func (s *Store) moveHead(ctx context.Context, tx bun.Tx, seq int64, hash string) error {
	if s.driver != Postgres {
		return nil
	}
	_, err := tx.NewUpdate().Table("audit_head").Set("seq = ?", seq).Set("hash = ?", hash).Where("one").Exec(ctx)
	return err
}

func lastEntry(ctx context.Context, db bun.IDB) (seq int64, hash string, err error) {
	err = db.QueryRowContext(ctx, "SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1").Scan(&seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, audit.Genesis, nil
	}
	return seq, hash, err
}

func entryRowOf(ctx context.Context, tx bun.Tx, e audit.Entry) (entryRow, error) {
	actor, err := actorID(ctx, tx, e.Actor.Person)
	if err != nil {
		return entryRow{}, err
	}
	target, err := targetID(ctx, tx, e.Target)
	return entryRow{
		Seq: e.Seq, At: micros(e.Time), Actor: actor, Portal: e.Actor.Portal,
		Action: string(e.Action), Outcome: string(e.Outcome), Target: target,
		Application: e.Application, Change: e.Change, Object: e.Object, Digest: e.Digest,
		RanAs: e.RanAs, Detail: e.Detail, RequestID: e.Request.ID, RemoteIP: e.Request.RemoteIP,
		UserAgent: e.Request.UserAgent, Prev: e.Prev, Hash: e.Hash,
	}, err
}

func actorID(ctx context.Context, tx bun.Tx, p policy.Person) (int64, error) {
	return intern(ctx, tx,
		"SELECT id FROM audit_actors WHERE issuer = ? AND subject = ? AND name = ? AND email = ?",
		"INSERT INTO audit_actors (issuer, subject, name, email) VALUES (?, ?, ?, ?) RETURNING id",
		p.Issuer, p.Subject, p.Name, p.Email)
}

func targetID(ctx context.Context, tx bun.Tx, t policy.Target) (int64, error) {
	return intern(ctx, tx,
		"SELECT id FROM audit_targets WHERE team = ? AND environment = ?",
		"INSERT INTO audit_targets (team, environment) VALUES (?, ?) RETURNING id",
		t.Team, t.Environment)
}

// intern finds the row of values, or makes it. Whoever calls it has locked the head of the chain, so
// nobody else makes the same row.
func intern(ctx context.Context, tx bun.Tx, find, make string, values ...any) (id int64, err error) {
	err = tx.QueryRowContext(ctx, find, values...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, make, values...).Scan(&id)
	}
	return id, err
}
