//! What is shown: one consistent picture of the agreement and its figures, made anew whenever facts were recorded.
//!
//! Everything in it is in the ledger first, so that a statement computed offline from an export has the same figures.

use std::collections::BTreeMap;
use std::sync::Arc;

use uphold_core::agreement::{Agreement, Subject};
use uphold_core::evaluate::{Budget, Burn};
use uphold_core::history::{CheckScope, Fact, Facts, History, Incident, Notice};
use uphold_core::id::{CommitmentId, Series};
use uphold_core::run::Observed;
use uphold_core::statement::{Row, Statement};
use uphold_core::time::{Instant, Millis, Period};
use uphold_core::timeline::Timeline;
use uphold_probe::outcome::Cause;

use uphold_core::ledger::book::{Frozen, Kept, Named};
use uphold_core::ledger::record::Recorded;

use crate::config::CheckDefinition;
use crate::owners::Owners;
use crate::revisions::Revisions;
use crate::schedule::Window;

/// The picture at one moment of knowledge.
#[derive(Debug, Clone)]
pub struct Live {
    /// The revision of the agreement that is in force at that moment.
    pub agreement: Arc<Agreement>,
    /// All revisions in use: figures are judged by each for the time that it binds.
    pub revisions: Revisions,
    /// Where the ledger names each of them.
    pub named: Arc<Vec<Named>>,
    /// Facts recorded up to here are in it; figures hold for this moment.
    pub as_known_at: Instant,
    /// Everything that is recorded, of every run the latest version.
    pub history: Arc<History>,
    /// What was told, in the order of the ledger.
    pub records: Arc<Vec<Recorded>>,
    /// The interruptions that are known, corrections applied.
    pub incidents: Vec<Fact<Incident>>,
    /// The notices that are known, corrections applied.
    pub notices: Vec<Fact<Notice>>,
    /// Everything else that is known to have happened, corrections applied.
    pub facts: Arc<Facts>,
    /// Every maintenance that everybody may know of, in the order of time.
    pub schedule: Arc<Vec<Window>>,
    /// The statements that were frozen, in the order of the ledger.
    pub statements: Arc<Vec<Frozen>>,
    /// What is spent of each target's budget, and how fast.
    pub budgets: Vec<BudgetView>,
    /// Where the ledger says of each series that evidence is kept.
    pub evidence: Arc<BTreeMap<Series, Vec<Kept>>>,
    /// The statement of the periods in progress, a row for each commitment and subject.
    pub statement: Statement,
    /// The timeline of each subject that is judged by the states of checks, in the order of the agreement.
    pub timelines: Vec<SubjectTimeline>,
    /// Every registered check, with what it saw last.
    pub checks: Vec<CheckView>,
    /// What each check asks and expects, as far as this process measures by it.
    pub definitions: Vec<Arc<CheckDefinition>>,
    /// The ledger's size and root.
    pub ledger: LedgerHead,
    /// Since when nothing can be recorded, if that is so: the picture is then of no later time.
    pub not_recorded_since: Option<Instant>,
}

/// Whether a row is the one that judges now: where several revisions judge parts of one period, that of the revision in force.
pub(crate) fn judges_now(in_force: &Agreement, statement: &Statement, row: &Row) -> bool {
    let same = |other: &&Row| {
        (&other.commitment, &other.subject, &other.period) == (&row.commitment, &row.subject, &row.period)
    };
    row.revision == in_force.revision
        || !statement.rows.iter().filter(same).any(|other| other.revision == in_force.revision)
}

/// The error budget of one subject in the period in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetView {
    /// The commitment.
    pub commitment: CommitmentId,
    /// What is judged.
    pub subject: Subject,
    /// The period.
    pub period: Period,
    /// The target, in percent, as the contract writes it.
    pub target: String,
    /// What the target leaves, and what is spent; none where it is no target of time alone.
    pub budget: Option<Budget>,
    /// How fast it is being spent, by each rule.
    pub burns: Vec<Burn>,
}

/// The timeline of one subject, for drawing.
#[derive(Debug, Clone)]
pub struct SubjectTimeline {
    /// The commitment.
    pub commitment: CommitmentId,
    /// What is judged.
    pub subject: Subject,
    /// Its states over all of time, as known.
    pub timeline: Timeline,
}

/// One series as it stands.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// The check and the vantage point.
    pub series: Series,
    /// What it measures.
    pub scope: CheckScope,
    /// How often.
    pub interval: Millis,
    /// Its latest run: the state, since when, and the last observation.
    pub latest: Option<LatestRun>,
    /// Why the latest observation is what it is, said as `HTTP 503`; nothing before the first of this process.
    pub cause: Option<Cause>,
}

/// The latest run of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestRun {
    /// What it saw.
    pub state: Observed,
    /// Since when.
    pub from: Instant,
    /// The last observation.
    pub last: Instant,
}

/// The ledger as far as the picture reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// How many facts.
    pub size: u64,
    /// The RFC 6962 root over them, in hex.
    pub root: String,
}

/// How the process itself is doing, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Probes that were started.
    pub probes_started: u64,
    /// Probes that came to an outcome.
    pub probes_finished: u64,
    /// Due probes that could not be started in time.
    pub slots_missed: u64,
    /// Those of them that a limit held back.
    pub slots_held_back: u64,
    /// When the scheduler ticked last, by the monotonic clock.
    pub last_tick: Millis,
    /// How late ticks were, beyond their 100 ms grid.
    pub tick_lags: Lags,
    /// Writes to the ledger that failed, each of which is tried again.
    pub failed_writes: u64,
}

impl Live {
    /// Whose the instances are that were told of.
    #[must_use]
    pub fn owners(&self) -> Owners<'_> {
        Owners::new(self.facts.resources.iter().map(|fact| &fact.body))
    }
}

/// How late things were, counted in classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lags {
    /// How many there were of each class: at most so late as [`Self::BOUNDS`] says, and the rest.
    pub counts: [u64; 12],
    /// All of them together.
    pub sum: Millis,
}

impl Lags {
    /// The longest delay of each class but the last.
    pub const BOUNDS: [Millis; 11] = [
        Millis(1),
        Millis(2),
        Millis(5),
        Millis(10),
        Millis(20),
        Millis(50),
        Millis(100),
        Millis(200),
        Millis(500),
        Millis(1_000),
        Millis(5_000),
    ];

    /// The class of a delay.
    #[must_use]
    pub fn class(lag: Millis) -> usize {
        Self::BOUNDS.iter().position(|bound| lag <= *bound).unwrap_or(Self::BOUNDS.len())
    }
}
