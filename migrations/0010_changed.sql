-- When something of the record last changed, in microseconds: each change is at least the next millisecond, so that who follows a record
-- by `_lastUpdated` misses nothing that was committed after what he saw, whenever it was asked for.
ALTER TABLE record ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
UPDATE record SET changed = COALESCE((SELECT MAX(d.updated) FROM document d WHERE d.ins = record.ins), 0);
