-- Passes over what was kept before something was derived from it: `after` is the last id that was looked at, `done` is 1 at the end.
CREATE TABLE pass (
    name {key} PRIMARY KEY,
    after {bytes} NOT NULL,
    done BIGINT NOT NULL
){keyed};
