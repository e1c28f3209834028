package store

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/dialect/pgdialect"
)

const (
	postgresConnections = 16
	postgresConnectTime = 5 * time.Second
)

func (s *Store) openPostgres(dsn string) error {
	if dsn == "" {
		return errors.New("the connection string of PostgreSQL is empty")
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err // pgx leaves the password out of it
	}
	// The query builder writes values into the text, so no statement comes twice and preparing each
	// would only cost a round trip.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnectTime
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.setDB(db, db, pgdialect.New())
	return nil
}
