-- The secret from which the tags of customers' facts are made. It is in every copy of the ledger and in no bundle. Its
-- digest stands beside it, so that a changed byte is found.

CREATE TABLE customer_tags (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    secret BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
