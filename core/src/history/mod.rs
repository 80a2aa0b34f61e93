//! What happened, as data: the facts that an agreement is evaluated over.
//!
//! The same structure is filled from a history file ([`Reader`]) and from the ledger, so that both give the same figures.

mod fields;
#[cfg(test)]
mod laws;
mod read;
mod record;
mod scope;
#[cfg(test)]
mod tests;
mod version;
mod write;

pub use fields::{Field, FieldKind, LineType};
pub use read::{BadLine, Counted, Reader};
pub use record::*;
pub use write::*;

use std::collections::{BTreeMap, BTreeSet};

use read::Wrong;
use version::{Body, Corrections, Pointer};

use crate::id::{CheckId, FactId, Series, VantageId};
use crate::interval::{Interval, IntervalSet};
use crate::run::{Run, Sight, Staleness, observed_timeline};
use crate::time::Instant;
use crate::timeline::Timeline;

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

impl Check {
    /// What `runs` say while it is registered: what was observed outside that time belongs to another registration, of
    /// perhaps another target. `gaps` is when its observer was not watching.
    #[must_use]
    pub fn observed(&self, runs: &[Run], sight: Sight, gaps: &IntervalSet) -> Timeline {
        let own = runs.iter().filter(|run| run.last >= self.active.from() && run.from < self.active.until());
        let own: Vec<Run> = own.map(|run| Run { from: run.from.max(self.active.from()), ..run.clone() }).collect();
        observed_timeline(&own, sight, gaps)
    }
}

/// The ids of the gaps that begin and end a past which somebody made up. Nothing that a history tells of the time between them
/// was measured, and every statement of such time says so, also as known when it had not ended.
pub const MADE_UP: [&str; 2] = ["simulated-past-begins", "simulated-past-ends"];

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
    /// When what was observed in that time was erased, if it was: then somebody was watching, and nobody knows any more.
    pub erased_at: Option<Instant>,
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
    /// When the plans that hold were first recorded as they are; filled where what is known was asked for.
    planned_since: BTreeMap<(FactId, u32), Instant>,
}

