package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"slipway.dev/slipway/internal/change"
)

// ErrTransition means that an Update wanted a state which the former one cannot become.
var ErrTransition = errors.New("store: a change cannot go from one of these states to the other")

// passed are the errors that callers compare with; they go through as they are.
var passed = []error{
	change.ErrNotFound, change.ErrNameTaken, change.ErrNothingToDo, change.ErrLeaseLost, change.ErrUnavailable, change.ErrSuperseded,
	change.ErrEndingMoved,
	ErrTransition, ErrTooNew,
}

// callerError carries an error of a caller's function through a transaction, so that it is not taken
// for the database's.
type callerError struct{ error }

func (e callerError) Unwrap() error { return e.error }

// wrap gives err the form in which it leaves the package: change.ErrUnavailable in front if the
// database could not be reached or could not write.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if c, ok := errors.AsType[callerError](err); ok {
		return c.error
	}
	for _, p := range passed {
		if errors.Is(err, p) {
			return err
		}
	}
	if unavailable(err) {
		return fmt.Errorf("%w: %s: %w", change.ErrUnavailable, doing, err)
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

func unavailable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false // the caller went away, not the database
	}
	if e, ok := errors.AsType[sqlite3.Error](err); ok {
		return sqliteUnavailable(e.Code)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresUnavailable(e.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "database is closed")
}

func sqliteUnavailable(code sqlite3.ErrNo) bool {
	switch code {
	case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrBusy,
		sqlite3.ErrLocked, sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrNomem, sqlite3.ErrPerm:
		return true
	}
	return false
}

// postgresUnavailable goes by the classes of PostgreSQL's error codes (its manual, appendix A).
func postgresUnavailable(code string) bool {
	for _, class := range []string{
		"08",    // connection
		"25006", // read-only: a replica, or a server that was set so
		"28",    // may no longer sign in
		"40",    // rolled back: deadlock
		"53",    // out of disk, memory or connections
		"55P03", // lock not available
		"57",    // shutting down, or a statement was cancelled by an operator or a time limit
		"58",    // input and output
		"XX",    // damaged
	} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// duplicate tells whether a unique index refused a row.
func duplicate(err error) bool {
	if e, ok := errors.AsType[sqlite3.Error](err); ok {
		return e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}
