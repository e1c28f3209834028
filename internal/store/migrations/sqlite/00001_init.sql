-- +goose Up

-- Times are microseconds since 1970-01-01T00:00:00Z, 0 for none: exact, comparable, without a zone.

CREATE TABLE applications (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    team             TEXT    NOT NULL,
    environment      TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    cluster          TEXT    NOT NULL,
    namespace        TEXT    NOT NULL,
    template         TEXT    NOT NULL,
    template_version TEXT    NOT NULL,
    revision         INTEGER NOT NULL DEFAULT 0,
    ended            INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
    created_at       INTEGER NOT NULL,
    changed_at       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A name is taken while its application lives; afterwards it can be used again.
CREATE UNIQUE INDEX applications_living ON applications (team, environment, name) WHERE NOT ended;
CREATE INDEX applications_named ON applications (team, environment, name);

CREATE TABLE changes (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id    INTEGER NOT NULL REFERENCES applications (id),
    team              TEXT    NOT NULL,
    environment       TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    cluster           TEXT    NOT NULL,
    namespace         TEXT    NOT NULL,
    kind              TEXT    NOT NULL CHECK (kind IN ('create', 'update', 'rollback', 'delete')),
    state             TEXT    NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn',
                                                        'expired', 'stale', 'applying', 'applied', 'failed')),
    title             TEXT    NOT NULL,
    reason            TEXT    NOT NULL,
    requester_issuer  TEXT    NOT NULL,
    requester_subject TEXT    NOT NULL,
    requester_name    TEXT    NOT NULL,
    requester_email   TEXT    NOT NULL,
    submitted_at      INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    template          TEXT    NOT NULL,
    template_version  TEXT    NOT NULL,
    base              INTEGER NOT NULL,
    revision          INTEGER NOT NULL DEFAULT 0,
    failure           TEXT    NOT NULL DEFAULT '',
    started_at        INTEGER NOT NULL DEFAULT 0,
    finished_at       INTEGER NOT NULL DEFAULT 0,
    attempt           INTEGER NOT NULL DEFAULT 0,
    version           INTEGER NOT NULL DEFAULT 1,
    idempotency       TEXT    NOT NULL DEFAULT '',
    lease_until       INTEGER NOT NULL DEFAULT 0,
    holder            TEXT    NOT NULL DEFAULT '',
    approvals         TEXT    NOT NULL,
    closed            TEXT    NOT NULL,
    outcomes          TEXT    NOT NULL,
    plan              TEXT    NOT NULL,
    -- The large parts, which lists do not read, stand last.
    plan_texts        TEXT    NOT NULL,
    inputs            TEXT    NOT NULL,
    rendered          BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX changes_idempotency ON changes (requester_issuer, requester_subject, idempotency) WHERE idempotency <> '';
-- One change of an application is applied at a time.
CREATE UNIQUE INDEX changes_held ON changes (application_id) WHERE state = 'applying' AND holder <> '';
CREATE INDEX changes_to_do ON changes (id) WHERE state IN ('approved', 'applying');
CREATE INDEX changes_state ON changes (state, id);
CREATE INDEX changes_target ON changes (team, environment, name, id);
CREATE INDEX changes_application ON changes (application_id, id);
CREATE INDEX changes_requester ON changes (requester_issuer, requester_subject, id);
CREATE INDEX changes_expiry ON changes (expires_at) WHERE state = 'pending';

-- What a revision was made of stands in its change, where nothing ever rewrites it.
CREATE TABLE revisions (
    application_id INTEGER NOT NULL REFERENCES applications (id),
    number         INTEGER NOT NULL CHECK (number > 0),
    change_id      INTEGER NOT NULL UNIQUE REFERENCES changes (id),
    applied_at     INTEGER NOT NULL,
    PRIMARY KEY (application_id, number)
) STRICT, WITHOUT ROWID;

-- By name, not by application: what an ended application left behind in the cluster is its successor's.
CREATE TABLE inventory (
    team        TEXT NOT NULL,
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    api_group   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    object      TEXT NOT NULL,
    api_version TEXT NOT NULL,
    PRIMARY KEY (team, environment, name, api_group, kind, object)
) STRICT, WITHOUT ROWID;

-- The audit log. Who acted and on which target are in tables of their own, so that a filter on a
-- part of a name, or on what somebody may see, searches a handful of rows instead of the log.
CREATE TABLE audit_actors (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    name    TEXT NOT NULL,
    email   TEXT NOT NULL,
    UNIQUE (issuer, subject, name, email)
) STRICT;

CREATE TABLE audit_targets (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    team        TEXT NOT NULL,
    environment TEXT NOT NULL,
    UNIQUE (team, environment)
) STRICT;

CREATE TABLE audit_entries (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor_id    INTEGER NOT NULL REFERENCES audit_actors (id),
    portal      INTEGER NOT NULL CHECK (portal IN (0, 1)),
    action      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    target_id   INTEGER NOT NULL REFERENCES audit_targets (id),
    application TEXT    NOT NULL,
    change_id   INTEGER NOT NULL,
    object      TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    ran_as      TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    remote_ip   TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    prev        TEXT    NOT NULL,
    hash        TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit_entries (at);
CREATE INDEX audit_actor ON audit_entries (actor_id);
CREATE INDEX audit_target ON audit_entries (target_id);
CREATE INDEX audit_action ON audit_entries (action);
CREATE INDEX audit_application ON audit_entries (application) WHERE application <> '';
CREATE INDEX audit_change ON audit_entries (change_id) WHERE change_id <> 0;
CREATE INDEX audit_outcome ON audit_entries (outcome) WHERE outcome <> 'done';

-- +goose StatementBegin
CREATE TRIGGER audit_entries_next BEFORE INSERT ON audit_entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_entries)
BEGIN SELECT RAISE(ABORT, 'the audit log has no gaps and is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_actors_update BEFORE UPDATE ON audit_actors
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_actors_delete BEFORE DELETE ON audit_actors
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_targets_update BEFORE UPDATE ON audit_targets
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_targets_delete BEFORE DELETE ON audit_targets
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- +goose StatementEnd

-- As the session library's store for this database wants it.
CREATE TABLE sessions (
    token  TEXT PRIMARY KEY,
    data   BLOB NOT NULL,
    expiry REAL NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);
