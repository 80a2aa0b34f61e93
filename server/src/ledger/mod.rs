//! The ledger: facts, appended durably and never changed.
//!
//! One thread writes. It takes whatever requests wait, writes them in one transaction and answers when that is on disk, so
//! that many small requests cost one sync. Facts are encoded, and segments checked, before they reach that thread. Reading
//! goes over connections of its own and never waits for the writer. Not here: the byte formats (`uphold_core::ledger`) and
//! what the facts add up to.

mod agreements;
mod backup;
mod erase;
mod error;
mod evidence;
mod lock;
mod past;
mod reader;
#[cfg(test)]
mod samples;
mod sign;
mod snapshot;
mod sqlite;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use uphold_core::id::VantageId;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Fact;
use uphold_core::ledger::segment::Segment;
use uphold_core::time::Instant;

pub use agreements::{agreements_in_use, find_agreement, keep_agreement};
pub use backup::{backup, last_backup, restore};
pub use error::LedgerError;
pub use evidence::{EvidenceCount, EvidenceFiles};
pub use lock::holder;
pub use past::Past;
pub use reader::{BookError, Checkpoint, Entry, Head, Payload, Reader};
pub use sign::{KEY_FILE, SIGNED_FILE, Signed, Signer, check_continues, last_signed, public_key};
pub use snapshot::{
    Known, SNAPSHOT_FILE, SnapshotFault, check_snapshot, forget_snapshot, keep_snapshot, read_book, read_on,
};
pub use sqlite::FILE;
pub use uphold_core::ledger::book;
pub use verify::{ErasedCount, Problem, Report, Table, verify};

use lock::FolderLock;
use sqlite::{Prepared, Store, Work};

/// Tells the time. The ledger asks it once for every transaction.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The version of SQLite that this program has in it.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// How many requests may wait for the writer before further ones wait for room.
const QUEUE: usize = 1024;

/// How many facts one transaction takes at most, unless a single request holds more.
const GROUP_MAX: usize = 4096;

/// A fact to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFact {
    /// The fact.
    pub fact: Fact,
    /// For a measurement, the canonical bytes of its segment; for a statement, its text; for any other fact, nothing.
    pub segment: Option<Vec<u8>>,
}

/// What the ledger answers when a fact is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The fact's place.
    pub seq: u64,
    /// The hash of its leaf.
    pub leaf_hash: Digest,
    /// When it was recorded. Never falls from one fact to the next: if the clock was set back, the time of the fact before.
    pub recorded_at: Instant,
    /// The size of a tree that holds it: the one after the transaction that answered.
    pub tree_size: u64,
    /// The root of that tree.
    pub root: Digest,
    /// Whether the fact was there already, under the same id and with the same payload. Then `seq`, `leaf_hash` and
    /// `recorded_at` are those of the first time.
    pub duplicate: bool,
}

/// The ledger in one data folder, open for appending. One process can have it open; dropping it waits for the writer.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Vec<Receipt>, LedgerError>>,
}

