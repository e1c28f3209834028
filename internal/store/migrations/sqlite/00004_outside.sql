-- +goose Up

-- Objects outside the application's own namespace: outside is theirs. SQLite cannot change a primary key,
-- so the table is made anew.
CREATE TABLE inventory_new (
    team        TEXT NOT NULL,
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    api_group   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    outside     TEXT NOT NULL DEFAULT '',
    object      TEXT NOT NULL,
    api_version TEXT NOT NULL,
    PRIMARY KEY (team, environment, name, api_group, kind, outside, object)
) STRICT, WITHOUT ROWID;
INSERT INTO inventory_new (team, environment, name, api_group, kind, object, api_version)
    SELECT team, environment, name, api_group, kind, object, api_version FROM inventory;
DROP TABLE inventory;
ALTER TABLE inventory_new RENAME TO inventory;
