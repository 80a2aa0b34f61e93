//! Statements: what was kept and what was not, with figures, bounds and reasons.
//!
//! Here: the structure, and what made a stretch of time count as it does. The public JSON form is in `statement/json.rs`;
//! pages and tables are made elsewhere from the same structure.

mod figures;
mod json;
mod reason;

pub use reason::{Cause, EventNote, Reason, ReasonKind, WindowAct};

use serde::{Deserialize, Serialize};

use crate::agreement::{Binding, CreditUnit, Force, Subject, Target};
use crate::id::{AgreementId, ClauseId, CommitmentId, CustomerId, FactId};
use crate::interval::IntervalSet;
use crate::ratio::Ratio;
use crate::time::{Instant, Millis, Period, Zone};
use crate::timeline::Tally;

/// What came of judging a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Kept.
    Met,
    /// Not kept.
    Missed,
    /// What was not observed decides.
    Indeterminate,
    /// Measured and reported; nothing was promised.
    NoTarget,
    /// There was nothing to judge.
    NoOccasion,
    /// No time counted.
    NotCovered,
    /// The period has not ended.
    InProgress,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Met,
        Self::Missed,
        Self::Indeterminate,
        Self::NoTarget,
        Self::NoOccasion,
        Self::NotCovered,
        Self::InProgress,
    ];

    /// The name that files and interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Indeterminate => "indeterminate",
            Self::NoTarget => "no target",
            Self::NoOccasion => "no occasion",
            Self::NotCovered => "not covered",
            Self::InProgress => "in progress",
        }
    }
}

/// Both bounds of a percentage, as exact fractions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// With every unknown instant taken as down.
    pub lower: Ratio,
    /// With every unknown instant taken as up.
    pub upper: Ratio,
}

/// The judgement of one goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalRow {
    /// What it is called, where a commitment has several.
    pub name: Option<String>,
    /// What was promised.
    pub target: Option<Target>,
    /// The judgement.
    pub verdict: Verdict,
    /// Both bounds; absent when no time counted.
    pub availability: Option<Availability>,
    /// How the counted time was spent.
    pub tally: Tally,
    /// (up + down) / (up + down + unknown), before any policy on unknown time.
    pub observed: Option<Ratio>,
    /// Every stretch that was not simply up.
    pub reasons: Vec<Reason>,
    /// What the miss earns, where there is a remedy.
    pub credit: Option<Credit>,
}

/// One figure of a commitment that is no percentage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// What it is: a stable key.
    pub key: &'static str,
    /// How much.
    pub amount: Amount,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// A length of time; negative where something came before what it is measured from.
    Time(Millis),
    /// A number of things.
    Count(u64),
    /// A moment.
    Moment(Instant),
    /// A share of one.
    Share(Ratio),
}

/// What a miss earns, worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Which tier, counted from 0; absent when the figure is in none.
    pub tier: Option<usize>,
    /// What that tier earns.
    pub unit: Option<CreditUnit>,
    /// The fee that it is a share of; absent where no fee is recorded.
    pub base: Option<Ratio>,
    /// The currency of the fee.
    pub currency: Option<String>,
    /// The exact amount before cap and rounding.
    pub before: Option<Ratio>,
    /// What is owed; absent where no fee is recorded.
    pub amount: Option<Ratio>,
    /// What would be owed at the upper and at the lower bound.
    pub range: Option<(Ratio, Ratio)>,
    /// What changed the amount on its way.
    pub notes: Vec<CreditNote>,
}

/// What changed the amount of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CreditNote {
    /// The cap of one credit.
    Capped,
    /// It was less than the least that is paid.
    BelowPayout,
    /// The cap of all credits of the term or the year.
    TotalCapped,
    /// A larger credit of its group is paid instead.
    NotStacked,
    /// No fee is recorded for the customer and the period.
    NoFee,
    /// Fees of several currencies are recorded, which nobody can add.
    MixedCurrencies,
    /// The verdict is no miss, so nothing is owed.
    NotMissed,
}

