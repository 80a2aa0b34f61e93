//! Commitments that are not percentages of up time, judged event by event.
//!
//! Here: which events belong to a period, and what their outcomes come to. An event belongs to the period of its start,
//! if the agreement covers it then. One file for each noun says what its events are. Not here: percentages.

mod cap;
mod incident;
mod maintenance;
mod monitoring;
mod notice;
mod presence;
mod recovery;
mod recurring;
mod suspension;

pub use maintenance::{Announcement, announcements};
pub use suspension::suspension_told;

use super::view::View;
use super::{coverage, customers};
use crate::agreement::{Limit, Monitoring, Obligation, Subject};
use crate::history::{Entitlement, Fact, Parts};
use crate::id::{CustomerId, FactId};
use crate::interval::{Interval, IntervalSet};
use crate::statement::{Amount, Cause, EventNote, Measured, Reason, ReasonKind, Row, Verdict};
use crate::time::{Instant, Millis};

/// Judges an observed share of time.
pub(super) fn monitoring(view: &View<'_>, terms: &Monitoring, row: &mut Row) {
    monitoring::judge(view, terms, row);
}

/// Judges what is owed.
pub(super) fn judge(view: &View<'_>, promise: &Obligation, row: &mut Row) {
    let case = Case::of(view, row.period.interval);
    let found = found(&case, promise);
    row.counted = case.counted();
    row.verdict = case.verdict(&found);
    row.reasons = found.reasons();
    row.measured = found.measured;
}

fn found(case: &Case<'_, '_>, promise: &Obligation) -> Found {
    match promise {
        Obligation::MaintenanceNotice { classes, notice } => maintenance::notice(case, &classes.value, notice.value),
        Obligation::MaintenanceExtension { classes, extension } => {
            maintenance::extension(case, &classes.value, extension.value)
        }
        Obligation::MaintenanceCap { classes, limit, scope, exempt } => {
            cap::judge(case, &classes.value, limit.value, scope.value, exempt.value)
        }
        Obligation::SuspensionNotice { within, from } => suspension::notice(case, within.value, from.value),
        Obligation::SuspensionRestore { within } => suspension::restore(case, within.value),
        Obligation::IncidentRestore { within } => incident::restore(case, within.value),
        Obligation::RecoveryTime { within, exercises } => recovery::time(case, within.value, exercises.value),
        Obligation::RecoveryPoint { within, exercises } => recovery::point(case, within.value, exercises.value),
        Obligation::Recurring { what, every } => recurring::judge(case, *what, every.value),
        Obligation::Notice { about, to, within } => notice::judge(case, about.value, to.value, within.value),
        Obligation::Publication { what } => presence::publication(case, &what.value),
        Obligation::Logging { what } => presence::logging(case, &what.value),
    }
}

/// One period of one subject.
struct Case<'v, 'a> {
    view: &'v View<'a>,
    period: Interval,
    /// When the agreement covers the solution and the customer at all.
    covered: IntervalSet,
    /// The part of the period in which the revision binds and covers.
    judged: IntervalSet,
}

impl<'v, 'a> Case<'v, 'a> {
    fn of(view: &'v View<'a>, period: Interval) -> Self {
        let solution = view.subject.solution.as_ref().and_then(|id| view.agreement.find_solution(id));
        let from = solution.and_then(|solution| solution.covered_from).unwrap_or(Instant::MIN);
        let solution = Interval::new(from, Instant::MAX).map_or_else(IntervalSet::empty, IntervalSet::from);
        let covered = coverage::covered(view).intersect(&solution);
        let judged = covered.intersect(view.binds).intersect(&IntervalSet::from(period));
        Self { view, period, covered, judged }
    }

    /// Whether what was to begin at `at` belongs to the period.
    fn begins(&self, at: Instant) -> bool {
        self.judged.contains(at)
    }

    /// Whether what happened at `at` belongs to the period: the future has not.
    fn happened(&self, at: Instant) -> bool {
        self.begins(at) && at <= self.view.now
    }

    /// The time of something that may not have happened yet, if it has.
    fn past(&self, at: Option<Instant>) -> Option<Instant> {
        at.filter(|at| *at <= self.view.now)
    }

    /// The judged time that has passed.
    fn counted(&self) -> IntervalSet {
        self.judged.intersect(&self.view.past())
    }

