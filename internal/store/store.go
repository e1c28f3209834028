// Package store keeps changes, applications and the audit log in a database: one SQLite file, or
// PostgreSQL when several replicas of the portal share it. Both give the same promises, and one
// suite of tests holds them to it.
//
// Every method that writes does so in one transaction that is durable when it returns, together with
// its audit entries. Within a transaction rows are locked in one order (change, application, end of the
// audit chain), so that two writers never wait for each other.
//
// Times are stored as microseconds in UTC.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"slipway.dev/slipway/internal/change"
)

// The drivers.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Config says which database.
type Config struct {
	Driver string // SQLite or Postgres
	Path   string // SQLite: the file; made, for the owner alone, if it does not exist
	DSN    string // Postgres: a connection string or URL
	Log    *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	driver   string
	read     *bun.DB // SQLite: many connections that cannot write; PostgreSQL: the same as write
	write    *bun.DB // SQLite: one connection, so that writers queue here and not in the file's lock
	log      *slog.Logger
	names    names
	sessions *Sessions
	stop     context.CancelFunc
	tasks    sync.WaitGroup
}

var _ change.Store = (*Store)(nil)

// Open opens the database and brings its schema up to date. It refuses a database that a newer
// portal has used. An error that wraps change.ErrUnavailable may go away by itself.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{driver: c.Driver, log: c.Log}
	var err error
	switch c.Driver {
	case SQLite:
		err = s.openSQLite(c.Path)
	case Postgres:
		err = s.openPostgres(c.DSN)
	default:
		return nil, fmt.Errorf("store: unknown driver %q; use %q or %q", c.Driver, SQLite, Postgres)
	}
	if err != nil {
		return nil, wrap("open the database", err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(wrap("bring the database up to date", err), s.closeDB())
	}
	s.startSessions()
	return s, nil
}

// Close ends what the store does in the background, waits for it, and closes the database.
func (s *Store) Close() error {
	s.stop()
	s.tasks.Wait()
	return s.closeDB()
}

func (s *Store) closeDB() error {
	err := s.read.Close()
	if s.write != s.read {
		err = errors.Join(err, s.write.Close())
	}
	return wrap("close the database", err)
}

// Ping tells whether the database answers. It does not tell whether it can be written to.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap("ask the database", s.read.NewSelect().ColumnExpr("1").Scan(ctx, &one))
}

// tx runs fn in a transaction that is durable when tx returns nil.
func (s *Store) tx(ctx context.Context, doing string, fn func(ctx context.Context, tx bun.Tx) error) error {
	return wrap(doing, s.write.RunInTx(ctx, nil, fn))
}

func (s *Store) setDB(read, write *sql.DB, d schema.Dialect) {
	s.write = bun.NewDB(write, d)
	s.read = s.write
	if read != write {
		s.read = bun.NewDB(read, d)
	}
}

// lock makes a query of a row that is about to be changed wait for others who change it. SQLite
// needs no such thing: its transactions of this package are alone from the beginning.
func (s *Store) lock(q *bun.SelectQuery) *bun.SelectQuery {
	if s.driver == Postgres {
		return q.For("UPDATE")
	}
	return q
}

// clock is the SQL expression for now in microseconds. Leases are measured by the database's clock,
// since several portals may have several.
func (s *Store) clock() string {
	if s.driver == Postgres {
		return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(m int64) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(m).UTC()
}
