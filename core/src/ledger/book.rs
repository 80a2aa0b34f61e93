//! The book: the fold of all facts, the present state. Whoever shows or judges anything reads it from here: the server over
//! its database, and the verifier over a bundle.
//!
//! Not here: where the facts come from, and whether they are what their leaves commit to.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::record::Recorded;
use crate::history::{self, BadLine, CheckScope, Gap, History, Role};
use crate::id::{Series, VantageId};
use crate::ledger::digest::Digest;
use crate::ledger::erase::{ERASABLE, Erased, Holes};
use crate::ledger::fact::{self, Fact, FactError, FactKind};
use crate::ledger::fold::Fold;
use crate::ledger::leaf::Leaf;
use crate::ledger::segment::{Segment, SegmentError};
use crate::run::Run;
use crate::time::{Instant, Millis};

/// The present state of everything that was recorded.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// The runs.
    pub fold: Fold,
    /// Every registration; a later one of the same series and start replaces the earlier.
    pub checks: Arc<Vec<Registration>>,
    /// Where each of them stands, by its series and start; not kept with versions.
    registered: Arc<HashMap<(Series, Instant), usize>>,
    /// Time in which an observer was not watching.
    pub gaps: Vec<Gap>,
    /// What was told, in the order of the ledger.
    pub records: Arc<Vec<Recorded>>,
    /// What these records say.
    told: Arc<History>,
    /// The statements that were frozen, in the order of the ledger.
    pub statements: Arc<Vec<Frozen>>,
    /// Where the ledger says of each series that evidence is kept, in its order.
    pub evidence: Arc<BTreeMap<Series, Vec<Kept>>>,
    /// The agreement that came into use last.
    pub agreement: Option<fact::Agreement>,
    /// Every revision in use, as the ledger names it last: in the order in which these facts were recorded.
    pub revisions: Arc<Vec<Named>>,
    /// When the latest fact was recorded.
    pub recorded_at: Option<Instant>,
    /// What was erased, and what is gone although no fact says so: whoever reads a ledger to its end must look for that.
    pub holes: Holes,
    /// How many facts it holds.
    pub size: u64,
    /// The places of the facts that are neither measurements nor evidence: there are few, and each is looked at alone.
    pub(super) others: Arc<Vec<u64>>,
    keeps_versions: bool,
}

/// One place at which the ledger says that evidence is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The place.
    pub seq: u64,
    /// The instant of the observation.
    pub at: Instant,
}

/// A revision of the agreement that is in use, and where the ledger says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The place of the fact in the ledger.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What it says.
    pub fact: fact::Agreement,
}

/// A registered series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// What the evaluation needs to know.
    pub check: history::Check,
    /// How often it observes.
    pub interval: Millis,
    /// The digest of its definition.
    pub definition: Digest,
}

/// A statement that was frozen, and its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Its place in the ledger.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What it says of itself.
    pub fact: fact::Statement,
}

/// Why a fact could not be taken into the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookError {
    /// A payload is not what its kind says.
    Fact(u64, FactError),
    /// The payload or the segment of a fact is gone.
    Missing(u64, &'static str),
    /// A segment is not what it must be.
    Segment(u64, SegmentError),
    /// The line of a record is none of a history.
    Record(u64, BadLine),
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(seq, _) => write!(f, "fact {seq} cannot be understood"),
            Self::Missing(seq, what) => write!(f, "the {what} of fact {seq} is missing"),
            Self::Segment(seq, _) => write!(f, "the segment of fact {seq} cannot be understood"),
            Self::Record(seq, bad) => write!(f, "the line of fact {seq} cannot be understood: {}", bad.message),
        }
    }
}

impl std::error::Error for BookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fact(_, error) => Some(error),
            Self::Segment(_, error) => Some(error),
            Self::Missing(..) | Self::Record(..) => None,
        }
    }
}

impl Book {
    /// A book that also keeps what was known at every earlier time.
    #[must_use]
    pub fn with_versions() -> Self {
        Self { fold: Fold::with_versions(), keeps_versions: true, ..Self::default() }
    }

    /// Takes in the fact of a leaf, in the order of the ledger, from its canonical bytes. `segment` is what a measurement
    /// recorded. What is missing of a fact that may be erased is noted in [`Self::holes`].
    ///
    /// # Errors
    /// When bytes of any other fact are missing, or cannot be understood.
    pub fn take(&mut self, leaf: &Leaf, payload: Option<&[u8]>, segment: Option<&[u8]>) -> Result<(), BookError> {
        let seq = leaf.seq;
        let Some(payload) = payload else { return self.lose(leaf, "payload", None) };
        let fact = Fact::decode(leaf.kind, leaf.kind_version, payload).map_err(|error| BookError::Fact(seq, error))?;
        let segment = match (&fact, segment) {
            (Fact::Measurement(_), Some(bytes)) => {
                Some(Segment::decode(bytes).map_err(|error| BookError::Segment(seq, error))?)
            }
            (Fact::Measurement(fact), None) => return self.lose(leaf, "segment", Some(&fact.vantage)),
            _ => None,
        };
        self.apply(&fact, segment.as_ref(), leaf.recorded_at)
    }

