-- What a document's metadata were before their last change: who may know of a version is asked of its own labels.
CREATE TABLE document_version (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    version BIGINT NOT NULL,
    entry_uuid {bytes} NOT NULL,
    updated BIGINT NOT NULL,
    availability BIGINT NOT NULL,
    masked BIGINT NOT NULL,
    hidden_until BIGINT,
    invisible_representatives BIGINT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (ins, id, version)
){keyed};
CREATE INDEX document_version_uuid ON document_version (ins, entry_uuid);
