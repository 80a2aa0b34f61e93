//! Erasing what is old: up to which place of the ledger it can go without a change to anything younger, and doing it while
//! measuring.
//!
//! A cut stands before a key frame. Of every vantage point that goes on, the first segment after the cut that is a key frame
//! must speak of a time that may be erased: up to there its runs are lost, and from there on they are what they were. A vantage
//! point that has ended needs none. First the facts are recorded, then the rows are deleted, then the book is read
//! anew. Not here: how old is old enough, and what still needs the past (`operate/retention.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uphold_core::id::{Series, VantageId};
use uphold_core::ledger::erase::{Census, Erased, Erasure};
use uphold_core::ledger::fact::{Fact, FactKind};
use uphold_core::ledger::segment::{Segment, begins_a_month, is_key_frame};
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

use super::{Append, Engine, joined, start};
use crate::ledger::book::{self, Book};
use crate::ledger::{BookError, Entry, Ledger, LedgerError, NewFact, Reader, Receipt};

/// The kinds of fact that age: what was observed, and what is said of the evidence of it.
const AGING: [FactKind; 2] = [FactKind::Measurement, FactKind::Evidence];

/// A request to erase what is old.
#[derive(Debug)]
pub struct Erase {
    /// What was observed at this instant or later must stay.
    pub limit: Instant,
    /// Who says so.
    pub by: String,
    /// Why.
    pub why: String,
    /// Gets what was erased, when it is gone and the picture knows; nothing, if nothing could be.
    pub reply: oneshot::Sender<Result<Option<Plan>, EraseError>>,
}

/// What can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The place before which all goes.
    pub until: u64,
    /// What was observed before this instant is unknown then; what was observed later is what it was.
    pub before: Instant,
    /// What goes, a kind each: at least one.
    pub parts: Vec<Part>,
}

/// What can be erased of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The kind.
    pub kind: FactKind,
    /// The place from which on it was not erased before.
    pub from: u64,
    /// How many facts lie from there to the end of the plan.
    pub count: u64,
    /// How many bytes their payloads and segments have.
    pub bytes: u64,
}

/// Why nothing was erased, or not all.
#[derive(Debug)]
pub enum EraseError {
    /// The ledger could not be read.
    Book(BookError),
    /// What is to be erased could not be recorded or deleted; what is recorded is deleted at the next start.
    Ledger(LedgerError),
    /// Measuring has ended.
    Ended,
}

impl fmt::Display for EraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Ended => f.write_str("measuring has ended"),
        }
    }
}

impl std::error::Error for EraseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Book(error) => error.source(),
            Self::Ledger(error) => error.source(),
            Self::Ended => None,
        }
    }
}

impl From<BookError> for EraseError {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl From<LedgerError> for EraseError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// A segment before which a cut may stand.
#[derive(Debug, Clone)]
struct Frame {
    seq: u64,
    vantage: VantageId,
    through: Instant,
}

/// What was read of the ledger, as far as it may be erased.
#[derive(Debug, Default)]
struct Look {
    book: Book,
    /// The vantage points of which more was recorded after what is old.
    later: BTreeSet<VantageId>,
    frames: Vec<Frame>,
    census: Census,
    /// Of each fact that ages: its place, its kind, and how many bytes it has.
    sizes: Vec<(u64, FactKind, u64)>,
}

/// What can be erased so that everything that was observed at `limit` or later stays what it is; nothing, if nothing can.
///
/// # Errors
/// When the ledger cannot be read, or holds what cannot be understood.
pub fn plan(reader: &Reader, limit: Instant) -> Result<Option<Plan>, BookError> {
    let look = Look::of(reader, limit)?;
    let erasures = reader.erasures()?;
    let earlier = |kind| erasures.iter().filter(|e| e.fact.kind == kind).map(|e| e.fact.until).max().unwrap_or(0);
    let known = erasures.iter().filter_map(|erased| erased.fact.before).max().unwrap_or(Instant::MIN);
    let Some((until, before)) = look.cut(limit).filter(|(_, before)| *before > known) else { return Ok(None) };
    let parts = AGING.map(|kind| {
        let from = earlier(kind);
        let count = if from < until { look.census.count(kind, from, until) } else { 0 };
        let ours = look.sizes.iter().filter(|(seq, of, _)| *of == kind && (from..until).contains(seq));
        Part { kind, from, count, bytes: ours.map(|(_, _, bytes)| bytes).sum() }
    });
    let parts: Vec<Part> = parts.into_iter().filter(|part| part.count > 0).collect();
    let observed = parts.iter().any(|part| part.kind == FactKind::Measurement);
    Ok(observed.then_some(Plan { until, before, parts }))
}

impl Look {
    fn of(reader: &Reader, limit: Instant) -> Result<Self, BookError> {
        const PAGE: u64 = 1_000;
        let size = reader.head()?.size;
        let mut look = Self::default();
        let mut from = 0;
        let mut is_old = true;
        while from < size && (is_old || look.awaits()) {
            let until = (from + PAGE).min(size);
            for entry in reader.read(from..until)? {
                // Recorded times never fall along the ledger, and nothing is recorded before it was observed.
                is_old = entry.leaf.recorded_at < limit;
                match entry.fact() {
                    _ if is_old => look.take(&entry).map_err(BookError::Fact)?,
                    Ok(Some(Fact::Measurement(fact))) => _ = look.later.insert(fact.vantage),
                    // What cannot be read is found by whoever reads the book.
                    _ => {}
                }
            }
            from = until;
        }
        Ok(look)
    }