    /// Takes in that something of a fact is gone. `vantage` is whose flush it was, if that is still known.
    fn lose(&mut self, leaf: &Leaf, part: &'static str, vantage: Option<&VantageId>) -> Result<(), BookError> {
        if !ERASABLE.contains(&leaf.kind) {
            return Err(BookError::Missing(leaf.seq, part));
        }
        if leaf.kind == FactKind::Measurement {
            self.fold.forget(vantage);
        }
        if leaf.kind == FactKind::Record {
            Arc::make_mut(&mut self.others).push(leaf.seq);
        }
        self.holes.lose(leaf.kind, leaf.seq, part);
        self.recorded_at = Some(leaf.recorded_at);
        self.size += 1;
        Ok(())
    }

    /// Takes in one fact, in the order of the ledger. `segment` is what a measurement recorded.
    ///
    /// # Errors
    /// When the line of a record is none of a history.
    pub fn apply(&mut self, fact: &Fact, segment: Option<&Segment>, recorded_at: Instant) -> Result<(), BookError> {
        let seq = self.size;
        self.recorded_at = Some(recorded_at);
        self.size += 1;
        if !matches!(fact, Fact::Measurement(_) | Fact::Evidence(_)) {
            Arc::make_mut(&mut self.others).push(seq);
        }
        match fact {
            Fact::Agreement(agreement) => self.name(Named { seq, recorded_at, fact: agreement.clone() }),
            Fact::Check(check) => self.register(check, recorded_at),
            Fact::Measurement(_) => {
                if let Some(segment) = segment {
                    self.fold.apply(segment, recorded_at);
                }
            }
            Fact::ObserverGap(gap) => self.gaps.push(Gap {
                id: gap.id.to_string(),
                vantage: gap.vantage.clone(),
                interval: gap.span,
                why: gap.why.clone(),
                recorded_at,
                erased_at: None,
            }),
            Fact::Record(record) => {
                let (recorded, said) =
                    Recorded::read(record, seq, recorded_at).map_err(|bad| BookError::Record(seq, bad))?;
                Arc::make_mut(&mut self.records).push(recorded);
                Arc::make_mut(&mut self.told).append(said);
            }
            Fact::Statement(fact) => {
                Arc::make_mut(&mut self.statements).push(Frozen { seq, recorded_at, fact: fact.clone() });
            }
            Fact::Evidence(evidence) => {
                let places = Arc::make_mut(&mut self.evidence).entry(evidence.series.clone()).or_default();
                places.push(Kept { seq, at: evidence.at });
            }
            // Nothing is judged by who may do what.
            Fact::Act(_) => {}
            Fact::Erasure(fact) => _ = self.erased_since(Erased { seq, recorded_at, fact: fact.clone() }),
        }
        Ok(())
    }

    /// Takes in what the ledger says of a revision. One of another agreement begins anew: two agreements are never judged by
    /// together.
    fn name(&mut self, named: Named) {
        let revisions = Arc::make_mut(&mut self.revisions);
        let of_others = |held: &Named| held.fact.agreement != named.fact.agreement;
        revisions.retain(|held| !of_others(held) && held.fact.revision != named.fact.revision);
        self.agreement = Some(named.fact.clone());
        if !named.fact.withdrawn {
            revisions.push(named);
        }
    }

    fn register(&mut self, check: &fact::Check, recorded_at: Instant) {
        self.fold.register(&check.series, check.interval, check.active);
        let registration = Registration {
            check: history::Check {
                series: check.series.clone(),
                scope: CheckScope::whole(check.solution.clone(), check.interface.clone()),
                weight: 1,
                role: Role::Measure,
                staleness: check.staleness,
                active: check.active,
                recorded_at,
            },
            interval: check.interval,
            definition: check.definition,
        };
        let checks = Arc::make_mut(&mut self.checks);
        // With versions the evaluation picks the one that was known at its time.
        if self.keeps_versions {
            checks.push(registration);
            return;
        }
        let key = (check.series.clone(), check.active.from());
        match Arc::make_mut(&mut self.registered).entry(key) {
            Entry::Occupied(known) => checks[*known.get()] = registration,
            Entry::Vacant(new) => {
                new.insert(checks.len());
                checks.push(registration);
            }
        }
    }

    /// The registrations that have no end.
    pub fn open_checks(&self) -> impl Iterator<Item = &Registration> {
        self.checks.iter().filter(|registration| registration.check.active.until() == Instant::MAX)
    }

    /// What happened, as the evaluation takes it: of every run the latest version.
    #[must_use]
    pub fn history(&self) -> History {
        self.history_of(Fold::runs)
    }

    /// The same with every version of every run, so that it can be evaluated as known at any earlier time. Empty runs
    /// unless the book was made with versions.
    #[must_use]
    pub fn history_with_versions(&self) -> History {
        self.history_of(Fold::versions)
    }

    fn history_of(&self, runs: impl Fn(&Fold, &Series) -> Vec<Run>) -> History {
        let checks = self.checks.iter().map(|registration| registration.check.clone()).collect();
        let runs = self.fold.series().map(|series| {
            let runs = runs(&self.fold, &series);
            (series, runs)
        });
        let mut history = History::of_measurements(checks, runs.collect(), self.gaps.clone());
        history.append((*self.told).clone());
        history
    }
}
