//! The periods that a commitment is judged for.

use super::view::View;
use crate::agreement::{PeriodTerm, Span};
use crate::interval::Interval;
use crate::time::{Date, Instant, Period, Zone};

/// The view's own periods that overlap the one that was asked for, in order.
pub(super) fn periods(view: &View<'_>, asked: &Period) -> Vec<Period> {
    spans(&view.commitment.terms.period.value, view, asked.interval, asked)
}

/// The periods of a term that overlap `range`. What the term leaves to whoever asks is `asked`.
pub(super) fn spans(term: &PeriodTerm, view: &View<'_>, range: Interval, asked: &Period) -> Vec<Period> {
    let zone = view.zone();
    match term {
        PeriodTerm::Asked => vec![asked.clone()],
        PeriodTerm::Month => calendar(zone, range, 1),
        PeriodTerm::Quarter => calendar(zone, range, 3),
        PeriodTerm::Year => calendar(zone, range, 12),
        PeriodTerm::Fiscal { from, months } => steps(zone, *from, *months, range),
        PeriodTerm::Billing { months } => {
            let anchor = term_start(view);
            anchor.map_or_else(Vec::new, |anchor| steps(zone, zone.date(anchor), *months, range))
        }
        PeriodTerm::Rolling(span) => rolling(zone, *span, range),
        PeriodTerm::Claim { span, .. } => claimed(view, *span, range),
    }
}

/// When the customer's contract term began: the earliest start of a term or, without one, of an entitlement.
pub(super) fn term_start(view: &View<'_>) -> Option<Instant> {
    super::coverage::entitlements(view).map(|fact| fact.body.term.map_or(fact.body.span.from(), Interval::from)).min()
}

/// Calendar months, quarters or years.
fn calendar(zone: &Zone, range: Interval, months: i16) -> Vec<Period> {
    let mut found = Vec::new();
    let mut at = range.from();
    while at < range.until() {
        let date = zone.date(at);
        let (year, month) = (date.year(), i16::from(date.month()));
        let name = match months {
            1 => format!("{year:04}-{month:02}"),
            3 => format!("{year:04}-Q{}", (month + 2) / 3),
            _ => format!("{year:04}"),
        };
        let Ok(period) = Period::parse(&name, zone) else { break };
        if period.interval.until() <= at {
            break;
        }
        at = period.interval.until();
        found.push(period);
    }
    found
}

/// Every `months` months from a date on, also before it. Each edge is counted from the date itself, so that a month that
/// is too short moves one edge and not those after it.
fn steps(zone: &Zone, anchor: Date, months: u32, range: Interval) -> Vec<Period> {
    let edge = |number: i64| Zone::months_after(anchor, number * i64::from(months));
    let first = zone.date(range.from());
    let apart = (i64::from(first.year()) - i64::from(anchor.year())) * 12 + i64::from(first.month())
        - i64::from(anchor.month());
    let mut number = apart.div_euclid(i64::from(months)) - 1;
    let mut found = Vec::new();
    loop {
        let (from, until) = (edge(number), edge(number + 1));
        let Some(interval) = Interval::new(zone.start_of_day(from), zone.start_of_day(until)) else { break };
        if interval.from() >= range.until() {
            break;
        }
        if interval.until() > range.from() {
            found.push(Period { name: format!("{from}/{until}"), interval });
        }
        number += 1;
    }
    found
}

/// The start of a span that ends at `end`.
fn start_of(zone: &Zone, span: Span, end: Instant) -> Instant {
    match span {
        Span::Elapsed(length) => end - length,
        Span::CalendarDays(days) => zone.shift_days(end, -i64::from(days)),
    }
}

/// For each local day that ends within the range, the span that ends with it.
fn rolling(zone: &Zone, span: Span, range: Interval) -> Vec<Period> {
    let mut found = Vec::new();
    let mut day = zone.date(range.from());
    loop {
        let Ok(next) = day.tomorrow() else { break };
        let end = zone.start_of_day(next);
        if end > range.until() {
            break;
        }
        if end > range.from() {
            let name = format!("to {day}");
            found.extend(Interval::new(start_of(zone, span, end), end).map(|interval| Period { name, interval }));
        }
        day = next;
    }
    found
}

/// For each claim of the customer under the commitment that was filed within the range, the span before it.
fn claimed(view: &View<'_>, span: Span, range: Interval) -> Vec<Period> {
    let mut found: Vec<Period> = super::claim::claims(view)
        .filter(|claim| range.contains(claim.body.filed_at))
        .filter_map(|claim| {
            let end = claim.body.filed_at;
            let interval = Interval::new(start_of(view.zone(), span, end), end)?;
            Some(Period { name: format!("claim {}", claim.id), interval })
        })
        .collect();
    found.sort_by_key(|period| (period.interval.until(), period.name.clone()));
    found
}
