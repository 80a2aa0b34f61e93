//! One run of the whole pipeline, with every unknown instant read one way.

use super::slices::{self, Slice};
use super::ticks::{self, Ticks};
use super::{Case, Resolve, aggregate, qualify};
use crate::agreement::{ExcludeOrder, Indicator, Onset, Suspended};
use crate::evaluate::view::View;
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::timeline::{State, Timeline};

/// What one run came to.
#[derive(Debug, Clone)]
pub(in crate::evaluate) struct Pass {
    /// Counted time that is down.
    pub(super) down: IntervalSet,
    /// Counted time that left the figure.
    pub(super) removed: IntervalSet,
    /// Counted time that is excluded and counts as up.
    pub(super) as_up: IntervalSet,
    /// Time that was down before qualification and exclusion.
    pub(super) raw: IntervalSet,
    /// Down time that is an outage, before exclusion.
    pub(super) outages: IntervalSet,
    /// The figure; absent when nothing counts.
    pub(super) ratio: Option<Ratio>,
}

impl Pass {
    /// The same as states: down, excluded or up.
    pub(super) fn timeline(&self) -> Timeline {
        Timeline::unknown()
            .map(|_| State::Up)
            .overlay(&self.down, State::Down)
            .overlay(&self.as_up, State::Excluded)
            .overlay(&self.removed, State::Excluded)
    }
}

/// Runs the pipeline. `leaves` says that unknown time leaves the figure after it has qualified as up.
pub(super) fn run(case: &Case<'_, '_>, resolve: Resolve, leaves: bool) -> Pass {
    let raw = raw(case, resolve);
    let ticks = ticks::of(case, resolve, leaves, &raw);
    let grid = slices::grid(case);
    let before = case.terms.exclude.as_ref().is_some_and(|order| order.value == ExcludeOrder::BeforeQualification);
    let untouched = Ticks::default();
    let seen = if before { &ticks } else { &untouched };
    let mut outages = painted(case, &grid, &raw, seen, resolve);
    if let Some(outage) = &case.terms.outage {
        outages = qualify::outages(case, &outages, &outage.value);
    }
    // A slice that lost a part to exclusion is judged by its remainder.
    let finals = slices::judged(case, &grid, &raw, &ticks);
    let has_bad = case.goal.slice.as_ref().is_some_and(|slice| slice.bad.is_some());
    let mut down = outages.clone();
    if has_bad {
        down = down.intersect(&bad(case, &finals, resolve).difference(&ticks.gone).difference(&ticks.as_up));
    }
    let left: IntervalSet = finals.iter().filter(|slice| slice.leaves()).map(|slice| slice.span).collect();
    let judged = &case.counted.judged;
    let removed = judged.intersect(&ticks.gone.union(&left.difference(&ticks.as_up)));
    let as_up = judged.intersect(&ticks.as_up);
    let down = judged.intersect(&down).difference(&removed).difference(&as_up);
    let mut pass = Pass { down, removed, as_up, raw, outages, ratio: None };
    pass.ratio = aggregate::ratio(case, resolve, &pass, &finals, &ticks);
    pass
}

/// The down time of the subject as composed, with the onset by report and suspensions applied.
fn raw(case: &Case<'_, '_>, resolve: Resolve) -> IntervalSet {
    let mut down = case.states.when(State::Down, Interval::ALL);
    if resolve == Resolve::Down {
        down = down.union(&case.states.when(State::Unknown, Interval::ALL));
    }
    // Instants from the moment of knowledge on do not exist.
    down = down.intersect(&case.view.past());
    let by_report = case.terms.states.as_ref().and_then(|states| states.confirm.as_ref());
    if by_report.is_some_and(|confirm| confirm.value.onset == Onset::Report) {
        down = qualify::from_reports(case.view, &down);
    }
    match case.terms.suspended.as_ref().map(|suspended| suspended.value) {
        Some(Suspended::Up) => down.difference(&suspended(case.view)),
        Some(Suspended::Down) => down.union(&suspended(case.view)),
        _ => down,
    }
}

/// When the customer was suspended from the subject.
pub(super) fn suspended(view: &View<'_>) -> IntervalSet {
    let own = view.known.facts.suspensions.iter().filter(|fact| {
        view.customer().is_some()
            && fact.body.scope.parts.customer.as_ref() == view.customer()
            && view.concerns(&fact.body.scope)
    });
    own.filter_map(|fact| Interval::new(fact.body.enforced_at?, fact.body.lifted_at.unwrap_or(view.now).min(view.now)))
        .collect()
}

/// The down time that qualification sees: a bad slice is down as a whole; what is excluded is not.
fn painted(case: &Case<'_, '_>, grid: &[Interval], raw: &IntervalSet, ticks: &Ticks, resolve: Resolve) -> IntervalSet {
    let has_bad = case.goal.slice.as_ref().is_some_and(|slice| slice.bad.is_some());
    let down = match case.goal.indicator {
        _ if has_bad => bad(case, &slices::judged(case, grid, raw, ticks), resolve),
        // Events without a limit for slices have no down time; time in which nobody counted is unknown.
        Indicator::Counts if resolve == Resolve::Down => slices::uncounted(case),
        Indicator::Counts => IntervalSet::empty(),
        Indicator::States => raw.clone(),
    };
    down.difference(&ticks.gone).difference(&ticks.as_up)
}

fn bad(case: &Case<'_, '_>, slices: &[Slice], resolve: Resolve) -> IntervalSet {
    let Some(limit) = case.goal.slice.as_ref().and_then(|slice| slice.bad.as_ref()) else {
        return IntervalSet::empty();
    };
    slices.iter().filter(|slice| slice.is_bad(limit, resolve)).flat_map(Slice::parts).collect()
}