impl CreditNote {
    /// The name that interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Capped => "capped",
            Self::BelowPayout => "below-payout",
            Self::TotalCapped => "total-capped",
            Self::NotStacked => "not-stacked",
            Self::NoFee => "no-fee",
            Self::MixedCurrencies => "mixed-currencies",
            Self::NotMissed => "not-missed",
        }
    }
}

/// How far a claim for a credit has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimState {
    /// Nothing is owed, so nothing is to be claimed.
    NotDue,
    /// The credit is given without a claim.
    Automatic,
    /// It can still be claimed.
    Open,
    /// It was claimed in time, with what must be handed in.
    Filed,
    /// It was claimed in time, and evidence is missing.
    Incomplete,
    /// It was claimed too late.
    Late,
    /// It was accepted.
    Accepted,
    /// It was refused.
    Refused,
    /// It was not claimed in time.
    Lapsed,
}

impl ClaimState {
    /// The name that interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotDue => "not due",
            Self::Automatic => "automatic",
            Self::Open => "open",
            Self::Filed => "filed",
            Self::Incomplete => "incomplete",
            Self::Late => "late",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }
}

/// The claim for a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    /// How far it has come.
    pub state: ClaimState,
    /// The last moment to file it.
    pub deadline: Option<Instant>,
    /// The claim that was filed.
    pub fact: Option<FactId>,
    /// What must still be handed in.
    pub missing: Vec<String>,
}

/// A right to end the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// When it arose.
    pub arises: Instant,
    /// When it lapses, if it does.
    pub lapses: Option<Instant>,
}

/// The judgement of one commitment for one subject and one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The commitment.
    pub commitment: CommitmentId,
    /// Its kind.
    pub kind: &'static str,
    /// The clause that promises it.
    pub clause: ClauseId,
    /// How strongly that clause binds.
    pub force: Option<Force>,
    /// The revision of the agreement that judges.
    pub revision: String,
    /// What is judged, and for which customer.
    pub subject: Subject,
    /// The commitment's own period.
    pub period: Period,
    /// The zone of that period.
    pub zone: Zone,
    /// How many decimals of a percentage are shown.
    pub decimals: usize,
    /// The time of the period that counted.
    pub counted: IntervalSet,
    /// The judgement.
    pub verdict: Verdict,
    /// Which bound must reach the target.
    pub binding: Option<Binding>,
    /// What was promised; of several goals that of the one that decided.
    pub target: Option<Target>,
    /// Both bounds; absent when no time counted or nothing is a percentage.
    pub availability: Option<Availability>,
    /// How the counted time was spent.
    pub tally: Tally,
    /// (up + down) / (up + down + unknown), before any policy on unknown time.
    pub observed: Option<Ratio>,
    /// Every goal, where there are several.
    pub goals: Vec<GoalRow>,
    /// The figures of a commitment that is no percentage.
    pub measured: Vec<Measured>,
    /// What the miss earns.
    pub credit: Option<Credit>,
    /// The claim for it.
    pub claim: Option<ClaimRow>,
    /// The right to end the contract that arose with this period.
    pub termination: Option<Right>,
    /// Every stretch that was not simply up; every event that was judged.
    pub reasons: Vec<Reason>,
}

impl Row {
    /// The customer it is judged for.
    #[must_use]
    pub fn customer(&self) -> Option<&CustomerId> {
        self.subject.parts.customer.as_ref()
    }
}

/// What was asked for, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its revisions that judged, the oldest first; the last one is the one in force.
    pub revisions: Vec<String>,
    /// What was asked for.
    pub period: Period,
    /// Facts recorded later do not count.
    pub as_known_at: Instant,
    /// Until when the facts of the period are made up, if any are: no figure of it is a figure of a service.
    pub made_up_until: Option<Instant>,
    /// A row for each commitment, subject, customer and period.
    pub rows: Vec<Row>,
}

impl Statement {
    /// The newest revision that judged.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revisions.last().map_or("", String::as_str)
    }
}

/// What a statement was computed from, so that another can check that it had the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// SHA-256 of the history file, or the root of the ledger, in hex.
    pub digest: String,
    /// Lines of the file, or facts of the ledger.
    pub lines: u64,
    /// Lines that were left out because they are bad: what they say is in no figure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
