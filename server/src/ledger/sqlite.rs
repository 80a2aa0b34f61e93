//! The ledger in SQLite: opening and checking a database, and writing one group of facts in one transaction.
//!
//! Write-ahead log with `synchronous=FULL`: what is committed survives a crash of the machine. Not here: threads and
//! channels (`mod.rs`), reading (`reader.rs`), the full scrub (`verify.rs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use uphold_core::id::{CustomerId, FactId, VantageId};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::FactKind;
use uphold_core::ledger::leaf::{Leaf, commitment};
use uphold_core::ledger::tag::subject_tag;
use uphold_core::ledger::tree::{self, Frontier};
use uphold_core::time::Instant;

use crate::ledger::Receipt;
use crate::ledger::erase::{Batch, Unsaid};
use crate::ledger::error::LedgerError;

/// The database in the data folder.
pub const FILE: &str = "ledger.db";

/// Marks a database as a ledger of Uphold: `UPHL` in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x5550_484c;

/// The numbered migrations, in order. The schema version is how many of them a database has seen.
const MIGRATIONS: [&str; 2] =
    [include_str!("../../migrations/0001_ledger.sql"), include_str!("../../migrations/0002_customers.sql")];

/// The newest schema that this program knows.
pub(crate) const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// At start, the smallest perfect subtree is rebuilt from its leaves if it has no more than this many.
const TAIL_MAX: u64 = 4096;

/// A fact that is ready to be written: its payload is known to be readable.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) kind: FactKind,
    /// The version of its payload.
    pub(crate) version: u32,
    pub(crate) id: FactId,
    pub(crate) salt: [u8; 32],
    pub(crate) payload: Vec<u8>,
    /// Whose fact it is.
    pub(crate) customer: Option<CustomerId>,
    pub(crate) segment: Option<(Digest, Vec<u8>)>,
}

/// One thing to be written, all of it or nothing.
#[derive(Debug)]
pub(crate) enum Work {
    Facts(Vec<Prepared>),
    Checkpoint {
        vantage: VantageId,
        segment: Vec<u8>,
    },
    /// What a fact says is erased.
    Erase(Batch),
    /// Leaves nothing of what was deleted in the write-ahead log.
    EmptyLog,
}

impl Work {
    /// How many rows it may write, roughly.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Facts(facts) => facts.len(),
            Self::Erase(batch) => batch.len(),
            Self::Checkpoint { .. } | Self::EmptyLog => 1,
        }
    }
}

/// The database, open for writing, with the tree as of the last commit.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    head: Head,
    /// The secret of customers' tags.
    secret: [u8; 32],
}

#[derive(Debug, Clone)]
struct Head {
    frontier: Frontier,
    recorded_at: Instant,
}

/// Refuses the SQLite versions with the WAL-reset bug: 3.7.0 to 3.51.2, and 3.52.0.
pub(crate) fn check_sqlite(version: i32) -> Result<(), LedgerError> {
    match version {
        3_007_000..=3_051_002 | 3_052_000 => Err(LedgerError::UnsafeSqlite { version }),
        _ => Ok(()),
    }
}

/// Opens an existing database for reading only.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, LedgerError> {
    check_sqlite(rusqlite::version_number())?;
    let refuse = |error| LedgerError::sqlite(path, "open the database", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refuse)?;
    connection.pragma_update(None, "query_only", true).map_err(refuse)?;
    Ok(connection)
}

/// The digest that guards a checkpoint's row.
pub(crate) fn checkpoint_digest(vantage: &[u8], at: i64, segment: &[u8]) -> Digest {
    Digest::of(&[vantage, &[0], &at.to_be_bytes(), segment])
}

/// The version of a database's schema: 0 for an empty one.
pub(crate) fn schema_version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let refuse = |error| LedgerError::sqlite(path, "read the schema version", error);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(refuse);
    if count("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")? == 0 {
        return match count("SELECT count(*) FROM sqlite_schema")? {
            0 => Ok(0),
            _ => Err(LedgerError::Foreign { path: path.to_owned() }),
        };
    }
    let found: Result<(i64, i64), _> =
        connection
            .query_row("SELECT schema_version, application_id FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)));
    match found {
        Ok((version, APPLICATION_ID)) if version > SCHEMA_VERSION => {
            Err(LedgerError::TooNew { path: path.to_owned(), found: version, known: SCHEMA_VERSION })
        }
        Ok((version, APPLICATION_ID)) => Ok(version),
        Ok(_) | Err(_) => Err(LedgerError::Foreign { path: path.to_owned() }),
    }
}

