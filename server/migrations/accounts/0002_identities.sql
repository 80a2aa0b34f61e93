-- Who somebody is at an identity provider. Whoever signs in through one alone has an empty password, which no text is the
-- password of.
CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  linked_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (person, issuer)
) STRICT;