    /// Whether nothing was recorded so far, after what is old, of a vantage point that observed before. What it observes may
    /// be recorded much later, so that it says nothing for a while is no end of it.
    fn awaits(&self) -> bool {
        self.book.fold.series().any(|series| !self.later.contains(&series.vantage))
    }

    fn take(&mut self, entry: &Entry) -> Result<(), book::BookError> {
        let (seq, kind) = (entry.leaf.seq, entry.leaf.kind);
        self.census.leaf(kind, seq);
        let payload = entry.payload.as_ref().map(|payload| payload.bytes.as_slice());
        let segment = entry.segment.as_deref();
        if AGING.contains(&kind) {
            let bytes = payload.map_or(0, <[u8]>::len) + segment.map_or(0, <[u8]>::len);
            self.sizes.push((seq, kind, bytes as u64));
        }
        if kind == FactKind::Measurement
            && let Some(bytes) = segment
        {
            let segment = Segment::decode(bytes).map_err(|error| book::BookError::Segment(seq, error))?;
            let (vantage, through) = (segment.vantage(), segment.through());
            let is_first = self.book.fold.through(vantage).is_none_or(|before| begins_a_month(before, through));
            if is_first && is_key_frame(&self.book.fold, &segment) {
                self.frames.push(Frame { seq, vantage: vantage.clone(), through });
            }
        }
        self.book.take(&entry.leaf, payload, segment)
    }

    /// The last place before which all may go, and the instant before which nothing is known then.
    fn cut(&self, limit: Instant) -> Option<(u64, Instant)> {
        let mut vantages: BTreeMap<VantageId, Option<Instant>> = BTreeMap::new();
        for series in self.book.fold.series() {
            let end = self.end(&series, limit).filter(|_| !self.later.contains(&series.vantage));
            let known = vantages.entry(series.vantage).or_insert(Some(Instant::MIN));
            *known = known.zip(end).map(|(one, other)| one.max(other));
        }
        let before = |cut: u64| {
            let mut latest = Instant::MIN;
            for (vantage, ended) in &vantages {
                let frame = self.frames.iter().find(|frame| frame.seq >= cut && frame.vantage == *vantage);
                latest = latest.max(frame.map(|frame| frame.through + Millis(1)).or(*ended)?);
            }
            Some(latest).filter(|latest| *latest <= limit)
        };
        self.frames.iter().rev().find_map(|frame| Some((frame.seq, before(frame.seq)?)))
    }

    /// From when on no observation of a series so far says anything; nothing, where one still may at the limit. A row of
    /// failures goes on through silence, so one that is open says something until it ends.
    fn end(&self, series: &Series, limit: Instant) -> Option<Instant> {
        let Some(open) = self.book.fold.open_run(series) else { return Some(Instant::MIN) };
        let known = self.book.checks.iter().rev().find(|known| known.check.series == *series)?;
        let stale = match known.check.staleness {
            Staleness::After(length) => open.last + length,
            Staleness::None => Instant::MAX,
        };
        let retired = known.check.active.until();
        let ended = if open.state == Observed::Up { stale.min(retired) } else { retired };
        Some(ended).filter(|ended| *ended <= limit)
    }
}

impl Plan {
    /// The facts that say what is erased.
    #[must_use]
    pub fn facts(&self, by: &str, why: &str, now: Instant) -> Vec<NewFact> {
        let fact = |part: &Part| {
            let erasure = Erasure {
                id: start::fact_id("erasure", now),
                by: by.to_owned(),
                why: why.to_owned(),
                kind: part.kind,
                from: part.from,
                until: self.until,
                count: part.count,
                before: (part.kind == FactKind::Measurement).then_some(self.before),
            };
            NewFact { fact: Fact::Erasure(erasure), segment: None }
        };
        self.parts.iter().map(fact).collect()
    }
}

/// An erasing that is under way beside the measuring.
#[derive(Debug)]
pub(super) struct Erasing {
    task: JoinHandle<Result<Option<(Plan, Book)>, EraseError>>,
    reply: oneshot::Sender<Result<Option<Plan>, EraseError>>,
}

/// What came of an erasing: what was erased, and the book as it was read after that.
type Done = Result<Option<(Plan, Book)>, EraseError>;

impl Engine {
    /// Begins to erase what is old, unless that is under way.
    pub(super) fn begin_erasing(&mut self, request: Erase) {
        let Erase { limit, by, why, reply } = request;
        let (ledger, tell, now) = (Arc::clone(&self.ledger), self.told.0.clone(), self.settings.clock.now());
        let task = tokio::spawn(erase(ledger, tell, limit, move |plan| plan.facts(&by, &why, now)));
        // Until the book is read anew it knows what the ledger no longer does.
        self.snapshots.hold = true;
        self.erasing = Some(Erasing { task, reply });
    }