/// The digest that guards the secret of customers' tags.
pub(crate) fn secret_digest(secret: &[u8]) -> Digest {
    Digest::of(&[b"uphold customer tags", secret])
}

/// The secret of customers' tags.
pub(crate) fn tag_secret(connection: &Connection, path: &Path) -> Result<[u8; 32], LedgerError> {
    let refuse = |error| LedgerError::sqlite(path, "read the secret of customers' tags", error);
    let row: (Vec<u8>, Vec<u8>) = connection
        .query_row("SELECT secret, digest FROM customer_tags", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(refuse)?;
    let whole = secret_digest(&row.0).0 == row.1.as_slice();
    row.0.try_into().ok().filter(|_| whole).ok_or_else(|| LedgerError::Damaged {
        path: path.to_owned(),
        problem: "the secret of customers' tags is not what its digest says".to_owned(),
    })
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let from = schema_version(connection, path)?;
    let refuse = |error| LedgerError::sqlite(path, "bring the schema up to date", error);
    for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        let transaction = connection.transaction().map_err(refuse)?;
        transaction.execute_batch(sql).map_err(refuse)?;
        transaction
            .execute("INSERT OR REPLACE INTO meta VALUES (1, ?1, ?2)", params![version, APPLICATION_ID])
            .map_err(refuse)?;
        if version == 2 {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(LedgerError::Random)?;
            transaction
                .execute("INSERT INTO customer_tags VALUES (1, ?1, ?2)", params![secret, secret_digest(&secret).0])
                .map_err(refuse)?;
        }
        if version == 1 {
            let empty = Frontier::default();
            transaction
                .execute("INSERT INTO tree_head VALUES (1, 0, ?1, ?2)", params![empty.root().0, empty.to_bytes()])
                .map_err(refuse)?;
        }
        transaction.commit().map_err(refuse)?;
    }
    Ok(())
}

