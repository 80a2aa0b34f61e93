//! Suspensions: how soon their customer is told, and how soon they end.

use super::{Case, Event, Found, cause, within};
use crate::agreement::{Limit, SuspendedFrom};
use crate::history::{Audience, Fact, Notice, Suspension};
use crate::statement::{EventNote, ReasonKind};
use crate::time::{Instant, Millis};

/// A suspended customer is told within the limit. The notice may come before what it is measured from.
pub(super) fn notice(case: &Case<'_, '_>, limit: Limit, from: SuspendedFrom) -> Found {
    let mut events = Vec::new();
    let mut slowest: Option<Millis> = None;
    let mut untold = 0;
    for fact in suspensions(case) {
        let from = match from {
            SuspendedFrom::Decision => Some(fact.body.ordered_at),
            SuspendedFrom::Enforcement => case.past(fact.body.enforced_at),
        };
        // What never took effect cannot be measured from its effect.
        let Some(from) = from else { continue };
        let at = told(case, fact);
        let took = at.map(|at| at - from);
        let kind = match within(took, case.view.now - from, limit) {
            ReasonKind::Undecided if case.has_ended() => ReasonKind::Missed,
            kind => kind,
        };
        slowest = slowest.max(took);
        untold += usize::from(took.is_none());
        let until = at.unwrap_or(case.view.now);
        events.push(Event::new(
            from.min(until),
            until.max(from),
            kind,
            cause(&fact.id, EventNote::Noticed, took, limit),
        ));
    }
    let count = events.len();
    Found::of(limit, events).count("suspensions", count).count("untold", untold).time("slowest_notice", slowest)
}

/// A suspension that took effect ends within the limit.
pub(super) fn restore(case: &Case<'_, '_>, limit: Limit) -> Found {
    let mut events = Vec::new();
    let mut longest: Option<Millis> = None;
    let mut open = 0;
    for fact in suspensions(case) {
        let Some(from) = case.past(fact.body.enforced_at) else { continue };
        let until = case.past(fact.body.lifted_at);
        let took = until.map(|until| until - from);
        longest = longest.max(took);
        open += usize::from(took.is_none());
        let kind = within(took, case.view.now - from, limit);
        let cause = cause(&fact.id, EventNote::Restored, took, limit);
        events.push(Event::new(from, until.unwrap_or(case.view.now), kind, cause));
    }
    let count = events.len();
    Found::of(limit, events).count("suspensions", count).count("not_restored", open).time("longest", longest)
}

/// The suspensions that were decided in the period, of the judged customer or, where none is judged, of any.
fn suspensions<'a>(case: &Case<'_, 'a>) -> impl Iterator<Item = &'a Fact<Suspension>> {
    let (scope, customer) = (case.view.scope(), case.view.customer());
    case.view.known.facts.suspensions.iter().filter(move |fact| {
        let own = customer.is_none() || fact.body.scope.parts.customer.as_ref() == customer;
        own && fact.body.scope.meets(&scope) && case.happened(fact.body.ordered_at)
    })
}

/// When the suspended customer, or everybody, was first told of it.
fn told(case: &Case<'_, '_>, suspension: &Fact<Suspension>) -> Option<Instant> {
    suspension_told(&case.view.known.facts.notices, suspension, case.view.now)
}

/// When the suspended customer, or everybody, was first told of a suspension, as far as these notices prove it by `now`.
#[must_use]
pub fn suspension_told(notices: &[Fact<Notice>], suspension: &Fact<Suspension>, now: Instant) -> Option<Instant> {
    let about = notices.iter().filter(|notice| notice.body.about == suspension.id);
    let to_them = about.filter(|notice| match &notice.body.audience {
        Audience::Public => true,
        Audience::Customer(customer) => Some(customer) == suspension.body.scope.parts.customer.as_ref(),
    });
    let proofs = to_them.flat_map(|notice| [notice.body.published_at, notice.body.accepted_at]);
    proofs.flatten().filter(|at| *at <= now).min()
}
