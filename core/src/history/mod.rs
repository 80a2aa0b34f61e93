//! What happened, as data: the facts that an agreement is evaluated over.
//!
//! The same structure is filled from a history file ([`Reader`]) and from the ledger, so that both give the same figures.

mod fields;
mod read;
mod record;
mod scope;
mod write;

pub use fields::{Field, FieldKind, LineType};
pub use read::{BadLine, Counted, Reader};
pub use record::*;
pub use write::{Seen, write_check, write_gap, write_observation, write_run};

use std::collections::BTreeMap;

use crate::id::{Series, VantageId};
use crate::interval::Interval;
use crate::run::{Run, Staleness};
use crate::time::Instant;

/// A registered series: whose runs they are and how to read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The check and the vantage point.
    pub series: Series,
    /// What it measures.
    pub scope: CheckScope,
    /// How long its observations may be trusted.
    pub staleness: Staleness,
    /// What it counts for where a composition weighs its parts.
    pub weight: u32,
    /// Whether it measures the service or what the service is compared with.
    pub role: Role,
    /// When it takes part. A check that was stopped and registered again has a record for each time.
    pub active: Interval,
    /// When it was registered.
    pub recorded_at: Instant,
}

/// Time in which an observer was not watching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The fact's id.
    pub id: String,
    /// Who was not watching; absent means all.
    pub vantage: Option<VantageId>,
    /// When.
    pub interval: Interval,
    /// Why.
    pub why: String,
    /// When it was recorded.
    pub recorded_at: Instant,
}

/// Everything that is known to have happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The registered series. Of records with one series and one start the latest recorded holds.
    pub checks: Vec<Check>,
    /// The runs of each series.
    pub runs: BTreeMap<Series, Vec<Run>>,
    /// Time in which an observer was not watching.
    pub gaps: Vec<Gap>,
    /// Every other fact.
    pub facts: Facts,
}

/// The facts that are no measurement of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Counted events.
    pub counts: Vec<Fact<Counts>>,
    /// Users.
    pub populations: Vec<Fact<Population>>,
    /// Users affected.
    pub impacts: Vec<Fact<Impact>>,
    /// Things that exist for a time.
    pub resources: Vec<Fact<Resource>>,
    /// Where solutions are served from.
    pub placements: Vec<Fact<Placement>>,
    /// Customers' rights.
    pub entitlements: Vec<Fact<Entitlement>>,
    /// What customers pay.
    pub fees: Vec<Fact<Fee>>,
    /// What customers assented to.
    pub assents: Vec<Fact<Assent>>,
    /// Maintenance: every sequence of each.
    pub maintenance: Vec<Fact<Maintenance>>,
    /// Notices.
    pub notices: Vec<Fact<Notice>>,
    /// Interruptions by cause.
    pub incidents: Vec<Fact<Incident>>,
    /// Time that does not count, by cause.
    pub exclusions: Vec<Fact<ExclusionFact>>,
    /// Suspensions.
    pub suspensions: Vec<Fact<Suspension>>,
    /// Recovery plans.
    pub plans: Vec<Fact<Plan>>,
    /// Recoveries.
    pub recoveries: Vec<Fact<Recovery>>,
    /// Sub-processors.
    pub subprocessors: Vec<Fact<Subprocessor>>,
    /// What stood at a public address.
    pub publications: Vec<Fact<Publication>>,
    /// Connected software.
    pub connections: Vec<Fact<Connections>>,
    /// Capacity.
    pub capacity: Vec<Fact<Capacity>>,
    /// Customers' reports.
    pub reports: Vec<Fact<Report>>,
    /// Logs.
    pub log_digests: Vec<Fact<LogDigest>>,
    /// Claims.
    pub claims: Vec<Fact<Claim>>,
}

impl History {
    /// What was known at a moment: the facts recorded by then.
    #[must_use]
    pub fn known_at(&self, at: Instant) -> Self {
        let known: Vec<&Check> = self.checks.iter().filter(|check| check.recorded_at <= at).collect();
        let mut latest: BTreeMap<(&Series, Instant), &Check> = BTreeMap::new();
        for check in known {
            let held = latest.entry((&check.series, check.active.from())).or_insert(check);
            // Equal times: the record that ends sooner, so that the order of lines never decides.
            let key = |c: &Check| (c.recorded_at, std::cmp::Reverse(c.active.until()), c.scope.clone());
            if key(check) > key(held) {
                *held = check;
            }
        }
        Self {
            checks: latest.into_values().cloned().collect(),
            runs: self
                .runs
                .iter()
                .map(|(series, runs)| {
                    (series.clone(), runs.iter().filter(|run| run.recorded_at <= at).cloned().collect())
                })
                .collect(),
            gaps: self.gaps.iter().filter(|gap| gap.recorded_at <= at).cloned().collect(),
            facts: self.facts.clone(),
        }
    }
}
