//! Reading the ledger: for the fold, for exports, for whoever wants to see a fact. It never waits for the writer.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row};
use uphold_core::id::{CustomerId, FactId, VantageId};
use uphold_core::ledger::book::{self, Book};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::Erased;
use uphold_core::ledger::fact::{Fact, FactError, FactKind};
use uphold_core::ledger::leaf::Leaf;
use uphold_core::ledger::segment::Segment;
use uphold_core::ledger::tag::subject_tag;
use uphold_core::ledger::tree;
use uphold_core::time::Instant;

use crate::ledger::error::LedgerError;
use crate::ledger::sqlite::{self, checkpoint_digest};

/// A read-only connection. Every call sees all that was committed when it began.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// One place of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The public line.
    pub leaf: Leaf,
    /// Its hash.
    pub hash: Digest,
    /// What the leaf is a commitment to; absent if it was erased.
    pub payload: Option<Payload>,
    /// For a measurement, the canonical bytes of its segment; for a statement, its text; absent if they were erased.
    pub segment: Option<Vec<u8>>,
}

/// What a leaf is a commitment to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What keeps the payload from being guessed.
    pub salt: [u8; 32],
    /// The canonical bytes of the fact.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The fact; none if it was erased.
    ///
    /// # Errors
    /// When the payload is of a version that this program does not know.
    pub fn fact(&self) -> Result<Option<Fact>, FactError> {
        let payload = self.payload.as_ref();
        payload.map(|payload| Fact::decode(self.leaf.kind, self.leaf.kind_version, &payload.bytes)).transpose()
    }
}

/// The head of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}

/// What a vantage point would have flushed, for recovery after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The vantage point.
    pub vantage: VantageId,
    /// When it was kept, by the clock.
    pub at: Instant,
    /// The segment.
    pub segment: Segment,
}

/// Why the ledger did not become a book.
#[derive(Debug)]
pub enum BookError {
    /// It could not be read.
    Ledger(LedgerError),
    /// A fact cannot be taken in.
    Fact(book::BookError),
    /// What was known at the time that was asked for was erased since, in part.
    Erased {
        /// The place of the fact that says so.
        seq: u64,
        /// When it was erased.
        on: Instant,
    },
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(_) => f.write_str("the ledger cannot be read"),
            Self::Fact(error) => error.fmt(f),
            Self::Erased { seq, on } => {
                write!(f, "a part of what was known then was erased at {on}, as fact {seq} says")
            }
        }
    }
}

impl std::error::Error for BookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ledger(error) => Some(error),
            Self::Fact(error) => error.source(),
            Self::Erased { .. } => None,
        }
    }
}

