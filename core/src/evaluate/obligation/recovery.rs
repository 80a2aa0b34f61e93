//! Recoveries: how soon service was back after a disaster, and how much data was lost.
//!
//! An exercise decides only where the contract says so; else it is measured. How often there is one is in
//! [`super::recurring`].

use super::{Case, Event, Found, cause, incident, within};
use crate::agreement::Limit;
use crate::history::{Fact, Recovery};
use crate::statement::{EventNote, ReasonKind};
use crate::time::Millis;

/// Service was verified healthy within the limit.
pub(super) fn time(case: &Case<'_, '_>, limit: Limit, exercises: bool) -> Found {
    judge(case, limit, exercises, EventNote::Recovered, |recovery| {
        case.past(recovery.healthy_at).map(|healthy| healthy - recovery.disrupted_at)
    })
}

/// No more was lost than the data of the limit. Data that was written after the disruption is no loss before it.
pub(super) fn point(case: &Case<'_, '_>, limit: Limit, exercises: bool) -> Found {
    judge(case, limit, exercises, EventNote::DataLost, |recovery| {
        recovery.recovery_point_at.map(|point| (recovery.disrupted_at - point).max(Millis(0)))
    })
}

fn judge(
    case: &Case<'_, '_>,
    limit: Limit,
    exercises: bool,
    note: EventNote,
    took: impl Fn(&Recovery) -> Option<Millis>,
) -> Found {
    let mut events = Vec::new();
    let mut longest: [Option<Millis>; 2] = [None, None];
    let mut count = [0, 0];
    for fact in recoveries(case) {
        let (recovery, took) = (&fact.body, took(&fact.body));
        let kind = match took {
            _ if recovery.exercise && !exercises => ReasonKind::Measured,
            // However long ago: what nobody verified may have been healthy all the while.
            None => ReasonKind::Undecided,
            Some(_) => within(took, Millis(0), limit),
        };
        let place = usize::from(recovery.exercise);
        longest[place] = longest[place].max(took);
        count[place] += 1;
        let until = case.past(recovery.healthy_at).unwrap_or(case.view.now);
        events.push(Event::new(recovery.disrupted_at, until, kind, cause(&fact.id, note, took, limit)));
    }
    for disaster in unanswered(case) {
        let cause = cause(&disaster.id, note, None, limit);
        let span = disaster.body.span;
        events.push(Event::new(span.from(), span.until().min(case.view.now), ReasonKind::Undecided, cause));
        count[0] += 1;
    }
    Found::of(limit, events)
        .count("disasters", count[0])
        .count("exercises", count[1])
        .time("longest", longest[0])
        .time("longest_exercise", longest[1])
}

/// Every recovery of the subject's solution that began in the period.
fn recoveries<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<Recovery>> {
    of_solution(case).filter(|fact| case.happened(fact.body.disrupted_at))
}

/// Every recovery of the subject's solution.
pub(super) fn of_solution<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<Recovery>> + use<'a> {
    let solution = case.view.subject.solution.as_ref();
    let own = move |fact: &&Fact<Recovery>| solution.is_none_or(|solution| *solution == fact.body.solution);
    case.view.known.facts.recoveries.iter().filter(own)
}

/// Disasters of the period during which no recovery was under way: that there was nothing to recover from would be
/// untrue.
fn unanswered<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<crate::history::Incident>> {
    incident::incidents(case).filter(|fact| {
        let span = fact.body.span;
        let answers = |recovery: &Fact<Recovery>| {
            let until = recovery.body.healthy_at.unwrap_or(case.view.now);
            !recovery.body.exercise && recovery.body.disrupted_at <= span.until() && until >= span.from()
        };
        fact.body.disaster && !of_solution(case).any(answers)
    })
}
