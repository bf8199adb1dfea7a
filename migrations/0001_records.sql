-- The records, their documents and their journal. One text for SQLite and PostgreSQL; the words in braces are filled in
-- by `src/store/migrate.rs`. The INS key leads every primary key but that of `locator` and `unique_id`, which answer the
-- look-ups that come without INS. Times are microseconds since the epoch; a time with a precision is a span.

CREATE TABLE record (
    ins {key} PRIMARY KEY,
    id {bytes} NOT NULL,
    version BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    data TEXT NOT NULL
){keyed};

-- Any resource id: what it is (`Kind`), whose it is, and the row it stands for.
CREATE TABLE locator (
    id {bytes} PRIMARY KEY,
    kind BIGINT NOT NULL,
    ins {key} NOT NULL,
    target {bytes} NOT NULL
){keyed};

-- Every uniqueId of a document or a submission: unique over all records.
CREATE TABLE unique_id (
    value {key} PRIMARY KEY,
    ins {key} NOT NULL,
    entry {bytes} NOT NULL
){keyed};

-- What a search filters by. A record's rows stand side by side in SQLite; their large texts stand apart.
CREATE TABLE document (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    entry_uuid {bytes} NOT NULL,
    submission {bytes} NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    availability BIGINT NOT NULL,
    masked BIGINT NOT NULL,
    deposited BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    created_start BIGINT NOT NULL,
    created_end BIGINT NOT NULL,
    began_start BIGINT NOT NULL,
    began_end BIGINT NOT NULL,
    ended_start BIGINT,
    ended_end BIGINT,
    unique_id {key} NOT NULL,
    depositor {key} NOT NULL,
    depositor_structure {key},
    type_code {key} NOT NULL,
    type_system {key} NOT NULL,
    class_code {key} NOT NULL,
    class_system {key} NOT NULL,
    format_code {key} NOT NULL,
    format_system {key} NOT NULL,
    facility_code {key} NOT NULL,
    facility_system {key} NOT NULL,
    practice_code {key} NOT NULL,
    practice_system {key} NOT NULL,
    mime_type TEXT NOT NULL,
    sha1 {bytes} NOT NULL,
    sha256 {bytes} NOT NULL,
    PRIMARY KEY (ins, id)
){keyed};

-- The two written forms of an entry: as it is answered, and as it is read back. One version of a text never changes.
CREATE TABLE document_text (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    resource TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (ins, id)
){keyed};

CREATE TABLE submission (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    entry_uuid {bytes} NOT NULL,
    updated BIGINT NOT NULL,
    sent_start BIGINT NOT NULL,
    sent_end BIGINT NOT NULL,
    unique_id {key} NOT NULL,
    depositor {key} NOT NULL,
    depositor_structure {key},
    source_id {key} NOT NULL,
    content_type_code {key} NOT NULL,
    content_type_system {key} NOT NULL,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (ins, id)
);

-- Attributes that repeat, of a document or a submission (`Attribute`). For a name, `code` is folded and `system` is as written.
CREATE TABLE attribute (
    ins {key} NOT NULL,
    entry {bytes} NOT NULL,
    name BIGINT NOT NULL,
    code {key} NOT NULL,
    system {key} NOT NULL,
    PRIMARY KEY (ins, entry, name, code, system)
){keyed};

-- Bytes apart from metadata, once per record and hash.
CREATE TABLE content (
    ins {key} NOT NULL,
    sha256 {bytes} NOT NULL,
    bytes {bytes} NOT NULL,
    PRIMARY KEY (ins, sha256)
){keyed};

CREATE TABLE authorisation (
    ins {key} NOT NULL,
    holder {key} NOT NULL,
    id {bytes} NOT NULL,
    version BIGINT NOT NULL,
    declared_by {key} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ins, holder)
){keyed};

CREATE TABLE authorisation_history (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ins, id, version)
){keyed};

-- One chain per INS key, and the chain `-` for acts that name no record.
CREATE TABLE journal (
    ins {key} NOT NULL,
    seq BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ins, seq)
){keyed};

CREATE TABLE journal_head (
    ins {key} PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash {bytes} NOT NULL
){keyed};
