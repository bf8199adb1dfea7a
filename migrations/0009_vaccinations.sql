-- Acts that several documents tell are brought together once the entries are read: the whole register is read anyway, and no plan of a
-- query over it was sure to be linear.
DROP INDEX vaccination_act;

-- Passes over what was kept before something was derived from it: `after` is the last id that was looked at, `done` is 1 at the end.
CREATE TABLE pass (
    name {key} PRIMARY KEY,
    after {bytes} NOT NULL,
    done BIGINT NOT NULL
){keyed};
