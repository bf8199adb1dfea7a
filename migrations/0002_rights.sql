-- Every right of a record, the visibility of documents to the patient's side, who has consulted, and what the patient is told.

-- The document types that a profession may consult, named by what is in the set: a matrix that changes makes other sets.
CREATE TABLE type_set (
    id BIGINT NOT NULL,
    code {key} NOT NULL,
    PRIMARY KEY (id, code)
){keyed};

-- Until when a document is hidden from the patient (null: it is not), and whether from a minor's representatives.
ALTER TABLE document ADD COLUMN hidden_until BIGINT;
ALTER TABLE document ADD COLUMN invisible_representatives BIGINT NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN from_patient BIGINT NOT NULL DEFAULT 0;
-- The month that the law gives, in microseconds; documents deposited from now on get it by calendar.
UPDATE document SET hidden_until = deposited + 2678400000000 WHERE EXISTS (
    SELECT 1 FROM attribute a WHERE a.ins = document.ins AND a.entry = document.id AND a.name = 5 AND a.code = 'INVISIBLE_PATIENT');
UPDATE document SET invisible_representatives = 1 WHERE EXISTS (
    SELECT 1 FROM attribute a WHERE a.ins = document.ins AND a.entry = document.id AND a.name = 5
        AND a.code = 'INVISIBLE_REPRESENTANTS_LEGAUX');
-- What falls due, across records.
CREATE INDEX document_hidden ON document (hidden_until) WHERE hidden_until IS NOT NULL;

-- What a person wrote in a record (`name` 1: author's identifier).
CREATE INDEX attribute_author ON attribute (ins, code, entry) WHERE name = 1;

-- One row per right: category, the actor that it concerns (`*`: everyone), the emergency switch.
CREATE TABLE consent (
    ins {key} NOT NULL,
    actor {key} NOT NULL,
    category {key} NOT NULL,
    switch {key} NOT NULL,
    id {bytes} NOT NULL,
    version BIGINT NOT NULL,
    declared_by {key} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ins, actor, category, switch)
){keyed};
-- How many patients one caregiver helps.
CREATE INDEX consent_delegation ON consent (actor) WHERE category = 'delegation';
INSERT INTO consent (ins, actor, category, switch, id, version, declared_by, body)
    SELECT ins, holder, 'autorisation-acces', '', id, version, declared_by, body FROM authorisation;
DROP TABLE authorisation;
ALTER TABLE authorisation_history RENAME TO consent_history;

-- Which professionals have consulted a record; `openly` is null while only secret connections did.
CREATE TABLE consultation (
    ins {key} NOT NULL,
    actor {key} NOT NULL,
    first BIGINT NOT NULL,
    openly BIGINT,
    PRIMARY KEY (ins, actor)
){keyed};

-- What the patient is to be told, written with the act that he is told of. `name` makes it unique; it never holds content. `state`
-- is one of `waiting`, `kept` (for the yearly statement), `sent`, `given-up`; `due` is the next try of what waits.
CREATE TABLE outbox (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    name {key} NOT NULL,
    kind {key} NOT NULL,
    at BIGINT NOT NULL,
    actor {key},
    mode {key},
    channel {key} NOT NULL,
    body TEXT NOT NULL,
    state {key} NOT NULL,
    due BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ins, id)
){keyed};
CREATE UNIQUE INDEX outbox_name ON outbox (name);
CREATE INDEX outbox_due ON outbox (due) WHERE due IS NOT NULL;

-- Until when a document's announcement may wait before the patient is invited to ask; null once he was.
ALTER TABLE document ADD COLUMN announce_by BIGINT;
UPDATE document SET announce_by = deposited + 1209600000000 WHERE hidden_until IS NOT NULL;
CREATE INDEX document_announced ON document (announce_by) WHERE announce_by IS NOT NULL;

-- When a closed record is deleted. What an earlier version closed is looked at once, and gets its day then.
ALTER TABLE record ADD COLUMN purge_at BIGINT;
UPDATE record SET purge_at = 0 WHERE data LIKE '%"state":"Closed"%';
CREATE INDEX record_purged ON record (purge_at) WHERE purge_at IS NOT NULL;

-- When the holder of an authorisation's record comes of age, of those given before; null once he was told.
ALTER TABLE consent ADD COLUMN renewal BIGINT;
UPDATE consent SET renewal = 0;
CREATE INDEX consent_renewed ON consent (renewal) WHERE renewal IS NOT NULL;