    /// The judged time in which one customer has the subject.
    fn judged_for(&self, customer: &CustomerId) -> IntervalSet {
        let parts = Parts { customer: Some(customer.clone()), ..self.view.subject.parts.clone() };
        let subject = Subject { parts, ..self.view.subject.clone() };
        let view = View { subject: &subject, ..*self.view };
        let own = |fact: &Fact<Entitlement>| fact.body.scope.parts.customer.as_ref() == Some(customer);
        let mut covered = coverage::covered(&view);
        // Whoever has rights, and none to the subject, is not its customer, even where coverage asks for no right.
        if self.view.known.facts.entitlements.iter().any(own) {
            covered = covered.intersect(&coverage::entitlements(&view).map(|fact| fact.body.span).collect());
        }
        self.judged.intersect(&covered)
    }

    /// The customers that have the subject at an instant.
    fn customers_at(&self, at: Instant) -> Vec<CustomerId> {
        let mut customers = customers(self.view.known);
        customers.retain(|customer| self.judged_for(customer).contains(at));
        customers
    }

    fn has_ended(&self) -> bool {
        self.view.now >= self.period.until()
    }

    fn verdict(&self, found: &Found) -> Verdict {
        let has = |kind: ReasonKind| found.events.iter().any(|event| event.kind == kind);
        let decides = found.events.iter().any(|event| event.kind != ReasonKind::Measured);
        match () {
            () if !self.has_ended() => Verdict::InProgress,
            () if self.judged.parts().is_empty() => Verdict::NotCovered,
            () if !decides && found.idle == Verdict::NoOccasion => Verdict::NoOccasion,
            () if !found.limited => Verdict::NoTarget,
            () if has(ReasonKind::Missed) => Verdict::Missed,
            () if has(ReasonKind::Undecided) => Verdict::Indeterminate,
            () if decides => Verdict::Met,
            () => found.idle,
        }
    }
}

/// What was found of one commitment in one period.
struct Found {
    /// Whether anything was promised of the events.
    limited: bool,
    /// The verdict where no event decides.
    idle: Verdict,
    events: Vec<Event>,
    measured: Vec<Measured>,
}

impl Found {
    /// Events against a limit; without one they are measured against nothing.
    fn of(limit: Limit, events: Vec<Event>) -> Self {
        Self { limited: limit.is_some(), idle: Verdict::NoOccasion, events, measured: Vec::new() }
    }

    fn count(mut self, key: &'static str, number: usize) -> Self {
        let amount = Amount::Count(u64::try_from(number).unwrap_or(u64::MAX));
        self.measured.push(Measured { key, amount });
        self
    }

    /// A length, where there is one.
    fn time(mut self, key: &'static str, length: Option<Millis>) -> Self {
        self.measured.extend(length.map(|length| Measured { key, amount: Amount::Time(length) }));
        self
    }

    fn reasons(&self) -> Vec<Reason> {
        let mut events: Vec<&Event> = self.events.iter().collect();
        events.sort_by(|a, b| (a.from, a.until, &a.causes).cmp(&(b.from, b.until, &b.causes)));
        let reason = |event: &&Event| {
            let interval = Interval::new(event.from, event.until.max(event.from + Millis(1)))?;
            let kind = if self.limited { event.kind } else { ReasonKind::Measured };
            Some(Reason { interval, kind, causes: event.causes.clone() })
        };
        events.iter().filter_map(reason).collect()
    }
}

/// One thing that a commitment is judged by.
struct Event {
    from: Instant,
    until: Instant,
    /// What it comes to; one that is only measured decides nothing.
    kind: ReasonKind,
    causes: Vec<Cause>,
}

impl Event {
    fn new(from: Instant, until: Instant, kind: ReasonKind, cause: Cause) -> Self {
        Self { from, until, kind, causes: vec![cause] }
    }
}

fn cause(id: &FactId, note: EventNote, took: Option<Millis>, limit: Limit) -> Cause {
    Cause::Event { id: Some(id.clone()), note, took, limit }
}

/// What something that took so long, or has not ended after `so_far`, comes to. Limits are inclusive.
fn within(took: Option<Millis>, so_far: Millis, limit: Limit) -> ReasonKind {
    match (took, limit) {
        (Some(took), Some(limit)) if took > limit => ReasonKind::Missed,
        (None, Some(limit)) if so_far > limit => ReasonKind::Missed,
        (None, Some(_)) => ReasonKind::Undecided,
        _ => ReasonKind::Kept,
    }
}

#[cfg(test)]
mod tests;
