//! Which way a change of one term goes for a customer, where the term alone decides that, all else being equal.
//!
//! A term says so only where it can never go the other way: a longer notice is never a shorter one, and a term that makes
//! more down time is better where more down time never raises a figure. Exclusions and their caps are deliberately not
//! here: excluded time leaves the denominator too, so that one more exclusion can lower a figure as well as raise it.
//! Neither are composed changes in which one part is better and another worse.

use std::cmp::Ordering;

use super::Change;
use crate::agreement::commitment::not_monotone;
use crate::agreement::{About, Recurring};
use crate::agreement::{
    Agreement, Availability, Binding, ClaimTerm, Commitment, Composition, Confirm, CoverageNeed, CreditCap, CreditUnit,
    Every, ExtensionRule, Goal, Lead, Level, Limit, NoticeRule, Obligation, Outage, Payout, Promise, Remedy, Span,
    StateTerms, Stated, Suspended, Termination, TotalPer, UnknownPolicy, Within,
};
use crate::ratio::Ratio;
use crate::time::Millis;
use crate::timeline::State;

/// Greater is better for the customer; nothing where nobody can say.
type Way = Option<Ordering>;

/// Every part must go one way, or stay.
fn of_all(parts: impl IntoIterator<Item = Way>) -> Way {
    parts.into_iter().try_fold(Ordering::Equal, |way, part| match (way, part?) {
        (way, Ordering::Equal) => Some(way),
        (Ordering::Equal, part) => Some(part),
        (way, part) => (way == part).then_some(way),
    })
}

fn change(way: Way) -> Change {
    match way {
        Some(Ordering::Greater) => Change::Better,
        Some(Ordering::Less) => Change::Worse,
        Some(Ordering::Equal) | None => Change::Open,
    }
}

