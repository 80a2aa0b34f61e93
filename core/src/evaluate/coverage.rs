//! Coverage: which time of a period counts for a subject and its customer.

use super::view::View;
use crate::agreement::{Agreement, CoverageNeed, Partial, ServiceTime};
use crate::history::{Assent, AssentKind, Entitlement, Fact, Scope};
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

/// When an agreement covers a customer, and what that follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// When the customer has a paid right to what is asked for.
    pub entitled: IntervalSet,
    /// When its acceptance of the terms holds.
    pub accepted: IntervalSet,
    /// When it is covered, by those of both that the agreement asks for and not before its solution is; absent, where the
    /// agreement does not state what it asks for.
    pub covered: Option<IntervalSet>,
}

/// When an agreement covers a customer for a scope: by the customer's own records, as they are known.
#[must_use]
pub fn coverage(agreement: &Agreement, scope: &Scope, entitlements: &[&Entitlement], assents: &[&Assent]) -> Coverage {
    let own = entitlements.iter().copied().filter(|entitlement| entitlement.scope.meets(scope));
    let (entitled, accepted) = (paid(own), assented(assents));
    let solution = scope.solution.as_ref().and_then(|id| agreement.find_solution(id));
    let from = solution.and_then(|solution| solution.covered_from).unwrap_or(Instant::MIN);
    let solution = Interval::new(from, Instant::MAX).map_or_else(IntervalSet::empty, IntervalSet::from);
    let needs = agreement.covered_when.as_ref().map(|needs| needs.value.as_slice());
    let covered = needs.map(|needs| together(needs, || entitled.clone(), || accepted.clone()).intersect(&solution));
    Coverage { entitled, accepted, covered }
}

/// When all that is needed is there.
fn together(
    needs: &[CoverageNeed],
    entitled: impl FnOnce() -> IntervalSet,
    accepted: impl FnOnce() -> IntervalSet,
) -> IntervalSet {
    let mut covered = IntervalSet::from(Interval::ALL);
    if needs.contains(&CoverageNeed::Entitlement) {
        covered = covered.intersect(&entitled());
    }
    if needs.contains(&CoverageNeed::Assent) {
        covered = covered.intersect(&accepted());
    }
    covered
}

/// When a right that was paid for holds.
fn paid<'a>(own: impl Iterator<Item = &'a Entitlement>) -> IntervalSet {
    own.filter(|entitlement| entitlement.paid).map(|entitlement| entitlement.span).collect()
}

/// When the customer is covered at all; always, where no customer is judged.
pub(super) fn covered(view: &View<'_>) -> IntervalSet {
    let Some(customer) = view.customer() else { return IntervalSet::from(Interval::ALL) };
    let needs = view.agreement.covered_when.as_ref().map_or(&[][..], |needs| needs.value.as_slice());
    let accepted = || {
        let assents = view.known.facts.assents.iter().map(|fact| &fact.body);
        assented(&assents.filter(|assent| assent.customer == *customer).collect::<Vec<_>>())
    };
    together(needs, || paid(entitlements(view).map(|fact| &fact.body)), accepted)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Reader;

    const AGREEMENT: &str = include_str!("../../../examples/cloud-one/agreement.toml");

    #[test]
    fn a_customer_is_covered_while_all_that_the_agreement_asks_for_is_there() {
        let agreement = crate::agreement::read(AGREEMENT).agreement.unwrap();
        let mut reader = Reader::new(&agreement);
        for line in [
            r#"{"type":"entitlement","id":"e","scope":{"solution":"workload-security","customer":"a"},"paid":true,"from":"2026-02-01T00:00:00Z","until":"2026-05-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}"#,
            r#"{"type":"entitlement","id":"f","scope":{"solution":"workload-security","customer":"a"},"paid":false,"from":"2026-05-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}"#,
            r#"{"type":"assent","id":"g","customer":"a","document":"terms-of-use","kind":"accept","at":"2026-03-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}"#,
            r#"{"type":"assent","id":"h","customer":"a","document":"terms-of-use","kind":"withdraw","at":"2026-04-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}"#,
        ] {
            reader.line(line);
        }
        let (history, _, bad) = reader.finish();
        assert_eq!(bad, []);
        let rights: Vec<&Entitlement> = history.facts.entitlements.iter().map(|fact| &fact.body).collect();
        let assents: Vec<&Assent> = history.facts.assents.iter().map(|fact| &fact.body).collect();
        let at = |text: &str| Instant::parse(text).unwrap();
        let span = |from: &str, until: &str| IntervalSet::from(Interval::new(at(from), at(until)).unwrap());
        let of = |agreement: &Agreement, scope: &Scope| coverage(agreement, scope, &rights, &assents);
        let found = of(&agreement, &Scope::default());
        assert_eq!(found.entitled, span("2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z"));
        assert_eq!(found.accepted, span("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"));
        assert_eq!(found.covered, Some(span("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")));
        let other = Scope { solution: crate::id::SolutionId::parse("another").ok(), ..Scope::default() };
        assert_eq!(of(&agreement, &other).covered, Some(IntervalSet::empty()), "the right is to one solution");
        let mut later = agreement.clone();
        let solution = later.solutions.iter_mut().find(|each| each.id.as_str() == "workload-security").unwrap();
        solution.covered_from = Some(at("2026-03-15T00:00:00Z"));
        let scope = Scope { solution: Some(solution.id.clone()), ..Scope::default() };
        let half = span("2026-03-15T00:00:00Z", "2026-04-01T00:00:00Z");
        assert_eq!(of(&later, &scope).covered, Some(half));
        let silent = Agreement { covered_when: None, ..agreement };
        assert_eq!(of(&silent, &Scope::default()).covered, None);
    }
}
