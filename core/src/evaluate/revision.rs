//! Revisions: which revision of an agreement binds whom, and when.

use super::{Seen, timeline};
use crate::agreement::{Agreement, MidPeriod, Subject, TakesEffect};
use crate::history::{Entitlement, History};
use crate::id::{CommitmentId, CustomerId};
use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Period};
use crate::timeline::Timeline;

/// The revision that is in force at an instant. Where none is, the last one that was before; before all of them, the first.
/// `revisions` are in the order of their validity; none only where there are none.
#[must_use]
pub fn in_force(revisions: &[Agreement], at: Instant) -> Option<&Agreement> {
    revisions.iter().rev().find(|agreement| agreement.valid.from() <= at).or_else(|| revisions.first())
}

/// The revision that judges a customer with these entitlements at an instant, if one does: where a change takes effect at once
/// the one in force, and else the one that was agreed with them.
#[must_use]
pub fn binding<'a>(revisions: &'a [Agreement], entitlements: &[&Entitlement], at: Instant) -> Option<&'a Agreement> {
    let all = Revisions::new(revisions);
    if all.is_one() || all.takes_effect() == TakesEffect::AtOnce {
        return all.in_force(at);
    }
    revisions.iter().find(|agreement| all.agreed(agreement, entitlements.iter().copied()).contains(at))
}

/// The timeline of a commitment's subject over several revisions, for drawing it: at every instant as the revision in force
/// judges it, unknown while that one has no such commitment. An outage that goes on over a change is looked at as a whole by
/// each, so no edge of a revision makes it shorter than what confirms it.
#[must_use]
pub fn timeline_over(
    revisions: &[Agreement],
    commitment: &CommitmentId,
    subject: &Subject,
    seen: &Seen<'_>,
    now: Instant,
) -> Timeline {
    let mut steps = Vec::new();
    // Instants from `now` on do not exist: one that is to come judges nothing, and costs nothing.
    let begun = revisions.iter().skip(1).take_while(|agreement| agreement.valid.from() < now).count();
    let revisions = &revisions[..revisions.len().min(begun + 1)];
    for (place, agreement) in revisions.iter().enumerate() {
        // What lies outside all of them is drawn by the nearest, as in_force says.
        let from = if place == 0 { Instant::MIN } else { agreement.valid.from() };
        let until = revisions.get(place + 1).map_or(Instant::MAX, |next| next.valid.from());
        let Some(span) = Interval::new(from, until) else { continue };
        let found = agreement.find_commitment(commitment);
        let own = found.map_or_else(Timeline::unknown, |found| timeline(agreement, found, subject, seen, now));
        steps.extend(own.pieces(span).map(|(piece, state)| (piece.from(), state)));
    }
    Timeline::from_steps(steps)
}

/// The revisions of one agreement in the order of their validity, with the rules that the newest one states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Revisions<'a> {
    all: &'a [Agreement],
}

impl<'a> Revisions<'a> {
    /// Takes revisions that are already in the order of their validity.
    pub(super) fn new(all: &'a [Agreement]) -> Self {
        Self { all }
    }

    /// Whether there is one revision only.
    pub(super) fn is_one(&self) -> bool {
        self.all.len() < 2
    }

    fn in_force(&self, at: Instant) -> Option<&'a Agreement> {
        self.all.iter().find(|agreement| agreement.valid.contains(at))
    }

    fn takes_effect(&self) -> TakesEffect {
        let stated = self.all.iter().rev().find_map(|agreement| agreement.takes_effect.as_ref());
        stated.map_or(TakesEffect::AtOnce, |stated| stated.value)
    }

    fn mid_period(&self) -> MidPeriod {
        let stated = self.all.iter().rev().find_map(|agreement| agreement.mid_period.as_ref());
        stated.map_or(MidPeriod::Split, |stated| stated.value)
    }

    /// When `agreement` binds a customer; everybody, where none is given.
    pub(super) fn binds(&self, agreement: &Agreement, customer: Option<&CustomerId>, known: &History) -> IntervalSet {
        let valid = IntervalSet::from(agreement.valid);
        let (Some(customer), rule) = (customer, self.takes_effect()) else { return valid };
        if rule == TakesEffect::AtOnce || self.all.len() < 2 {
            return valid;
        }
        let own = known.facts.entitlements.iter().map(|fact| &fact.body);
        self.agreed(agreement, own.filter(|entitlement| entitlement.scope.parts.customer.as_ref() == Some(customer)))
    }

    /// When `agreement` is the one that was agreed with these entitlements.
    fn agreed<'e>(&self, agreement: &Agreement, own: impl Iterator<Item = &'e Entitlement>) -> IntervalSet {
        // What a customer agreed to holds from its start, or from its last renewal, to the next renewal or its end.
        let mut held = Vec::new();
        for entitlement in own {
            let span = entitlement.span;
            let renewed = entitlement.renewed_at.filter(|at| span.contains(*at));
            let first = Interval::new(span.from(), renewed.unwrap_or(span.until()));
            let second = renewed.and_then(|at| Interval::new(at, span.until()));
            let named = entitlement.revision.as_deref();
            for (place, part) in first.into_iter().chain(second).enumerate() {
                let agreed = match named.filter(|_| place == 0) {
                    Some(name) => self.all.iter().find(|each| each.revision == name),
                    None => self.in_force(part.from()),
                };
                if agreed.is_some_and(|agreed| agreed.revision == agreement.revision) {
                    held.push(part);
                }
            }
        }
        held.into_iter().collect()
    }

    /// The part of that time in which the revision judges a period.
    pub(super) fn judges(&self, binds: &IntervalSet, period: &Period) -> IntervalSet {
        let span = IntervalSet::from(period.interval);
        let at = match self.mid_period() {
            MidPeriod::Split => return binds.intersect(&span),
            MidPeriod::AtStart => period.interval.from(),
            MidPeriod::AtEnd => Instant(period.interval.until().0 - 1),
        };
        if self.all.len() < 2 {
            return binds.intersect(&span);
        }
        if binds.contains(at) { span } else { IntervalSet::empty() }
    }
}