    /// Takes over the book as it was read after something was erased. Nothing may be under way: what was recorded meanwhile is
    /// read now.
    pub(super) fn erased(&mut self, done: Done) {
        let Some(Erasing { reply, .. }) = self.erasing.take() else { return };
        self.snapshots.hold = false;
        let done = done.and_then(|done| {
            let Some((plan, book)) = done else { return Ok(None) };
            let book = self.ledger.reader().map_err(BookError::Ledger)?.book(book, Instant::MAX)?;
            self.read_anew(book);
            Ok(Some(plan))
        });
        // Whoever asked may have gone; what was erased is erased all the same.
        let _ = reply.send(done);
    }

    /// Goes on with a book that was read anew: what the one before knew is no longer all in the ledger.
    fn read_anew(&mut self, book: Book) {
        self.book = book;
        self.snapshots.begin_anew();
        self.publishing.hurry();
        self.draw_if_behind();
    }

    /// Waits until what is being erased is gone, and records what waits for that: what [`Engine::run`] does between ticks.
    ///
    /// # Errors
    /// When a flush could not be written.
    pub async fn finish_erasing(&mut self) -> Result<(), LedgerError> {
        loop {
            if self.erasing.is_none() {
                let Ok(request) = self.erases.1.try_recv() else { return Ok(()) };
                self.begin_erasing(request);
            }
            tokio::select! {
                done = erasing(&mut self.erasing) => {
                    self.erased(done);
                    self.finish_picture().await;
                }
                Some(request) = self.told.1.recv() => {
                    self.begin_after_flush(super::append::Waiting::Told(request));
                    self.finish_flush().await?;
                    self.finish_append().await;
                }
            }
        }
    }

    /// Leaves off erasing: what is recorded and not deleted yet is deleted at the next start.
    pub(super) fn leave_off_erasing(&mut self) {
        if let Some(erasing) = self.erasing.take() {
            erasing.task.abort();
        }
    }
}

/// Plans, records what is erased through the engine, deletes it, and reads the book anew.
async fn erase(
    ledger: Arc<Ledger>,
    tell: mpsc::Sender<Append>,
    limit: Instant,
    facts: impl FnOnce(&Plan) -> Vec<NewFact>,
) -> Done {
    let reader = ledger.reader()?;
    let (plan, reader) = blocking(move || plan(&reader, limit).map(|plan| (plan, reader))).await?;
    let Some(plan) = plan else { return Ok(None) };
    let facts = facts(&plan);
    let (reply, answer) = oneshot::channel();
    tell.send(Append { facts: facts.clone(), reply }).await.map_err(|_| EraseError::Ended)?;
    let receipts = answer.await.map_err(|_| EraseError::Ended)??;
    delete(&ledger, facts, receipts).await?;
    let book = blocking(move || reader.book(Book::default(), Instant::MAX)).await?;
    Ok(Some((plan, book)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BookError> + Send + 'static,
) -> Result<T, BookError> {
    joined(tokio::task::spawn_blocking(work).await)
}

/// Ready when the erasing that is under way has come to an end; never, when there is none.
pub(super) async fn erasing(erasing: &mut Option<Erasing>) -> Done {
    match erasing {
        Some(erasing) => joined((&mut erasing.task).await),
        None => std::future::pending().await,
    }
}

/// The fact that one record was erased.
#[must_use]
pub fn of_record(seq: u64, by: &str, why: &str, now: Instant) -> NewFact {
    let erasure = Erasure {
        id: start::fact_id("erasure", now),
        by: by.to_owned(),
        why: why.to_owned(),
        kind: FactKind::Record,
        from: seq,
        until: seq + 1,
        count: 1,
        before: None,
    };
    NewFact { fact: Fact::Erasure(erasure), segment: None }
}

/// Records that something was erased in a ledger that nobody else writes, and deletes it. Returns how many rows that were.
///
/// # Errors
/// When the facts cannot be recorded, or the rows not be deleted; what is recorded is deleted at the next start.
pub async fn erase_now(ledger: &Ledger, facts: Vec<NewFact>) -> Result<u64, LedgerError> {
    let receipts = ledger.append(facts.clone()).await?;
    delete(ledger, facts, receipts).await
}

/// Deletes what these facts say is erased, now that they are recorded.
async fn delete(ledger: &Ledger, facts: Vec<NewFact>, receipts: Vec<Receipt>) -> Result<u64, LedgerError> {
    let mut deleted = 0;
    for (new, receipt) in facts.into_iter().zip(receipts) {
        if let Fact::Erasure(fact) = new.fact {
            deleted += ledger.erase(&Erased { seq: receipt.seq, recorded_at: receipt.recorded_at, fact }).await?;
        }
    }
    Ok(deleted)
}
