//! Erasing: deleting the payloads that a durable fact says are erased, and the segments that nothing else refers to.
//!
//! The fact comes first. A row is deleted only in a transaction that has looked at the fact and at the leaf, so that nothing
//! goes that no fact speaks of; and whatever a fact speaks of goes in the end, also if the program was killed meanwhile:
//! the next start erases on. Freed pages are overwritten (`secure_delete`), and the write-ahead log is emptied. Not here: what may
//! be erased and when (`measure/retention.rs`, `operate/retention.rs`).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::{Erased, Erasure};
use uphold_core::ledger::fact::{Fact, FactKind};
use uphold_core::ledger::leaf::Leaf;

use crate::ledger::error::LedgerError;
use crate::ledger::sqlite::Work;
use crate::ledger::{Ledger, Reader, forget_snapshot};

/// How many rows one transaction deletes: whoever has a fact to record waits no longer than for these.
const BATCH: usize = 500;

/// Rows to be deleted, all of them or none.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The place of the fact that says that they are erased.
    by: u64,
    rows: Vec<Row>,
    /// Facts from this place on were recorded after it was looked which segments are shared.
    looked_up_to: u64,
}

/// A payload to be deleted, with the segment that nothing else refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    seq: u64,
    segment: Option<Digest>,
}

/// A row of which the fact does not say that it is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsaid {
    by: u64,
    /// The row; none, where the fact speaks of no erasing at all.
    seq: Option<u64>,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "fact {} does not say that fact {seq} was erased", self.by),
            None => write!(f, "fact {} does not say that anything was erased", self.by),
        }
    }
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Deletes the rows. Refuses all of them if the fact does not speak of one.
    pub(crate) fn delete(&self, connection: &Connection) -> Result<Result<(), Unsaid>, rusqlite::Error> {
        let Some(erasure) = erasure(connection, self.by)? else {
            return Ok(Err(Unsaid { by: self.by, seq: None }));
        };
        for row in &self.rows {
            if !erasure.covers(self.by, kind(connection, row.seq)?, row.seq) {
                return Ok(Err(Unsaid { by: self.by, seq: Some(row.seq) }));
            }
        }
        let recent = segments_of(connection, self.looked_up_to, i64::MAX.unsigned_abs())?;
        let recent: HashSet<Digest> = recent.into_iter().map(|(_, digest)| digest).collect();
        let mut payload = connection.prepare_cached("DELETE FROM payloads WHERE seq = ?1")?;
        let mut segment = connection.prepare_cached("DELETE FROM segments WHERE digest = ?1")?;
        for row in &self.rows {
            payload.execute([row.seq.cast_signed()])?;
            if let Some(digest) = row.segment.filter(|digest| !recent.contains(digest)) {
                segment.execute([digest.0])?;
            }
        }
        Ok(Ok(()))
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
}

/// The leaf at a place.
fn leaf(connection: &Connection, seq: u64) -> Result<Leaf, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT leaf FROM leaves WHERE seq = ?1")?;
    let bytes: Vec<u8> = statement.query_row([seq.cast_signed()], |row| row.get(0))?;
    Leaf::decode(&bytes).map_err(unreadable)
}

fn kind(connection: &Connection, seq: u64) -> Result<FactKind, rusqlite::Error> {
    leaf(connection, seq).map(|leaf| leaf.kind)
}

/// What the fact at a place says of what was erased; nothing, if it is of another kind.
fn erasure(connection: &Connection, seq: u64) -> Result<Option<Erasure>, rusqlite::Error> {
    let leaf = leaf(connection, seq)?;
    let mut statement = connection.prepare_cached("SELECT payload FROM payloads WHERE seq = ?1")?;
    let payload: Option<Vec<u8>> = statement.query_row([seq.cast_signed()], |row| row.get(0)).optional()?;
    let Some(payload) = payload.filter(|_| leaf.kind == FactKind::Erasure) else { return Ok(None) };
    match Fact::decode(leaf.kind, leaf.kind_version, &payload).map_err(unreadable)? {
        Fact::Erasure(erasure) => Ok(Some(erasure)),
        _ => Ok(None),
    }
}

/// The segments that the measurements from one place to before another refer to, with the place that does.
fn segments_of(connection: &Connection, from: u64, until: u64) -> Result<Vec<(u64, Digest)>, rusqlite::Error> {
    const SQL: &str = "SELECT p.seq, p.payload, l.leaf FROM payloads p JOIN leaves l USING (seq)
        WHERE p.seq >= ?1 AND p.seq < ?2 ORDER BY p.seq";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([from.cast_signed(), until.cast_signed()])?;
    let mut named = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, payload, leaf): (i64, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let leaf = Leaf::decode(&leaf).map_err(unreadable)?;
        if leaf.kind != FactKind::Measurement {
            continue;
        }
        if let Fact::Measurement(fact) = Fact::decode(leaf.kind, leaf.kind_version, &payload).map_err(unreadable)? {
            named.push((seq.cast_unsigned(), fact.segment));
        }
    }
    Ok(named)
}

