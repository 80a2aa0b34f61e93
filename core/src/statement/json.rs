//! The public JSON form of a statement. Its keys are stable: keys may be added, and none changes its meaning.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Amount, Availability, ClaimRow, Credit, GoalRow, Inputs, Reason, Row, Statement};
use crate::agreement::{Binding, CreditUnit, Force};
use crate::ratio::Ratio;
use crate::time::{Instant, Period, Zone, tzdb_version};
use crate::timeline::Tally;

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

impl Row {
    /// One of the `commitments` of the public JSON form.
    ///
    /// # Panics
    /// Never: every key is text and every value can be written.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(RowJson::from(self)).expect("a row has text keys only")
    }
}

#[derive(Serialize)]
struct StatementJson<'a> {
    agreement: &'a str,
    revision: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revisions: Option<&'a [String]>,
    period: PeriodJson<'a>,
    as_known_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_up_until: Option<String>,
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
    kind: &'static str,
    clause: &'a str,
    force: Option<&'static str>,
    revision: &'a str,
    subject: String,
    customer: Option<&'a str>,
    period: PeriodJson<'a>,
    verdict: &'static str,
    binding: Option<&'static str>,
    target: Option<&'a str>,
    availability: Option<AvailabilityJson>,
    observed: Option<FractionJson>,
    seconds: SecondsJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    goals: Vec<GoalJson<'a>>,
    measured: BTreeMap<&'static str, String>,
    credit: Option<CreditJson>,
    claim: Option<ClaimJson<'a>>,
    termination: Option<TerminationJson>,
    reasons: Vec<ReasonJson>,
}

#[derive(Serialize)]
struct GoalJson<'a> {
    name: Option<&'a str>,
    target: Option<&'a str>,
    verdict: &'static str,
    availability: Option<AvailabilityJson>,
    seconds: SecondsJson,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    exact_lower: Option<FractionJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact_upper: Option<FractionJson>,
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
struct CreditJson {
    kind: Option<&'static str>,
    quantity: Option<String>,
    base: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    range: Option<[String; 2]>,
    notes: Vec<&'static str>,
}

#[derive(Serialize)]
struct ClaimJson<'a> {
    deadline: Option<String>,
    state: &'static str,
    fact: Option<&'a str>,
    missing: &'a [String],
}

#[derive(Serialize)]
struct TerminationJson {
    arises: String,
    lapses: Option<String>,
}

#[derive(Serialize)]
struct ReasonJson {
    from: String,
    until: String,
    kind: &'static str,
    text: String,
    fact: Option<String>,
}

/// Digits from which an exact fraction is left out: the decimals beside it, rounded toward the worse, must do.
const MOST_DIGITS: usize = 40;
/// Decimals of a percentage whose fraction is left out.
const MANY_DECIMALS: usize = 30;

impl FractionJson {
    fn from(ratio: &Ratio) -> Self {
        Self { num: ratio.num().to_string(), den: ratio.den().to_string() }
    }

    fn is_long(&self) -> bool {
        self.num.len().max(self.den.len()) > MOST_DIGITS
    }
}

impl AvailabilityJson {
    fn from(bounds: &Availability, decimals: usize) -> Self {
        let (exact_lower, exact_upper) = (FractionJson::from(&bounds.lower), FractionJson::from(&bounds.upper));
        if exact_lower.is_long() || exact_upper.is_long() {
            let (lower, upper) = (bounds.lower.percent(MANY_DECIMALS), bounds.upper.percent(MANY_DECIMALS));
            return Self { lower, upper, exact_lower: None, exact_upper: None };
        }
        Self {
            lower: bounds.lower.percent(decimals),
            upper: bounds.upper.percent(decimals),
            exact_lower: Some(exact_lower),
            exact_upper: Some(exact_upper),
        }
    }
}

impl SecondsJson {
    fn from(tally: Tally) -> Self {
        let Tally { up, down, excluded, unknown } = tally;
        Self {
            covered: tally.covered().seconds(),
            up: up.seconds(),
            down: down.seconds(),
            excluded: excluded.seconds(),
            unknown: unknown.seconds(),
        }
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
            revision: statement.revision(),
            revisions: (statement.revisions.len() > 1).then_some(statement.revisions.as_slice()),
            period: PeriodJson::from(&statement.period, None),
            as_known_at: statement.as_known_at.to_string(),
            made_up_until: statement.made_up_until.map(|until| until.to_string()),
            inputs,
            commitments: statement.rows.iter().map(RowJson::from).collect(),
        }
    }
}