impl Store {
    /// Opens or creates the database, brings its schema up to date and checks its tail.
    pub(crate) fn open(path: &Path) -> Result<Self, LedgerError> {
        check_sqlite(rusqlite::version_number())?;
        let refuse = |error| LedgerError::sqlite(path, "open the database", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(refuse)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(refuse)?;
        connection.pragma_update(None, "synchronous", "full").map_err(refuse)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(refuse)?;
        // What is erased is overwritten, and not only marked as free.
        connection.pragma_update(None, "secure_delete", true).map_err(refuse)?;
        migrate(&mut connection, path)?;
        let head = load_head(&connection, path)?;
        let secret = tag_secret(&connection, path)?;
        Ok(Self { connection, path: path.to_owned(), head, secret })
    }

    /// Writes a group of works in one transaction. Every work gets its own answer: one that contradicts the ledger is left
    /// out alone. If the transaction fails, nothing of the group is written.
    ///
    /// `now` is what the clock says; the ledger records the later of it and the last recorded time.
    pub(crate) fn write(
        &mut self,
        group: &[Work],
        now: Instant,
    ) -> Result<Vec<Result<Vec<Receipt>, LedgerError>>, LedgerError> {
        let result = self.transact(&[(now, group)]);
        if result.is_err() {
            // What a failed commit left behind is what the database says, not what we believe.
            self.head = load_head(&self.connection, &self.path)?;
        } else if group.iter().any(|work| matches!(work, Work::EmptyLog)) {
            self.empty_log();
        }
        result
    }

    /// Moves the write-ahead log into the database and cuts it to nothing. A reader may hold it up; then the next one does it.
    fn empty_log(&self) {
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        if !matches!(busy, Ok(false)) {
            tracing::warn!("the log of the database still holds what was erased, until it is written over");
        }
    }

    /// The size and the root of the tree.
    pub(crate) fn head(&self) -> (u64, Digest) {
        (self.head.frontier.size(), self.head.frontier.root())
    }

    /// Writes facts that were recorded at the times given, all of them or none.
    pub(crate) fn write_past(&mut self, past: Vec<(Instant, Vec<Prepared>)>) -> Result<(), LedgerError> {
        let past: Vec<(Instant, [Work; 1])> = past.into_iter().map(|(at, facts)| (at, [Work::Facts(facts)])).collect();
        let groups: Vec<(Instant, &[Work])> = past.iter().map(|(at, work)| (*at, &work[..])).collect();
        self.transact(&groups)?.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// Writes groups of works in one transaction, each as of its own time.
    fn transact(
        &mut self,
        groups: &[(Instant, &[Work])],
    ) -> Result<Vec<Result<Vec<Receipt>, LedgerError>>, LedgerError> {
        let path = self.path.clone();
        let refuse = |error| LedgerError::sqlite(&path, "append", error);
        let mut head = self.head.clone();
        let transaction = self.connection.transaction().map_err(refuse)?;
        let mut answers = Vec::with_capacity(groups.len());
        for (now, work) in groups.iter().flat_map(|(now, group)| group.iter().map(move |work| (now, work))) {
            head.recorded_at = head.recorded_at.max(*now);
            answers.push(match work {
                Work::Facts(facts) => match plan(&transaction, facts, head.frontier.size()).map_err(refuse)? {
                    Ok(plan) => Ok(insert(&transaction, facts, &plan, &mut head, &self.secret).map_err(refuse)?),
                    Err(conflict) => Err(conflict),
                },
                Work::Erase(batch) => {
                    let damaged =
                        |unsaid: Unsaid| LedgerError::Damaged { path: path.clone(), problem: unsaid.to_string() };
                    batch.delete(&transaction).map_err(refuse)?.map(|()| Vec::new()).map_err(damaged)
                }
                Work::EmptyLog => Ok(Vec::new()),
                Work::Checkpoint { vantage, segment } => {
                    let digest = checkpoint_digest(vantage.as_str().as_bytes(), now.0, segment);
                    let row = params![vantage.as_str(), now.0, segment, digest.0];
                    transaction
                        .execute("INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3, ?4)", row)
                        .map_err(refuse)?;
                    Ok(Vec::new())
                }
            });
        }
        let (size, root) = (head.frontier.size(), head.frontier.root());
        if size > self.head.frontier.size() {
            let row = params![size.cast_signed(), root.0, head.frontier.to_bytes()];
            transaction.execute("UPDATE tree_head SET size = ?1, root = ?2, frontier = ?3", row).map_err(refuse)?;
        }
        transaction.commit().map_err(refuse)?;
        self.head = head;
        for receipt in answers.iter_mut().flatten().flatten() {
            (receipt.tree_size, receipt.root) = (size, root);
        }
        Ok(answers)
    }
}

/// Where a fact goes: a new place, or the place of the equal fact that is already there.
enum Place {
    New,
    Known(u64),
}

/// Looks for facts that are known, before anything is written, so that a work that is refused leaves nothing behind.
fn plan(
    connection: &Connection,
    facts: &[Prepared],
    size: u64,
) -> Result<Result<Vec<Place>, LedgerError>, rusqlite::Error> {
    let mut known = connection.prepare_cached("SELECT seq, payload FROM payloads WHERE fact_id = ?1")?;
    let mut ours: HashMap<&FactId, (u64, &[u8])> = HashMap::new();
    let mut places = Vec::with_capacity(facts.len());
    let mut next = size;
    for fact in facts {
        let before: Option<(i64, Vec<u8>)> =
            known.query_row([fact.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let conflict = |seq| Ok(Err(LedgerError::Conflict { id: fact.id.clone(), seq }));
        places.push(match (before, ours.get(&fact.id)) {
            (Some((seq, payload)), _) if payload == fact.payload => Place::Known(seq.cast_unsigned()),
            (Some((seq, _)), _) => return conflict(Some(seq.cast_unsigned())),
            (None, Some((seq, payload))) if *payload == fact.payload => Place::Known(*seq),
            (None, Some(_)) => return conflict(None),
            (None, None) => {
                ours.insert(&fact.id, (next, &fact.payload));
                next += 1;
                Place::New
            }
        });
    }
    Ok(Ok(places))
}

/// Writes the new facts. The receipts lack the head of the tree, which is known when the whole group is in.
fn insert(
    connection: &Connection,
    facts: &[Prepared],
    plan: &[Place],
    head: &mut Head,
    secret: &[u8; 32],
) -> Result<Vec<Receipt>, rusqlite::Error> {
    let mut leaves = connection.prepare_cached("INSERT INTO leaves VALUES (?1, ?2, ?3)")?;
    let mut payloads = connection.prepare_cached("INSERT INTO payloads VALUES (?1, ?2, ?3, ?4)")?;
    let mut segments = connection.prepare_cached("INSERT OR IGNORE INTO segments VALUES (?1, ?2)")?;
    let mut receipts = Vec::with_capacity(facts.len());
    for (fact, place) in facts.iter().zip(plan) {
        let receipt = |seq, leaf_hash, recorded_at, duplicate| Receipt {
            seq,
            leaf_hash,
            recorded_at,
            tree_size: 0,
            root: leaf_hash,
            duplicate,
        };
        if let Place::Known(seq) = place {
            let bytes: Vec<u8> =
                connection
                    .query_row("SELECT leaf FROM leaves WHERE seq = ?1", [seq.cast_signed()], |row| row.get(0))?;
            let leaf = Leaf::decode(&bytes).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
            })?;
            receipts.push(receipt(*seq, tree::leaf_hash(&bytes), leaf.recorded_at, true));
            continue;
        }
        let seq = head.frontier.size();
        let leaf = Leaf {
            seq,
            kind: fact.kind,
            kind_version: fact.version,
            recorded_at: head.recorded_at,
            subject_tag: subject_tag(secret, fact.customer.as_ref()),
            commitment: commitment(&fact.salt, &fact.payload),
        };
        let bytes = leaf.encode();
        let hash = tree::leaf_hash(&bytes);
        leaves.execute(params![seq.cast_signed(), bytes, hash.0])?;
        payloads.execute(params![seq.cast_signed(), fact.id.as_str(), fact.salt, fact.payload])?;
        if let Some((digest, bytes)) = &fact.segment {
            segments.execute(params![digest.0, bytes])?;
        }
        head.frontier.append(hash);
        receipts.push(receipt(seq, hash, head.recorded_at, false));
    }
    Ok(receipts)
}

/// Reads the head of the tree and checks that the last leaves agree with it.
fn load_head(connection: &Connection, path: &Path) -> Result<Head, LedgerError> {
    let refuse = |error| LedgerError::sqlite(path, "read the head of the tree", error);
    let damaged = |problem: &str| LedgerError::Damaged { path: path.to_owned(), problem: problem.to_owned() };
    let (size, root, frontier): (i64, Vec<u8>, Vec<u8>) = connection
        .query_row("SELECT size, root, frontier FROM tree_head", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(refuse)?;
    let frontier = Frontier::from_bytes(&frontier).map_err(|_| damaged("the frontier of the tree cannot be read"))?;
    if frontier.size() != size.cast_unsigned() || frontier.root().0 != root.as_slice() {
        return Err(damaged("the root of the tree is not the root of its frontier"));
    }
    let peak = if size == 0 { 0 } else { 1 << size.trailing_zeros() };
    let span = u64::min(peak, TAIL_MAX);
    let mut statement =
        connection.prepare("SELECT seq, leaf, hash FROM leaves WHERE seq >= ?1 ORDER BY seq").map_err(refuse)?;
    let mut rows = statement.query([(frontier.size() - span).cast_signed()]).map_err(refuse)?;
    let mut hashes = Vec::new();
    let mut recorded_at = Instant::MIN;
    while let Some(row) = rows.next().map_err(refuse)? {
        let (seq, leaf, hash): (i64, Vec<u8>, Vec<u8>) =
            (row.get(0).map_err(refuse)?, row.get(1).map_err(refuse)?, row.get(2).map_err(refuse)?);
        let expected = frontier.size() - span + hashes.len() as u64;
        let decoded = Leaf::decode(&leaf).map_err(|error| damaged(&format!("leaf {seq}: {error}")))?;
        if decoded.seq != expected || seq.cast_unsigned() != expected || tree::leaf_hash(&leaf).0 != hash.as_slice() {
            return Err(damaged(&format!("leaf {seq} is not what its hash and its place say")));
        }
        hashes.push(tree::leaf_hash(&leaf));
        recorded_at = decoded.recorded_at;
    }
    if hashes.len() as u64 != span {
        return Err(damaged(&format!("the tree has {size} leaves, and the table of leaves ends elsewhere")));
    }
    if span > 0 && span == peak && frontier.last_peak() != Some(tree::root(&hashes)) {
        return Err(damaged("the last leaves are not the ones that the tree holds"));
    }
    Ok(Head { frontier, recorded_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;

    #[test]
    fn the_versions_of_sqlite_that_lose_data_are_refused() {
        for bad in [3_007_000, 3_008_011, 3_051_002, 3_052_000] {
            assert!(matches!(check_sqlite(bad), Err(LedgerError::UnsafeSqlite { version }) if version == bad));
        }
        for good in [3_006_023, 3_051_003, 3_052_001, 3_053_000, rusqlite::version_number()] {
            assert!(check_sqlite(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_database_is_durable_by_its_settings() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join(FILE)).unwrap();
        let setting = |name: &str| {
            store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
        };
        assert_eq!(setting("journal_mode"), rusqlite::types::Value::Text("wal".to_owned()));
        assert_eq!(setting("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(setting("foreign_keys"), rusqlite::types::Value::Integer(1));
        assert_eq!(setting("secure_delete"), rusqlite::types::Value::Integer(1));
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused_by_name_and_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = samples::ledger(folder.path(), 1);
        Connection::open(&path).unwrap().execute("UPDATE meta SET schema_version = 99", []).unwrap();
        let says =
            format!("ledger `{}` has schema version 99, and this program knows versions up to 2", path.display());
        assert_eq!(Store::open(&path).unwrap_err().to_string(), says);
        assert_eq!(crate::ledger::Reader::open(&path).unwrap_err().to_string(), says);
    }

    #[test]
    fn a_full_disk_is_named_loses_nothing_and_ends_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut store = Store::open(&path).unwrap();
        let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let limit = |store: &Store, pages: i64| {
            store.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        };
        limit(&store, pages + 20);
        let mut kept = 0;
        let error = loop {
            match store.write(&[samples::work(kept..kept + 7)], Instant(kept)) {
                Ok(_) => kept += 7,
                Err(error) => break error,
            }
        };
        assert!(kept > 0);
        assert_eq!(error.to_string(), format!("no space is left to write `{}`", path.display()));
        limit(&store, 1_000_000);
        let answer = store.write(&[samples::work(kept..kept + 7)], Instant(kept)).unwrap();
        assert_eq!(answer[0].as_ref().unwrap()[0].seq, kept.cast_unsigned());
        let report = crate::ledger::verify(&path, &mut |_, _| {}).unwrap();
        assert_eq!((report.leaves, report.problems), (kept.cast_unsigned() + 7, Vec::new()));
    }

    #[test]
    fn one_contradiction_in_a_group_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join(FILE)).unwrap();
        let gap = |number, why| Work::Facts(vec![crate::ledger::prepare(samples::gap(number, why)).unwrap()]);
        let group = [gap(1, "a"), gap(1, "b"), gap(2, "a")];
        let answers = store.write(&group, Instant(5)).unwrap();
        assert!(matches!(answers[1], Err(LedgerError::Conflict { seq: Some(0), .. })));
        assert_eq!(answers[2].as_ref().unwrap()[0].seq, 1);
        assert_eq!(answers[0].as_ref().unwrap()[0].tree_size, 2);
    }

    #[test]
    fn a_damaged_tail_is_found_at_start() {
        for facts in [1, 2, 7, 8, 12] {
            let folder = tempfile::tempdir().unwrap();
            let path = samples::ledger(folder.path(), facts);
            let connection = Connection::open(&path).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            for change in [
                "DELETE FROM leaves WHERE seq = (SELECT max(seq) FROM leaves)",
                "UPDATE leaves SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM leaves)",
                "UPDATE leaves SET leaf = zeroblob(9) WHERE seq = (SELECT max(seq) FROM leaves)",
                "INSERT INTO leaves SELECT max(seq) + 1, leaf, hash FROM leaves",
                "UPDATE tree_head SET size = size + 1",
                "UPDATE tree_head SET root = zeroblob(32)",
                "UPDATE tree_head SET frontier = zeroblob(8)",
            ] {
                connection.execute_batch("BEGIN").unwrap();
                connection.execute(change, []).unwrap();
                let found = load_head(&connection, &path);
                connection.execute_batch("ROLLBACK").unwrap();
                assert!(matches!(found, Err(LedgerError::Damaged { .. })), "{facts} facts: {change}: {found:?}");
            }
            assert!(load_head(&connection, &path).is_ok());
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join(FILE);
        assert!(matches!(Store::open(&path), Err(LedgerError::Missing { .. })));
    }
}