impl Ledger {
    /// Opens the ledger in `folder`, which must exist, and creates the database if there is none.
    ///
    /// # Errors
    /// When another process has it open, the folder is missing or read-only, the database is newer than this program, is
    /// no ledger, its tail contradicts the head of its tree, or it does not continue what was signed in this folder.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, LedgerError> {
        let lock = FolderLock::take(folder)?;
        let path = folder.join(FILE);
        let store = Store::open(&path)?;
        check_continues(folder, &Reader::open(&path)?)?;
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let writer = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || write_all(store, &lock, &clock, waiting))
            .map_err(|error| LedgerError::io(&path, error))?;
        Ok(Self { path, jobs: Some(jobs), writer: Some(writer) })
    }

    /// Appends facts, all of them or none, and returns when they are on disk: one receipt for each, in their order.
    ///
    /// A fact whose id is known with an equal payload is not appended again. Its receipt says so.
    ///
    /// # Errors
    /// When an id was used before with another payload, a fact or its segment is not what it must be, the disk is full, or
    /// the database refuses. Then nothing of this request is recorded.
    pub async fn append(&self, facts: Vec<NewFact>) -> Result<Vec<Receipt>, LedgerError> {
        let prepared: Result<Vec<Prepared>, _> = facts.into_iter().map(prepare).collect();
        self.send(Work::Facts(prepared?)).await
    }

    /// Keeps what a vantage point would flush now, in place of what was kept before, and returns when it is on disk.
    ///
    /// It is provisional: after a crash it says what was observed since the last measurement. One whose `through` is not
    /// after the last measurement of its vantage point is obsolete.
    ///
    /// # Errors
    /// When the bytes are no segment of that vantage point, or the database refuses.
    pub async fn save_checkpoint(&self, vantage: &VantageId, segment: Vec<u8>) -> Result<(), LedgerError> {
        let damaged = |problem: String| LedgerError::Damaged { path: self.path.clone(), problem };
        let decoded = Segment::decode(&segment).map_err(|error| damaged(error.to_string()))?;
        if decoded.vantage() != vantage {
            return Err(damaged(format!("the checkpoint of `{vantage}` holds a segment of `{}`", decoded.vantage())));
        }
        self.send(Work::Checkpoint { vantage: vantage.clone(), segment }).await.map(drop)
    }

    /// The checkpoints that were kept, by vantage point.
    ///
    /// # Errors
    /// When the database cannot be read, or a checkpoint is damaged.
    pub fn load_checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerError> {
        self.reader()?.checkpoints()
    }

    /// A connection of its own for reading what is committed.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn reader(&self) -> Result<Reader, LedgerError> {
        Reader::open(&self.path)
    }

    async fn send(&self, work: Work) -> Result<Vec<Receipt>, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(LedgerError::Closed)?;
        jobs.send(Job { work, reply }).await.map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked answered nobody, and everybody was told that the ledger is closed.
            let _ = writer.join();
        }
    }
}

/// Encodes a fact and checks that it can be read back, with its segment.
fn prepare(new: NewFact) -> Result<Prepared, LedgerError> {
    let (fact, id) = (&new.fact, new.fact.id().clone());
    let payload = fact.encode();
    Fact::decode(fact.kind(), fact.version(), &payload)
        .map_err(|source| LedgerError::Unwritable { id: id.clone(), source })?;
    let segment = match (fact, new.segment) {
        (Fact::Measurement(measurement), Some(bytes)) => {
            let refuse = |problem: &str| LedgerError::Segment { id: id.clone(), problem: problem.to_owned() };
            let digest = Digest::of(&[&bytes]);
            let segment = Segment::decode(&bytes).map_err(|error| refuse(&format!("cannot be read: {error}")))?;
            if digest != measurement.segment {
                return Err(refuse("has another digest than the fact says"));
            }
            measurement.agrees_with(&segment).map_err(refuse)?;
            Some((digest, bytes))
        }
        (Fact::Statement(statement), Some(bytes)) => {
            let digest = Digest::of(&[&bytes]);
            if digest != statement.text || std::str::from_utf8(&bytes).is_err() {
                let problem = "is not the text whose digest the fact says".to_owned();
                return Err(LedgerError::Segment { id, problem });
            }
            Some((digest, bytes))
        }
        (Fact::Measurement(_) | Fact::Statement(_), None) => {
            return Err(LedgerError::Segment { id, problem: "is missing".to_owned() });
        }
        (_, Some(_)) => {
            return Err(LedgerError::Segment { id, problem: "is given, and this kind of fact has none".to_owned() });
        }
        (_, None) => None,
    };
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(LedgerError::Random)?;
    let customer = fact.customer().cloned();
    Ok(Prepared { kind: fact.kind(), version: fact.version(), id, salt, payload, customer, segment })
}

