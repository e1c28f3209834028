-- +goose Up

-- Two more kinds of changes. SQLite cannot alter a CHECK, and a copy of the table would move every plan
-- and every rendered object for a word in its definition, so the definition itself is edited, as section 7
-- of https://www.sqlite.org/lang_altertable.html describes for changes that no row has to follow.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'kind IN (''create'', ''update'', ''rollback'', ''delete'')',
                           'kind IN (''create'', ''update'', ''rollback'', ''restart'', ''scale'', ''delete'')')
    WHERE type = 'table' AND name = 'changes';
-- Making and dropping a table counts the schema's version on, so that every connection reads it again.
CREATE TABLE kinds_changed (id INTEGER) STRICT;
DROP TABLE kinds_changed;
PRAGMA writable_schema = RESET;
