-- +goose Up

-- Two more kinds of changes.
ALTER TABLE changes DROP CONSTRAINT changes_kind_check;
ALTER TABLE changes ADD CONSTRAINT changes_kind_check
    CHECK (kind IN ('create', 'update', 'rollback', 'restart', 'scale', 'delete'));
