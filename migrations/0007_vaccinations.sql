-- The register of vaccinations: what notes and histories tell, written with their documents, and what the patient declares. Who may
-- know of a document may know of its entries: no label is kept here. `source` 0: a note, 1: a history, 2: the patient. `act` is the
-- same for entries of different documents that tell one act.
CREATE TABLE vaccination (
    ins {key} NOT NULL,
    id {bytes} NOT NULL,
    document {bytes},
    source BIGINT NOT NULL,
    act {key},
    version BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (ins, id)
){keyed};
CREATE INDEX vaccination_act ON vaccination (ins, act) WHERE act IS NOT NULL;
