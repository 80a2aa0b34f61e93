//! What happened, as data: the facts that an agreement is evaluated over.
//!
//! The same structure is filled from a history file ([`Reader`]) and from the ledger, so that both give the same figures.

mod fields;
mod read;
mod write;

pub use fields::{Field, FieldKind, LineType};
pub use read::{BadLine, Counted, Reader};
pub use write::{Seen, write_check, write_gap, write_observation, write_run};

use std::collections::BTreeMap;

use crate::id::{InterfaceId, Series, SolutionId, VantageId};
use crate::interval::Interval;
use crate::run::{Run, Staleness};
use crate::time::Instant;

/// What a check measures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The solution.
    pub solution: SolutionId,
    /// The interface of it.
    pub interface: InterfaceId,
}

/// A registered series: whose runs they are and how to read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The check and the vantage point.
    pub series: Series,
    /// What it measures.
    pub scope: Scope,
    /// How long its observations may be trusted.
    pub staleness: Staleness,
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
        }
    }
}
