//! What must be there all the time: documents at public addresses, and logs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Event, Found};
use crate::evaluate::customers;
use crate::id::{CustomerId, FactId};
use crate::interval::{Interval, IntervalSet};
use crate::statement::{Cause, EventNote, ReasonKind, Verdict};

/// Something stands at a public address at every instant of the period so far.
pub(super) fn publication(case: &Case<'_, '_>, what: &str) -> Found {
    let lines = case.view.known.facts.publications.iter().filter(|fact| fact.body.what == what);
    let there: Vec<(&FactId, Interval)> = lines.map(|fact| (&fact.id, fact.body.span)).collect();
    let counted = case.counted();
    let absent = counted.difference(&there.iter().map(|(_, span)| *span).collect());
    found(&counted, &absent, &there)
}

/// What is logged of the judged customer or, where none is judged, of everybody who is covered, is there at every instant
/// of the period so far.
pub(super) fn logging(case: &Case<'_, '_>, kind: &str) -> Found {
    let lines = case.view.known.facts.log_digests.iter().filter(|fact| fact.body.kind == kind);
    let mut logged: BTreeMap<&CustomerId, Vec<Interval>> = BTreeMap::new();
    for fact in lines {
        logged.entry(&fact.body.customer).or_default().push(fact.body.span);
    }
    let of = |customer: &CustomerId| -> IntervalSet { logged.get(customer).into_iter().flatten().copied().collect() };
    if let Some(customer) = case.view.customer() {
        let counted = case.counted();
        // Lines of a log are too many to list.
        return found(&counted, &counted.difference(&of(customer)), &[]);
    }
    let mut everybody: BTreeSet<CustomerId> = customers(case.view.known).into_iter().collect();
    everybody.extend(logged.keys().map(|customer| (*customer).clone()));
    let (mut counted, mut absent) = (IntervalSet::empty(), IntervalSet::empty());
    for customer in &everybody {
        let own = case.judged_for(customer).intersect(&case.counted());
        absent = absent.union(&own.difference(&of(customer)));
        counted = counted.union(&own);
    }
    found(&counted, &absent, &[])
}

/// Nothing counted is no occasion; one instant without is a miss.
fn found(counted: &IntervalSet, absent: &IntervalSet, there: &[(&FactId, Interval)]) -> Found {
    let mut events = Vec::new();
    for part in absent.parts() {
        let cause = Cause::Event { id: None, note: EventNote::Absent, took: Some(part.length()), limit: None };
        events.push(Event::new(part.from(), part.until(), ReasonKind::Missed, cause));
    }
    for (id, span) in there {
        let held = counted.intersect(&IntervalSet::from(*span));
        let (Some(first), Some(last)) = (held.parts().first(), held.parts().last()) else { continue };
        let cause =
            Cause::Event { id: Some((*id).clone()), note: EventNote::Present, took: Some(held.length()), limit: None };
        events.push(Event::new(first.from(), last.until(), ReasonKind::Kept, cause));
    }
    let idle = if counted.parts().is_empty() { Verdict::NoOccasion } else { Verdict::Met };
    let found = Found { limited: true, idle, ..Found::of(None, events) };
    let present = counted.difference(absent);
    found.time("present", Some(present.length())).time("absent", Some(absent.length()))
}
