//! Interruptions: how soon service is restored. Who is told of them is in [`super::notice`].

use super::{Case, Event, Found, cause, within};
use crate::agreement::Limit;
use crate::history::{Fact, Incident};
use crate::statement::EventNote;
use crate::time::Millis;

/// Every interruption ends within the limit.
pub(super) fn restore(case: &Case<'_, '_>, limit: Limit) -> Found {
    let mut events = Vec::new();
    let mut longest: Option<Millis> = None;
    let mut open = 0;
    for fact in incidents(case) {
        let from = fact.body.span.from();
        let until = case.past(Some(fact.body.span.until()));
        let took = until.map(|until| until - from);
        longest = longest.max(took);
        open += usize::from(took.is_none());
        let kind = within(took, case.view.now - from, limit);
        let cause = cause(&fact.id, EventNote::Restored, took, limit);
        events.push(Event::new(from, until.unwrap_or(case.view.now), kind, cause));
    }
    let count = events.len();
    Found::of(limit, events).count("incidents", count).count("not_restored", open).time("longest", longest)
}

/// The interruptions that the subject is concerned with and that began in the period.
pub(super) fn incidents<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<Incident>> {
    let concerns =
        |fact: &&Fact<Incident>| case.happened(fact.body.span.from()) && case.view.concerns(&fact.body.scope);
    case.view.known.facts.incidents.iter().filter(concerns)
}
