//! Coverage: which time of a period counts for a subject and its customer.

use super::view::View;
use crate::agreement::{CoverageNeed, Partial, ServiceTime};
use crate::history::{Assent, AssentKind, Entitlement, Fact};
use crate::interval::{Interval, IntervalSet};
use crate::time::Instant;

/// The time of a period that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// Time that is judged by what was measured.
    pub(super) judged: IntervalSet,
    /// Time that counts as up, whatever was measured.
    pub(super) deemed: IntervalSet,
}

impl Counted {
    /// All of it.
    pub(super) fn all(&self) -> IntervalSet {
        self.judged.union(&self.deemed)
    }
}

/// The customer's entitlements to the subject.
pub(super) fn entitlements<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Fact<Entitlement>> + use<'a> {
    let (customer, subject) = (view.customer(), view.scope());
    view.known.facts.entitlements.iter().filter(move |fact| {
        let scope = &fact.body.scope;
        customer.is_some() && scope.parts.customer.as_ref() == customer && scope.meets(&subject)
    })
}

/// When the customer is covered at all; always, where no customer is judged.
pub(super) fn covered(view: &View<'_>) -> IntervalSet {
    let Some(customer) = view.customer() else { return IntervalSet::from(Interval::ALL) };
    let needs = view.agreement.covered_when.as_ref().map_or(&[][..], |needs| needs.value.as_slice());
    let mut covered = IntervalSet::from(Interval::ALL);
    if needs.contains(&CoverageNeed::Entitlement) {
        let paid = entitlements(view).filter(|fact| fact.body.paid).map(|fact| fact.body.span).collect();
        covered = covered.intersect(&paid);
    }
    if needs.contains(&CoverageNeed::Assent) {
        let own: Vec<&Assent> = view
            .known
            .facts
            .assents
            .iter()
            .map(|fact| &fact.body)
            .filter(|assent| assent.customer == *customer)
            .collect();
        covered = covered.intersect(&assented(&own));
    }
    covered
}

/// From each acceptance until it ends, is withdrawn, or the contract is terminated.
fn assented(own: &[&Assent]) -> IntervalSet {
    let ends = |from: Instant| {
        own.iter()
            .filter(|assent| matches!(assent.kind, AssentKind::Withdraw | AssentKind::Terminate))
            .map(|assent| assent.span.from())
            .filter(|at| *at >= from)
            .min()
            .unwrap_or(Instant::MAX)
    };
    own.iter()
        .filter(|assent| assent.kind == AssentKind::Accept)
        .filter_map(|assent| Interval::new(assent.span.from(), assent.span.until().min(ends(assent.span.from()))))
        .collect()
}

/// What counts of `range` for a customer whose period is `period`.
pub(super) fn counted(
    view: &View<'_>,
    service_time: &ServiceTime,
    partial: Option<Partial>,
    period: Interval,
    range: Interval,
) -> Counted {
    let base = base(view, service_time, range);
    let covered = covered(view);
    let touched = !covered.intersect(&IntervalSet::from(period)).parts().is_empty();
    match partial {
        Some(Partial::Full) if touched => Counted { judged: base, deemed: IntervalSet::empty() },
        Some(Partial::DeemedUp) if touched => {
            let first = covered.parts().first().map_or(Instant::MIN, |part| part.from());
            let before = Interval::new(Instant::MIN, first).map_or_else(IntervalSet::empty, IntervalSet::from);
            Counted { judged: base.intersect(&covered), deemed: base.intersect(&before) }
        }
        _ => Counted { judged: base.intersect(&covered), deemed: IntervalSet::empty() },
    }
}

/// Service time, as far as the revision binds, the solution is covered, the resource exists, and time has passed.
fn base(view: &View<'_>, service_time: &ServiceTime, range: Interval) -> IntervalSet {
    let solution = view.subject.solution.as_ref().and_then(|id| view.agreement.find_solution(id));
    let from = solution.and_then(|solution| solution.covered_from).unwrap_or(Instant::MIN);
    let mut base =
        Interval::new(from, view.now).map_or_else(IntervalSet::empty, IntervalSet::from).intersect(view.binds);
    base = base.intersect(&IntervalSet::from(range));
    if let Some(existing) = existing(view) {
        base = base.intersect(&existing);
    }
    let ServiceTime::Calendar(id) = service_time else { return base };
    let Some(calendar) = view.agreement.find_calendar(id) else { return base };
    let mut hours = Vec::new();
    let mut day = view.zone().date(range.from());
    loop {
        let starts = view.zone().start_of_day(day);
        if starts >= range.until() {
            break;
        }
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        if calendar.days[weekday] && !calendar.holidays.contains(&day) {
            let (from, until) =
                (view.zone().at_wall_clock(day, calendar.from), view.zone().at_wall_clock(day, calendar.until));
            hours.extend(Interval::new(from, until));
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    base.intersect(&hours.into_iter().collect())
}

/// When the judged instance exists, where the history says so.
fn existing(view: &View<'_>) -> Option<IntervalSet> {
    let instance = view.subject.parts.instance.as_ref()?;
    let own =
        view.known.facts.resources.iter().filter(|fact| {
            fact.body.scope.parts.instance.as_ref() == Some(instance) && view.concerns(&fact.body.scope)
        });
    let spans: Vec<Interval> = own.map(|fact| fact.body.span).collect();
    (!spans.is_empty()).then(|| spans.into_iter().collect())
}
