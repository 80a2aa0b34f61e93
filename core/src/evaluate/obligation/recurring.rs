//! What must happen again and again: exercises and reviews of the recovery plan, and looks at capacity.

use std::collections::BTreeSet;

use super::{Case, Event, Found, recovery};
use crate::agreement::{Every, Recurring};
use crate::id::FactId;
use crate::interval::{Interval, IntervalSet};
use crate::statement::{Amount, Cause, EventNote, Measured, ReasonKind, Verdict};
use crate::time::{Instant, Millis};

/// It happens at least once in any span of `every` that ends in the period while the subject is covered. The first one is
/// owed so long after coverage, or the revision, began.
pub(super) fn judge(case: &Case<'_, '_>, what: Recurring, every: Option<Every>) -> Found {
    let end = case.period.until().min(case.view.now);
    let happened = happened(case, what, end);
    let starts = case.covered.parts().iter().filter_map(|part| {
        let from = part.from().max(case.view.agreement.valid.from());
        (from < part.until() && from < end).then_some(from)
    });
    let points: BTreeSet<Instant> = starts.chain(happened.iter().map(|(at, _)| *at)).collect();
    let nexts = points.iter().skip(1).copied().chain([end]);
    let mut events = Vec::new();
    let mut longest: Option<Millis> = None;
    for (point, next) in points.iter().zip(nexts) {
        events.extend(every.and_then(|every| overdue(case, every, *point, next)));
        let gap = Interval::new(*point, next).map_or_else(IntervalSet::empty, IntervalSet::from);
        if !case.judged.intersect(&gap).parts().is_empty() {
            longest = longest.max(Some(next - *point));
        }
    }
    let own: Vec<&(Instant, &FactId)> = happened.iter().filter(|(at, _)| case.happened(*at)).collect();
    // Looks at capacity are too many to list: a few of them in a minute are usual.
    if what != Recurring::Capacity {
        events.extend(own.iter().map(|(at, id)| {
            let cause = Cause::Event { id: Some((*id).clone()), note: EventNote::Happened, took: None, limit: None };
            Event::new(*at, *at, ReasonKind::Kept, cause)
        }));
    }
    let last = happened.last().map(|(at, _)| *at);
    let fresh = last.is_some_and(|at| every.is_some_and(|every| every.after(case.view.zone(), at) >= end));
    let idle = if fresh || !own.is_empty() { Verdict::Met } else { Verdict::NoOccasion };
    let found = Found { limited: every.is_some(), idle, ..Found::of(None, events) };
    let mut found = found.count("count", own.len()).time("longest_gap", longest);
    found.measured.extend(last.map(|at| Measured { key: "last", amount: Amount::Moment(at) }));
    found
}

/// Time of the period in which the one after `point` was owed and had not come by `next`.
fn overdue(case: &Case<'_, '_>, every: Every, point: Instant, next: Instant) -> Option<Event> {
    let due = every.after(case.view.zone(), point);
    let late = IntervalSet::from(Interval::new(due, next)?).intersect(&case.judged);
    let (first, last) = (late.parts().first()?, late.parts().last()?);
    let (took, limit) = (Some(next - point), Some(due - point));
    let cause = Cause::Event { id: None, note: EventNote::NotSince, took, limit };
    Some(Event::new(first.from(), last.until(), ReasonKind::Missed, cause))
}

/// Everything of the kind that has happened up to `end`, in order.
fn happened<'a>(case: &Case<'_, 'a>, what: Recurring, end: Instant) -> Vec<(Instant, &'a FactId)> {
    let (view, facts) = (case.view, &case.view.known.facts);
    let solution = view.subject.solution.as_ref();
    let mut found: Vec<(Instant, &FactId)> = match what {
        Recurring::Exercise => recovery::of_solution(case)
            .filter(|fact| fact.body.exercise)
            .map(|fact| (fact.body.disrupted_at, &fact.id))
            .collect(),
        Recurring::PlanReview => facts
            .plans
            .iter()
            .filter(|fact| solution.is_none_or(|solution| *solution == fact.body.solution))
            .map(|fact| (fact.body.at, &fact.id))
            .collect(),
        Recurring::Capacity => facts
            .capacity
            .iter()
            .filter(|fact| view.concerns(&fact.body.scope))
            .map(|fact| (fact.body.at, &fact.id))
            .collect(),
    };
    found.retain(|(at, _)| *at <= end);
    found.sort();
    found
}