/// The writer: it holds the lock of the folder until nobody can send it anything any more.
fn write_all(mut store: Store, _lock: &FolderLock, clock: &Clock, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut works = vec![first.work];
        let mut replies = vec![first.reply];
        let mut facts = works[0].len();
        while facts < GROUP_MAX {
            let Ok(job) = waiting.try_recv() else { break };
            facts += job.work.len();
            works.push(job.work);
            replies.push(job.reply);
        }
        let answers = match store.write(&works, clock()) {
            Ok(answers) => answers,
            Err(error) => works.iter().map(|_| Err(error.clone())).collect(),
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Whoever asked may have gone; the fact is recorded all the same.
            let _ = reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn clock(at: &Arc<AtomicI64>) -> Clock {
        let at = Arc::clone(at);
        Arc::new(move || Instant(at.load(Ordering::SeqCst)))
    }

    fn still() -> Clock {
        clock(&Arc::new(AtomicI64::new(1_000)))
    }

    #[tokio::test]
    async fn a_repeated_fact_is_one_fact_and_another_payload_under_its_id_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(AtomicI64::new(1_000));
        let ledger = Ledger::open(folder.path(), clock(&time)).unwrap();
        let facts = || vec![samples::gap(0, "a"), samples::measurement(1), samples::gap(0, "a")];
        let first = ledger.append(facts()).await.unwrap();
        assert_eq!(first.iter().map(|r| (r.seq, r.duplicate)).collect::<Vec<_>>(), [(0, false), (1, false), (0, true)]);
        time.store(2_000, Ordering::SeqCst);
        let mut again = ledger.append(vec![samples::measurement(1), samples::gap(2, "c")]).await.unwrap();
        assert_eq!((again[1].seq, again[1].tree_size, again[1].recorded_at), (2, 3, Instant(2_000)));
        assert_eq!((again[0].tree_size, again[0].root), (3, again[1].root));
        (again[0].tree_size, again[0].root) = (first[1].tree_size, first[1].root);
        assert_eq!(again[0], Receipt { duplicate: true, ..first[1].clone() });

        let error = ledger.append(vec![samples::gap(7, "new"), samples::gap(0, "b")]).await.unwrap_err();
        assert_eq!(error.to_string(), "fact `gap-0` was recorded before as number 0, and says something else");
        let error = ledger.append(vec![samples::gap(8, "a"), samples::gap(8, "b")]).await.unwrap_err();
        assert_eq!(error.to_string(), "fact `gap-8` is given twice and says different things");
        assert_eq!(ledger.reader().unwrap().head().unwrap().size, 3, "nothing of a refused request is recorded");
    }

    #[tokio::test]
    async fn what_was_appended_is_read_back_and_proven_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Vec<NewFact> = (0..40).map(samples::fact).collect();
        let receipts = Ledger::open(folder.path(), still()).unwrap().append(facts.clone()).await.unwrap();
        let ledger = Ledger::open(folder.path(), still()).unwrap();
        let reader = ledger.reader().unwrap();
        let entries = reader.read(0..u64::MAX).unwrap();
        assert_eq!(entries.len(), facts.len());
        let hashes: Vec<Digest> = entries.iter().map(|entry| entry.hash).collect();
        for ((entry, fact), receipt) in entries.iter().zip(&facts).zip(&receipts) {
            assert_eq!(entry.fact().unwrap().as_ref(), Some(&fact.fact));
            assert_eq!((entry.segment.as_ref(), entry.hash), (fact.segment.as_ref(), receipt.leaf_hash));
            let place = usize::try_from(receipt.seq).unwrap();
            let proof = uphold_core::ledger::tree::inclusion_proof(&hashes, place).unwrap();
            let (hash, size) = (receipt.leaf_hash, receipt.tree_size);
            assert!(uphold_core::ledger::tree::verify_inclusion(hash, receipt.seq, size, &proof, receipt.root));
        }
        assert_eq!(reader.read(3..5).unwrap(), entries[3..5]);
        assert_eq!(reader.head().unwrap(), Head { size: 40, root: receipts[0].root });
        assert!(verify(&folder.path().join(FILE), &mut |_, _| {}).unwrap().is_sound());
    }

    #[tokio::test]
    async fn recorded_time_never_falls_even_if_the_clock_does() {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(AtomicI64::new(5_000));
        let ledger = Ledger::open(folder.path(), clock(&time)).unwrap();
        ledger.append(vec![samples::gap(0, "a")]).await.unwrap();
        time.store(3_000, Ordering::SeqCst);
        assert_eq!(ledger.append(vec![samples::gap(1, "a")]).await.unwrap()[0].recorded_at, Instant(5_000));
        drop(ledger);
        let ledger = Ledger::open(folder.path(), clock(&time)).unwrap();
        assert_eq!(ledger.append(vec![samples::gap(2, "a")]).await.unwrap()[0].recorded_at, Instant(5_000));
        time.store(6_000, Ordering::SeqCst);
        assert_eq!(ledger.append(vec![samples::gap(3, "a")]).await.unwrap()[0].recorded_at, Instant(6_000));
    }

    #[tokio::test]
    async fn requests_at_the_same_time_get_places_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(folder.path(), still()).unwrap());
        let tasks: Vec<_> = (0..50)
            .map(|task| {
                let ledger = Arc::clone(&ledger);
                // Every fact is sent twice, by two tasks.
                tokio::spawn(async move {
                    ledger.append((0..10).map(|fact| samples::gap(task / 2 * 10 + fact, "x")).collect()).await.unwrap()
                })
            })
            .collect();
        let mut receipts = Vec::new();
        for task in tasks {
            receipts.extend(task.await.unwrap());
        }
        let places: std::collections::BTreeSet<u64> = receipts.iter().map(|receipt| receipt.seq).collect();
        assert_eq!(places, (0..250).collect());
        assert_eq!(receipts.iter().filter(|receipt| receipt.duplicate).count(), 250);
    }

    #[tokio::test]
    async fn a_fact_or_segment_that_is_not_what_it_must_be_is_refused_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), still()).unwrap();
        let said = async |fact: NewFact| ledger.append(vec![fact]).await.unwrap_err().to_string();
        let measurement = samples::measurement(1);
        let missing = NewFact { segment: None, ..measurement.clone() };
        assert_eq!(said(missing).await, "fact `measurement-1` cannot be recorded: its segment is missing");
        let other = NewFact { segment: samples::measurement(2).segment, ..measurement.clone() };
        let says = "fact `measurement-1` cannot be recorded: its segment has another digest than the fact says";
        assert_eq!(said(other).await, says);
        let stray = NewFact { segment: measurement.segment.clone(), ..samples::gap(1, "x") };
        assert!(said(stray).await.ends_with("its segment is given, and this kind of fact has none"));
        let Fact::Measurement(mut wrong) = measurement.fact else { panic!("a measurement") };
        wrong.runs += 1;
        let wrong = NewFact { fact: Fact::Measurement(wrong), segment: measurement.segment };
        assert!(said(wrong).await.ends_with("its segment lists another number of runs than the fact says"));
        assert_eq!(said(samples::gap(1, "")).await, "fact `gap-1` cannot be recorded");
    }

    #[tokio::test]
    async fn a_checkpoint_replaces_the_one_before_and_survives() {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(AtomicI64::new(5_000));
        let ledger = Ledger::open(folder.path(), clock(&time)).unwrap();
        let (vantage, segment) = (samples::vantage(), |number| samples::segment(number));
        ledger.save_checkpoint(&vantage, segment(1).encode()).await.unwrap();
        time.store(6_000, Ordering::SeqCst);
        ledger.save_checkpoint(&vantage, segment(2).encode()).await.unwrap();
        let other = VantageId::parse("elsewhere").unwrap();
        assert!(ledger.save_checkpoint(&other, segment(1).encode()).await.is_err());
        drop(ledger);
        let ledger = Ledger::open(folder.path(), clock(&time)).unwrap();
        let kept = Checkpoint { vantage, at: Instant(6_000), segment: segment(2) };
        assert_eq!(ledger.load_checkpoints().unwrap(), [kept]);
    }

    #[test]
    fn a_second_server_on_the_same_folder_is_refused_and_readers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), still()).unwrap();
        let error = Ledger::open(folder.path(), still()).unwrap_err();
        assert!(matches!(error, LedgerError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
        assert_eq!(error.help(), Some("stop the other server, or give this one a data folder of its own"));
        assert_eq!(Reader::open(&folder.path().join(FILE)).unwrap().head().unwrap().size, 0);
        drop(ledger);
        Ledger::open(folder.path(), still()).unwrap();
    }
}