fn same<T: PartialEq>(old: &T, new: &T) -> Way {
    (old == new).then_some(Ordering::Equal)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands among those that cannot always say")]
fn more<T: Ord>(old: &T, new: &T) -> Way {
    Some(new.cmp(old))
}

fn less<T: Ord>(old: &T, new: &T) -> Way {
    more(old, new).map(Ordering::reverse)
}

/// A limit on what is bad, which may be absent: then there is none.
fn tighter<T: Ord>(old: Option<&T>, new: Option<&T>) -> Way {
    match (old, new) {
        (Some(old), Some(new)) => less(old, new),
        (old, new) => more(&old.is_some(), &new.is_some()),
    }
}

/// What may be absent, and is good to have; where both have it `both` says.
fn had<T>(old: Option<&T>, new: Option<&T>, both: impl FnOnce(&T, &T) -> Way) -> Way {
    match (old, new) {
        (Some(old), Some(new)) => both(old, new),
        (old, new) => more(&old.is_some(), &new.is_some()),
    }
}

/// A change of what is promised in percent.
pub(super) fn of_targets(old: &Commitment, new: &Commitment) -> Change {
    let (Some(a), Some(b)) = (old.availability(), new.availability()) else {
        return change(match (&old.promise, &new.promise) {
            (Promise::Monitoring(a), Promise::Monitoring(b)) => {
                had(a.target.as_ref(), b.target.as_ref(), |a, b| more(&a.ratio, &b.ratio))
            }
            _ => None,
        });
    };
    let alike = |a: &Goal, b: &Goal| {
        (&a.name, a.indicator, a.aggregate, &a.slice) == (&b.name, b.indicator, b.aggregate, &b.slice)
    };
    let goal = |(a, b): (&Goal, &Goal)| {
        alike(a, b).then(|| had(a.target.as_ref(), b.target.as_ref(), |a, b| more(&a.ratio, &b.ratio))).flatten()
    };
    if a.goals.len() == b.goals.len() { change(of_all(a.goals.iter().zip(&b.goals).map(goal))) } else { Change::Open }
}

/// A change of a term of the agreement as a whole.
pub(super) fn of_agreement(key: &str, old: &Agreement, new: &Agreement) -> Change {
    let (Some(a), Some(b)) = (&old.covered_when, &new.covered_when) else { return Change::Open };
    let within = |some: &[CoverageNeed], all: &[CoverageNeed]| some.iter().all(|need| all.contains(need));
    match key {
        "covered_when" if within(&b.value, &a.value) && !within(&a.value, &b.value) => Change::Better,
        "covered_when" if within(&a.value, &b.value) && !within(&b.value, &a.value) => Change::Worse,
        _ => Change::Open,
    }
}

/// A change of a commitment's term.
pub(super) fn of_term(key: &str, old: &Commitment, new: &Commitment) -> Change {
    change(match (&old.promise, &new.promise) {
        (Promise::Availability(a), Promise::Availability(b)) => of_availability(key, a, b),
        (Promise::Monitoring(_), Promise::Monitoring(_)) => None,
        (Promise::Obligation(a), Promise::Obligation(b)) => of_obligation(key, a, b),
        _ => None,
    })
}

/// Whether more down time never raises the figure. A least length of outages beside exclusions is counted out because
/// of rare windows that cover a part only; control checks, because their down time excuses.
fn is_monotone(availability: &Availability) -> bool {
    let controls = availability.states.as_ref().is_some_and(|states| states.controls.is_some());
    let cut = availability.outage.is_some() && !availability.exclusions.value.is_empty();
    !controls && !cut && not_monotone(availability).is_none()
}

/// The terms that make more or less of the time down, and no more than that.
fn of_down_time(key: &str, a: &Availability, b: &Availability) -> Way {
    if !(is_monotone(a) && is_monotone(b)) {
        return None;
    }
    match key {
        "unknown" => match (a.unknown.value, b.unknown.value) {
            (UnknownPolicy::Up, UnknownPolicy::Down) => Some(Ordering::Greater),
            (UnknownPolicy::Down, UnknownPolicy::Up) => Some(Ordering::Less),
            _ => None,
        },
        "suspended" => {
            let rank = |stated: &Option<Stated<Suspended>>| match stated.as_ref()?.value {
                Suspended::Up => Some(0),
                Suspended::Measured => Some(1),
                Suspended::Down => Some(2),
                Suspended::Excluded => None,
            };
            more(&rank(&a.suspended)?, &rank(&b.suspended)?)
        }
        "outage" => {
            outage(a.outage.as_ref().map(|stated| &stated.value), b.outage.as_ref().map(|stated| &stated.value))
        }
        _ => of_states(key, a.states.as_ref().zip(b.states.as_ref())?),
    }
}

fn of_availability(key: &str, a: &Availability, b: &Availability) -> Way {
    match key {
        "binding" => {
            let lower = |stated: &Option<Stated<Binding>>| Some(stated.as_ref()?.value == Binding::Lower);
            match (lower(&a.binding)?, lower(&b.binding)?) {
                (false, false) => None,
                (old, new) => more(&old, &new),
            }
        }
        "remedy" => had(a.remedy.as_ref(), b.remedy.as_ref(), |a, b| remedy(&a.value, &b.value)),
        "termination" => had(a.termination.as_ref(), b.termination.as_ref(), |a, b| termination(&a.value, &b.value)),
        "claim" => claim(&a.claim.as_ref()?.value, &b.claim.as_ref()?.value),
        _ => of_down_time(key, a, b),
    }
}

/// The least length of what counts as an outage; absent, and without a gap that joins outages, all count.
fn outage(a: Option<&Outage>, b: Option<&Outage>) -> Way {
    let joins = |outage: &Outage| outage.merge_gap > Millis(0);
    match (a, b) {
        (Some(a), Some(b)) => of_all([
            less(&a.minimum, &b.minimum),
            same(&(a.merge_gap, a.gap, a.qualify), &(b.merge_gap, b.gap, b.qualify)),
        ]),
        (Some(one), None) | (None, Some(one)) if joins(one) => None,
        (a, b) => more(&a.is_none(), &b.is_none()),
    }
}

fn of_states(key: &str, (a, b): (&StateTerms, &StateTerms)) -> Way {
    let down = |state: State| state == State::Down;
    match key {
        "degraded" => more(&down(a.degraded.value), &down(b.degraded.value)),
        "confirm" => confirm(&a.confirm.as_ref()?.value, &b.confirm.as_ref()?.value),
        _ => {
            let level = Level::ALL.into_iter().find(|level| level.key() == key)?;
            let fewest = |states: &StateTerms| match states.levels.get(&level)?.value {
                Composition::All => Some(1),
                Composition::DownWhen(k) => Some(k),
                Composition::Any => Some(u32::MAX),
                _ => None,
            };
            less(&fewest(a)?, &fewest(b)?)
        }
    }
}

fn confirm(a: &Confirm, b: &Confirm) -> Way {
    of_all([less(&a.failures, &b.failures), same(&(a.onset, a.unconfirmed), &(b.onset, b.unconfirmed))])
}

fn remedy(a: &Remedy, b: &Remedy) -> Way {
    let tiers = a.tiers.iter().zip(&b.tiers).map(|(a, b)| {
        let credit = match (&a.credit, &b.credit) {
            (CreditUnit::Share(a), CreditUnit::Share(b)) | (CreditUnit::TimesLost(a), CreditUnit::TimesLost(b)) => {
                more(a, b)
            }
            (CreditUnit::ServiceDays(a), CreditUnit::ServiceDays(b)) => more(a, b),
            (CreditUnit::PerStarted { step: s, share: a }, CreditUnit::PerStarted { step: t, share: b }) => {
                of_all([less(s, t), more(a, b)])
            }
            _ => None,
        };
        of_all([same(&a.range, &b.range), credit])
    });
    let cap = match (&a.cap, &b.cap) {
        (Some(CreditCap::Share(a)), Some(CreditCap::Share(b)))
        | (Some(CreditCap::Amount(a)), Some(CreditCap::Amount(b))) => more(a, b),
        (Some(CreditCap::Days(a)), Some(CreditCap::Days(b))) => more(a, b),
        (Some(_), Some(_)) => None,
        (a, b) => more(&a.is_none(), &b.is_none()),
    };
    let payout = match (&a.payout, &b.payout) {
        (Some(Payout { least: a, inclusive: c }), Some(Payout { least: b, inclusive: d })) => {
            less(&(a, !*c), &(b, !*d))
        }
        (a, b) => more(&a.is_none(), &b.is_none()),
    };
    let total = |total: &Option<(Ratio, TotalPer)>| total.as_ref().map(|(_, per)| *per);
    let total = match (&a.total, &b.total) {
        (Some((one, _)), Some((other, _))) if total(&a.total) == total(&b.total) => more(one, other),
        (Some(_), Some(_)) => None,
        (a, b) => more(&a.is_none(), &b.is_none()),
    };
    let rest = [same(&a.tiers.len(), &b.tiers.len()), same(&a.base, &b.base), same(&a.rounding, &b.rounding)];
    of_all(tiers.chain(rest).chain([same(&a.group, &b.group), cap, payout, total]))
}

fn termination(a: &[Termination], b: &[Termination]) -> Way {
    if a.len() != b.len() {
        let within = |some: &[Termination], all: &[Termination]| some.iter().all(|right| all.contains(right));
        return (within(a, b) || within(b, a)).then(|| b.len().cmp(&a.len()));
    }
    of_all(a.iter().zip(b).map(|(a, b)| {
        let lapse = match (&a.lapse, &b.lapse) {
            (Some(a), Some(b)) => more(a, b),
            (a, b) => more(&a.is_none(), &b.is_none()),
        };
        let long = match (&a.down_above, &b.down_above) {
            (Some(a), Some(b)) => less(a, b),
            (a, b) => same(a, b),
        };
        of_all([less(&a.missed, &b.missed), more(&a.of, &b.of), long, lapse])
    }))
}

fn claim(a: &ClaimTerm, b: &ClaimTerm) -> Way {
    if a.automatic || b.automatic {
        return more(&a.automatic, &b.automatic);
    }
    let within = match (a.within.as_ref()?, b.within.as_ref()?) {
        (Within::Span(a), Within::Span(b)) => span(*a, *b),
        (Within::BusinessDays(a, one), Within::BusinessDays(b, other)) => of_all([more(a, b), same(one, other)]),
        (Within::Months(a), Within::Months(b)) => more(a, b),
        _ => None,
    };
    let asked = |some: &[String], all: &[String]| some.iter().all(|name| all.contains(name));
    let evidence = match (asked(&a.evidence, &b.evidence), asked(&b.evidence, &a.evidence)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    };
    of_all([within, same(&a.from, &b.from), evidence])
}

/// The longer one; days of the calendar and hours cannot be compared.
fn span(a: Span, b: Span) -> Way {
    match (a, b) {
        (Span::Elapsed(a), Span::Elapsed(b)) => more(&a, &b),
        (Span::CalendarDays(a), Span::CalendarDays(b)) => more(&a, &b),
        _ => None,
    }
}

fn of_obligation(key: &str, a: &Obligation, b: &Obligation) -> Way {
    use Obligation as O;
    let soon = |a: &Stated<Limit>, b: &Stated<Limit>| tighter(a.value.as_ref(), b.value.as_ref());
    match (key, a, b) {
        (
            "maintenance_notice" | "days_are",
            O::MaintenanceNotice { notice: a, .. },
            O::MaintenanceNotice { notice: b, .. },
        ) => notice(&a.value, &b.value),
        (
            "maintenance_extension",
            O::MaintenanceExtension { extension: a, .. },
            O::MaintenanceExtension { extension: b, .. },
        ) => extension(&a.value, &b.value),
        ("maintenance_limit", O::MaintenanceCap { limit: a, .. }, O::MaintenanceCap { limit: b, .. }) => {
            less(&a.value, &b.value)
        }
        ("noticed_within", O::SuspensionNotice { within: a, .. }, O::SuspensionNotice { within: b, .. })
        | ("restored_within", O::SuspensionRestore { within: a }, O::SuspensionRestore { within: b })
        | ("restored_within", O::IncidentRestore { within: a }, O::IncidentRestore { within: b })
        | ("rto", O::RecoveryTime { within: a, .. }, O::RecoveryTime { within: b, .. })
        | ("rpo", O::RecoveryPoint { within: a, .. }, O::RecoveryPoint { within: b, .. }) => soon(a, b),
        ("noticed_within", O::Notice { within: a, about: c, .. }, O::Notice { within: b, about: d, .. }) => {
            match (c.value, d.value) {
                (About::Incident, About::Incident) => soon(a, b),
                // It comes before the change that it tells about.
                (About::Subprocessor, About::Subprocessor) => had(a.value.as_ref(), b.value.as_ref(), more),
                _ => None,
            }
        }
        (
            "exercise_every" | "review_every" | "capacity_every",
            O::Recurring { every: a, what: c },
            O::Recurring { every: b, what: d },
        ) => recurring(c, d, a.value.as_ref(), b.value.as_ref()),
        _ => None,
    }
}

fn recurring(what: &Recurring, other: &Recurring, a: Option<&Every>, b: Option<&Every>) -> Way {
    let both = |a: &Every, b: &Every| match (a, b) {
        (Every::Months(a), Every::Months(b)) => less(a, b),
        (Every::Span(a), Every::Span(b)) => span(*a, *b).map(Ordering::reverse),
        _ => None,
    };
    of_all([same(what, other), had(a, b, both)])
}

fn notice(a: &NoticeRule, b: &NoticeRule) -> Way {
    let lead = match (a.lead, b.lead) {
        (Lead::Elapsed(a), Lead::Elapsed(b)) => more(&a, &b),
        (Lead::CalendarDays(a), Lead::CalendarDays(b)) => more(&a, &b),
        _ => None,
    };
    of_all([lead, same(&a.by, &b.by)])
}

fn extension(a: &ExtensionRule, b: &ExtensionRule) -> Way {
    let longest = tighter(a.at_most.as_ref(), b.at_most.as_ref());
    of_all([more(&a.lead, &b.lead), longest, more(&a.at_most_double, &b.at_most_double), same(&a.by, &b.by)])
}
