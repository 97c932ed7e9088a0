-- What the operator did with commands, until a tracker writes it to its audit log.
CREATE TABLE operator_acts (
    id      INTEGER PRIMARY KEY,
    act     BIGINT  NOT NULL,
    account TEXT    NOT NULL,
    subject TEXT    NOT NULL
);
