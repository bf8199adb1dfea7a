-- In which state of its record a row came to be: a search walks one state, whatever is deposited or changed meanwhile. A record's
-- documents change one act after the other, so the numbers are in the order of the commits, as no clock is.
ALTER TABLE record ADD COLUMN state BIGINT NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
-- A version was the present one from `since` until before `until`; none kept so far is walked to.
ALTER TABLE document_version ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE document_version ADD COLUMN until BIGINT NOT NULL DEFAULT 0;
