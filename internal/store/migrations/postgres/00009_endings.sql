-- +goose Up

-- When applications end by themselves. Those that stay have no row. A claim counts the try and says with
-- try_at when the next one may be, so it is lease and back-off in one.
CREATE TABLE endings (
    application_id BIGINT PRIMARY KEY REFERENCES applications (id),
    until          BIGINT NOT NULL CHECK (until > 0),
    made_by        BIGINT NOT NULL REFERENCES changes (id), -- the change that made the application
    ended_by       BIGINT REFERENCES changes (id),          -- the deletion that was made last, since its time was over
    tries          BIGINT NOT NULL DEFAULT 0,
    try_at         BIGINT NOT NULL DEFAULT 0,
    why            TEXT    NOT NULL DEFAULT ''               -- why the last try came to nothing
);

CREATE INDEX endings_until ON endings (until);
