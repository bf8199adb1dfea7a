-- One act is looked for in one step: SQLite passed an index on `act` alone by, and looked through the whole register for each entry.
DROP INDEX vaccination_act;
CREATE INDEX vaccination_act ON vaccination (ins, act, source, document);

-- Passes over what was kept before something was derived from it: `after` is the last id that was looked at, `done` is 1 at the end.
CREATE TABLE pass (
    name {key} PRIMARY KEY,
    after {bytes} NOT NULL,
    done BIGINT NOT NULL
){keyed};
