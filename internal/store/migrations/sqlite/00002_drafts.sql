-- +goose Up

-- Forms that somebody has begun: one for each person, target, template and application (none for a
-- new one). What is in them holds tokens in place of secrets.
CREATE TABLE drafts (
    owner_issuer     TEXT    NOT NULL,
    owner_subject    TEXT    NOT NULL,
    team             TEXT    NOT NULL,
    environment      TEXT    NOT NULL,
    template         TEXT    NOT NULL,
    application      TEXT    NOT NULL,
    template_version TEXT    NOT NULL,
    saved_at         INTEGER NOT NULL,
    form             TEXT    NOT NULL,
    PRIMARY KEY (owner_issuer, owner_subject, team, environment, template, application)
) STRICT;

CREATE INDEX drafts_saved ON drafts (saved_at);
CREATE INDEX drafts_target ON drafts (team, environment, saved_at);
