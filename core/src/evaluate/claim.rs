//! Claims: until when a credit can be asked for, and how far that has come.

use super::view::View;
use crate::agreement::{Calendar, ClaimFrom, ClaimTerm, PeriodTerm, Span, Within};
use crate::history::{Claim, Decision, Fact};
use crate::interval::{Interval, IntervalSet};
use crate::statement::{ClaimRow, ClaimState, Row};
use crate::time::{Instant, Millis, Period, Zone};
use crate::timeline::State;

/// The customer's claims under the commitment.
pub(super) fn claims<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Fact<Claim>> + use<'a> {
    let (customer, commitment) = (view.customer(), &view.commitment.id);
    view.known
        .facts
        .claims
        .iter()
        .filter(move |fact| Some(&fact.body.customer) == customer && fact.body.commitment == *commitment)
}

/// Time whose down time has been used by an earlier claim that was accepted, where that may happen once only.
pub(super) fn used(view: &View<'_>, period: &Period) -> IntervalSet {
    if !matches!(view.commitment.terms.period.value, PeriodTerm::Claim { used_once: true, .. }) {
        return IntervalSet::empty();
    }
    let end = period.interval.until();
    let accepted =
        claims(view).filter(|claim| claim.body.decision == Some(Decision::Accepted) && claim.body.filed_at < end);
    let latest = accepted.map(|claim| claim.body.filed_at).max();
    latest.and_then(|at| Interval::new(Instant::MIN, at)).map_or_else(IntervalSet::empty, IntervalSet::from)
}

/// How far the claim for a row's credit has come.
pub(super) fn state(view: &View<'_>, terms: &ClaimTerm, row: &Row, frozen: Instant) -> ClaimRow {
    let owed = row
        .credit
        .as_ref()
        .is_some_and(|credit| credit.tier.is_some() && credit.amount.as_ref().is_none_or(|amount| !amount.is_zero()));
    let filed = claims(view)
        .filter(|claim| match &claim.body.period {
            Some(name) => *name == row.period.name,
            None => row.period.interval.until() == claim.body.filed_at,
        })
        .min_by_key(|claim| claim.body.filed_at);
    let deadline = deadline(view, terms, row, frozen);
    let missing: Vec<String> = match filed {
        Some(claim) => terms.evidence.iter().filter(|needed| !claim.body.evidence.contains(needed)).cloned().collect(),
        None => Vec::new(),
    };
    let state = match filed.map(|claim| &claim.body) {
        Some(claim) if claim.decision == Some(Decision::Accepted) => ClaimState::Accepted,
        Some(claim) if claim.decision == Some(Decision::Refused) => ClaimState::Refused,
        Some(claim) if deadline.is_some_and(|deadline| claim.filed_at > deadline) => ClaimState::Late,
        Some(_) if !missing.is_empty() => ClaimState::Incomplete,
        Some(_) => ClaimState::Filed,
        None if !owed => ClaimState::NotDue,
        None if terms.automatic => ClaimState::Automatic,
        None if deadline.is_some_and(|deadline| view.now > deadline) => ClaimState::Lapsed,
        None => ClaimState::Open,
    };
    ClaimRow { state, deadline, fact: filed.map(|claim| claim.id.clone()), missing }
}

/// The last moment to file: limits are inclusive.
fn deadline(view: &View<'_>, terms: &ClaimTerm, row: &Row, frozen: Instant) -> Option<Instant> {
    let within = terms.within.as_ref()?;
    let from = match terms.from {
        ClaimFrom::PeriodEnd => row.period.interval.until(),
        ClaimFrom::Statement => frozen,
        ClaimFrom::OutageEnd => {
            let down = row.reasons.iter().filter(|reason| reason.state() == Some(State::Down));
            down.map(|reason| reason.interval.until()).max()?
        }
    };
    let zone = view.zone();
    Some(match within {
        Within::Span(Span::Elapsed(length)) => from + *length,
        Within::Span(Span::CalendarDays(days)) => zone.shift_days(from, i64::from(*days)),
        Within::Months(months) => {
            let date = zone.date(from);
            let since_midnight = from - zone.start_of_day(date);
            zone.start_of_day(Zone::months_after(date, i64::from(*months))) + since_midnight
        }
        Within::BusinessDays(days, calendar) => business(zone, view.agreement.find_calendar(calendar)?, from, *days),
    })
}

/// The end of business on the n-th business day after the date of `from`.
fn business(zone: &Zone, calendar: &Calendar, from: Instant, days: u32) -> Instant {
    let mut day = zone.date(from);
    let mut left = days;
    // No calendar without a business day in ten years is worth more days than this.
    for _ in 0..3_660 + 7 * i64::from(days) {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        if calendar.days[weekday] && !calendar.holidays.contains(&day) {
            left -= 1;
            if left == 0 {
                return zone.at_wall_clock(day, calendar.until);
            }
        }
    }
    zone.start_of_day(day) + Millis(0)
}
