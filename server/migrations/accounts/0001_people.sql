-- People's accounts. Nothing of it is in the ledger, so that a person can be erased.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  schema_version INTEGER NOT NULL,
  application_id INTEGER NOT NULL,
  -- When the first operator was made: from then on no link of a first start is good for anything.
  set_up_at INTEGER
) STRICT;

CREATE TABLE people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL CHECK (role IN ('operator', 'viewer', 'customer')),
  customer TEXT,
  password TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  password_at INTEGER NOT NULL,
  CHECK ((role = 'customer') = (customer IS NOT NULL))
) STRICT;

-- A session is known by the SHA-256 of its secret.
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  browser TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_person ON sessions (person);

-- A link that is good for one use: without a name for whoever starts first, with a person for a lost password.
CREATE TABLE invitations (
  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
  name TEXT UNIQUE COLLATE NOCASE,
  person INTEGER REFERENCES people (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('operator', 'viewer', 'customer')),
  customer TEXT,
  expires_at INTEGER NOT NULL,
  -- Who let them in, and why: it is told when the link is used.
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  CHECK ((role = 'customer') = (customer IS NOT NULL))
) STRICT;

-- What was done and is not in the ledger yet.
CREATE TABLE acts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fact TEXT NOT NULL UNIQUE,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  "to" TEXT,
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- The tokens that the ledger was told of.
CREATE TABLE told_tokens (
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (name, sha256)
) STRICT;
