-- +goose Up

-- The tokens of the secret values that a change's objects and inputs refer to. What they stand for is
-- kept in the cluster as long as one of these changes may be applied or rolled back to.
CREATE TABLE change_tokens (
    change_id INTEGER NOT NULL REFERENCES changes (id),
    token     TEXT    NOT NULL,
    PRIMARY KEY (change_id, token)
) STRICT, WITHOUT ROWID;
