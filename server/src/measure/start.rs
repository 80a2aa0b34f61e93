//! Starting: what the ledger already says, what happened to it while nobody ran, and what is to be measured from now on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use uphold_core::id::{FactId, Series, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{self, Fact, Measurement, ObserverGap};
use uphold_core::ledger::segment::Segment;
use uphold_core::ledger::tree::Frontier;
use uphold_core::time::{Instant, Millis};

use super::evidence::Keeper;
use super::gate::Gate;
use super::heartbeat::{File, Inbox};
use super::publish::Publishing;
use super::recorder::Recorder;
use super::revisions::MissingRevision;
use super::schedule::Schedule;
use super::snapshots::Snapshots;
use super::vantage::Desk;
use super::{Engine, Retry, Settings, SharedCounters, Target, publish, reload, revisions};
use crate::config::{CheckDefinition, TICK};
use crate::ledger::book::{Book, Registration};
use crate::ledger::{BookError, EvidenceFiles, Ledger, LedgerError, NewFact, read_book, read_on};

/// The folder in the data folder in which browsers keep their profiles while a check runs.
const PROFILES: &str = "browser";

/// Why measuring could not begin.
#[derive(Debug)]
pub enum StartError {
    /// The ledger could not be opened, read or written.
    Ledger(LedgerError),
    /// The ledger holds what cannot be understood.
    Book(BookError),
    /// A revision that judged is not among those that are given.
    Missing(MissingRevision),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            Self::Book(error) => error.fmt(f),
            Self::Missing(missing) => missing.fmt(f),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ledger(error) => error.source(),
            Self::Book(error) => error.source(),
            Self::Missing(_) => None,
        }
    }
}

impl StartError {
    /// What to do about it, if there is one thing to do.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Ledger(error) | Self::Book(BookError::Ledger(error)) => error.help(),
            Self::Book(_) => Some("run `uphold ledger verify` on the folder"),
            Self::Missing(_) => Some(MissingRevision::HELP),
        }
    }
}

impl From<LedgerError> for StartError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<MissingRevision> for StartError {
    fn from(missing: MissingRevision) -> Self {
        Self::Missing(missing)
    }
}

impl From<BookError> for StartError {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

/// An id that nobody else chooses.
pub(super) fn fact_id(kind: &str, at: Instant) -> FactId {
    let mut random = [0; 8];
    // Without the system's random numbers no salt could be drawn either: the ledger refuses the fact then.
    let _ = getrandom::fill(&mut random);
    FactId::parse(&format!("{kind}-{}-{:016x}", at.0, u64::from_be_bytes(random))).expect("the id is printable ASCII")
}

pub(super) fn author(settings: &Settings) -> String {
    format!("server:{}", settings.checks.vantage)
}

impl Engine {
    /// Opens the ledger in `folder`, records what happened to it while nobody ran and what is measured from now on, and
    /// publishes the first picture.
    ///
    /// # Errors
    /// When the ledger cannot be opened, read or written.
    pub async fn start(folder: &Path, settings: Settings) -> Result<Self, StartError> {
        let clock = settings.clock.clone();
        let ledger = Ledger::open(folder, Arc::new(move || clock.now()))?;
        let mut known = read_book(folder, &ledger.reader()?)?;
        if finish_erasing(&ledger, &known.book).await? {
            known = read_book(folder, &ledger.reader()?)?;
        }
        let mut book = known.book.clone();
        revisions::must_stay(folder, &book, &settings)?;
        let mut facts = recovered(&ledger, &book, &settings)?;
        for new in &facts {
            // The gap begins where the recovered observations end, so they come first.
            apply(&mut book, new, settings.clock.now());
        }
        let measured = ledger.load_checkpoints()?.into_iter().map(|checkpoint| checkpoint.vantage).collect();
        facts.extend(absence(&book, &settings, measured));
        let changes = definitions(&book, &settings, settings.clock.now(), &author(&settings));
        facts.extend(changes.into_iter().map(|fact| NewFact { fact, segment: None }));
        let receipts = ledger.append(facts).await?;
        let reader = ledger.reader()?;
        let (book, tree) = read_on(&reader, known.book, known.tree)?;
        let head = match receipts.last() {
            Some(receipt) => (receipt.tree_size, receipt.root),
            None => reader.head().map(|head| (head.size, head.root))?,
        };
        if let Some(browsers) = &settings.checks.browsers {
            let profiles = folder.join(PROFILES);
            browsers.keep_in(&profiles).map_err(|error| LedgerError::io(&profiles, error))?;
        }
        let snapshots = Snapshots::new(tree, known.by_snapshot);
        Ok(Self { snapshots, ..Self::assemble(settings, folder, ledger, book, head) })
    }

