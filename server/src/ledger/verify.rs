//! The full scrub of a ledger: every byte of every row against every other, reading only.
//!
//! It finds any change that was not made in all places at once. Whoever rewrites the whole ledger consistently, or cuts its
//! end together with the head of the tree, is found by a root that was kept elsewhere: compare [`Report::root`]. A payload
//! that is gone is a problem, unless a fact says that it was erased; then it is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::{Census, ERASABLE, Erased, Holes};
use uphold_core::ledger::fact::{Fact, FactKind, Measurement};
use uphold_core::ledger::leaf::{Leaf, commitment};
use uphold_core::ledger::segment::Segment;
use uphold_core::ledger::tag::subject_tag;
use uphold_core::ledger::tree::{self, Frontier};
use uphold_core::time::Instant;

use crate::ledger::error::LedgerError;
use crate::ledger::evidence::{EvidenceCount, EvidenceFiles};
use crate::ledger::sqlite::{self, APPLICATION_ID, SCHEMA_VERSION, checkpoint_digest, secret_digest};

/// How many leaves pass between two words of progress.
const PROGRESS: u64 = 1000;

/// The tables of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// What the database says of itself.
    Meta,
    /// What is hashed.
    Leaves,
    /// What the leaves are commitments to.
    Payloads,
    /// What measurements refer to.
    Segments,
    /// The head of the tree.
    TreeHead,
    /// What vantage points would flush.
    Checkpoint,
    /// The secret of customers' tags.
    CustomerTags,
    /// The files of evidence, beside the database.
    Evidence,
}

impl Table {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Leaves => "leaves",
            Self::Payloads => "payloads",
            Self::Segments => "segments",
            Self::TreeHead => "tree_head",
            Self::Checkpoint => "checkpoint",
            Self::CustomerTags => "customer_tags",
            Self::Evidence => "evidence",
        }
    }
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub table: Table,
    /// The place of the fact that it is about, if it is about one.
    pub seq: Option<u64>,
    /// What.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "{} {seq}: {}", self.table.name(), self.what),
            None => write!(f, "{}: {}", self.table.name(), self.what),
        }
    }
}

/// What a scrub found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many leaves there are.
    pub leaves: u64,
    /// How many of them have a payload.
    pub payloads: u64,
    /// How many payloads are gone.
    pub erased: u64,
    /// What was erased, as facts say it.
    pub erasures: Vec<ErasedCount>,
    /// How many segments there are.
    pub segments: u64,
    /// The files of evidence that are named, and those that are not there any more: that is no problem, they expire.
    pub evidence: EvidenceCount,
    /// The root over the leaves, computed anew.
    pub root: Digest,
    /// All problems, in the order in which they were found.
    pub problems: Vec<Problem>,
}

/// One fact that says what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedCount {
    /// What it says.
    pub erased: Erased,
    /// How many of the payloads that it speaks of are still there: the next start of the server deletes them.
    pub left: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Scrubs the database at `path`, as of one moment; a server may be writing. `progress` hears how many leaves are done, of
