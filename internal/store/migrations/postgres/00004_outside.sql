-- +goose Up

-- Objects outside the application's own namespace: outside is theirs.
ALTER TABLE inventory ADD COLUMN outside TEXT NOT NULL DEFAULT '';
ALTER TABLE inventory DROP CONSTRAINT inventory_pkey;
ALTER TABLE inventory ADD PRIMARY KEY (team, environment, name, api_group, kind, outside, object);
