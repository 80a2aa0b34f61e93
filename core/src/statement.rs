//! Statements: what was kept and what was not, with figures, bounds and reasons.
//!
//! The JSON form has stable keys and is a public contract. Pages and tables are made elsewhere from the same structure.

use serde::Serialize;

use crate::agreement::{Binding, Force, Subject, Target};
use crate::id::{AgreementId, ClauseId, CommitmentId, InterfaceId, Series};
use crate::interval::Interval;
use crate::ratio::Ratio;
use crate::time::{Instant, Period, Zone, tzdb_version};
use crate::timeline::{State, Tally};

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
    /// No time counted.
    NotCovered,
    /// The period has not ended.
    InProgress,
}

impl Verdict {
    /// The name that files and interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Indeterminate => "indeterminate",
            Self::NoTarget => "no target",
            Self::NotCovered => "not covered",
            Self::InProgress => "in progress",
        }
    }
}

/// Both bounds of an availability, as exact fractions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// With every unknown instant taken as down.
    pub lower: Ratio,
    /// With every unknown instant taken as up.
    pub upper: Ratio,
}

/// What made a stretch of time count as it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// What a check saw, or did not see.
    Check {
        /// The interface that it measures.
        interface: InterfaceId,
        /// The check and the vantage point.
        series: Series,
    },
    /// No check measures this interface.
    NotMeasured {
        /// The interface.
        interface: InterfaceId,
    },
    /// The observer was not watching.
    Gap {
        /// The fact's id.
        id: String,
        /// Why.
        why: String,
    },
}

/// A stretch of time that was not up, and what made it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// When.
    pub interval: Interval,
    /// What it counts as.
    pub state: State,
    /// What made it so.
    pub causes: Vec<Cause>,
}

impl Reason {
    /// One English sentence without a full stop.
    #[must_use]
    pub fn text(&self) -> String {
        let causes: Vec<String> = self
            .causes
            .iter()
            .map(|cause| match (cause, self.state) {
                (Cause::Check { interface, series }, State::Down) => format!("{series} saw {interface} down"),
                (Cause::Check { interface, series }, _) => format!("{series} did not observe {interface}"),
                (Cause::NotMeasured { interface }, _) => format!("no check measures {interface}"),
                (Cause::Gap { why, .. }, _) => format!("the observer was not watching: {why}"),
            })
            .collect();
        if causes.is_empty() { self.state.name().to_owned() } else { causes.join("; ") }
    }

    fn fact(&self) -> Option<String> {
        self.causes.iter().find_map(|cause| match cause {
            Cause::Check { series, .. } => Some(series.to_string()),
            Cause::Gap { id, .. } => Some(id.clone()),
            Cause::NotMeasured { .. } => None,
        })
    }
}

/// The judgement of one commitment for one subject and one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The commitment.
    pub commitment: CommitmentId,
    /// The clause that promises it.
    pub clause: ClauseId,
    /// How strongly that clause binds.
    pub force: Option<Force>,
    /// What is judged.
    pub subject: Subject,
    /// The commitment's own period.
    pub period: Period,
    /// The zone of that period.
    pub zone: Zone,
    /// How many decimals of a percentage are shown.
    pub decimals: usize,
    /// The part of the period that counted.
    pub counted: Option<Interval>,
    /// The judgement.
    pub verdict: Verdict,
    /// What was promised.
    pub target: Option<Target>,
    /// Which bound must reach it.
    pub binding: Option<Binding>,
    /// Both bounds; absent when no time counted.
    pub availability: Option<Availability>,
    /// How the counted time was spent.
    pub tally: Tally,
    /// Every stretch that was not up.
    pub reasons: Vec<Reason>,
}

impl Row {
    /// Observed time over time that could have been observed: (up + down) / (up + down + unknown).
    #[must_use]
    pub fn observed(&self) -> Option<Ratio> {
        let Tally { up, down, unknown, .. } = self.tally;
        Ratio::of(up + down, up + down + unknown)
    }
}

/// What was asked for, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its revision.
    pub revision: String,
    /// What was asked for.
    pub period: Period,
    /// Facts recorded later do not count.
    pub as_known_at: Instant,
    /// A row for each commitment, subject and period.
    pub rows: Vec<Row>,
}

