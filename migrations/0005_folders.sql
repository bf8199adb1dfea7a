-- Folders are rows of `submission` too, for they are searched as Lists together: `sent_with` is the submission that a folder came
-- with, and null for a submission. Their documents stand apart, for a folder may hold those of other submissions.
ALTER TABLE submission ADD COLUMN sent_with {bytes};

CREATE TABLE folder_member (
    ins {key} NOT NULL,
    folder {bytes} NOT NULL,
    document {bytes} NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (ins, folder, document)
){keyed};
