package store

import (
	"context"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
)

// sweepEvery is how often sessions that have ended are removed.
const sweepEvery = 5 * time.Minute

// Sessions keeps the sessions of people who are signed in. It is a store for package scs
// (scs.Store and scs.IterableStore). Its errors are those of Store.
type Sessions struct {
	read, write sessionStore
}

type sessionStore interface {
	scs.Store
	scs.IterableStore
}

var _ sessionStore = (*Sessions)(nil)

// Sessions gives the session store. It is usable until Close.
func (s *Store) Sessions() *Sessions { return s.sessions }

func (s *Store) startSessions() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	expired := "DELETE FROM sessions WHERE expiry < julianday('now')"
	if s.driver == Postgres {
		both := postgresstore.NewWithCleanupInterval(s.write.DB, 0)
		s.sessions = &Sessions{read: both, write: both}
		expired = "DELETE FROM sessions WHERE expiry < current_timestamp"
	} else {
		s.sessions = &Sessions{
			read:  sqlite3store.NewWithCleanupInterval(s.read.DB, 0),
			write: sqlite3store.NewWithCleanupInterval(s.write.DB, 0),
		}
	}
	// The library's own sweeping can neither be waited for nor logged, hence this.
	s.tasks.Go(func() { s.sweep(ctx, expired) })
}

func (s *Store) sweep(ctx context.Context, expired string) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := s.write.ExecContext(ctx, expired); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sessions that have ended could not be removed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Find gives a session's data; false if there is none, or it has ended.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	data, found, err := s.read.Find(token)
	return data, found, wrap("look up a session", err)
}

// Commit stores a session until expiry.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return wrap("store a session", s.write.Commit(token, data, expiry))
}

// Delete removes a session. One that is not there is no error.
func (s *Sessions) Delete(token string) error {
	return wrap("remove a session", s.write.Delete(token))
}

// All gives all sessions that have not ended, by token.
func (s *Sessions) All() (map[string][]byte, error) {
	all, err := s.read.All()
	return all, wrap("list the sessions", err)
}