/// What a statement was computed from, so that another can check that it had the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// SHA-256 of the history file, or the root of the ledger, in hex.
    pub digest: String,
    /// Lines of the file, or facts of the ledger.
    pub lines: u64,
    /// Lines that were left out because they are bad: what they say is in no figure.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Statement {
    /// The public JSON form.
    ///
    /// # Panics
    /// Never: every key is text and every value can be written.
    #[must_use]
    pub fn to_json(&self, inputs: &Inputs) -> serde_json::Value {
        serde_json::to_value(StatementJson::from(self, inputs)).expect("a statement has text keys only")
    }

    /// The public JSON form as indented text, keys in the documented order.
    ///
    /// # Panics
    /// Never: every key is text and every value can be written.
    #[must_use]
    pub fn to_json_text(&self, inputs: &Inputs) -> String {
        serde_json::to_string_pretty(&StatementJson::from(self, inputs)).expect("a statement has text keys only")
    }
}

#[derive(Serialize)]
struct StatementJson<'a> {
    agreement: &'a str,
    revision: &'a str,
    period: PeriodJson<'a>,
    as_known_at: String,
    inputs: &'a Inputs,
    commitments: Vec<RowJson<'a>>,
}

#[derive(Serialize)]
struct PeriodJson<'a> {
    name: &'a str,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
    tzdb: &'static str,
}

#[derive(Serialize)]
struct RowJson<'a> {
    id: &'a str,
    clause: &'a str,
    force: Option<&'static str>,
    subject: String,
    period: PeriodJson<'a>,
    verdict: &'static str,
    binding: Option<&'static str>,
    target: Option<&'a str>,
    availability: Option<AvailabilityJson>,
    observed: Option<FractionJson>,
    seconds: SecondsJson,
    reasons: Vec<ReasonJson>,
}

#[derive(Serialize)]
struct FractionJson {
    num: String,
    den: String,
}

#[derive(Serialize)]
struct AvailabilityJson {
    lower: String,
    upper: String,
    exact_lower: FractionJson,
    exact_upper: FractionJson,
}

#[derive(Serialize)]
struct SecondsJson {
    covered: String,
    up: String,
    down: String,
    excluded: String,
    unknown: String,
}

#[derive(Serialize)]
struct ReasonJson {
    from: String,
    until: String,
    kind: &'static str,
    text: String,
    fact: Option<String>,
}

impl FractionJson {
    fn from(ratio: &Ratio) -> Self {
        Self { num: ratio.num().to_string(), den: ratio.den().to_string() }
    }
}

impl<'a> PeriodJson<'a> {
    fn from(period: &'a Period, zone: Option<&'a Zone>) -> Self {
        Self {
            name: &period.name,
            start: period.interval.from().to_string(),
            end: period.interval.until().to_string(),
            zone: zone.map(Zone::name),
            tzdb: tzdb_version(),
        }
    }
}

impl<'a> StatementJson<'a> {
    fn from(statement: &'a Statement, inputs: &'a Inputs) -> Self {
        Self {
            agreement: statement.agreement.as_str(),
            revision: &statement.revision,
            period: PeriodJson::from(&statement.period, None),
            as_known_at: statement.as_known_at.to_string(),
            inputs,
            commitments: statement.rows.iter().map(RowJson::from).collect(),
        }
    }
}

impl<'a> RowJson<'a> {
    fn from(row: &'a Row) -> Self {
        let Tally { up, down, excluded, unknown } = row.tally;
        Self {
            id: row.commitment.as_str(),
            clause: row.clause.as_str(),
            force: row.force.map(Force::name),
            subject: row.subject.to_string(),
            period: PeriodJson::from(&row.period, Some(&row.zone)),
            verdict: row.verdict.name(),
            binding: row.binding.map(Binding::name),
            target: row.target.as_ref().map(|target| target.percent.as_str()),
            availability: row.availability.as_ref().map(|bounds| AvailabilityJson {
                lower: bounds.lower.percent(row.decimals),
                upper: bounds.upper.percent(row.decimals),
                exact_lower: FractionJson::from(&bounds.lower),
                exact_upper: FractionJson::from(&bounds.upper),
            }),
            observed: row.observed().as_ref().map(FractionJson::from),
            seconds: SecondsJson {
                covered: row.tally.covered().seconds(),
                up: up.seconds(),
                down: down.seconds(),
                excluded: excluded.seconds(),
                unknown: unknown.seconds(),
            },
            reasons: row.reasons.iter().map(ReasonJson::from).collect(),
        }
    }
}

impl ReasonJson {
    fn from(reason: &Reason) -> Self {
        Self {
            from: reason.interval.from().to_string(),
            until: reason.interval.until().to_string(),
            kind: reason.state.name(),
            text: reason.text(),
            fact: reason.fact(),
        }
    }
}