impl From<LedgerError> for BookError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Reader {
    /// Opens a database for reading. It needs no lock, and a server may be writing.
    ///
    /// # Errors
    /// When it does not exist, is no ledger, or is newer than this program.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let connection = sqlite::open_read_only(path)?;
        if sqlite::schema_version(&connection, path)? == 0 {
            return Err(LedgerError::Foreign { path: path.to_owned() });
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The head of the tree.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn head(&self) -> Result<Head, LedgerError> {
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?));
        let found = self.connection.query_row("SELECT size, root FROM tree_head", [], row);
        let (size, root) = found.map_err(|error| self.refuse(error))?;
        Ok(Head { size: size.cast_unsigned(), root: Digest(root) })
    }

    /// The entries whose place lies in `range`, in order.
    ///
    /// # Errors
    /// When the database cannot be read, or a leaf is damaged.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = Vec::new();
        self.visit(range, |entry| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    /// Hands the entries whose place lies in `range` to `visit`, in order, one at a time. `0..u64::MAX` is all of them.
    ///
    /// # Errors
    /// When the database cannot be read, or a leaf is damaged; and whatever `visit` fails with, which ends the reading.
    pub fn visit(
        &self,
        range: Range<u64>,
        mut visit: impl FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        const SQL: &str = "SELECT l.seq, l.leaf, p.salt, p.payload FROM leaves l LEFT JOIN payloads p USING (seq)
            WHERE l.seq >= ?1 AND l.seq < ?2 ORDER BY l.seq";
        let refuse = |error| self.refuse(error);
        let bound = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(SQL).map_err(refuse)?;
        let mut rows = statement.query([bound(range.start), bound(range.end)]).map_err(refuse)?;
        while let Some(row) = rows.next().map_err(refuse)? {
            visit(self.entry(row)?)?;
        }
        Ok(())
    }

    /// Hands the place of every leaf in `range` to `visit`, in order, with the hash of the bytes that are stored: not the
    /// hash that is stored beside them.
    ///
    /// # Errors
    /// When the database cannot be read; and whatever `visit` fails with, which ends the reading.
    pub fn hashes(
        &self,
        range: Range<u64>,
        mut visit: impl FnMut(u64, Digest) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        const SQL: &str = "SELECT seq, leaf FROM leaves WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
        let refuse = |error| self.refuse(error);
        let bound = |place: u64| i64::try_from(place).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(SQL).map_err(refuse)?;
        let mut rows = statement.query([bound(range.start), bound(range.end)]).map_err(refuse)?;
        while let Some(row) = rows.next().map_err(refuse)? {
            let (seq, leaf): (i64, Vec<u8>) = (row.get(0).map_err(refuse)?, row.get(1).map_err(refuse)?);
            visit(seq.cast_unsigned(), tree::leaf_hash(&leaf))?;
        }
        Ok(())
    }

    /// The latest entries before a place, the last first, at most `limit`; of one kind where it is named.
    ///
    /// # Errors
    /// When the database cannot be read, or a leaf is damaged.
    pub fn latest(&self, kind: Option<FactKind>, before: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        // The word for the kind stands in every leaf of it, as in `erasures`; without a kind, this word does.
        const SQL: &str = "SELECT l.seq, l.leaf, p.salt, p.payload FROM leaves l LEFT JOIN payloads p USING (seq)
            WHERE l.seq < ?1 AND instr(l.leaf, CAST(?2 AS BLOB)) > 0 ORDER BY l.seq DESC LIMIT ?3";
        let refuse = |error| self.refuse(error);
        let word = kind.map_or_else(|| "\"kind\":".to_owned(), |kind| format!("\"kind\":\"{}\"", kind.name()));
        let mut statement = self.connection.prepare_cached(SQL).map_err(refuse)?;
        let bounds = (i64::try_from(before).unwrap_or(i64::MAX), word, i64::try_from(limit).unwrap_or(i64::MAX));
        let mut rows = statement.query(bounds).map_err(refuse)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().map_err(refuse)? {
            entries.push(self.entry(row)?);
        }
        Ok(entries)
    }

    /// The hashes that lead from a fact to the root over the first `size` leaves; none where it is not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Option<Vec<Digest>>, LedgerError> {
        let mut leaves = Vec::new();
        self.hashes(0..size, |_, hash| {
            leaves.push(hash);
            Ok(())
        })?;
        let is_whole = leaves.len() as u64 == size;
        Ok(usize::try_from(seq).ok().filter(|_| is_whole).and_then(|place| tree::inclusion_proof(&leaves, place)))
    }

    /// The text of that digest, to which a statement refers; none if it was erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn text(&self, digest: Digest) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT bytes FROM segments WHERE digest = ?1";
        let found: Option<Vec<u8>> = self
            .connection
            .query_row(sql, [digest.0], |row| row.get(0))
            .optional()
            .map_err(|error| self.refuse(error))?;
        Ok(found.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The tag of a customer's facts in this ledger.
    ///
    /// # Errors
    /// When the database cannot be read, or is of an earlier version that knew no tags.
    pub fn tag(&self, customer: &CustomerId) -> Result<String, LedgerError> {
        let secret = sqlite::tag_secret(&self.connection, &self.path)?;
        Ok(subject_tag(&secret, Some(customer)))
    }

    /// The database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes every fact recorded up to `as_known_at` into `book`, from the first that it does not hold.
    ///
    /// # Errors
    /// When the ledger cannot be read or holds what cannot be understood, a fact is missing and no other says that it was
    /// erased, or what was known at that time was erased since.
    pub fn book(&self, mut book: Book, as_known_at: Instant) -> Result<Book, BookError> {
        const PAGE: u64 = 10_000;
        let size = self.head()?.size;
        let mut from = book.size;
        'known: while from < size {
            let until = (from + PAGE).min(size);
            for entry in self.read(from..until)? {
                // Recorded times never fall along the ledger.
                if entry.leaf.recorded_at > as_known_at {
                    break 'known;
                }
                let payload = entry.payload.as_ref().map(|payload| payload.bytes.as_slice());
                book.take(&entry.leaf, payload, entry.segment.as_deref()).map_err(BookError::Fact)?;
            }
            from = until;
        }
        if book.holes.unexplained().is_some() {
            self.explain(&mut book, size, as_known_at)?;
        }
        match book.holes.unexplained() {
            Some((seq, part)) => Err(BookError::Fact(book::BookError::Missing(seq, part))),
            None => Ok(book),
        }
    }

    /// Takes in the erasures that were recorded after what a book knows.
    fn explain(&self, book: &mut Book, size: u64, as_known_at: Instant) -> Result<(), BookError> {
        let later = book.size..size;
        for erased in self.erasures()?.into_iter().filter(|erased| later.contains(&erased.seq)) {
            let Erased { seq, recorded_at: on, fact } = erased.clone();
            let was_known = book.erased_since(erased);
            let counted = fact.kind == FactKind::Record || fact.before.is_some_and(|before| before > as_known_at);
            if was_known && counted {
                return Err(BookError::Erased { seq, on });
            }
        }
        Ok(())
    }

    /// What was erased, in the order of the facts that say so.
    ///
    /// # Errors
    /// When the database cannot be read, or a leaf is damaged.
    pub fn erasures(&self) -> Result<Vec<Erased>, LedgerError> {
        // A word for the kind stands in every leaf of it, and reading every payload would take long.
        const SQL: &str = "SELECT l.seq, l.leaf, p.salt, p.payload FROM leaves l JOIN payloads p USING (seq)
            WHERE instr(l.leaf, CAST('\"kind\":\"erasure\"' AS BLOB)) > 0 ORDER BY l.seq";
        let refuse = |error| self.refuse(error);
        let mut statement = self.connection.prepare_cached(SQL).map_err(refuse)?;
        let mut rows = statement.query([]).map_err(refuse)?;
        let mut erasures = Vec::new();
        while let Some(row) = rows.next().map_err(refuse)? {
            let entry = self.entry(row)?;
            if let Ok(Some(Fact::Erasure(fact))) = entry.fact() {
                erasures.push(Erased { seq: entry.leaf.seq, recorded_at: entry.leaf.recorded_at, fact });
            }
        }
        Ok(erasures)
    }

    /// The entry of a fact; none, if there is no such fact or it was erased.
    ///
    /// # Errors
    /// When the database cannot be read, or the leaf is damaged.
    pub fn find(&self, id: &FactId) -> Result<Option<Entry>, LedgerError> {
        let sql = "SELECT seq FROM payloads WHERE fact_id = ?1";
        let seq: Option<i64> = self
            .connection
            .query_row(sql, [id.as_str()], |row| row.get(0))
            .optional()
            .map_err(|error| self.refuse(error))?;
        let Some(seq) = seq.map(i64::cast_unsigned) else { return Ok(None) };
        Ok(self.read(seq..seq + 1)?.pop())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The checkpoints, by vantage point.
    ///
    /// # Errors
    /// When the database cannot be read, or a checkpoint is damaged.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerError> {
        const SQL: &str = "SELECT vantage, at, segment, digest FROM checkpoint ORDER BY vantage";
        let refuse = |error| self.refuse(error);
        let mut statement = self.connection.prepare_cached(SQL).map_err(refuse)?;
        let mut rows = statement.query([]).map_err(refuse)?;
        let mut checkpoints = Vec::new();
        while let Some(row) = rows.next().map_err(refuse)? {
            let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let (name, at, segment, digest): (String, i64, Vec<u8>, Vec<u8>) = read().map_err(refuse)?;
            let damaged = || self.damaged(format!("the checkpoint of `{name}` is not what its digest says"));
            if checkpoint_digest(name.as_bytes(), at, &segment).0 != digest.as_slice() {
                return Err(damaged());
            }
            checkpoints.push(Checkpoint {
                vantage: VantageId::parse(&name).map_err(|_| damaged())?,
                at: Instant(at),
                segment: Segment::decode(&segment).map_err(|_| damaged())?,
            });
        }
        Ok(checkpoints)
    }

    fn entry(&self, row: &Row<'_>) -> Result<Entry, LedgerError> {
        let refuse = |error| self.refuse(error);
        let seq: i64 = row.get(0).map_err(refuse)?;
        let bytes: Vec<u8> = row.get(1).map_err(refuse)?;
        let damaged = |problem: &dyn std::fmt::Display| self.damaged(format!("leaf {seq}: {problem}"));
        let leaf = Leaf::decode(&bytes).map_err(|error| damaged(&error))?;
        let salt: Option<Vec<u8>> = row.get(2).map_err(refuse)?;
        let payload = match (salt, row.get(3).map_err(refuse)?) {
            (Some(salt), Some(bytes)) => {
                let salt = salt.try_into().map_err(|_| damaged(&"the salt has not 32 bytes"))?;
                Some(Payload { salt, bytes })
            }
            _ => None,
        };
        let mut entry = Entry { leaf, hash: tree::leaf_hash(&bytes), payload, segment: None };
        let named = match entry.fact() {
            Ok(Some(Fact::Measurement(measurement))) => Some(measurement.segment),
            Ok(Some(Fact::Statement(statement))) => Some(statement.text),
            _ => None,
        };
        if let Some(digest) = named {
            let sql = "SELECT bytes FROM segments WHERE digest = ?1";
            let mut statement = self.connection.prepare_cached(sql).map_err(refuse)?;
            entry.segment = statement.query_row([digest.0], |row| row.get(0)).optional().map_err(refuse)?;
        }
        Ok(entry)
    }

    fn refuse(&self, error: rusqlite::Error) -> LedgerError {
        LedgerError::sqlite(&self.path, "read", error)
    }

    pub(crate) fn damaged(&self, problem: String) -> LedgerError {
        LedgerError::Damaged { path: self.path.clone(), problem }
    }
}