    fn assemble(settings: Settings, folder: &Path, ledger: Ledger, book: Book, head: (u64, Digest)) -> Self {
        let file = File::new(folder);
        let (reported, now) = (file.read(), settings.clock.now());
        let targets: Vec<Target> = (0..)
            .zip(settings.checks.own())
            .map(|(key, check)| {
                Target::new(key, check, &settings.checks.vantage, now, reported.get(&check.id).copied(), &book)
            })
            .collect();
        let (inbox, reports) = Inbox::new(reload::heartbeats(&targets));
        let intervals: Vec<Millis> = targets.iter().map(|target| target.check.interval).collect();
        let (limits, files) = (settings.checks.evidence, EvidenceFiles::of(folder));
        let picture = publish::picture(&settings, &book, &publish::causes(&targets), head);
        let (desk, deliveries) = Desk::new();
        desk.refresh(&book, &settings.checks);
        Self {
            recorder: Recorder::new(settings.checks.vantage.clone()),
            schedule: Schedule::new(&intervals, TICK, now),
            egress: reload::egress(&settings.checks),
            gate: Gate::new(settings.checks.limits),
            waiting: VecDeque::new(),
            keys: targets.iter().enumerate().map(|(place, target)| (target.key, place)).collect(),
            next_key: targets.len() as u64,
            desk,
            deliveries,
            reloads: mpsc::channel(1),
            inbox,
            reports,
            reports_file: file,
            reports_changed: false,
            outcomes: mpsc::unbounded_channel(),
            in_flight: 0,
            changed: false,
            last_flush: settings.clock.monotonic(),
            last_checkpoint: settings.clock.monotonic(),
            last_tick: None,
            last_stall: None,
            found: Vec::new(),
            keeper: Keeper::new(limits, files, author(&settings)),
            profiles: folder.join(PROFILES),
            flush: None,
            told: mpsc::channel(super::TOLD_MAX),
            append: None,
            erases: mpsc::channel(1),
            erasing: None,
            retention: watch::Sender::new(settings.checks.retention),
            waiting_append: None,
            retry: Retry::default(),
            publishing: Publishing::default(),
            folder: folder.to_owned(),
            snapshots: Snapshots::new(Frontier::default(), 0),
            head,
            checkpoint: None,
            live: watch::Sender::new(Arc::new(picture)),
            counters: Arc::new(SharedCounters::default()),
            targets,
            ledger: Arc::new(ledger),
            book,
            settings,
        }
    }
}

/// Deletes what the last process said is erased and was killed before it was gone. Returns whether there was anything.
async fn finish_erasing(ledger: &Ledger, book: &Book) -> Result<bool, LedgerError> {
    let mut left = 0;
    for erased in book.holes.erasures() {
        left += ledger.erase(erased).await?;
    }
    Ok(left > 0)
}

fn apply(book: &mut Book, new: &NewFact, at: Instant) {
    let segment = new.segment.as_deref().and_then(|bytes| Segment::decode(bytes).ok());
    book.apply(&new.fact, segment.as_ref(), at).expect("what recovers a book holds no records");
}

/// What the last process had observed and not recorded when it ended: its durable checkpoint.
fn recovered(ledger: &Ledger, book: &Book, settings: &Settings) -> Result<Vec<NewFact>, LedgerError> {
    let news = ledger.load_checkpoints()?.into_iter().filter(|checkpoint| {
        book.fold.through(&checkpoint.vantage).is_none_or(|through| through < checkpoint.segment.through())
    });
    Ok(news
        .map(|checkpoint| {
            let (segment, bytes) = (&checkpoint.segment, checkpoint.segment.encode());
            let fact = Fact::Measurement(Measurement {
                id: fact_id("recovered", segment.through()),
                by: author(settings),
                vantage: checkpoint.vantage.clone(),
                through: segment.through(),
                segment: Digest::of(&[&bytes]),
                runs: segment.runs().len() as u64,
            });
            NewFact { fact, segment: Some(bytes) }
        })
        .collect())
}

/// The time in which nobody watched: from the last thing that was recorded until now. Where the clock is behind what was
/// recorded, the time that comes twice. What reports to this server tells its own: it may have watched all the while.
fn absence(book: &Book, settings: &Settings, measured: BTreeSet<VantageId>) -> Vec<NewFact> {
    let now = settings.clock.now();
    let own = &settings.checks.vantage;
    let open = book.open_checks().map(|known| &known.check.series.vantage);
    let remote: BTreeSet<&VantageId> = settings.checks.remote().collect();
    // A vantage point of another name that measured here until now is this one, renamed.
    let renamed = open.filter(|vantage| measured.contains(*vantage) && !remote.contains(vantage));
    let vantages: BTreeSet<&VantageId> = renamed.chain([own]).collect();
    let gaps = vantages.into_iter().filter_map(|vantage| {
        // The last flush speaks of the instant it names; the next one is the first that nobody watched.
        let through = book.fold.through(vantage)? + Millis(1);
        if through > now + Millis(1) {
            tracing::warn!(recorded = %through, %now, "the clock is behind the ledger; set it right");
        }
        gap(settings, Some(vantage), through, now, "uphold was not running")
    });
    gaps.map(|fact| NewFact { fact, segment: None }).collect()
}

/// The fact that nobody watched between two instants, whichever is earlier.
pub(super) fn gap(
    settings: &Settings,
    vantage: Option<&VantageId>,
    one: Instant,
    other: Instant,
    why: &str,
) -> Option<Fact> {
    let span = Interval::new(one.min(other), one.max(other))?;
    let id = fact_id("gap", span.until());
    Some(Fact::ObserverGap(ObserverGap {
        id,
        by: author(settings),
        vantage: vantage.cloned(),
        span,
        why: why.to_owned(),
    }))
}

/// What changed in the definitions since they were last recorded: every check is registered for every vantage point that
/// the checks file gives it, so that one that never reports is unknown and not absent.
pub(crate) fn definitions(book: &Book, settings: &Settings, now: Instant, by: &str) -> Vec<Fact> {
    let checks = &settings.checks;
    let defines = |check: &CheckDefinition, vantage: &VantageId, known: &Registration| {
        check.id == known.check.series.check
            && *vantage == known.check.series.vantage
            && check.scope == known.check.scope
            && check.interval == known.interval
            && check.staleness == known.check.staleness
            && check.defined.digest == known.definition
    };
    let defined: BTreeMap<Series, &CheckDefinition> = checks
        .checks
        .iter()
        .flat_map(|check| check.vantage_points.iter().map(move |vantage| (series(check, vantage), &**check)))
        .collect();
    let mut known: BTreeSet<&Series> = BTreeSet::new();
    let mut facts = Vec::new();
    for open in book.open_checks() {
        let series = &open.check.series;
        if defined.get(series).is_some_and(|check| defines(check, &series.vantage, open)) {
            known.insert(series);
        } else if let Some(active) = Interval::new(open.check.active.from(), now) {
            facts.push(Fact::Check(registration(open, active, by)));
        }
    }
    // In the order of the file.
    for (check, vantage) in checks.checks.iter().flat_map(|c| c.vantage_points.iter().map(move |v| (c, v))) {
        let series = series(check, vantage);
        if !known.contains(&series)
            && let Some(active) = Interval::new(now, Instant::MAX)
        {
            facts.push(Fact::Check(fact::Check {
                id: fact_id("check", now),
                by: by.to_owned(),
                series,
                solution: check.scope.solution.clone(),
                interface: check.scope.interface.clone(),
                interval: check.interval,
                staleness: check.staleness,
                active,
                definition: check.defined.digest,
            }));
        }
    }
    facts.extend(revisions::named(book, settings, now, by));
    facts
}

fn series(check: &CheckDefinition, vantage: &VantageId) -> Series {
    Series { check: check.id.clone(), vantage: vantage.clone() }
}

/// A registration as it was, with another time in which it takes part.
fn registration(known: &Registration, active: Interval, by: &str) -> fact::Check {
    fact::Check {
        id: fact_id("check", active.until()),
        by: by.to_owned(),
        series: known.check.series.clone(),
        solution: known.check.scope.solution.clone(),
        interface: known.check.scope.interface.clone(),
        interval: known.interval,
        staleness: known.check.staleness,
        active,
        definition: known.definition,
    }
}
