-- The ledger. Every row can be checked against the others: see `ledger/verify.rs`.

CREATE TABLE meta (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    schema_version INTEGER NOT NULL,
    application_id INTEGER NOT NULL
) STRICT;

-- What is hashed. Never changed, never deleted.
CREATE TABLE leaves (
    seq  INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- What the leaves are commitments to. A row may be erased; its leaf stays.
CREATE TABLE payloads (
    seq     INTEGER PRIMARY KEY REFERENCES leaves (seq),
    fact_id TEXT NOT NULL UNIQUE,
    salt    BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;

-- What measurements refer to by digest.
CREATE TABLE segments (
    digest BLOB PRIMARY KEY NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE tree_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    size     INTEGER NOT NULL,
    root     BLOB NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

-- Provisional: what a vantage point would flush now, for recovery after a crash. Not part of the evidence.
CREATE TABLE checkpoint (
    vantage TEXT PRIMARY KEY NOT NULL,
    at      INTEGER NOT NULL,
    segment BLOB NOT NULL,
    digest  BLOB NOT NULL
) STRICT;
