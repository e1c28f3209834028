package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// ErrTooNew means that a newer portal has used the database.
var ErrTooNew = errors.New("the database is newer than this portal")

// sqliteTries is how often migrating a SQLite file is tried: another process may do the same at the
// same time. Each migration is a transaction, so the one that comes second fails whole, and finds it
// done when it looks again.
const sqliteTries = 5

// lockSeconds is how long a portal waits, at PostgreSQL, for another one that migrates.
const lockSeconds = 300

func (s *Store) migrate(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	tries := 1
	if s.driver == SQLite {
		tries = sqliteTries
	}
	for {
		tries--
		if err = migrateOnce(ctx, p); err == nil || tries == 0 || errors.Is(err, ErrTooNew) || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Store) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.driver)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true)}
	if s.driver == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, s.write.DB, files, options...)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockSeconds))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, s.write.DB, files, append(options, goose.WithSessionLocker(locker))...)
}

func migrateOnce(ctx context.Context, p *goose.Provider) error {
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > knows {
		return fmt.Errorf("%w: its schema has version %d and this portal knows versions up to %d; run the newer portal, or restore a backup from before the upgrade",
			ErrTooNew, has, knows)
	}
	return nil
}