/// how many.
///
/// # Errors
/// When the database cannot be read at all. What is wrong inside is in the report.
pub fn verify(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, LedgerError> {
    let connection = sqlite::open_read_only(path)?;
    if sqlite::schema_version(&connection, path)? == 0 {
        return Err(LedgerError::Foreign { path: path.to_owned() });
    }
    let refuse = |error| LedgerError::sqlite(path, "verify", error);
    connection.execute_batch("BEGIN").map_err(refuse)?;
    let (mut report, named) = scrub_all(&connection, progress).map_err(refuse)?;
    let (count, changed) = EvidenceFiles::of(path.parent().unwrap_or(Path::new(""))).check(&named);
    report.evidence = count;
    let problem =
        |(seq, error): (u64, LedgerError)| Problem { table: Table::Evidence, seq: Some(seq), what: error.to_string() };
    report.problems.extend(changed.into_iter().map(problem));
    Ok(report)
}

/// The files of evidence that facts name, by the place that does.
type Named = BTreeMap<Digest, u64>;

#[cfg(test)]
fn scrub(connection: &Connection, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, rusqlite::Error> {
    scrub_all(connection, progress).map(|(report, _)| report)
}

fn scrub_all(connection: &Connection, progress: &mut dyn FnMut(u64, u64)) -> Result<(Report, Named), rusqlite::Error> {
    let mut scrub = Scrub {
        connection,
        problems: Vec::new(),
        frontier: Frontier::default(),
        recorded_at: Instant::MIN,
        payloads: 0,
        erased: 0,
        census: Census::default(),
        holes: Holes::default(),
        erasable: Vec::new(),
        named: BTreeSet::new(),
        secret: None,
        evidence: Named::new(),
    };
    // A ledger of an earlier version is whole too, as far as it goes.
    if scrub.meta()? >= 2 {
        scrub.customer_tags()?;
    }
    scrub.leaves(progress)?;
    scrub.strays()?;
    let erasures = scrub.erasures();
    let segments = scrub.segments()?;
    scrub.tree_head()?;
    scrub.checkpoints()?;
    let report = Report {
        leaves: scrub.frontier.size(),
        payloads: scrub.payloads,
        erased: scrub.erased,
        erasures,
        segments,
        evidence: EvidenceCount::default(),
        root: scrub.frontier.root(),
        problems: scrub.problems,
    };
    Ok((report, scrub.evidence))
}

struct Scrub<'a> {
    connection: &'a Connection,
    problems: Vec<Problem>,
    frontier: Frontier,
    recorded_at: Instant,
    payloads: u64,
    erased: u64,
    census: Census,
    holes: Holes,
    /// The facts that are there and could be erased.
    erasable: Vec<(FactKind, u64)>,
    /// The segments that measurements refer to, and the texts of statements.
    named: BTreeSet<Digest>,
    /// The secret of customers' tags, if it is what its digest says.
    secret: Option<[u8; 32]>,
    /// The files of evidence.
    evidence: Named,
}

impl Scrub<'_> {
    fn report(&mut self, table: Table, seq: Option<u64>, what: impl fmt::Display) {
        self.problems.push(Problem { table, seq, what: what.to_string() });
    }

    /// The version of the schema.
    fn meta(&mut self) -> Result<i64, rusqlite::Error> {
        let rows = self.rows("SELECT one, schema_version, application_id FROM meta", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })?;
        let has_tags = self.rows("SELECT name FROM sqlite_schema WHERE name = 'customer_tags'", |_| Ok(()))?;
        let newest = if has_tags.is_empty() { 1 } else { SCHEMA_VERSION };
        match rows.as_slice() {
            [(1, version, APPLICATION_ID)] if *version == newest => Ok(newest),
            _ => {
                self.report(Table::Meta, None, "does not say that this is a ledger of this version");
                Ok(newest)
            }
        }
    }

    fn customer_tags(&mut self) -> Result<(), rusqlite::Error> {
        let rows = self.rows("SELECT one, secret, digest FROM customer_tags", |row| {
            Ok((row.get::<_, i64>(0)?, blob(row, 1)?.to_vec(), blob(row, 2)?.to_vec()))
        })?;
        self.secret = match rows.as_slice() {
            [(1, secret, digest)] if secret_digest(secret).0 == digest.as_slice() => secret.as_slice().try_into().ok(),
            _ => None,
        };
        if self.secret.is_none() {
            self.report(Table::CustomerTags, None, "does not hold the secret that its digest says");
        }
        Ok(())
    }

    fn leaves(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), rusqlite::Error> {
        const SQL: &str = "SELECT l.seq, l.leaf, l.hash, p.fact_id, p.salt, p.payload
            FROM leaves l LEFT JOIN payloads p USING (seq) ORDER BY l.seq";
        let total: i64 = self.connection.query_row("SELECT count(*) FROM leaves", [], |row| row.get(0))?;
        let connection = self.connection;
        let mut statement = connection.prepare(SQL)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let expected = self.frontier.size();
            if expected.is_multiple_of(PROGRESS) {
                progress(expected, total.cast_unsigned());
            }
            let seq = row.get::<_, i64>(0)?.cast_unsigned();
            if seq != expected {
                self.report(Table::Leaves, Some(seq), format!("stands where {expected} should"));
            }
            let bytes = blob(row, 1)?;
            let hash = tree::leaf_hash(bytes);
            if blob(row, 2)? != hash.0 {
                self.report(Table::Leaves, Some(seq), "its hash is not the hash of its bytes");
            }
            self.frontier.append(hash);
            let leaf = match Leaf::decode(bytes) {
                Ok(leaf) => leaf,
                Err(error) => {
                    self.report(Table::Leaves, Some(seq), error);
                    continue;
                }
            };
            if leaf.seq != seq {
                self.report(Table::Leaves, Some(seq), format!("says that it is number {}", leaf.seq));
            }
            if leaf.recorded_at < self.recorded_at {
                self.report(Table::Leaves, Some(seq), "was recorded earlier than the one before");
            }
            self.recorded_at = self.recorded_at.max(leaf.recorded_at);
            self.census.leaf(leaf.kind, seq);
            self.payload(seq, &leaf, row)?;
        }
        progress(self.frontier.size(), total.cast_unsigned());
        Ok(())
    }

    fn payload(&mut self, seq: u64, leaf: &Leaf, row: &Row<'_>) -> Result<(), rusqlite::Error> {
        if row.get_ref(3)? == ValueRef::Null {
            self.erased += 1;
            self.holes.lose(leaf.kind, seq, "payload");
            return Ok(());
        }
        if ERASABLE.contains(&leaf.kind) {
            self.erasable.push((leaf.kind, seq));
        }
        self.payloads += 1;
        let (id, payload) = (blob(row, 3)?, blob(row, 5)?);
        let committed = blob(row, 4)?.try_into().is_ok_and(|salt| commitment(salt, payload) == leaf.commitment);
        if !committed {
            self.report(Table::Payloads, Some(seq), "is not what its leaf is a commitment to");
        }
        let fact = match Fact::decode(leaf.kind, leaf.kind_version, payload) {
            Ok(fact) => fact,
            Err(error) => {
                self.report(Table::Payloads, Some(seq), error);
                return Ok(());
            }
        };
        if fact.id().as_str().as_bytes() != id {
            self.report(Table::Payloads, Some(seq), format!("stands under another id than `{}`", fact.id()));
        }
        if let Some(secret) = &self.secret
            && leaf.subject_tag != subject_tag(secret, fact.customer())
        {
            self.report(Table::Leaves, Some(seq), "its subject tag is not that of the customer whose fact it is");
        }
        match fact {
            Fact::Measurement(measurement) => {
                self.named.insert(measurement.segment);
                self.segment(seq, &measurement)?;
            }
            Fact::Statement(statement) => {
                self.named.insert(statement.text);
                if self.rows_of(statement.text)? == 0 {
                    self.report(Table::Segments, Some(seq), format!("text {} is missing", statement.text));
                }
            }
            Fact::Evidence(evidence) => self.evidence.extend(evidence.files.iter().map(|file| (file.digest, seq))),
            Fact::Erasure(fact) => {
                if let Some(problem) = self.census.fault(seq, &fact) {
                    self.report(Table::Payloads, Some(seq), problem);
                }
                self.holes.explain(Erased { seq, recorded_at: leaf.recorded_at, fact });
            }
            Fact::Agreement(_) | Fact::Check(_) | Fact::ObserverGap(_) | Fact::Record(_) | Fact::Act(_) => {}
        }
        Ok(())
    }

    fn rows_of(&self, digest: Digest) -> Result<i64, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM segments WHERE digest = ?1")?;
        statement.query_row([digest.0], |row| row.get(0))
    }

    fn segment(&mut self, seq: u64, measurement: &Measurement) -> Result<(), rusqlite::Error> {
        let connection = self.connection;
        let mut statement = connection.prepare_cached("SELECT bytes FROM segments WHERE digest = ?1")?;
        let mut rows = statement.query([measurement.segment.0])?;
        let Some(row) = rows.next()? else {
            self.report(Table::Segments, Some(seq), format!("segment {} is missing", measurement.segment));
            return Ok(());
        };
        match Segment::decode(blob(row, 0)?) {
            Ok(segment) => {
                if let Err(problem) = measurement.agrees_with(&segment) {
                    self.report(Table::Segments, Some(seq), format!("segment {} {problem}", measurement.segment));
                }
            }
            Err(error) => {
                self.report(Table::Segments, Some(seq), format!("segment {}: {error}", measurement.segment));
            }
        }
        Ok(())
    }

    /// What was erased; and payloads that are gone although no fact says so.
    fn erasures(&mut self) -> Vec<ErasedCount> {
        for seq in self.holes.unexplained_places() {
            self.report(Table::Payloads, Some(seq), "is missing, and no fact says that it was erased");
        }
        let left = |erased: &Erased| {
            self.erasable.iter().filter(|(kind, seq)| erased.fact.covers(erased.seq, *kind, *seq)).count() as u64
        };
        self.holes.erasures().iter().map(|erased| ErasedCount { erased: erased.clone(), left: left(erased) }).collect()
    }

    /// Payloads that no leaf stands for.
    fn strays(&mut self) -> Result<(), rusqlite::Error> {
        let sql = "SELECT seq FROM payloads WHERE seq NOT IN (SELECT seq FROM leaves) ORDER BY seq";
        for seq in self.rows(sql, |row| row.get::<_, i64>(0))? {
            self.report(Table::Payloads, Some(seq.cast_unsigned()), "has no leaf");
        }
        Ok(())
    }

    fn segments(&mut self) -> Result<u64, rusqlite::Error> {
        let connection = self.connection;
        let mut statement = connection.prepare("SELECT digest, bytes FROM segments ORDER BY digest")?;
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            let digest = Digest::of(&[blob(row, 1)?]);
            if blob(row, 0)? != digest.0 {
                self.report(Table::Segments, None, format!("the segment with digest {digest} stands under another"));
            } else if !self.named.contains(&digest) {
                self.report(Table::Segments, None, format!("no fact refers to segment {digest}"));
            }
        }
        Ok(count)
    }

    fn tree_head(&mut self) -> Result<(), rusqlite::Error> {
        let rows = self.rows("SELECT one, size, root, frontier FROM tree_head", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, blob(row, 2)?.to_vec(), blob(row, 3)?.to_vec()))
        })?;
        let [(one, size, root, frontier)] = rows.as_slice() else {
            self.report(Table::TreeHead, None, format!("has {} rows instead of one", rows.len()));
            return Ok(());
        };
        let (leaves, is) = (self.frontier.size(), self.frontier.root());
        if *one != 1 {
            self.report(Table::TreeHead, None, "its only row has another key than 1");
        }
        if size.cast_unsigned() != leaves {
            self.report(Table::TreeHead, None, format!("says {size} leaves, and there are {leaves}"));
        }
        if root.as_slice() != is.0 {
            self.report(Table::TreeHead, None, format!("its root is not {is}, the root over the leaves"));
        }
        if *frontier != self.frontier.to_bytes() {
            self.report(Table::TreeHead, None, "its frontier is not the one of the leaves");
        }
        Ok(())
    }

    fn checkpoints(&mut self) -> Result<(), rusqlite::Error> {
        let rows = self.rows("SELECT vantage, at, segment, digest FROM checkpoint ORDER BY vantage", |row| {
            Ok((blob(row, 0)?.to_vec(), row.get::<_, i64>(1)?, blob(row, 2)?.to_vec(), blob(row, 3)?.to_vec()))
        })?;
        for (vantage, at, segment, digest) in rows {
            let name = String::from_utf8_lossy(&vantage).into_owned();
            if checkpoint_digest(&vantage, at, &segment).0 != digest.as_slice() {
                self.report(Table::Checkpoint, None, format!("the row of `{name}` is not what its digest says"));
            }
            let agrees = Segment::decode(&segment).is_ok_and(|segment| segment.vantage().as_str() == name);
            if !agrees {
                self.report(Table::Checkpoint, None, format!("the row of `{name}` holds no segment of it"));
            }
        }
        Ok(())
    }

    fn rows<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, rusqlite::Error> {
        self.connection.prepare(sql)?.query_map([], read)?.collect()
    }
}

