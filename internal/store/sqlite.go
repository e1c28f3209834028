package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// What every connection to a SQLite file is opened with. FULL makes a commit durable when it returns,
// in WAL mode too.
const sqlitePragmas = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=5000&_cache_size=-16000"

func (s *Store) openSQLite(path string) error {
	if path == "" {
		return errors.New("the path of the SQLite file is empty")
	}
	if err := makeFile(path); err != nil {
		return err
	}
	// An immediate transaction takes the write lock when it begins, so it never fails half-way because
	// somebody else wrote after it had read.
	write, err := openSQLiteFile(path, "&_txlock=immediate", 1)
	if err != nil {
		return err
	}
	read, err := openSQLiteFile(path, "&_query_only=1", max(4, 2*runtime.NumCPU()))
	if err != nil {
		return errors.Join(err, write.Close())
	}
	s.setDB(read, write, sqlitedialect.New())
	return nil
}

// makeFile makes the file before SQLite does, which would let everybody read it. The files that SQLite
// puts beside it get the same permissions.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the administrator says which file
	if err != nil {
		return fmt.Errorf("the SQLite file cannot be opened for writing: %w", err)
	}
	return f.Close()
}

func openSQLiteFile(path, more string, connections int) (*sql.DB, error) {
	file := (&url.URL{Path: path}).EscapedPath()
	db, err := sql.Open("sqlite3", "file:"+file+"?"+sqlitePragmas+more)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}