impl<'a> RowJson<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            id: row.commitment.as_str(),
            kind: row.kind,
            clause: row.clause.as_str(),
            force: row.force.map(Force::name),
            revision: &row.revision,
            subject: row.subject.to_string(),
            customer: row.customer().map(crate::id::CustomerId::as_str),
            period: PeriodJson::from(&row.period, Some(&row.zone)),
            verdict: row.verdict.name(),
            binding: row.binding.map(Binding::name),
            target: row.target.as_ref().map(|target| target.percent.as_str()),
            availability: row.availability.as_ref().map(|bounds| AvailabilityJson::from(bounds, row.decimals)),
            observed: row.observed.as_ref().map(FractionJson::from),
            seconds: SecondsJson::from(row.tally),
            goals: row.goals.iter().map(|goal| GoalJson::from(goal, row.decimals)).collect(),
            measured: row.measured.iter().map(|measured| (measured.key, measured.amount.to_string())).collect(),
            credit: row.credit.as_ref().map(CreditJson::from),
            claim: row.claim.as_ref().map(ClaimJson::from),
            termination: row.termination.as_ref().map(|right| TerminationJson {
                arises: right.arises.to_string(),
                lapses: right.lapses.map(|at| at.to_string()),
            }),
            reasons: row.reasons.iter().map(ReasonJson::from).collect(),
        }
    }
}

impl<'a> GoalJson<'a> {
    fn from(goal: &'a GoalRow, decimals: usize) -> Self {
        Self {
            name: goal.name.as_deref(),
            target: goal.target.as_ref().map(|target| target.percent.as_str()),
            verdict: goal.verdict.name(),
            availability: goal.availability.as_ref().map(|bounds| AvailabilityJson::from(bounds, decimals)),
            seconds: SecondsJson::from(goal.tally),
        }
    }
}

impl CreditJson {
    fn from(credit: &Credit) -> Self {
        let (kind, quantity) = match &credit.unit {
            None => (None, None),
            Some(CreditUnit::Share(share)) => (Some("percent of the fee"), Some(share.percent(2))),
            Some(CreditUnit::ServiceDays(days)) => (Some("service days"), Some(days.to_string())),
            Some(CreditUnit::TimesLost(times)) => (Some("times the fee for the lost time"), Some(times.places(2))),
            Some(CreditUnit::PerStarted { share, .. }) => (Some("percent per started step"), Some(share.percent(2))),
        };
        Self {
            kind,
            quantity,
            base: credit.base.as_ref().map(|base| base.places(2)),
            amount: credit.amount.as_ref().map(|amount| amount.places(2)),
            currency: credit.currency.clone(),
            range: credit.range.as_ref().map(|(least, most)| [least.places(2), most.places(2)]),
            notes: credit.notes.iter().map(|note| note.name()).collect(),
        }
    }
}

impl<'a> ClaimJson<'a> {
    fn from(claim: &'a ClaimRow) -> Self {
        Self {
            deadline: claim.deadline.map(|at: Instant| at.to_string()),
            state: claim.state.name(),
            fact: claim.fact.as_ref().map(crate::id::FactId::as_str),
            missing: &claim.missing,
        }
    }
}

impl ReasonJson {
    fn from(reason: &Reason) -> Self {
        Self {
            from: reason.interval.from().to_string(),
            until: reason.interval.until().to_string(),
            kind: reason.kind.name(),
            text: reason.text(),
            fact: reason.fact(),
        }
    }
}

impl std::fmt::Display for Amount {
    /// Seconds, a number, a moment, or percent with many decimals.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time(length) => f.write_str(&length.seconds()),
            Self::Count(number) => write!(f, "{number}"),
            Self::Moment(at) => write!(f, "{at}"),
            Self::Share(share) => f.write_str(&share.percent(MANY_DECIMALS)),
        }
    }
}