/// The bytes of a text or blob, whatever they are: a damaged text need not be UTF-8.
fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(bytes),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Ok(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;
    use rusqlite::types::Value;

    const COLUMNS: [(Table, &[&str]); 7] = [
        (Table::CustomerTags, &["one", "secret", "digest"]),
        (Table::Meta, &["one", "schema_version", "application_id"]),
        (Table::Leaves, &["seq", "leaf", "hash"]),
        (Table::Payloads, &["seq", "fact_id", "salt", "payload"]),
        (Table::Segments, &["digest", "bytes"]),
        (Table::TreeHead, &["one", "size", "root", "frontier"]),
        (Table::Checkpoint, &["vantage", "at", "segment", "digest"]),
    ];

    /// Makes a value of a cell's type of other bytes.
    type Remake = fn(Vec<u8>) -> Value;

    /// A ledger of that many facts with a checkpoint, and a connection that may break every rule of its schema.
    fn ledger(facts: usize) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = samples::ledger(folder.path(), facts);
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
        (folder, connection)
    }

    fn problems(connection: &Connection) -> Vec<Problem> {
        scrub(connection, &mut |_, _| {}).unwrap().problems
    }

    fn rows(connection: &Connection, table: Table) -> Vec<i64> {
        let sql = format!("SELECT rowid FROM {} ORDER BY rowid", table.name());
        connection.prepare(&sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// What is in a cell, as bytes, and how to make a value of its type of other bytes.
    fn cell(connection: &Connection, table: Table, column: &str, row: i64) -> (Vec<u8>, Remake) {
        let sql = format!("SELECT {column} FROM {} WHERE rowid = ?1", table.name());
        let whole = |bytes: Vec<u8>| Value::Integer(i64::from_be_bytes(bytes.try_into().unwrap()));
        match connection.query_row(&sql, [row], |row| row.get(0)).unwrap() {
            Value::Integer(integer) => (integer.to_be_bytes().to_vec(), whole),
            Value::Text(text) => (text.into_bytes(), Value::Blob),
            Value::Blob(bytes) => (bytes, Value::Blob),
            other => panic!("{}.{column} holds {other:?}", table.name()),
        }
    }

    /// Sets a cell, shows the scrub to `see`, and takes it back. Whether the database let itself be changed at all.
    fn with(
        connection: &Connection,
        table: Table,
        column: &str,
        row: i64,
        value: Value,
        see: impl Fn(Vec<Problem>),
    ) -> bool {
        // A text of any bytes gets in by a cast only.
        let cast = if ["fact_id", "vantage"].contains(&column) { "CAST(?1 AS TEXT)" } else { "?1" };
        let sql = format!("UPDATE {} SET {column} = {cast} WHERE rowid = ?2", table.name());
        connection.execute_batch("BEGIN").unwrap();
        let changed = connection.execute(&sql, rusqlite::params![value, row]).is_ok();
        if changed {
            see(problems(connection));
        }
        connection.execute_batch("ROLLBACK").unwrap();
        changed
    }

    #[test]
    fn every_flipped_byte_of_a_small_ledger_is_found() {
        let (_folder, connection) = ledger(12);
        assert_eq!(problems(&connection), []);
        let mut flips = 0;
        for (table, column) in
            COLUMNS.iter().flat_map(|(table, columns)| columns.iter().map(|column| (*table, *column)))
        {
            for row in rows(&connection, table) {
                let (bytes, value) = cell(&connection, table, column, row);
                for place in 0..bytes.len() {
                    // A key cannot become one that another row has, so the first bit that the database takes.
                    let changed = (0..8).any(|bit| {
                        let mut bad = bytes.clone();
                        bad[place] ^= 1 << ((place + bit) % 8);
                        with(&connection, table, column, row, value(bad), |found| {
                            assert!(!found.is_empty(), "{}.{column} of row {row}, byte {place}", table.name());
                        })
                    });
                    assert!(changed, "{}.{column} of row {row}, byte {place}", table.name());
                    flips += 1;
                }
            }
        }
        assert!(flips > 6_000, "{flips}");
        assert_eq!(problems(&connection), []);
    }

    #[test]
    fn a_flipped_byte_among_hundreds_of_facts_is_found_where_it_is() {
        let (_folder, connection) = ledger(300);
        let report = scrub(&connection, &mut |_, _| {}).unwrap();
        assert_eq!((report.leaves, report.payloads, report.erased, report.problems), (300, 300, 0, Vec::new()));
        for (table, column) in
            COLUMNS.iter().flat_map(|(table, columns)| columns.iter().map(|column| (*table, *column)))
        {
            let all = rows(&connection, table);
            for row in [all[0], all[all.len() / 2], all[all.len() - 1]] {
                let (mut bytes, value) = cell(&connection, table, column, row);
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x40;
                let changed = with(&connection, table, column, row, value(bytes), |found| {
                    let named = found.iter().any(|problem| problem.table == table || table == Table::Leaves);
                    assert!(named, "{}.{column} of row {row}: {found:?}", table.name());
                    let placed = found.iter().any(|problem| problem.seq == Some(row.cast_unsigned()));
                    assert!(
                        placed || !matches!(table, Table::Leaves | Table::Payloads) || column == "seq",
                        "{found:?}"
                    );
                });
                assert!(changed);
            }
        }
    }

    #[test]
    fn a_deleted_row_of_any_table_is_found() {
        let (_folder, connection) = ledger(20);
        for (table, _) in COLUMNS {
            for row in rows(&connection, table) {
                connection.execute_batch("BEGIN").unwrap();
                connection.execute(&format!("DELETE FROM {} WHERE rowid = ?1", table.name()), [row]).unwrap();
                let report = scrub(&connection, &mut |_, _| {}).unwrap();
                connection.execute_batch("ROLLBACK").unwrap();
                match table {
                    Table::Payloads => {
                        assert_eq!((report.erased, report.payloads), (1, 19));
                        // What a fact says is erased may go, and its segment with it.
                        let is_said = row % 7 == 0 && row + 6 < 20;
                        let says = if is_said {
                            "no fact refers to segment"
                        } else {
                            "is missing, and no fact says that it was erased"
                        };
                        let found = report.problems.iter().any(|problem| problem.what.starts_with(says));
                        assert!(found && (report.problems.len() == 1 || !is_said), "{row}: {:?}", report.problems);
                    }
                    // A checkpoint is provisional; that there is none is no contradiction.
                    Table::Checkpoint => assert!(report.is_sound()),
                    _ => assert!(!report.is_sound(), "{} {row}", table.name()),
                }
            }
        }
    }

    #[test]
    fn an_erasure_that_counts_wrongly_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = samples::ledger(folder.path(), 9);
        let mut store = sqlite::Store::open(&path).unwrap();
        let wrong = |from: u64, until: u64, count: u64| {
            let mut new = samples::fact(6);
            if let Fact::Erasure(erasure) = &mut new.fact {
                erasure.id = uphold_core::id::FactId::parse(&format!("wrong-{from}-{until}")).unwrap();
                (erasure.from, erasure.until, erasure.count) = (from, until, count);
            }
            sqlite::Work::Facts(vec![crate::ledger::prepare(new).unwrap()])
        };
        store.write(&[wrong(0, 8, 1), wrong(0, 30, 2)], Instant(1_790_000_000_100)).unwrap();
        drop(store);
        let found = verify(&path, &mut |_, _| {}).unwrap().problems;
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "payloads 9: names another number of facts than lie there",
                "payloads 10: erases facts that come after it"
            ]
        );
    }

    #[test]
    fn a_ledger_whose_end_was_cut_off_is_found() {
        let (_folder, connection) = ledger(20);
        for kept in 0..20 {
            connection.execute_batch("BEGIN").unwrap();
            connection.execute("DELETE FROM leaves WHERE seq >= ?1", [kept]).unwrap();
            connection.execute("DELETE FROM payloads WHERE seq >= ?1", [kept]).unwrap();
            let found = problems(&connection);
            connection.execute_batch("ROLLBACK").unwrap();
            assert!(found.iter().any(|problem| problem.table == Table::TreeHead), "{kept}: {found:?}");
        }
    }

    #[test]
    fn facts_that_were_exchanged_are_found() {
        let (_folder, connection) = ledger(20);
        connection
            .execute_batch(
                "UPDATE leaves SET seq = -1 WHERE seq = 3; UPDATE leaves SET seq = 3 WHERE seq = 4;
            UPDATE leaves SET seq = 4 WHERE seq = -1;",
            )
            .unwrap();
        let found = problems(&connection);
        for seq in [3, 4] {
            let named = |problem: &Problem| problem.table == Table::Leaves && problem.seq == Some(seq);
            assert!(found.iter().any(named), "{seq}: {found:?}");
        }
        assert!(found.iter().all(|problem| problem.seq.is_none_or(|seq| seq == 3 || seq == 4)), "{found:?}");
    }

    #[test]
    fn progress_ends_with_all_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let path = samples::ledger(folder.path(), 7);
        let mut heard = Vec::new();
        assert!(verify(&path, &mut |done, total| heard.push((done, total))).unwrap().is_sound());
        assert_eq!(heard, [(0, 7), (7, 7)]);
    }

    #[test]
    fn a_file_that_is_no_ledger_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        assert!(matches!(verify(&path, &mut |_, _| {}), Err(LedgerError::Missing { .. })));
        std::fs::write(&path, "no database, but long enough to look like the head of one").unwrap();
        assert!(matches!(verify(&path, &mut |_, _| {}), Err(LedgerError::Foreign { .. })));
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
        assert!(matches!(verify(&path, &mut |_, _| {}), Err(LedgerError::Foreign { .. })));
    }
}