/// The rows that an erasure says are gone and that are there, and up to which place it was looked for shared segments.
fn left(reader: &Reader, erased: &Erased) -> Result<(Vec<Row>, u64), rusqlite::Error> {
    let connection = reader.connection();
    let (from, until) = (erased.fact.from, erased.fact.until.min(erased.seq));
    let mut statement =
        connection.prepare_cached("SELECT seq FROM payloads WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")?;
    let places = statement.query_map([from.cast_signed(), until.cast_signed()], |row| row.get::<_, i64>(0))?;
    let mut rows = Vec::new();
    for seq in places {
        let seq = seq?.cast_unsigned();
        if kind(connection, seq)? == erased.fact.kind {
            rows.push(Row { seq, segment: None });
        }
    }
    let size: i64 = connection.query_row("SELECT size FROM tree_head", [], |row| row.get(0))?;
    if rows.is_empty() || erased.fact.kind != FactKind::Measurement {
        return Ok((rows, size.cast_unsigned()));
    }
    // A segment goes with the last of our facts that refers to it, if no other fact does.
    let mut last: HashMap<Digest, u64> = HashMap::new();
    let mut shared: HashSet<Digest> = HashSet::new();
    let mut ours: HashMap<u64, Digest> = HashMap::new();
    for (seq, digest) in segments_of(connection, 0, size.cast_unsigned())? {
        if (from..until).contains(&seq) {
            last.insert(digest, seq);
            ours.insert(seq, digest);
        } else {
            shared.insert(digest);
        }
    }
    for row in &mut rows {
        let digest = ours.get(&row.seq).copied();
        row.segment = digest.filter(|digest| !shared.contains(digest) && last.get(digest) == Some(&row.seq));
    }
    Ok((rows, size.cast_unsigned()))
}

impl Ledger {
    /// Deletes what a fact says is erased, as far as it is there, and returns how many rows that were, when they are gone
    /// from the disk. Done again it does nothing.
    ///
    /// Every deletion goes through here. Whatever was made of the ledger before holds more than the ledger then: if any row
    /// was deleted, a book must be read anew.
    ///
    /// # Errors
    /// When no such fact is recorded, or the database refuses. What is deleted by then stays deleted.
    pub async fn erase(&self, erased: &Erased) -> Result<u64, LedgerError> {
        // It says what is to be forgotten.
        forget_snapshot(self.path.parent().unwrap_or(Path::new(".")))?;
        let (reader, wanted) = (self.reader()?, erased.clone());
        let looked = tokio::task::spawn_blocking(move || {
            left(&reader, &wanted).map_err(|error| LedgerError::sqlite(reader.path(), "look for what is erased", error))
        });
        // A task that panicked is a defect, and its panic says more than we could.
        let (rows, looked_up_to) = looked.await.map_err(|_| LedgerError::Closed)??;
        let deleted = rows.len() as u64;
        for rows in rows.chunks(BATCH) {
            self.send(Work::Erase(Batch { by: erased.seq, rows: rows.to_vec(), looked_up_to })).await?;
        }
        if deleted > 0 {
            self.send(Work::EmptyLog).await?;
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ledger::{FILE, NewFact, samples, verify};
    use uphold_core::id::FactId;
    use uphold_core::time::Instant;

    /// Says that one measurement was erased, and erases it.
    async fn erase(ledger: &Ledger, seq: u64) -> u64 {
        let fact = Erasure {
            id: FactId::parse(&format!("erasure-{seq}")).unwrap(),
            by: "cli".to_owned(),
            why: "a test".to_owned(),
            kind: FactKind::Measurement,
            from: seq,
            until: seq + 1,
            count: 1,
            before: Some(Instant(1)),
        };
        let new = NewFact { fact: Fact::Erasure(fact.clone()), segment: None };
        let receipt = ledger.append(vec![new]).await.unwrap().remove(0);
        ledger.erase(&Erased { seq: receipt.seq, recorded_at: receipt.recorded_at, fact }).await.unwrap()
    }

    #[tokio::test]
    async fn a_segment_that_two_facts_share_goes_with_the_last_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Arc::new(|| Instant(1_000))).unwrap();
        let again = |id: &str| {
            let mut new = samples::measurement(1);
            if let Fact::Measurement(fact) = &mut new.fact {
                fact.id = FactId::parse(id).unwrap();
            }
            new
        };
        ledger.append(vec![again("one"), samples::measurement(2), again("two"), again("three")]).await.unwrap();
        let segments = || {
            let report = verify(&folder.path().join(FILE), &mut |_, _| {}).unwrap();
            (report.segments, report.erased, report.problems)
        };
        assert_eq!(segments(), (2, 0, Vec::new()));
        for (seq, left) in [(3, 2), (0, 2), (2, 1), (1, 0)] {
            assert_eq!(erase(&ledger, seq).await, 1);
            let (kept, _, problems) = segments();
            assert_eq!((kept, problems), (left, Vec::new()), "{seq}");
        }
        assert_eq!(segments().1, 4);
    }
}
