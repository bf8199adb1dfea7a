-- In which state of its record a submission or a folder came to be, as `document.since`; what was there before is of the first one.
ALTER TABLE submission ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
-- The organisations behind the authors of what was deposited before are written to `attribute` by `src/store/migrate/organizations.rs`.
