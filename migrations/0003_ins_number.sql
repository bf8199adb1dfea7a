-- Every number that leads to a record: the one that it was opened under, which is its key, and those that came after or before. The
-- primary key says that a number is one record's.
CREATE TABLE ins_number (
    number {key} PRIMARY KEY,
    ins {key} NOT NULL
){keyed};
INSERT INTO ins_number (number, ins) SELECT ins, ins FROM record;
