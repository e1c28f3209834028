package store

import "database/sql"

// WriteDB and ReadDB let tests do to the database what the package never does.
func (s *Store) WriteDB() *sql.DB { return s.write.DB }
func (s *Store) ReadDB() *sql.DB  { return s.read.DB }
