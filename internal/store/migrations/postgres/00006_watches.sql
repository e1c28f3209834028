-- +goose Up

-- A change that is to be taken back by itself is watched once it is applied, by whoever has the lease.
-- A table of its own: columns behind the large ones of changes would make every list read those.
CREATE TABLE watches (
    change_id   BIGINT  PRIMARY KEY REFERENCES changes (id),
    state       TEXT    NOT NULL CHECK (state IN ('asked', 'watching', 'settled', 'superseded', 'rolled back', 'given up')),
    since       BIGINT  NOT NULL DEFAULT 0,
    ended       BIGINT  NOT NULL DEFAULT 0,
    why         TEXT    NOT NULL DEFAULT '',
    undone_by   BIGINT  REFERENCES changes (id), -- the change that took it back
    lease_until BIGINT  NOT NULL DEFAULT 0,
    holder      TEXT    NOT NULL DEFAULT ''
);

CREATE INDEX watches_to_do ON watches (change_id) WHERE state = 'watching';
CREATE UNIQUE INDEX watches_undone ON watches (undone_by) WHERE undone_by IS NOT NULL;