/// A list for each type of fact, and what is done to all of them alike.
macro_rules! facts {
    ($($(#[$doc:meta])* $list:ident: $body:ident,)*) => {
        /// The facts that are no measurement of a check, and the measurements that can be corrected. Every line has a
        /// place in a list, earlier tellings of one fact too; [`History::known_at`] leaves one for each id.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Facts {
            $($(#[$doc])* pub $list: Vec<Fact<$body>>,)*
        }

        impl Facts {
            /// What holds at a moment of each type, corrections applied.
            fn known(
                &self, at: Instant, corrections: &Corrections<'_>, refuse: &mut dyn FnMut(&FactId, Wrong),
            ) -> Self {
                Self { $($list: version::known(&self.$list, at, corrections, refuse),)* }
            }

            fn sort(&mut self) {
                $(version::sort(&mut self.$list);)*
            }

            /// Calls `each` for every fact: its type, its place in the list of that type, its id, its sequence, and what
            /// it points at.
            fn visit<'a>(&'a self, each: &mut dyn FnMut(Place, &'a FactId, Option<u32>, Vec<Pointer<'a>>)) {
                $(for (place, fact) in self.$list.iter().enumerate() {
                    each((<$body>::TYPE, place), &fact.id, fact.body.sequence(), fact.body.pointers());
                })*
            }

            /// The line of every fact.
            #[cfg(test)]
            fn written(&self) -> Vec<String> {
                let mut lines = Vec::new();
                $(lines.extend(self.$list.iter().map(<$body>::write));)*
                lines
            }

            /// Adds the facts of another.
            fn append(&mut self, mut other: Self) {
                $(self.$list.append(&mut other.$list);)*
            }

            /// Takes out the facts at these places.
            fn leave_out(&mut self, places: &BTreeSet<Place>) {
                $(
                    let mut place = 0;
                    self.$list.retain(|_| {
                        place += 1;
                        !places.contains(&(<$body>::TYPE, place - 1))
                    });
                )*
            }
        }
    };
}

/// A type of line, and a place in the list of its facts.
type Place = (&'static str, usize);

facts! {
    /// Counted events.
    counts: Counts,
    /// Users.
    populations: Population,
    /// Users affected.
    impacts: Impact,
    /// Things that exist for a time.
    resources: Resource,
    /// Where solutions are served from.
    placements: Placement,
    /// Customers' rights.
    entitlements: Entitlement,
    /// What customers pay.
    fees: Fee,
    /// What customers assented to.
    assents: Assent,
    /// Maintenance: every sequence of each.
    maintenance: Maintenance,
    /// Notices.
    notices: Notice,
    /// Interruptions by cause.
    incidents: Incident,
    /// What is told of interruptions and the like while they last.
    updates: Update,
    /// Time that does not count, by cause.
    exclusions: ExclusionFact,
    /// Suspensions.
    suspensions: Suspension,
    /// Recovery plans.
    plans: Plan,
    /// Recoveries.
    recoveries: Recovery,
    /// Sub-processors.
    subprocessors: Subprocessor,
    /// What stood at a public address.
    publications: Publication,
    /// Connected software.
    connections: Connections,
    /// Capacity.
    capacity: Capacity,
    /// Customers' reports.
    reports: Report,
    /// Logs.
    log_digests: LogDigest,
    /// Claims.
    claims: Claim,
    /// Runs with an id of their own. What is known at a moment has them among the runs of their series instead.
    named_runs: NamedRun,
    /// Observations with an id of their own. What is known at a moment has them among the runs of their series instead.
    named_observations: NamedObservation,
    /// What earlier lines should have said. Where they stand in what is known at a moment, they have taken effect.
    corrections: Correction,
}

impl History {
    /// A history of measurements alone.
    #[must_use]
    pub fn of_measurements(checks: Vec<Check>, runs: BTreeMap<Series, Vec<Run>>, gaps: Vec<Gap>) -> Self {
        Self { checks, runs, gaps, ..Self::default() }
    }

    /// The instant before which everything is made up, if anything is, as far as is known: see [`MADE_UP`]. The end of time,
    /// where no end was told.
    #[must_use]
    pub fn made_up_until(&self) -> Option<Instant> {
        let told = |id: &str| self.gaps.iter().filter(move |gap| gap.id == id).map(|gap| gap.interval.from()).max();
        let [begins, ends] = MADE_UP.map(told);
        begins.or(ends).map(|_| ends.unwrap_or(Instant::MAX))
    }

    /// The instant before which what was observed was erased, if something was.
    #[must_use]
    pub fn erased_before(&self) -> Option<Instant> {
        self.gaps.iter().filter(|gap| gap.erased_at.is_some()).map(|gap| gap.interval.until()).max()
    }

    /// Adds what another history has, of which this one knows nothing.
    pub fn append(&mut self, mut other: Self) {
        self.checks.append(&mut other.checks);
        for (series, mut runs) in other.runs {
            self.runs.entry(series).or_default().append(&mut runs);
        }
        self.gaps.append(&mut other.gaps);
        self.facts.append(other.facts);
    }

    /// What was known at a moment: the facts recorded by then.
    ///
    /// Every list then has one fact for each id (for maintenance: for each id and sequence), sorted by it: the one
    /// recorded last, with its corrections, unless it was retracted. Of lines with one id that were recorded at one time
    /// the one whose text sorts last holds, so that the order of lines never decides; of checks first the one that ends
    /// sooner. What is known can be asked again and gives the same.
    #[must_use]
    pub fn known_at(&self, at: Instant) -> Self {
        let corrections = version::known(&self.facts.corrections, at, &Corrections::default(), &mut |_, _| {});
        let by_id = Corrections::of(&corrections);
        let mut facts = self.facts.known(at, &by_id, &mut |_, _| {});
        let mut known = Self {
            checks: version::known(&self.checks, at, &by_id, &mut |_, _| {}),
            runs: BTreeMap::new(),
            gaps: version::known(&self.gaps, at, &by_id, &mut |_, _| {}),
            facts: Facts::default(),
            planned_since: BTreeMap::new(),
        };
        known.gaps.sort_by(|a, b| (a.interval, &a.id).cmp(&(b.interval, &b.id)));
        for (series, runs) in &self.runs {
            // Most often all is known, and then the list is copied as one.
            let is_known = |run: &&Run| run.recorded_at <= at;
            let runs = match runs.iter().all(|run| is_known(&run)) {
                true => runs.clone(),
                false => runs.iter().filter(is_known).cloned().collect(),
            };
            known.runs.insert(series.clone(), runs);
        }
        known.take_named(&mut facts);
        for fact in facts.counts.iter_mut().filter(|fact| fact.body.scope == Scope::default()) {
            if let Some(scope) = fact.body.check.as_ref().and_then(|check| known.scope_of(check)) {
                fact.body.scope = scope;
            }
        }
        known.planned_since = planned_since(&self.facts.maintenance, &facts.maintenance, &self.planned_since);
        known.facts = Facts { corrections, ..facts };
        known
    }

    /// What was probably known at an earlier moment, with no run that is not `near`: as if everything that was observed by then
    /// had been recorded by then. A run that went on is held as one, recorded when it was last longer, so that what it was
    /// before can only be guessed. For whoever can tell a wrong guess.
    #[must_use]
    pub fn guessed_at(&self, at: Instant, near: Interval) -> Self {
        let is_near = |run: &&Run| run.from <= at && run.from < near.until() && run.last >= near.from();
        let then = |run: &Run| Run { last: run.last.min(at), recorded_at: run.recorded_at.min(at), ..run.clone() };
        let of = |runs: &Vec<Run>| runs.iter().filter(is_near).map(then).collect();
        Self {
            checks: self.checks.clone(),
            runs: self.runs.iter().map(|(series, runs)| (series.clone(), of(runs))).collect(),
            gaps: self.gaps.clone(),
            facts: self.facts.clone(),
            planned_since: self.planned_since.clone(),
        }
    }

    /// When a plan of a maintenance was first recorded as it is: later lines that only tell how far it has come do not
    /// make it a late plan, and one that changes its time, its class or what it is on does.
    #[must_use]
    pub fn planned_since(&self, plan: &Fact<Maintenance>) -> Instant {
        self.planned_since.get(&(plan.id.clone(), plan.body.sequence)).copied().unwrap_or(plan.recorded_at)
    }

    /// Puts the runs and observations with ids of their own among the others.
    fn take_named(&mut self, facts: &mut Facts) {
        let observations = std::mem::take(&mut facts.named_observations).into_iter().map(|fact| {
            let Seen { at, state, .. } = fact.body.seen;
            (fact.body.series, Run { from: at, last: at, state, n: 1, recorded_at: fact.recorded_at })
        });
        let runs = std::mem::take(&mut facts.named_runs).into_iter().map(|fact| (fact.body.series, fact.body.run));
        let mut grown = BTreeSet::new();
        for (series, run) in observations.chain(runs) {
            grown.insert(series.clone());
            self.runs.entry(series).or_default().push(run);
        }
        for series in grown {
            self.runs.entry(series).and_modify(sort_runs);
        }
    }

    /// What a check measures, by its first registration.
    fn scope_of(&self, check: &CheckId) -> Option<Scope> {
        let CheckScope { solution, interface, parts } =
            &self.checks.iter().find(|each| each.series.check == *check)?.scope;
        let (solution, interface) = (Some(solution.clone()), Some(interface.clone()));
        Some(Scope { solution, interface, parts: parts.clone() })
    }

    /// Puts everything in an order of its own, and leaves one of lines that are equal in every field.
    fn sort(&mut self) {
        self.runs.values_mut().for_each(sort_runs);
        version::sort(&mut self.checks);
        version::sort(&mut self.gaps);
        self.gaps.sort_by(|a, b| (a.interval, &a.id, a.recorded_at).cmp(&(b.interval, &b.id, b.recorded_at)));
        self.facts.sort();
    }
}

/// When each plan that holds was first recorded as it is. A tentative telling is no plan yet.
fn planned_since(
    tellings: &[Fact<Maintenance>],
    held: &[Fact<Maintenance>],
    before: &BTreeMap<(FactId, u32), Instant>,
) -> BTreeMap<(FactId, u32), Instant> {
    let plan = |fact: &Fact<Maintenance>| {
        let Maintenance { scope, class, performer, iaas, controllable, planned, .. } = fact.body.clone();
        (fact.body.status != MaintenanceStatus::Tentative).then_some((
            scope,
            class,
            performer,
            iaas,
            controllable,
            planned,
        ))
    };
    let since = held.iter().map(|holds| {
        let same = |fact: &&Fact<Maintenance>| {
            fact.id == holds.id && fact.body.sequence == holds.body.sequence && fact.recorded_at <= holds.recorded_at
        };
        let mut earlier: Vec<&Fact<Maintenance>> = tellings.iter().filter(same).collect();
        earlier.sort_by_key(|fact| std::cmp::Reverse(fact.recorded_at));
        let unchanged = earlier.into_iter().take_while(|fact| plan(fact) == plan(holds));
        let since = unchanged.map(|fact| fact.recorded_at).min().unwrap_or(holds.recorded_at);
        let key = (holds.id.clone(), holds.body.sequence);
        let since = before.get(&key).map_or(since, |before| since.min(*before));
        (key, since)
    });
    since.collect()
}

fn sort_runs(runs: &mut Vec<Run>) {
    runs.sort_unstable_by_key(|run| (run.from, run.recorded_at, run.state, run.last, run.n));
    runs.dedup();
}
